package wording

import (
	"bytes"
	"html"
	"mime"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	nethtml "golang.org/x/net/html"

	"letterhead/wording/clean"
	"letterhead/wording/encode"
	"letterhead/wording/field"
)

func TestRenderIsTheSameEachTime(t *testing.T) {
	t.Parallel()
	c := mustCompile(t, twoDaysVersion(), "en-AU")
	want := c.Render(nil, fatima())
	var wait sync.WaitGroup
	for range 4 {
		wait.Go(func() {
			var buffer []byte
			for range 50 {
				r := c.Render(buffer, fatima())
				if !bytes.Equal(r.Body, want.Body) || !bytes.Equal(r.Subject, want.Subject) || !bytes.Equal(r.SMS, want.SMS) {
					t.Error("other bytes")
				}
				buffer = r.Buffer
			}
		})
	}
	wait.Wait()
}

func TestRenderReplacesWhatIsNotFit(t *testing.T) {
	t.Parallel()
	c := mustCompile(t, twoDaysVersion(), "en-AU")
	for _, k := range []struct {
		name    string
		change  func(*Values)
		text    string // in the plain part
		absent  string
		remarks []Remark
		missing []Field
	}{
		{"a link as a name", func(v *Values) { v.Recipient.First = "evil.com" }, "Hello there,", "evil", []Remark{{field.RecipientGreeting.Name(), clean.ReasonLink}}, nil},
		{"mark-up as a name", func(v *Values) { v.Recipient.First = "<b>x</b>" }, "Hello there,", "<b>", []Remark{{field.RecipientGreeting.Name(), clean.ReasonCharacter}}, nil},
		{"no name", func(v *Values) { v.Recipient.First = "" }, "Hello there,", "Fatima", []Remark{{field.RecipientGreeting.Name(), clean.ReasonMissing}}, nil},
		{"the preferred name", func(v *Values) { v.Recipient.Preferred = "Fati" }, "Hello Fati,", "Fatima", nil, nil},
		{"an unfit preferred name", func(v *Values) { v.Recipient.Preferred = "x://y" }, "Hello Fatima,", "x:", nil, nil},
		{"spaces around", func(v *Values) { v.Recipient.First = "  Fatima  " }, "Hello Fatima,", "", nil, nil},
		{"a phone as a practitioner", func(v *Values) { v.Practitioner = "Ring 0900 123 456" }, "45 minutes", "0900", []Remark{{field.AppointmentPractitioner.Name(), clean.ReasonCharacter}}, nil},
		{"no location", func(v *Values) { v.Location = Place{} }, "Ring us as early", "Main rooms", nil, nil},
		{"no time", func(v *Values) { v.Start = Wall{} }, "Hello Fatima", "Tuesday", []Remark{{field.AppointmentDay.Name(), clean.ReasonMissing}, {field.AppointmentStart.Name(), clean.ReasonMissing}}, []Field{field.AppointmentDay.Name(), field.AppointmentDayShort.Name(), field.AppointmentStart.Name()}},
		{"an impossible day", func(v *Values) { v.Start.Day = 31; v.Start.Month = 2 }, "Hello Fatima", "February", []Remark{{field.AppointmentDay.Name(), clean.ReasonShape}, {field.AppointmentStart.Name(), clean.ReasonShape}}, []Field{field.AppointmentDay.Name(), field.AppointmentDayShort.Name(), field.AppointmentStart.Name()}},
		{"a zone that is none", func(v *Values) { v.Mode, v.ZoneDiffers, v.Zone = ModeTelehealth, true, "x\r\ny" }, "10:00 am\n", "(", []Remark{{field.AppointmentZone.Name(), clean.ReasonShape}}, nil},
	} {
		t.Run(k.name, func(t *testing.T) {
			v := fatima()
			k.change(v)
			r := c.Render(nil, v)
			p := parseBody(t, &r)
			body := strings.ReplaceAll(p.text, "(03) 5550 0142", "")
			if !strings.Contains(p.text, k.text) || (k.absent != "" && strings.Contains(body, k.absent)) {
				t.Errorf("the text is\n%s", p.text)
			}
			for _, want := range k.remarks {
				if !slices.Contains(r.Remarks, want) {
					t.Errorf("remarks %v lack %v", r.Remarks, want)
				}
			}
			if len(k.remarks) == 0 && len(r.Remarks) > 0 {
				t.Errorf("remarks %v", r.Remarks)
			}
			if !slices.Equal(r.Missing(), k.missing) {
				t.Errorf("missing %v, want %v", r.Missing(), k.missing)
			}
		})
	}
}

// shape is a page's elements and attributes in their order, and its links; no text.
func shape(t *testing.T, page string) []string {
	t.Helper()
	var out []string
	z := nethtml.NewTokenizer(strings.NewReader(page))
	for {
		switch z.Next() {
		case nethtml.ErrorToken:
			return out
		case nethtml.StartTagToken, nethtml.EndTagToken, nethtml.SelfClosingTagToken, nethtml.CommentToken, nethtml.DoctypeToken:
			out = append(out, z.Token().String())
		}
	}
}

