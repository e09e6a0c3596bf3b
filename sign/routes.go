package sign

import "fmt"

// need is what a route asks of a visit.
type need int

// Open to anybody, or to a visit that a key of this practice unlocked.
const (
	anybody need = iota
	unlocked
)

// route is a line of the route table.
type route struct {
	pattern string
	need    need
	reason  string
	handle  func(*desk, *visit) (answer, error)
}

func open(pattern, reason string, handle func(*desk, *visit) (answer, error)) route {
	return route{pattern, anybody, reason, handle}
}

func key(pattern, reason string, handle func(*desk, *visit) (answer, error)) route {
	return route{pattern, unlocked, reason, handle}
}

// routes is the site map.
func routes() []route {
	const p = "/p/{practice}"
	return []route{
		open("GET "+p, "asks for the signing key; lists what waits when it was given", (*desk).home),
		open("POST "+p+"/ask", "gives a challenge, which is worth nothing without a key; costs no memory", (*desk).ask),
		open("POST "+p+"/unlock", "a key of this practice answers a challenge", (*desk).unlock),
		open("GET "+p+"/first", "says nothing; the secret is in the fragment, which only the page's script sees", (*desk).firstPage),
		open("POST "+p+"/first", "the one-time secret is the right", (*desk).first),
		open("GET "+p+"/join", "says nothing; the secret is in the fragment", (*desk).joinPage),
		open("POST "+p+"/join", "the invitation's secret is the right; what comes of it waits for signatures", (*desk).join),
		open("GET "+p+"/recover", "a form for the recovery sheet", (*desk).recoverPage),
		open("POST "+p+"/recover", "the recovery sheet's key signs", (*desk).recover),
		key("GET "+p+"/keep", "fingerprint and recovery sheet, for paper", (*desk).keep),
		key("GET "+p+"/preview/{item}/{language}/{example}", "a message as it would be sent, in a frame without scripts", (*desk).preview),
		key("POST "+p+"/sheet", "makes a sheet of what was ticked; its challenge is worth nothing without the key", (*desk).sheet),
		key("POST "+p+"/sign/{sheet}", "the signature", (*desk).sign),
		key("GET "+p+"/done/{sheet}", "what became of what was signed", (*desk).done),
		key("GET "+p+"/keys", "keys, members and what is in force", (*desk).keys),
		key("POST "+p+"/invite", "a link for a member's key; it does nothing without signatures", (*desk).invite),
		key("POST "+p+"/dismiss", "takes an invitation back", (*desk).dismiss),
		key("POST "+p+"/compose", "puts a statement on the list, to be signed there", (*desk).compose),
		key("POST "+p+"/lock", "ends the visit", (*desk).lock),
		open("GET "+stylePath, "a file of the program, the same for everybody", (*desk).style),
		open("GET "+scriptPath, "a file of the program, the same for everybody", (*desk).script),
		open("GET /{$}", "says what this place is", (*desk).front),
		open("/", "says that there is nothing under an unknown address", (*desk).nothing),
	}
}

// Table lists the route table as text, for the command that prints it and for tests.
func Table() []string {
	var lines []string
	for _, r := range routes() {
		who := "desk, public"
		if r.need == unlocked {
			who = "desk, signing key"
		}
		lines = append(lines, fmt.Sprintf("%-44s %s: %s", r.pattern, who, r.reason))
	}
	return lines
}
