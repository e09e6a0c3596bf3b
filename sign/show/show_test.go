package show_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"letterhead/approval"
	"letterhead/practice"
	"letterhead/sign/show"
	"letterhead/store"
	"letterhead/template"
	"letterhead/wording"
)

func version() *wording.Version {
	p := practice.New("Wattle Street Physiotherapy", "AU", "Australia/Melbourne")
	p.Label, p.Phone, p.Email = "wattle", "(03) 5550 0142", "hello@wattlestreet.example"
	return template.Starters(p, "mail.letterhead.test")[0].Version
}

func read(t interface {
	Helper()
	Fatal(...any)
}, v *wording.Version) *show.Wording {
	t.Helper()
	content, err := v.Canonical()
	if err != nil {
		t.Fatal(err)
	}
	w, err := show.Read(content, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// Whatever parts depend on, each stands in an example, and each condition is seen without it too.
func TestEveryPartIsShownAndEveryConditionBothWays(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		v := version()
		v.Languages = v.Languages[:1]
		l := &v.Languages[0]
		l.SMS = nil
		n := rapid.IntRange(1, 6).Draw(t, "parts")
		for i := range n {
			when := rapid.SliceOfNDistinct(rapid.SampledFrom(wording.Conditions()), 0, 3, rapid.ID[wording.Condition]).Filter(together).Draw(t, "when")
			l.Blocks = append([]wording.Block{wording.Text(fmt.Sprintf("Part number %d stands here.", i)).Only(when...)}, l.Blocks...)
			shown, hidden := false, false
			for _, e := range read(t, v).Languages[0].Examples {
				there := strings.Contains(e.HTML, fmt.Sprintf("Part number %d stands here.", i)) && strings.Contains(e.Text, fmt.Sprintf("Part number %d stands here.", i))
				shown, hidden = shown || there, hidden || !there
			}
			if !shown || len(when) > 0 && !hidden {
				t.Fatalf("a part shown when %v: shown %v, not shown %v", when, shown, hidden)
			}
		}
	})
}

// together tells whether conditions can hold at once.
func together(when []wording.Condition) bool {
	for _, group := range [][]wording.Condition{
		{wording.InPerson, wording.Telehealth, wording.ByPhone, wording.HomeVisit}, {wording.FirstVisit, wording.Returning}, {wording.ForSelf, wording.ForOther},
		{wording.Unconfirmed, wording.Confirmed}, {wording.ZoneDiffers, wording.SameZone},
	} {
		count := 0
		for _, c := range when {
			if slices.Contains(group, c) {
				count++
			}
		}
		if count > 1 {
			return false
		}
	}
	return true
}

func TestAWordingShowsItsSenderLinksAndTexts(t *testing.T) {
	t.Parallel()
	v := version()
	v.Hosts = []string{"news.wattlestreet.example"}
	more := wording.Rich(wording.Link("Read more", wording.Target{Kind: wording.ToURL, URL: "https://news.wattlestreet.example/winter"}))
	v.Languages[0].Blocks = append([]wording.Block{more}, v.Languages[0].Blocks...)
	w := read(t, v)
	if !slices.Contains(w.Links, "https://news.wattlestreet.example/winter") || !slices.Contains(w.Hosts, "news.wattlestreet.example") || !strings.Contains(w.Sender, "@wattle.mail.letterhead.test>") {
		t.Errorf("%+v", w)
	}
	e := w.Languages[0].Examples[0]
	if !strings.Contains(e.HTML, "news.wattlestreet.example/winter") || e.Subject == "" || e.Text == "" || e.SMS == "" || e.SMSParts < 1 {
		t.Errorf("%q %q %d", e.Subject, e.SMS, e.SMSParts)
	}
	if _, err := show.Read([]byte(`{"format":1}`), nil, nil); err == nil {
		t.Error("something that is no template is shown")
	}
}

func TestWhatChangedIsNamed(t *testing.T) {
	t.Parallel()
	old := version()
	next := version()
	next.Languages[0].Blocks[0] = wording.Text("We close on 23 December at noon.").Only(wording.FirstVisit)
	next.Sender.Local = "news"
	changes := show.Changes(read(t, old), read(t, next))
	if len(changes) != 2 || changes[0].Language != "" || !strings.HasPrefix(changes[0].New[0], "From ") || changes[1].Language != "en-AU" ||
		!slices.ContainsFunc(changes[1].New, func(line string) bool { return strings.Contains(line, "We close on 23 December at noon.") }) || len(changes[1].Gone) == 0 {
		t.Errorf("%+v", changes)
	}
	if same := show.Changes(read(t, old), read(t, version())); len(same) != 0 {
		t.Errorf("nothing changed: %+v", same)
	}
}

