package template_test

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"io"
	"mime"
	"mime/multipart"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"letterhead/practice"
	"letterhead/store"
	"letterhead/template"
	"letterhead/testkit"
	"letterhead/wording"
	"letterhead/wording/link"
)

var update = flag.Bool("update", false, "write the golden files")

func clinic(change func(*practice.Practice)) practice.Practice {
	p := practice.New("Wattle Street Physiotherapy", "AU", "Australia/Melbourne")
	p.Label, p.Phone, p.Email, p.Website = "wattle-street", "+61 3 5550 0142", "hello@wattlestreet.example", "wattlestreet.example"
	p.Address = "12 Wattle Street\nBallarat VIC 3350"
	if change != nil {
		change(&p)
	}
	return p
}

func values() *wording.Values {
	return &wording.Values{
		Recipient: wording.Person{First: "Petra"}, Start: wording.Wall{Year: 2026, Month: 12, Day: 17, Hour: 10, Minute: 30}, End: wording.Wall{Year: 2026, Month: 12, Day: 17, Hour: 11, Minute: 15},
		Minutes: 45, Zone: "Australia/Melbourne", Mode: wording.ModeInPerson, Service: "Initial consultation", Practitioner: "João Costa", FirstVisit: true,
		Location: wording.Place{Name: "Main rooms", Address: "12 Wattle Street, Ballarat"}, Unsubscribe: "https://wattlestreet.example/u/x",
	}
}

// Whatever a practice has told or not, in every country tried, the starter set compiles in all its languages and fits into a few text messages.
func TestTheStarterSetIsFitToBeSent(t *testing.T) {
	t.Parallel()
	for name, p := range map[string]practice.Practice{
		"all told":   clinic(nil),
		"bare":       practice.New("Lee Valley Psychology", "IE", "Europe/Dublin"),
		"no phone":   clinic(func(p *practice.Practice) { p.Phone = "" }),
		"only phone": clinic(func(p *practice.Practice) { p.Email, p.Website, p.Address = "", "", "" }),
		"services":   clinic(func(p *practice.Practice) { p.SMSServices = true }),
		"own domain": clinic(func(p *practice.Practice) { p.Domain = "wattlestreet.example" }),
		"us":         practice.New("Hudson Hand Therapy", "US", "America/New_York"),
		"cairo":      practice.New("عيادة النيل للعلاج الطبيعي", "EG", "Africa/Cairo"),
		"long":       practice.New(strings.Repeat("Physiotherapy and Rehabilitation ", 4), "NZ", "Pacific/Auckland"),
		"dubai":      clinic(func(p *practice.Practice) { p.Country, p.Language, p.Phone = "AE", "ar", "+971 4 555 0142" }),
	} {
		if p.Label == "" {
			p.Label = "clinic"
		}
		for _, s := range template.Starters(p, "mail.letterhead.example") {
			if err := s.Version.Validate(); err != nil {
				t.Errorf("%s %s: %v", name, s.Key, err)
				continue
			}
			if arabic := s.Version.DefaultLanguage[:2] == "ar"; arabic != (p.Language == "ar") || arabic && len(s.Version.Languages) != 2 {
				t.Errorf("%s %s: %d languages, first %s", name, s.Key, len(s.Version.Languages), s.Version.DefaultLanguage)
			}
			for _, l := range s.Version.Languages {
				c, err := wording.Compile(s.Version, l.Tag)
				if err != nil {
					t.Errorf("%s %s %s: %v", name, s.Key, l.Tag, err)
					continue
				}
				r := c.Render(nil, values())
				if strings.Contains(text(t, &r), "!") || bytes.Contains(r.SMS, []byte("!")) {
					t.Errorf("%s %s %s shouts", name, s.Key, l.Tag)
				}
				if s.Key != "news" && !c.HasSMS() {
					t.Errorf("%s %s %s has no text message", name, s.Key, l.Tag)
				}
				if parts, _, _ := wording.SMSParts(string(r.SMS)); parts > 4 {
					t.Errorf("%s %s %s: %d parts: %s", name, s.Key, l.Tag, parts, r.SMS)
				}
			}
		}
	}
}