// No value adds an element, an attribute, a line, a part or a header: the message has the shape that it has with other values.
func FuzzRender(f *testing.F) {
	f.Add("Fatima", "Zoë", "Petra Schäfer", "Initial consultation", "Main rooms", "12 Wattle Street, Ballarat", "Australia/Melbourne", "Ring the bell.", true)
	f.Add("<b>", "\"><script>", "a\r\nBcc: x", "evil.com", "{{x}}", "=?utf-8?q?x?=", "../..", "\u202e", false)
	f.Add("نور", "عبد الله", "", "جلسة أولى", "عيادة", "شارع ٢٦ يوليو", "Africa/Cairo", "'&'", true)
	f.Add("--=_a", "O'Neil", "J. P. Lane", "Physio & more \"x\"", "R+D/2", "#5; 100 %", "", "\n.\r\n", false)
	versions := []*Version{twoDaysVersion(), bookedVersion()}
	var targets []*Compiled
	for _, v := range versions {
		for _, l := range v.Languages {
			targets = append(targets, mustCompile(f, v, l.Tag))
		}
	}
	f.Fuzz(func(t *testing.T, first, other, practitioner, service, place, address, zone, directions string, forOther bool) {
		for _, c := range targets {
			v := fatima()
			v.Recipient.First, v.Attendee.First, v.Practitioner, v.Service, v.ForOther, v.Zone = first, other, practitioner, service, forOther, zone
			v.Location = Place{Name: place, Address: address, Phone: "(03) 5550 0142", Directions: directions}
			r := c.Render(nil, v)
			plain := fatima()
			plain.ForOther, plain.Attendee.First = forOther, "Omar"
			for i, set := range map[field.Index]*string{field.AppointmentPractitioner: &plain.Practitioner, field.AppointmentService: &plain.Service, field.LocationName: &plain.Location.Name,
				field.LocationAddress: &plain.Location.Address, field.AttendeeFirst: &plain.Attendee.First, field.AppointmentZone: &plain.Zone} {
				if r.present&present(i) == 0 {
					*set = ""
				}
			}
			base := c.Render(nil, plain)
			if !encode.LinesFit(r.Body) || !encode.HeaderFit(r.Subject) || bytes.ContainsAny(r.SMS, "\r\n") {
				t.Fatalf("lines: %q %q %q", r.Subject, r.SMS, r.Body)
			}
			got, want := parseBody(t, &r), parseBody(t, &base)
			if a, b := shape(t, got.html), shape(t, want.html); !reflect.DeepEqual(a, b) {
				t.Fatalf("another shape:\n%q\n%q", a, b)
			}
			if a, b := strings.Count(got.text, "\n"), strings.Count(want.text, "\n"); a != b {
				t.Fatalf("%d lines, want %d:\n%s", a, b, got.text)
			}
			subject, err := new(mime.WordDecoder).DecodeHeader(string(r.Subject))
			if err != nil || strings.ContainsAny(strings.ReplaceAll(subject, "\r\n ", " "), "\r\n") {
				t.Fatalf("subject %q: %v", r.Subject, err)
			}
			for _, finding := range Inspect(&r) {
				t.Fatalf("found %v", finding)
			}
			if name := clean.Tidy(first); r.present&present(field.RecipientGreeting) != 0 {
				if !strings.Contains(got.text, name) || !strings.Contains(html.UnescapeString(got.html), name) {
					t.Fatalf("%q is not there", name)
				}
			}
		}
	})
}

func TestOutlookCommentsSurvive(t *testing.T) {
	t.Parallel()
	c := mustCompile(t, weekVersion(), "en-AU")
	r := c.Render(nil, fatima())
	p := parseBody(t, &r)
	if strings.Count(p.html, "<!--[if mso]>") != 3 || strings.Count(p.html, "<![endif]-->") != 3 {
		t.Error("the conditional comments are not whole")
	}
	if len(p.pictures) != 1 || !strings.Contains(p.html, "cid:"+testLogo().SHA256[:16]) {
		t.Errorf("%d pictures", len(p.pictures))
	}
	if n := strings.Count(p.html, "<table"); n != strings.Count(p.html, "</table>") {
		t.Errorf("%d tables are not closed", n)
	}
}

func TestRenderCosts(t *testing.T) {
	c := mustCompile(t, twoDaysVersion(), "en-AU")
	v := fatima()
	r := c.Render(nil, v)
	buffer := r.Buffer
	if n := testing.AllocsPerRun(100, func() { r = c.Render(buffer, v); buffer = r.Buffer }); n > 4 {
		t.Errorf("%v allocations in a render", n)
	}
	if len(c.Uses()) < 8 || len(r.Body) < 4000 {
		t.Errorf("%d fields, %d bytes: no typical mail", len(c.Uses()), len(r.Body))
	}
}
