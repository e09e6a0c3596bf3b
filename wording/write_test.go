package wording

import (
	"reflect"
	"strings"
	"testing"

	"letterhead/wording/field"
)

func TestSay(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]Inline{
		"":                           nil,
		"plain":                      {{Text: "plain"}},
		"Hi {recipient.first_name}!": {{Text: "Hi "}, {Field: field.RecipientFirst.Name()}, {Text: "!"}},
		"{a|b c}{d}":                 {{Field: "a", Fallback: "b c"}, {Field: "d"}},
		"a } b {c":                   {{Text: "a } b {c"}},
		"{}":                         {{}},
	} {
		if got := Say(text); !reflect.DeepEqual(got, want) {
			t.Errorf("%q: %+v", text, got)
		}
	}
}

// Only leaves what it was called on as it was.
func TestOnlyCopies(t *testing.T) {
	t.Parallel()
	base := Divider().Only(InPerson)
	first, second := base.Only(FirstVisit), base.Only(Returning)
	if len(base.When) != 1 || first.When[1] != FirstVisit || second.When[1] != Returning {
		t.Errorf("%v %v %v", base.When, first.When, second.When)
	}
}

// Each condition shows its block when it holds and hides it when it does not.
func TestConditions(t *testing.T) {
	t.Parallel()
	holds := map[Condition]func(*Values){
		InPerson: func(v *Values) { v.Mode = ModeInPerson }, Telehealth: func(v *Values) { v.Mode = ModeTelehealth }, ByPhone: func(v *Values) { v.Mode = ModePhone }, HomeVisit: func(v *Values) { v.Mode = ModeHomeVisit },
		FirstVisit: func(v *Values) { v.FirstVisit = true }, Returning: func(v *Values) { v.FirstVisit = false }, ForSelf: func(v *Values) { v.ForOther = false }, ForOther: func(v *Values) { v.ForOther = true },
		Unconfirmed: func(v *Values) { v.Confirmed = false }, Confirmed: func(v *Values) { v.Confirmed = true }, ZoneDiffers: func(v *Values) { v.ZoneDiffers = true }, SameZone: func(v *Values) { v.ZoneDiffers = false },
	}
	opposite := map[Condition]Condition{InPerson: Telehealth, Telehealth: ByPhone, ByPhone: HomeVisit, HomeVisit: InPerson, FirstVisit: Returning, Returning: FirstVisit, ForSelf: ForOther, ForOther: ForSelf,
		Unconfirmed: Confirmed, Confirmed: Unconfirmed, ZoneDiffers: SameZone, SameZone: ZoneDiffers}
	for _, c := range Conditions() {
		v := bookedVersion()
		v.Languages[0].Blocks = append([]Block{Text("Marked block").Only(c)}, v.Languages[0].Blocks...)
		v.Languages[0].SMS = append(v.Languages[0].SMS, SMS("Marked sentence.")[0].Only(c))
		compiled := mustCompile(t, v, "en-AU")
		for _, shown := range []bool{true, false} {
			values := fatima()
			fact := c
			if !shown {
				fact = opposite[c]
			}
			holds[fact](values)
			r := compiled.Render(nil, values)
			p := parseBody(t, &r)
			for part, text := range map[string]string{"HTML": p.html, "text": p.text, "SMS": string(r.SMS)} {
				if strings.Contains(text, "Marked") != shown {
					t.Errorf("%s: shown in the %s is not %v", c, part, shown)
				}
			}
		}
	}
}
