package wording

import (
	"bytes"
	"slices"
	"testing"

	"letterhead/fault"
	"letterhead/wording/field"
	"letterhead/wording/link"
)

func TestInspectFinds(t *testing.T) {
	t.Parallel()
	reminder := mustCompile(t, twoDaysVersion(), "en-AU")
	news := mustCompile(t, newsVersion(), "en-AU")
	portal, err := ParsePortal("https://portal.example")
	if err != nil {
		t.Fatal(err)
	}
	asking, err := CompileThrough(portal, askingVersion(), "en-AU")
	if err != nil {
		t.Fatal(err)
	}
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
		{"nowhere to confirm", asking, func(v *Values) { v.Confirm = "" }, nil, Finding{FindingMissing, "link.confirm"}},
		{"confirmed elsewhere", asking, func(v *Values) { v.Confirm = "https://wattlestreet.example/answer/x" }, nil, Finding{FindingMissing, "link.confirm"}},
		{"asked on another page of the portal", asking, func(v *Values) { v.Decline = "https://portal.example/l/x" }, nil, Finding{FindingMissing, "link.decline"}},
		{"a link to confirm planted", asking, nil, func(r *Rendered) { plant(r, field.Confirm, "https://portal.example@evil.example/answer/x") }, Finding{FindingLink, "link.confirm"}},
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
			v.Confirm, v.Decline = "https://portal.example/answer/aB-_9", "https://portal.example/answer/cD"
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

// askingVersion is a reminder that asks whether its recipient comes.
func askingVersion() *Version {
	v := twoDaysVersion()
	for i := range v.Languages {
		l := &v.Languages[i]
		l.Blocks = slices.Insert(l.Blocks, len(l.Blocks)-1, Button("Confirm", Target{Kind: ToConfirm}).Only(Unconfirmed), Rich(Link("I can’t come", Target{Kind: ToDecline})))
	}
	return v
}

// Only a message about an appointment asks; its links lead to the portal's own pages, in both parts, and are no links of the version that could be switched off or
// led elsewhere. Without a portal there is nothing but the example.
func TestAReminderAsks(t *testing.T) {
	t.Parallel()
	v := askingVersion()
	c := mustCompile(t, v, "en-AU")
	values := fatima()
	values.Confirm, values.Decline = link.Example, link.Example
	r := c.Render(nil, values)
	if found := Inspect(&r); len(found) > 0 || !c.Asks() || bytes.Count(r.Body, []byte("portal.example/answer/")) < 3 {
		t.Errorf("%v, %s", found, r.Body)
	}
	values.Confirmed = true
	if r = c.Render(nil, values); len(Inspect(&r)) > 0 || bytes.Contains(r.Body, []byte("Confirm")) || !bytes.Contains(r.Body, []byte("can=E2=80=99t come")) {
		t.Errorf("who confirmed is asked again: %s", r.Body)
	}
	values.Confirm = "https://portal.example/answer/real"
	if r = c.Render(nil, values); len(Inspect(&r)) == 0 {
		t.Error("a page of nobody's portal")
	}
	if mustCompile(t, twoDaysVersion(), "en-AU").Asks() {
		t.Error("a reminder that does not ask asks")
	}
	news := newsVersion()
	news.Languages[0].Blocks = slices.Insert(news.Languages[0].Blocks, 0, Button("Confirm", Target{Kind: ToConfirm}))
	if err := news.Validate(); fault.As(err) == nil || fault.As(err).Key != "wording.own" {
		t.Errorf("news asks: %v", err)
	}
}
