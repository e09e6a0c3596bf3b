package source

import (
	"letterhead/courier/breaker"
	"letterhead/practice"
	"letterhead/template"
)

// Starter tells of the texts of the starter set, as compiled into the program, in every form that it takes: with and without a phone or an address
// to write to, in each of its languages. Many practices send them by nature.
func Starter() func(breaker.Text) bool {
	texts := map[breaker.Text]bool{}
	for _, language := range []string{"en", "ar"} {
		for _, phone := range []string{"", "(03) 5550 0142"} {
			for _, email := range []string{"", "hello@clinic.example"} {
				p := practice.Practice{Name: "Clinic", Label: "clinic", Country: "AU", Language: language, Phone: phone, Email: email, SenderLocal: "hello"}
				for _, s := range template.Starters(p, "example") {
					for i := range s.Version.Languages {
						texts[breaker.TextOfWording(&s.Version.Languages[i])] = true
					}
				}
			}
		}
	}
	return func(t breaker.Text) bool { return texts[t] }
}
