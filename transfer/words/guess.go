package words

import (
	"slices"
	"strings"
	"unicode"
)

// stems are words by which a heading is guessed that is no usual one: each of a list must stand in it. The first list that fits counts.
var stems = map[string][][]string{
	"client.id": {{"client", "id"}, {"patient", "id"}, {"client", "no"}, {"patient", "no"}, {"client", "ref"}, {"patient", "ref"}, {"chart"}, {"record", "no"}, {"id"}},
	"title":     {{"salutation"}, {"prefix"}}, "first_name": {{"first"}, {"given"}, {"forename"}}, "last_name": {{"last", "name"}, {"family"}, {"surname"}}, "preferred_name": {{"preferred"}, {"known as"}, {"nickname"}},
	"born": {{"birth"}, {"dob"}, {"born"}}, "email": {{"mail"}}, "mobile": {{"mobile"}, {"cell"}, {"phone"}, {"tel"}}, "reminders": {{"remind"}, {"contact", "method"}}, "marketing": {{"marketing"}, {"newsletter"}},
	"zone": {{"time", "zone"}, {"timezone"}}, "alert": {{"alert"}, {"warning"}, {"note"}}, "archived": {{"archive"}, {"inactive"}, {"deleted"}}, "language": {{"language"}},
	"id": {{"appointment", "id"}, {"booking", "id"}, {"appointment", "no"}, {"id"}}, "client": {{"client", "id"}, {"patient", "id"}, {"client", "no"}, {"patient", "no"}, {"client", "ref"}, {"patient", "ref"}, {"client"}, {"patient"}},
	"practitioner": {{"practitioner"}, {"provider"}, {"therapist"}, {"clinician"}, {"doctor"}, {"staff"}}, "service": {{"service"}, {"type"}, {"treatment"}, {"reason"}}, "date": {{"date"}, {"day"}}, "time": {{"start"}, {"time"}, {"from"}},
	"minutes": {{"minutes"}, {"length"}, {"duration"}, {"mins"}}, "location": {{"location"}, {"site"}, {"branch"}, {"clinic"}, {"room"}}, "status": {{"status"}, {"state"}, {"outcome"}},
}

// Guess proposes which heading each field is, by place: what a person said before, the usual headings, then what looks like them. No heading is proposed
// twice, and what is not found is left out.
func Guess(columns []Column, headings []string, said map[string]string) map[string]int {
	out, used := map[string]int{}, map[int]bool{}
	take := func(c Column, fits func(heading string) bool) {
		if _, known := out[c.Field]; known || said[c.Field] == "-" {
			return
		}
		for i, h := range headings {
			if !used[i] && fits(Fold(h)) {
				out[c.Field], used[i] = i, true
				return
			}
		}
	}
	for _, c := range columns {
		if name := said[c.Field]; name != "" {
			take(c, func(h string) bool { return h == Fold(name) })
		}
	}
	for _, c := range columns {
		for _, usual := range append([]string{Fold(c.Heading)}, c.Also...) {
			take(c, func(h string) bool { return letters(h) == letters(usual) })
		}
	}
	for _, c := range columns {
		key := c.Field
		if key == "id" && c.Heading == ClientColumns[ClientID].Heading {
			key = "client.id"
		}
		for _, all := range stems[key] {
			take(c, func(h string) bool {
				for _, stem := range all {
					if !stands(h, stem) {
						return false
					}
				}
				return true
			})
		}
	}
	return out
}

// stands tells whether a stem stands in a heading: a short one as a word of its own, for provider has an id in it.
func stands(heading, stem string) bool {
	if len(stem) > 3 {
		return strings.Contains(heading, stem)
	}
	return slices.Contains(strings.FieldsFunc(heading, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }), stem)
}

// letters are a heading's letters and digits: ClientID, client_id and Client ID are one.
func letters(text string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(" _-./#", r) {
			return -1
		}
		return r
	}, text)
}
