package wording

import (
	"bytes"
	"testing"

	"letterhead/wording/field"
)

func TestInspectFinds(t *testing.T) {
	t.Parallel()
	reminder := mustCompile(t, twoDaysVersion(), "en-AU")
	news := mustCompile(t, newsVersion(), "en-AU")
	plant := func(r *Rendered, i field.Index, value string) { // as code gone wrong would merge it
		r.values[i] = span{uint32(r.merged), uint32(r.merged + len(value))}
		r.Buffer = append(bytes.Clone(r.Buffer[:r.merged]), value...)
		r.merged += len(value)
	}
	for _, c := range []struct {
		name     string
		compiled *Compiled
		values   func(*Values)
		change   func(*Rendered)
		want     Finding
	}{
		{"no time", reminder, func(v *Values) { v.Start = Wall{} }, nil, Finding{FindingMissing, field.AppointmentDay.Name()}},
		{"a phone nobody signed", reminder, func(v *Values) { v.Location.Phone = "0900 123 456" }, nil, Finding{FindingPhone, field.LocationPhone.Name()}},
		{"no way out", news, nil, nil, Finding{FindingNoWayOut, "link.unsubscribe"}},
		{"a way out elsewhere", news, func(v *Values) { v.Unsubscribe = "https://evil.example/u" }, nil, Finding{FindingNoWayOut, "link.unsubscribe"}},
		{"a link planted", news, func(v *Values) { v.Unsubscribe = "https://wattlestreet.example/u" }, func(r *Rendered) { plant(r, field.Unsubscribe, "https://wattlestreet.example@evil.example/u") }, Finding{FindingLink, "link.unsubscribe"}},
		{"a host planted", reminder, nil, func(r *Rendered) { plant(r, field.RecipientGreeting, "evil.example") }, Finding{FindingAutoLink, field.RecipientGreeting.Name()}},
		{"a phone planted", reminder, nil, func(r *Rendered) { plant(r, field.LocationName, "ring 0900 123 456") }, Finding{FindingPhone, field.LocationName.Name()}},
		{"two alphabets planted", reminder, nil, func(r *Rendered) { plant(r, field.RecipientGreeting, "Аnn") }, Finding{FindingConfusable, field.RecipientGreeting.Name()}},
		{"mark-up planted", reminder, nil, func(r *Rendered) { plant(r, field.AppointmentPractitioner, "<b>") }, Finding{FindingValue, field.AppointmentPractitioner.Name()}},
		{"a header planted", reminder, nil, func(r *Rendered) { r.Subject = []byte("Hello\r\nBcc: x@evil.example") }, Finding{FindingHeader, "subject"}},
		{"a header that ends headers", reminder, nil, func(r *Rendered) { r.Subject = []byte("Hello\r\n") }, Finding{FindingHeader, "subject"}},
		{"a long header", reminder, nil, func(r *Rendered) { r.Subject = bytes.Repeat([]byte("x"), 999) }, Finding{FindingHeader, "subject"}},
		{"a long line", reminder, nil, func(r *Rendered) { r.Body = append(bytes.Repeat([]byte("x"), 77), "\r\n"...) }, Finding{FindingLine, ""}},
		{"a bare LF", reminder, nil, func(r *Rendered) { r.Body = []byte("x\ny\r\n") }, Finding{FindingLine, ""}},
		{"a bare CR", reminder, nil, func(r *Rendered) { r.Body = []byte("x\ry\r\n") }, Finding{FindingLine, ""}},
		{"a long body", reminder, nil, func(r *Rendered) { r.Body = bytes.Repeat([]byte("x\r\n"), 20000) }, Finding{FindingSize, ""}},
		{"an element planted", reminder, nil, func(r *Rendered) { r.Body = append(bytes.Clone(r.Body), "<b>\r\n"...) }, Finding{FindingMarkup, ""}},
		{"an address planted", reminder, nil, func(r *Rendered) { r.Body = append(bytes.Clone(r.Body), "x@evil.example\r\n"...) }, Finding{FindingMarkup, ""}},
		{"a long SMS", reminder, nil, func(r *Rendered) { r.SMS = bytes.Repeat([]byte("x"), 919) }, Finding{FindingSMSLength, "sms"}},
		{"nothing rendered", reminder, nil, func(r *Rendered) { *r = Rendered{} }, Finding{FindingNotCompiled, ""}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			v := fatima()
			if c.values != nil {
				c.values(v)
			}
			r := c.compiled.Render(nil, v)
			if c.change != nil {
				if found := Inspect(&r); len(found) > 0 {
					t.Fatalf("found %v before", found)
				}
				c.change(&r)
			}
			found := Inspect(&r)
			if len(found) == 0 || found[0] != c.want {
				t.Errorf("found %v, want %v", found, c.want)
			}
		})
	}
}

func TestInspectKnowsTheSignedDirectory(t *testing.T) {
	t.Parallel()
	c := mustCompile(t, twoDaysVersion(), "en-AU")
	v := fatima()
	v.Location.Phone = "(03) 5550 0199"
	r := c.Render(nil, v)
	if found := Inspect(&r); len(found) != 1 || found[0].Name != FindingPhone {
		t.Errorf("found %v", found)
	}
	if found := Inspect(&r, Directory{Phones: []string{"03 5550 0199"}}); len(found) > 0 {
		t.Errorf("found %v", found)
	}
}