// What leaves the house, to be read.
func TestGolden(t *testing.T) {
	t.Parallel()
	arabic := practice.New("عيادة النيل للعلاج الطبيعي", "EG", "Africa/Cairo")
	arabic.Label, arabic.Phone = "nile", "+20 2 5550 0142"
	for name, p := range map[string]practice.Practice{"wattle-street": clinic(nil), "nile": arabic} {
		var b strings.Builder
		for _, s := range template.Starters(p, "mail.letterhead.example") {
			for _, l := range s.Version.Languages {
				c, err := wording.Compile(s.Version, l.Tag)
				if err != nil {
					t.Fatal(err)
				}
				for _, other := range []bool{false, true} {
					v := values()
					if other {
						v.ForOther, v.Attendee, v.Mode = true, wording.Person{First: "Omar", Preferred: "Omi"}, wording.ModeTelehealth
					}
					v.Confirm, v.Decline = link.Example, link.Example
					r := c.Render(nil, v)
					b.WriteString("== " + s.Key + " " + l.Tag + "\nSubject: " + subject(t, &r) + "\n\n" + text(t, &r) + "\nSMS: " + string(r.SMS) + "\n\n")
					if s.Key == "news" {
						break
					}
				}
			}
		}
		file := filepath.Join("testdata", name+".golden")
		if *update {
			if err := os.MkdirAll("testdata", 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if b.String() != string(want) {
			t.Errorf("%s differs from %s: look at it, then run the test with -update", name, file)
		}
	}
}

var actor = store.Actor{Practice: "01939a00-0000-7000-8000-000000000001", Agent: "test"}

func change(t *testing.T, db *store.DB, fn func(ctx context.Context, tx *store.Tx) error) error {
	t.Helper()
	ctx := context.Background()
	return db.Change(ctx, actor, func(tx *store.Tx) error { return fn(ctx, tx) })
}

func made(t *testing.T, db *store.DB) map[string]template.ID {
	t.Helper()
	var ids map[string]template.ID
	err := change(t, db, func(ctx context.Context, tx *store.Tx) error {
		p := clinic(nil)
		p.ID = actor.Practice
		if _, err := practice.Add(ctx, tx, p); err != nil {
			return err
		}
		for range 2 { // the second adds nothing
			if err := template.AddStarter(ctx, tx, "mail.letterhead.example"); err != nil {
				return err
			}
		}
		var err error
		ids, err = template.ByKey(ctx, tx)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return ids
}

func TestVersionsAreImmutableAndNumbered(t *testing.T) {
	testkit.Each(t, func(t *testing.T, db *store.DB) {
		ids := made(t, db)
		if len(ids) != 6 {
			t.Fatalf("%d starter wordings, want 6", len(ids))
		}
		id := ids["booked"]
		err := change(t, db, func(ctx context.Context, tx *store.Tx) error {
			current, err := template.CurrentVersions(ctx, tx)
			if err != nil {
				return err
			}
			first := current[id]
			content, err := template.Content(ctx, tx, []template.VersionID{first.ID, "nobody's"})
			if err != nil {
				return err
			}
			_, digest, err := wording.DecodeCanonical(content[first.ID])
			if err != nil || digest.String() != first.Digest || len(content) != 1 {
				t.Errorf("stored content: digest %s beside %s, %d found, %v", digest, first.Digest, len(content), err)
			}
			v, err := template.Read(ctx, tx, first.ID)
			if err != nil {
				return err
			}
			same, err := template.NewVersion(ctx, tx, id, first.ID, v)
			if err != nil || same.ID != first.ID {
				t.Errorf("the same content made version %d: %v", same.Number, err)
			}
			v.Languages[0].Subject = wording.Say("See you on {appointment.day}")
			second, err := template.NewVersion(ctx, tx, id, first.ID, v)
			if err != nil || second.Number != 2 || second.Digest == first.Digest {
				t.Errorf("the second version: %+v, %v", second, err)
			}
			v.Languages[0].Subject = wording.Say("See you")
			if _, err := template.NewVersion(ctx, tx, id, first.ID, v); !errors.Is(err, template.ErrChanged) {
				t.Errorf("an edit of an old version: %v", err)
			}
			if _, err := template.NewVersion(ctx, tx, "nobody's", first.ID, v); !errors.Is(err, template.ErrNotFound) {
				t.Errorf("an edit of nothing: %v", err)
			}
			v.Languages[0].Subject = wording.Say("Win at www.prize.example")
			if _, err := template.NewVersion(ctx, tx, id, second.ID, v); err == nil {
				t.Error("a version with somebody else's address was taken")
			}
			all, err := template.Versions(ctx, tx, id)
			if err != nil || len(all) != 2 || all[0].Number != 2 || all[1].Digest != first.Digest {
				t.Errorf("versions: %+v, %v", all, err)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		// Another practice sees nothing of it.
		err = db.View(context.Background(), store.Actor{Practice: "01939a00-0000-7000-8000-000000000002", Agent: "test"}, func(tx *store.Tx) error {
			if _, err := template.Find(context.Background(), tx, id); !errors.Is(err, template.ErrNotFound) {
				t.Errorf("another practice's template: %v", err)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

// text is the plain part of a rendered mail, decoded.
func text(t *testing.T, r *wording.Rendered) string {
	t.Helper()
	_, parameters, err := mime.ParseMediaType(r.ContentType())
	if err != nil {
		t.Fatal(err)
	}
	part, err := multipart.NewReader(bytes.NewReader(r.Body), parameters["boundary"]).NextPart() // decodes quoted-printable
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(part)
	if err != nil {
		t.Fatal(err)
	}
	return strings.ReplaceAll(string(data), "\r\n", "\n")
}

func subject(t *testing.T, r *wording.Rendered) string {
	t.Helper()
	decoded, err := new(mime.WordDecoder).DecodeHeader(strings.ReplaceAll(string(r.Subject), "\r\n", ""))
	if err != nil {
		t.Fatal(err)
	}
	return decoded
}
