package source_test

import (
	"testing"

	"letterhead/app/source"
	"letterhead/courier/breaker"
	"letterhead/practice"
	"letterhead/template"
	"letterhead/wording"
)

// The starter wordings of any practice are known as such; one changed sentence makes them its own.
func TestStarterTextsAreKnown(t *testing.T) {
	t.Parallel()
	starter := source.Starter()
	for _, p := range []practice.Practice{
		{Name: "Wattle Street Physiotherapy", Label: "wattle", Country: "AU", Language: "en", Phone: "(03) 5550 0142", Email: "a@b.example", Website: "wattle.example", Address: "12 Wattle Street", SenderLocal: "hello", Accent: "#123456"},
		{Name: "مركز النيل", Label: "nil", Country: "EG", Language: "ar", Phone: "02 2345 6789", SenderLocal: "hello"},
		{Name: "Quiet", Label: "quiet", Country: "US", Language: "en-US", SenderLocal: "hello"},
	} {
		for _, s := range template.Starters(p, "mail.example") {
			for i := range s.Version.Languages {
				l := &s.Version.Languages[i]
				if !starter(breaker.TextOfWording(l)) {
					t.Errorf("%s: %s in %s is not known", p.Name, s.Key, l.Tag)
				}
				l.Blocks = append(l.Blocks, wording.Text("You won."))
				if starter(breaker.TextOfWording(l)) {
					t.Errorf("%s: %s with a sentence more is taken for a starter", p.Name, s.Key)
				}
			}
		}
	}
}
