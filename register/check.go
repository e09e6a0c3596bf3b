package register

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/net/html/atom"
)

// addressKeys are the keys whose value is an address on the web.
var addressKeys = map[string]bool{"url": true, "source_url": true, "archive_link": true, "sources": true, "source_urls": true}

// pathKeys are the keys at the front matter's top with which a record says where its page is to lie.
var pathKeys = map[string]bool{"slug": true, "path": true, "aliases": true, "template": true}

// checkTexts refuses texts that are longer than a text can be, and texts that are markup or lead out of their folder.
func checkTexts(value any, path []string, lines map[string]int, line int) error {
	if at := lines[key(path)]; at > 0 {
		line = at
	}
	switch v := value.(type) {
	case map[string]any:
		for _, k := range sortedKeys(v) {
			if err := checkTexts(v[k], append(path, k), lines, line); err != nil {
				return err
			}
		}
	case []any:
		for i, item := range v {
			if err := checkTexts(item, append(path, fmt.Sprint(i)), lines, line); err != nil {
				return err
			}
		}
	case string:
		if len(path) > 0 && pathKeys[path[0]] {
			if why := badPath(v); why != "" {
				return problem(line, "%s: %s", path[0], why)
			}
		}
		return checkText(v, lastName(path), line)
	}
	return nil
}

func checkText(text, name string, line int) error {
	switch {
	case len(text) > maxValue:
		return problem(line, "%s has %d bytes; at most %d", name, len(text), maxValue)
	case strings.ContainsFunc(text, func(c rune) bool { return c < 0x20 && c != '\n' && c != '\t' && c != '\r' || c == 0x7f }):
		return problem(line, "%s holds a control character", name)
	}
	if tag := markup(text); tag != "" {
		return problem(line, "%s holds HTML (<%s>): a record's fields are plain text", name, tag)
	}
	if addressKeys[name] && text != "" {
		if _, why := Address(text); why != "" && why != schemeless {
			return problem(line, "%s: %s", name, why)
		}
	}
	return nil
}

var tags = regexp.MustCompile(`</?([A-Za-z][A-Za-z0-9-]*)(?:[\s/][^<>]*)?>?`)

// markup returns the name of the first HTML element in a plain text. "<50 people" and "<name@example.org>" are none.
func markup(text string) string {
	for _, m := range tags.FindAllStringSubmatch(text, 64) {
		name := strings.ToLower(m[1])
		if atom.Lookup([]byte(name)) != 0 && (strings.HasSuffix(m[0], ">") || strings.ContainsAny(m[0], "/ \t\n")) {
			return name
		}
	}
	return ""
}

const schemeless = "it does not begin with https://, so it is shown and no link"

// Address returns an address that may be linked to, or why it may not.
func Address(text string) (link, why string) {
	text = strings.TrimSpace(text)
	if len(text) > 2048 {
		return "", "an address has at most 2,048 characters"
	}
	if strings.ContainsFunc(text, func(c rune) bool { return c < ' ' || c == '\\' || c == '<' || c == '>' || c == '"' || c == 0x7f }) {
		return "", "an address holds no quotes, backslashes or line ends"
	}
	u, err := url.Parse(text)
	switch {
	case err != nil:
		return "", "this is no address"
	case u.Scheme == "" && strings.HasPrefix(text, "//"):
		return "", "an address begins with https:// or http://"
	case u.Scheme == "" && slices.Contains(strings.Split(u.Path, "/"), ".."):
		return "", "an address begins with https:// or http:// and holds no .."
	case u.Scheme == "":
		return "", schemeless
	case u.Scheme != "http" && u.Scheme != "https":
		return "", fmt.Sprintf("an address begins with https:// or http://, not %s:", clip(u.Scheme))
	case u.User != nil:
		return "", "an address holds no user name: whoever reads it is led astray"
	case u.Hostname() == "":
		return "", "an address names a host"
	case slices.Contains(strings.Split(u.Path, "/"), ".."):
		return "", "an address holds no .. in its path"
	}
	return u.String(), ""
}

// badPath says why a text is no place for a page below the register's folder.
func badPath(text string) string {
	switch {
	case len(text) > 255:
		return "at most 255 characters"
	case strings.ContainsAny(text, "\\\x00:"):
		return "a page's place holds no backslash or colon"
	case slices.Contains(strings.Split(text, "/"), ".."):
		return "a page's place does not lead out of its folder (..)"
	}
	return ""
}

// Slug makes the name of a record's page from its file's name, or says why there is none.
func Slug(name string) (string, error) {
	name = strings.TrimSuffix(name, ".md")
	var b strings.Builder
	for _, c := range strings.ToLower(name) {
		switch {
		case c >= 'a' && c <= 'z', c >= '0' && c <= '9':
			b.WriteRune(c)
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
	}
	slug := strings.Trim(b.String(), "-")
	if len(slug) > 100 {
		slug = strings.Trim(slug[:100], "-")
	}
	if slug == "" {
		return "", problem(0, "the file's name makes no page's name: use letters a to z and digits, such as 2024-08-25-power-diary.md")
	}
	return slug, nil
}

func clip(text string) string {
	if runes := []rune(text); len(runes) > 40 {
		return string(runes[:40]) + "…"
	}
	return text
}

// lastName is the last part of a path that is a name and not a place in an array.
func lastName(path []string) string {
	for i := len(path) - 1; i >= 0; i-- {
		if strings.Trim(path[i], "0123456789") != "" {
			return path[i]
		}
	}
	return ""
}

func sortedKeys(m map[string]any) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