func words() show.Words {
	return show.Words{Zone: time.UTC, Member: func(id store.MemberID) string { return "member " + string(id) }, Wording: func(id string) string { return "template " + id },
		Thing: func(id string) string { return "thing " + id }, Of: func(approval.Digest) string { return "something" }}
}

func said(facts []show.Fact) string {
	var out []string
	for _, f := range facts {
		out = append(out, f.Name+": "+strings.Join(f.Value, "; "))
	}
	return strings.Join(out, "\n")
}

func TestARuleIsSaidInWords(t *testing.T) {
	t.Parallel()
	for content, wanted := range map[string]string{
		`{"content":{"channel":"preference","fall_back":true,"trigger":{"kind":"booked","minutes":3}},"key":"booked","wording":"w"}`:                                          "When: 3 minutes after an appointment was booked\nSends: template w\nBy: whichever channel the client prefers\nWithout that address: by the other channel\nServices: all",
		`{"content":{"channel":"sms","services":["a","b"],"only_unconfirmed":true,"trigger":{"at":"10:00","days":1,"kind":"days before"}},"key":"k","wording":"w"}`:           "When: 1 day before the appointment, at 10:00\nSends: template w\nBy: text message\nServices: thing a; thing b",
		`{"content":{"channel":"email","quiet_from":"20:00","quiet_to":"08:00","statuses":["attended"],"trigger":{"hours":2,"kind":"hours before"}},"key":"k","wording":"w"}`: "When: 2 hours before the appointment",
	} {
		facts, err := show.Rule([]byte(content), words())
		if err != nil || !strings.HasPrefix(said(facts), wanted) {
			t.Errorf("%v\n%s", err, said(facts))
		}
	}
	for _, content := range []string{
		`{"content":{"channel":"sms","trigger":{"kind":"at full moon"}},"key":"k","wording":"w"}`,
		`{"content":{"channel":"sms","to":"everybody","trigger":{"kind":"booked"}},"key":"k","wording":"w"}`, `[]`, ``,
	} {
		if _, err := show.Rule([]byte(content), words()); err == nil {
			t.Errorf("%s is put into words", content)
		}
	}
}

func TestEveryKindIsSaidInWords(t *testing.T) {
	t.Parallel()
	for wanted, x := range map[string]*approval.Statement{
		"Lifts: all":           {Kind: approval.KindLift, Body: approval.Body{Lift: &approval.LiftBody{Scope: "all"}}},
		"May sign as: manager": {Kind: approval.KindMember, Subject: "m", Body: approval.Body{Member: &approval.MemberBody{Role: approval.Manager, Alone: 10, Channel: "email"}}},
		"Links may lead to: a.example; b.example": {Kind: approval.KindHosts, Body: approval.Body{Hosts: &approval.HostsBody{Hosts: []string{"a.example", "b.example"}}}},
		"From now on: no link leads to a.example": {Kind: approval.KindHost, Subject: "a.example", Body: approval.Body{Host: &approval.HostBody{Off: true}}},
		"To: 1,204 recipients":                    {Kind: approval.KindOrder, Body: approval.Body{Order: &approval.OrderBody{Count: 1204, Active: 2000, Channel: "email"}}, Limits: &approval.Limits{Total: 1204}},
		"Stolen: what it signed from entry 7":     {Kind: approval.KindKey, Body: approval.Body{Key: &approval.KeyBody{Action: approval.Revoke, Since: 7}}},
		"Brings: 12,000 addresses":                {Kind: approval.KindImport, Body: approval.Body{Import: &approval.ImportBody{Addresses: 12000}}},
		"Messages a day: at most 0":               {Kind: approval.KindLimits, Limits: &approval.Limits{}},
		"Withdraws: something":                    {Kind: approval.KindWithdraw, Subject: strings.Repeat("ab", 32)},
		"Value note: a; b":                        {Kind: approval.KindGrant, Body: approval.Body{Grant: &approval.GrantBody{Values: []approval.GrantValue{{Name: "note", OneOf: []string{"a", "b"}}}}}},
		"Goes on behind: entry 4":                 {Kind: approval.KindResume, Body: approval.Body{Resume: &approval.ResumeBody{From: approval.Head{Position: 4}}}},
	} {
		if got := said(show.Facts(x, words())); !strings.Contains(got, wanted) {
			t.Errorf("%s: %s", x.Kind, got)
		}
		if show.Kind(x.Kind) == "" || show.Title(x, words()) == "" {
			t.Errorf("%s has no name", x.Kind)
		}
	}
}
