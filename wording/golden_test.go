package wording

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the golden files anew")

type goldenCase struct {
	name, tag string
	version   *Version
	values    *Values
}

func goldenCases() []goldenCase {
	child := fatima()
	child.ForOther, child.Attendee, child.FirstVisit = true, Person{First: "Zoë"}, false
	video := fatima()
	video.Mode, video.ZoneDiffers, video.FirstVisit, video.Location = ModeTelehealth, true, false, Place{Name: "Telehealth"}
	nur := fatima()
	nur.Recipient, nur.Service, nur.Practitioner, nur.Zone, nur.Minutes = Person{First: "نور"}, "جلسة أولى", "Ama Müller", "Africa/Cairo", 45
	plain := fatima()
	plain.Practitioner, plain.FirstVisit = "Petra Lane", false
	news := &Values{Recipient: Person{First: "Fatima"}, Unsubscribe: "https://wattlestreet.example/u/8kQ-2f_7?x=1&y=2"}
	return []goldenCase{
		{"booked", "en-AU", bookedVersion(), fatima()},
		{"changed", "en-AU", changedVersion(), fatima()},
		{"cancelled", "en-AU", cancelledVersion(), fatima()},
		{"reminder-7-days", "en-AU", weekVersion(), fatima()},
		{"reminder-2-days", "en-AU", twoDaysVersion(), plain},
		{"reminder-2-days-child", "en-AU", twoDaysVersion(), child},
		{"reminder-2-days-video", "en-AU", twoDaysVersion(), video},
		{"reminder-2-days-arabic", "ar-EG", twoDaysVersion(), nur},
		{"news", "en-AU", newsVersion(), news},
	}
}

// parsed is a rendered body as a mail program takes it apart.
type parsed struct {
	text, html string
	pictures   map[string][]byte // by Content-ID
}

func parseBody(t testing.TB, r *Rendered) parsed {
	t.Helper()
	p := parsed{pictures: map[string][]byte{}}
	var walk func(contentType string, body io.Reader)
	walk = func(contentType string, body io.Reader) {
		kind, parameters, err := mime.ParseMediaType(strings.ReplaceAll(contentType, "\r\n", ""))
		if err != nil {
			t.Fatalf("content type %q: %v", contentType, err)
		}
		parts := multipart.NewReader(body, parameters["boundary"])
		for {
			part, err := parts.NextRawPart()
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil {
				t.Fatalf("%s: %v", kind, err)
			}
			inner := part.Header.Get("Content-Type")
			switch {
			case strings.HasPrefix(inner, "multipart/"):
				walk(inner, part)
				continue
			case strings.HasPrefix(inner, "image/"):
				data, _ := io.ReadAll(part)
				p.pictures[strings.Trim(part.Header.Get("Content-Id"), "<>")] = data
				continue
			}
			data, err := io.ReadAll(quotedprintable.NewReader(part))
			if err != nil {
				t.Fatalf("quoted-printable: %v", err)
			}
			text := strings.ReplaceAll(string(data), "\r\n", "\n")
			if strings.HasPrefix(inner, "text/html") {
				p.html = text
			} else {
				p.text = text
			}
		}
	}
	walk(r.ContentType(), bytes.NewReader(r.Body))
	return p
}

func TestGolden(t *testing.T) {
	for _, c := range goldenCases() {
		t.Run(c.name, func(t *testing.T) {
			compiled := mustCompile(t, c.version, c.tag)
			r := compiled.Render(nil, c.values)
			if found := Inspect(&r); len(found) > 0 {
				t.Errorf("found %v", found)
			}
			p := parseBody(t, &r)
			canonical, err := c.version.Canonical()
			if err != nil {
				t.Fatal(err)
			}
			subject, err := new(mime.WordDecoder).DecodeHeader(string(r.Subject))
			if err != nil {
				t.Fatal(err)
			}
			parts, encoding, units := SMSParts(string(r.SMS))
			golden(t, c.name+".version.json", canonical)
			golden(t, c.name+".html", []byte(p.html))
			golden(t, c.name+".txt", []byte("Subject: "+subject+"\n\n"+p.text))
			golden(t, c.name+".mime", append([]byte("Subject: "+string(r.Subject)+"\r\nContent-Type: "+r.ContentType()+"\r\n\r\n"), r.Body...))
			if r.SMS != nil {
				golden(t, c.name+".sms", fmt.Appendf(nil, "%s\n-- %d parts, %s, %d units\n", r.SMS, parts, encoding, units))
			}
		})
	}
}

// The same reminder as a courier makes it: texts from the directory, links through the portal.
func TestGoldenThroughThePortal(t *testing.T) {
	portal, err := ParsePortal("https://portal.example")
	if err != nil {
		t.Fatal(err)
	}
	compiled, err := CompileThrough(portal, twoDaysVersion(), "en-AU")
	if err != nil {
		t.Fatal(err)
	}
	values := fatima()
	values.Service, values.Practitioner, values.Location = "", "", Place{}
	values.ServiceID, values.PractitionerID, values.PlaceID = "s1", "p1", "l1"
	r := compiled.RenderWith(testBook(t), nil, values)
	if found := Inspect(&r); len(found) > 0 || len(r.Remarks) > 0 {
		t.Errorf("found %v, remarks %v", found, r.Remarks)
	}
	p := parseBody(t, &r)
	golden(t, "portal.html", []byte(p.html))
	golden(t, "portal.txt", []byte(p.text))
	golden(t, "portal.sms", r.SMS)
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", "golden", name)
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs from the golden file; look at the difference and run with -update when it is meant", name)
	}
}
