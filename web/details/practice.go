package details

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/text/language"
	"golang.org/x/text/language/display"

	"letterhead/job"
	"letterhead/plan"
	"letterhead/practice"
	"letterhead/store"
	"letterhead/template"
	"letterhead/web/page"
	"letterhead/web/ui"
)

var practiceFields = []string{"name", "address", "phone", "email", "website", "country", "zone", "language", "client_word", "accent"}

// Practice is the form of the practice's own details.
func Practice(v *page.Visit) (page.Answer, error) {
	f := start(v, "practice", home+"/practice")
	if err := f.readPractice(); err != nil {
		return page.Answer{}, err
	}
	p := v.Practice
	f.ver = reading(p)
	f.values = map[string]string{"name": p.Name, "address": p.Address, "phone": p.Phone, "email": p.Email, "website": p.Website, "country": p.Country, "zone": p.Zone,
		"language": p.Language, "client_word": p.ClientWord, "accent": p.Accent}
	f.flash(v.Query("did"))
	return page.Show(showPractice(f))
}

func (f *form) readPractice() error {
	f.title, f.line = f.visit.Say("details.practice"), f.visit.Say("details.practice-line")
	f.choices["country"], f.choices["language"] = countries(f.visit.Practice.Country), languages(f.visit)
	f.choices["client_word"] = []ui.Option{{Value: "client", Say: f.visit.Say("details.word-client")}, {Value: "patient", Say: f.visit.Say("details.word-patient")}}
	err := f.visit.View(f.around)
	f.flash("")
	return err
}

// SavePractice changes them, and has the templates carry what they show of it.
func SavePractice(v *page.Visit) (page.Answer, error) {
	f := start(v, "practice", home+"/practice")
	f.take(practiceFields, nil)
	err := v.Change(func(ctx context.Context, tx *store.Tx) error {
		p, err := practice.Find(ctx, tx)
		if err != nil {
			return err
		}
		if err := f.stale(ctx, tx, p); err != nil {
			return err
		}
		was := p
		for name, field := range map[string]*string{"name": &p.Name, "address": &p.Address, "phone": &p.Phone, "email": &p.Email, "website": &p.Website, "country": &p.Country,
			"zone": &p.Zone, "language": &p.Language, "client_word": &p.ClientWord, "accent": &p.Accent} {
			*field = f.values[name]
		}
		p, err = practice.Change(ctx, tx, p)
		if err != nil || p == was {
			return err
		}
		return after(ctx, tx, v)
	})
	if err == nil {
		return page.Go(f.to + "?did=saved")
	}
	if !f.refused(err) {
		return page.Answer{}, err
	}
	if err := f.readPractice(); err != nil {
		return page.Answer{}, err
	}
	return page.Again(showPractice(f), err)
}

// after carries a change of the practice into its templates' next versions, and has what is to come planned again.
func after(ctx context.Context, tx *store.Tx, v *page.Visit) error {
	if _, err := template.Rebrand(ctx, tx, v.Platform); err != nil {
		return err
	}
	return job.Add(ctx, tx, plan.ReplanJob, "details "+strconv.FormatInt(store.Micro(tx.Now), 10), tx.Now)
}

// countries are all of them by name, the practice's among them.
func countries(own string) []ui.Option {
	var out []ui.Option
	names := display.English.Regions()
	for a := 'A'; a <= 'Z'; a++ {
		for b := 'A'; b <= 'Z'; b++ {
			code := string([]rune{a, b})
			if good, err := practice.Country("", code); err == nil && good == code && code != "EZ" { // the Eurozone
				region, _ := language.ParseRegion(code)
				out = append(out, ui.Option{Value: code, Say: names.Name(region)})
			}
		}
	}
	slices.SortFunc(out, func(a, b ui.Option) int { return strings.Compare(a.Say, b.Say) })
	if !slices.ContainsFunc(out, func(o ui.Option) bool { return o.Value == own }) {
		out = append(out, ui.Option{Value: own, Say: own})
	}
	return out
}

// languages are those in which practices of the countries that we know write, the practice's among them.
func languages(v *page.Visit) []ui.Option {
	tags := []string{"en", "en-AU", "en-GB", "en-NZ", "en-US", "en-CA", "ar", "cs", "da", "de", "el", "es", "fi", "fr", "he", "hi", "hu", "it", "ja", "ko", "mi", "nl", "no", "pl", "pt", "ro", "sv", "tr", "uk", "vi", "zh"}
	if !slices.Contains(tags, v.Practice.Language) {
		tags = append(tags, v.Practice.Language)
	}
	out := make([]ui.Option, len(tags))
	for i, tag := range tags {
		out[i] = ui.Option{Value: tag, Say: v.Text.Tongue(tag)}
	}
	slices.SortFunc(out, func(a, b ui.Option) int { return strings.Compare(a.Say, b.Say) })
	return out
}
