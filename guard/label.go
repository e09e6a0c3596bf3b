package guard

import "strings"

// label says in a few words what a browser calls itself, for the list of one's sessions. What it says proves nothing.
func label(agent string) string {
	if len(agent) > 400 {
		agent = agent[:400]
	}
	name := first(agent, "Edg/", "Edge", "OPR/", "Opera", "Firefox/", "Firefox", "Chrome/", "Chrome", "Safari/", "Safari")
	system := first(agent, "iPhone", "iPhone", "iPad", "iPad", "Android", "Android", "Windows", "Windows", "Mac OS X", "Mac", "CrOS", "ChromeOS", "Linux", "Linux")
	switch {
	case name == "" && system == "":
		return ""
	case system == "":
		return name
	case name == "":
		return system
	}
	return name + " · " + system
}

// first returns the word behind the first sign that text holds: sign, word, sign, word.
func first(text string, pairs ...string) string {
	for i := 0; i+1 < len(pairs); i += 2 {
		if strings.Contains(text, pairs[i]) {
			return pairs[i+1]
		}
	}
	return ""
}
