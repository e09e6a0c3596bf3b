package compare

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"letterhead/practice"
	"letterhead/template"
	"letterhead/wording"
)

func starter(t *testing.T) *wording.Version {
	t.Helper()
	p := practice.New("Wattle Street", "AU", "Australia/Melbourne")
	p.Language, p.Phone, p.Email, p.Website, p.Address = "ar", "(03) 5550 0142", "hello@wattle.example", "wattle.example", "12 Wattle Street"
	return template.Starters(p, "mail.example")[0].Version
}

func shown(words []Run) string {
	var out strings.Builder
	for _, r := range words {
		out.WriteString(map[Op]string{Same: "%s", Removed: "[-%s-]", Added: "[+%s+]"}[r.Op])
	}
	args := []any{}
	for _, r := range words {
		args = append(args, r.Text)
	}
	return fmt.Sprintf(out.String(), args...)
}

func TestWords(t *testing.T) {
	t.Parallel()
	for _, c := range [][3]string{
		{"We close on 24 December", "We close on 23 December at noon", "We close on [-24-][+23+] December[+ at noon+]"},
		{"", "new", "[+new+]"}, {"old", "", "[-old-]"}, {"", "", ""}, {"same", "same", "same"},
		{"Hello {recipient.first_name|there},", "Hello {recipient.greeting_name|there},", "Hello {recipient.[-first-][+greeting+]_name|there},"},
		{"one two three four", "one five six four", "one [-two three-][+five six+] four"},
		{"مرحبا بك", "أهلا بك", "[-مرحبا-][+أهلا+] بك"},
	} {
		if got := shown(Words(c[0], c[1])); got != c[2] {
			t.Errorf("%q and %q: %s, want %s", c[0], c[1], got, c[2])
		}
	}
	if long := Words(strings.Repeat("a b ", 3000), strings.Repeat("c d ", 3000)); len(long) > 3 {
		t.Errorf("two long texts: %d runs", len(long))
	}
}

// Both texts can be read out of the comparison.
func TestWordsHoldBothTexts(t *testing.T) {
	t.Parallel()
	text := rapid.Custom(func(t *rapid.T) string {
		return strings.Join(rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", " ", "\n", ".", "word", "é"}), 0, 14).Draw(t, "text"), "")
	})
	rapid.Check(t, func(t *rapid.T) {
		was, now := text.Draw(t, "was"), text.Draw(t, "now")
		old, new := "", ""
		for _, r := range Words(was, now) {
			if r.Op != Added {
				old += r.Text
			}
			if r.Op != Removed {
				new += r.Text
			}
		}
		if old != was || new != now {
			t.Fatalf("%q and %q became %q and %q", was, now, old, new)
		}
	})
}

// Each thing that a version says, changed alone, is part of the comparison; nothing else is.
func TestNothingDiffersUnseen(t *testing.T) {
	t.Parallel()
	if c := Versions(starter(t), starter(t)); !c.Equal() {
		t.Errorf("equal versions differ: %+v", c)
	}
	for name, change := range map[string]func(*wording.Version){
		"purpose": func(v *wording.Version) { v.Purpose = wording.Marketing }, "sender": func(v *wording.Version) { v.Sender.Local = "evil" }, "sender's name": func(v *wording.Version) { v.Sender.Name = "Evil" },
		"sender's domain": func(v *wording.Version) { v.Sender.Domain = "evil.example" }, "hosts": func(v *wording.Version) { v.Hosts = append(v.Hosts, "z.example") },
		"default": func(v *wording.Version) { v.DefaultLanguage = "en-AU" }, "order": func(v *wording.Version) { slices.Reverse(v.Languages) }, "fewer": func(v *wording.Version) { v.Languages = v.Languages[:1] },
		"name": func(v *wording.Version) { v.Branding.Name = "Evil" }, "colour": func(v *wording.Version) { v.Branding.Accent = "#000000" }, "address": func(v *wording.Version) { v.Branding.Address = nil },
		"phone shown": func(v *wording.Version) {
			v.Branding.Phone = &wording.Phone{Display: "1", Number: v.Branding.Phone.Number}
		}, "phone dialled": func(v *wording.Version) {
			v.Branding.Phone = &wording.Phone{Display: v.Branding.Phone.Display, Number: "+61355500999"}
		},
		"no phone": func(v *wording.Version) { v.Branding.Phone = nil }, "email": func(v *wording.Version) { v.Branding.Email = "a@b.example" }, "website": func(v *wording.Version) { v.Branding.Website = "" },
		"logo": func(v *wording.Version) { v.Branding.Logo = &wording.Image{Alt: "x", SHA256: strings.Repeat("a", 64)} }, "health": func(v *wording.Version) { v.HealthInSMS = true },
		"subject": func(v *wording.Version) { v.Languages[0].Subject[0].Text = "x" }, "preheader": func(v *wording.Version) { v.Languages[0].Preheader = nil },
		"a block's conditions": func(v *wording.Version) { v.Languages[0].Blocks[0].When = []wording.Condition{wording.FirstVisit} }, "a block gone": func(v *wording.Version) { v.Languages[0].Blocks = v.Languages[0].Blocks[1:] },
		"bold": func(v *wording.Version) { v.Languages[0].Blocks[0].Paragraphs[0].Content[0].Bold = true }, "a field": func(v *wording.Version) { v.Languages[0].Blocks[0].Paragraphs[0].Content[1].Field = "practice.name" },
		"blocks turned": func(v *wording.Version) { b := v.Languages[0].Blocks; b[0], b[1] = b[1], b[0] },
		"the card": func(v *wording.Version) {
			v.Languages[0].Blocks[slices.IndexFunc(v.Languages[0].Blocks, func(b wording.Block) bool { return b.Kind == wording.CardBlock })].Service = false
		},
		"a sentence": func(v *wording.Version) { v.Languages[1].SMS = v.Languages[1].SMS[1:] }, "a sentence's conditions": func(v *wording.Version) { v.Languages[1].SMS[0].When = []wording.Condition{wording.FirstVisit} },
	} {
		now := starter(t)
		change(now)
		if c := Versions(starter(t), now); c.Equal() {
			t.Errorf("%s: nothing is said", name)
		}
	}
}

func TestBlocksArePaired(t *testing.T) {
	t.Parallel()
	was, now := starter(t), starter(t)
	l := &now.Languages[1]
	l.Blocks = slices.Insert(l.Blocks, 1, wording.Text("Please bring your referral."))
	l.Blocks[0] = wording.Text("Dear {recipient.greeting_name|you},")
	c := Versions(was, now)
	if len(c.Facts) != 0 || c.Languages[0].Op != Same || c.Languages[1].Op != Changed {
		t.Fatalf("%+v", c)
	}
	var ops []Op
	for _, r := range c.Languages[1].Rows {
		if r.Op != Same {
			ops = append(ops, r.Op)
		}
	}
	if !slices.Equal(ops, []Op{Changed, Added}) {
		t.Errorf("%v", ops)
	}
	turned := starter(t)
	b := turned.Languages[1].Blocks
	b[1], b[3] = b[3], b[1]
	for _, r := range Versions(was, turned).Languages[1].Rows {
		if r.Op != Same && r.Op != Moved {
			t.Errorf("turned round: %s %s %v", r.Op, r.Part, r.Words)
		}
	}
}
