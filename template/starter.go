package template

import (
	"context"
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/language"
	"letterhead/practice"
	"letterhead/store"
	"letterhead/wording"
)

// Starter is one wording of a new practice.
type Starter struct {
	Key, Name string
	Version   *wording.Version
}

// AddStarter gives the transaction's practice its starter wordings, as far as it does not have them. platform is the domain under which a
// practice without a domain of its own sends.
func AddStarter(ctx context.Context, tx *store.Tx, platform string) error {
	p, err := practice.Find(ctx, tx)
	if err != nil {
		return err
	}
	there, err := ByKey(ctx, tx)
	if err != nil {
		return err
	}
	for _, s := range Starters(p, platform) {
		if _, ok := there[s.Key]; ok {
			continue
		}
		if _, _, err := insert(ctx, tx, s.Key, s.Name, s.Version); err != nil {
			return fmt.Errorf("the starter template %s: %w", s.Key, err)
		}
	}
	return nil
}

// Starters writes the starter set with a practice's name, colour and ways to reach it. A practice whose language is Arabic gets Arabic first and
// English second; every other one English. What the practice has not told (a phone, a website) is not spoken of.
func Starters(p practice.Practice, platform string) []Starter {
	base := letterhead(p, platform)
	sets := []words{english().words(base, region(p))}
	if strings.HasPrefix(p.Language, "ar") {
		sets = append([]words{arabic().words(base, region(p))}, sets...)
	}
	build := func(key, name string, purpose wording.Purpose, pick func(words) wording.Language) Starter {
		v := base
		v.Purpose, v.DefaultLanguage = purpose, sets[0].tag
		for _, s := range sets {
			l := pick(s)
			l.Tag = s.tag
			v.Languages = append(v.Languages, l)
		}
		return Starter{key, name, &v}
	}
	return []Starter{
		build("booked", "Booking confirmation", wording.Transactional, func(w words) wording.Language { return w.booked }),
		build("changed", "Change of appointment", wording.Transactional, func(w words) wording.Language { return w.changed }),
		build("cancelled", "Cancellation", wording.Transactional, func(w words) wording.Language { return w.cancelled }),
		build("reminder-7-days", "Reminder 7 days before", wording.Transactional, func(w words) wording.Language { return w.week }),
		build("reminder-2-days", "Reminder 2 days before", wording.Transactional, func(w words) wording.Language { return w.days }),
		build("news", "Practice news", wording.Marketing, func(w words) wording.Language { return w.news }),
	}
}

// words are the starter set in one language.
type words struct {
	tag                                          string
	booked, changed, cancelled, week, days, news wording.Language
}

// letterhead is what all versions of a practice share: sender, branding and the one host that links may lead to.
func letterhead(p practice.Practice, platform string) wording.Version {
	domain := p.Domain
	if domain == "" {
		domain = p.Label + "." + platform
	}
	v := wording.Version{Format: wording.Format, HealthInSMS: p.SMSServices,
		Sender:   wording.Sender{Name: shorten(p.Name, 60), Local: p.SenderLocal, Domain: domain},
		Branding: wording.Branding{Name: shorten(p.Name, 80), Accent: p.Accent},
	}
	if number, ok := practice.NormalPhone(p.Phone, p.Country); ok && len(p.Phone) <= 24 {
		v.Branding.Phone = &wording.Phone{Display: p.Phone, Number: number}
	}
	if local, host, ok := strings.Cut(strings.ToLower(p.Email), "@"); ok && ascii(local) {
		v.Branding.Email = local + "@" + host
	}
	if p.Website != "" {
		v.Branding.Website, v.Hosts = "https://"+p.Website+"/", []string{p.Website}
	}
	for line := range strings.SplitSeq(p.Address, "\n") {
		if line = shorten(line, 80); line != "" && len(v.Branding.Address) < 5 {
			v.Branding.Address = append(v.Branding.Address, line)
		}
	}
	return v
}

func region(p practice.Practice) string {
	if r, err := language.ParseRegion(p.Country); err == nil {
		return "-" + r.String()
	}
	return ""
}

func ascii(s string) bool { return strings.IndexFunc(s, func(r rune) bool { return r > 0x7e }) < 0 }

// shorten cuts a text that is too long at a word.
func shorten(text string, most int) string {
	text = strings.TrimSpace(text)
	if utf8.RuneCountInString(text) <= most {
		return text
	}
	text = string([]rune(text)[:most])
	if i := strings.LastIndexByte(text, ' '); i > most/2 {
		text = text[:i]
	}
	return strings.TrimSpace(text)
}
