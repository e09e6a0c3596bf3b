package merge

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"letterhead/calendar"
	"letterhead/client"
	"letterhead/plan"
	"letterhead/practice"
	"letterhead/store"
	"letterhead/template"
	"letterhead/testkit"
	"letterhead/vault"
	"letterhead/zone"
)

var ctx = context.Background()

const (
	one   store.PracticeID = "01939a00-0000-7000-8000-000000000001"
	other store.PracticeID = "01939a00-0000-7000-8000-000000000002"
)

// clinic is a practice with a person who stands in it twice.
type clinic struct {
	testing.TB
	db         *store.DB
	clock      *testkit.Clock
	keeper     *vault.Keeper
	kept, gone client.Client
	things     calendar.BookRequest
	strangers  client.ID // of another practice
}

func each(t *testing.T, test func(c *clinic)) {
	t.Helper()
	for _, engine := range testkit.Engines() {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			clock := testkit.NewClock(t, "2026-12-01T12:00:00+11:00")
			keeper, err := vault.NewKeeper(bytes.Repeat([]byte{7}, 32))
			if err != nil {
				t.Fatal(err)
			}
			c := &clinic{TB: t, db: testkit.Open(t, engine, clock), clock: clock, keeper: keeper}
			c.fill()
			test(c)
		})
	}
}

func (c *clinic) fill() {
	c.Helper()
	for _, id := range []store.PracticeID{one, other} {
		c.must(c.as(id, "", func(tx *store.Tx, keys *vault.Keys) error {
			p := practice.New("Wattle Street Physiotherapy", "AU", "Australia/Melbourne")
			p.ID, p.Email = id, "hello@wattlestreet.example"
			if _, err := practice.Add(ctx, tx, p); err != nil {
				return err
			}
			if err := errors.Join(template.AddStarter(ctx, tx, "mail.letterhead.example"), plan.AddStarter(ctx, tx)); err != nil {
				return err
			}
			locations, err := practice.Locations(ctx, tx)
			if err != nil {
				return err
			}
			s, err := practice.AddService(ctx, tx, practice.Service{Name: "Consultation", Minutes: 30, Mode: practice.InPerson})
			if err != nil {
				return err
			}
			who, err := practice.AddPractitioner(ctx, tx, practice.Practitioner{Name: "João Costa"})
			if err != nil {
				return err
			}
			kept, err := client.Add(ctx, tx, keys, client.Client{FirstName: "Petra", LastName: "Schäfer", Born: "1980-05-04", Email: client.Address{Written: "petra@inbox.example"}})
			if err != nil {
				return err
			}
			gone, err := client.Add(ctx, tx, keys, client.Client{FirstName: "Petra", LastName: "Schafer", Born: "1980-05-04", Email: client.Address{Written: "ps@work.example"}, Mobile: client.Address{Written: "0429 730 770"}, Alert: "Latex"})
			if id == one {
				c.kept, c.gone = kept, gone
				c.things = calendar.BookRequest{Clients: []client.ID{gone.ID}, Practitioner: who.ID, Service: s.ID, Location: locations[0].ID}
			} else {
				c.strangers = kept.ID
			}
			return err
		}))
	}
}

// as runs a change as a member, or as the house itself.
func (c *clinic) as(id store.PracticeID, member store.MemberID, fn func(tx *store.Tx, keys *vault.Keys) error) error {
	c.Helper()
	actor := store.Actor{Practice: id, Agent: "test"}
	if member != "" {
		actor = store.Actor{Practice: id, Member: member, Way: store.Way{Route: "POST /clients/{id}/merge/{other}", Purpose: "change", Session: "s"}}
	}
	return c.db.Change(ctx, actor, func(tx *store.Tx) error {
		keys, err := c.keeper.Keys(ctx, tx)
		if err != nil {
			return err
		}
		return fn(tx, keys)
	})
}

func (c *clinic) must(err error) {
	c.Helper()
	if err != nil {
		c.Fatal(err)
	}
}

func (c *clinic) do(fn func(tx *store.Tx, keys *vault.Keys) error) {
	c.Helper()
	c.must(c.as(one, "", fn))
}

func (c *clinic) book(wall string, who ...client.ID) calendar.ID {
	c.Helper()
	w, err := zone.ParseWall(wall)
	c.must(err)
	r := c.things
	r.Wall = w
	if len(who) > 0 {
		r.Clients = who
	}
	var id calendar.ID
	c.do(func(tx *store.Tx, _ *vault.Keys) error {
		a, err := calendar.Book(ctx, tx, r)
		if err != nil {
			return err
		}
		id = a.ID
		return plan.Refresh(ctx, tx, a.ID)
	})
	return id
}

// until lets the time pass, and sends everything that was queued unless it waits.
func (c *clinic) until(when string, goes bool) {
	c.Helper()
	at, err := time.Parse(time.RFC3339, when)
	c.must(err)
	c.clock.Set(at)
	for range 100 {
		done := plan.Turned{}
		c.do(func(tx *store.Tx, _ *vault.Keys) (err error) {
			done, err = plan.Turn(ctx, tx, 0)
			return err
		})
		if done == (plan.Turned{}) {
			break
		}
	}
	if goes {
		c.do(func(tx *store.Tx, _ *vault.Keys) error {
			_, err := tx.Exec(ctx, `UPDATE message SET state = 'sent' WHERE practice = $1 AND state = 'queued'`)
			return err
		})
	}
}

// messages are all there ever were: subject, to which file, state.
func (c *clinic) messages() string {
	c.Helper()
	var out []string
	c.do(func(tx *store.Tx, _ *vault.Keys) error {
		rows, err := tx.Query(ctx, `SELECT subject, client, state FROM message WHERE practice = $1 ORDER BY created_at, id`)
		out, err = store.Collect(rows, err, func(r *store.Rows) (string, error) {
			var subject, who, state string
			err := r.Scan(&subject, &who, &state)
			file := "gone"
			if who == string(c.kept.ID) {
				file = "kept"
			}
			return subject + " " + file + " " + state, err
		})
		return err
	})
	return strings.Join(out, "; ")
}

func (c *clinic) sent(want string) {
	c.Helper()
	if got := c.messages(); got != want {
		c.Errorf("sent %q\nwant %q", got, want)
	}
}

func (c *clinic) merge(take ...string) client.Merged {
	c.Helper()
	var m client.Merged
	c.do(func(tx *store.Tx, keys *vault.Keys) (err error) {
		v, err := Look(ctx, tx, keys, c.kept.ID, c.gone.ID)
		if err != nil {
			return err
		}
		m, err = Do(ctx, tx, keys, c.request(v, take...))
		return err
	})
	return m
}

func (c *clinic) request(v View, take ...string) client.MergeRequest {
	r := client.MergeRequest{Kept: c.kept.ID, Gone: c.gone.ID, KeptVersion: v.Kept.Version, GoneVersion: v.Gone.Version, Take: map[string]bool{}}
	for _, field := range take {
		r.Take[field] = true
	}
	return r
}

func (c *clinic) apart(m client.Merged) (whole bool) {
	c.Helper()
	c.do(func(tx *store.Tx, keys *vault.Keys) (err error) {
		_, whole, err = Apart(ctx, tx, keys, m.ID)
		return err
	})
	return whole
}

func (c *clinic) file(id client.ID) (f client.Client, answers map[client.Topic]client.Consent, contacts int, comes int) {
	c.Helper()
	c.do(func(tx *store.Tx, keys *vault.Keys) (err error) {
		if f, err = client.Find(ctx, tx, keys, id); err != nil {
			return err
		}
		if answers, err = client.Consents(ctx, tx, id); err != nil {
			return err
		}
		people, err := client.Contacts(ctx, tx, keys, id)
		if err != nil {
			return err
		}
		entries, err := calendar.OfClient(ctx, tx, id, tx.Now.AddDate(1, 0, 0), 100)
		contacts, comes = len(people), len(entries)
		return err
	})
	return f, answers, contacts, comes
}

// What was sent to one file is not sent to the other, in either direction; what is to come goes to whose the appointment is.
func TestNobodyIsToldTwice(t *testing.T) {
	t.Parallel()
	each(t, func(c *clinic) {
		c.book("2026-12-17T10:30")
		c.until("2026-12-01T13:00:00+11:00", true)
		c.sent("booked gone sent")
		m := c.merge()
		c.until("2026-12-02T13:00:00+11:00", true)
		c.sent("booked gone sent")
		c.until("2026-12-10T10:01:00+11:00", true)
		c.sent("booked gone sent; reminder-7-days kept sent")
		c.apart(m)
		c.until("2026-12-11T13:00:00+11:00", true)
		c.sent("booked gone sent; reminder-7-days kept sent")
		c.until("2026-12-15T10:01:00+11:00", true)
		c.sent("booked gone sent; reminder-7-days kept sent; reminder-2-days gone sent")
		c.merge()
		c.until("2026-12-16T10:01:00+11:00", true)
		c.sent("booked gone sent; reminder-7-days kept sent; reminder-2-days gone sent")
	})
}

// What waits is taken back, and goes to the file that goes on: nobody misses it.
func TestWhatWaitsIsPlannedAnew(t *testing.T) {
	t.Parallel()
	each(t, func(c *clinic) {
		c.book("2026-12-17T10:30")
		c.until("2026-12-01T13:00:00+11:00", false)
		c.sent("booked gone queued")
		m := c.merge()
		c.until("2026-12-01T13:10:00+11:00", false)
		c.sent("booked gone dropped; booked kept queued")
		c.apart(m)
		c.until("2026-12-01T13:20:00+11:00", true)
		c.sent("booked gone dropped; booked kept dropped; booked gone sent")
	})
}

// What was chosen comes over; a refusal always does; and all of it goes back.
func TestAFileTakesOver(t *testing.T) {
	t.Parallel()
	each(t, func(c *clinic) {
		c.book("2026-12-17T10:30")
		both := c.book("2026-12-18T10:30", c.kept.ID, c.gone.ID)
		marketing := client.Topic{Category: client.Marketing, Channel: practice.Email}
		texts := client.Topic{Category: client.Appointments, Channel: practice.SMS}
		c.do(func(tx *store.Tx, keys *vault.Keys) error {
			_, err := client.AddContact(ctx, tx, keys, client.Contact{Client: c.gone.ID, Name: "Jan Schäfer", Receives: client.NoReminders})
			return errors.Join(err, client.SetConsent(ctx, tx,
				client.Consent{Client: c.kept.ID, Topic: marketing, Given: true, Source: "desk"}, client.Consent{Client: c.gone.ID, Topic: marketing, Source: "unsubscribe"},
				client.Consent{Client: c.gone.ID, Topic: texts, Given: true, Source: "desk"}))
		})
		c.do(func(tx *store.Tx, keys *vault.Keys) error {
			v, err := Look(ctx, tx, keys, c.kept.ID, c.gone.ID)
			if got := fmt.Sprint(v.Coming, v.Past, v.Contacts, v.Waiting, v.Differing, v.Filled); err == nil && got != "2 0 1 0 [name email] [mobile alert]" {
				t.Errorf("the preview says %s", got)
			}
			return err
		})
		m := c.merge("mobile", "alert")
		f, answers, contacts, comes := c.file(c.kept.ID)
		if f.LastName != "Schäfer" || f.Email.Written != "petra@inbox.example" || f.Mobile.Normal != "+61429730770" || f.Alert != "Latex" || contacts != 1 || comes != 2 {
			t.Errorf("%+v, %d contacts, %d appointments", f, contacts, comes)
		}
		if answers[marketing].Given || !answers[texts].Given {
			t.Errorf("answers %+v", answers)
		}
		left, _, contacts, comes := c.file(c.gone.ID)
		if left.MergedInto != c.kept.ID || left.ArchivedAt.IsZero() || contacts != 0 || comes != 1 {
			t.Errorf("%+v, %d contacts, %d appointments", left, contacts, comes)
		}
		if !c.apart(m) {
			t.Error("nobody had changed it")
		}
		f, answers, contacts, comes = c.file(c.kept.ID)
		if f.Mobile.Written != "" || f.Alert != "" || contacts != 0 || comes != 1 || !answers[marketing].Given || len(answers) != 1 {
			t.Errorf("%+v, %d contacts, %d appointments, answers %+v", f, contacts, comes, answers)
		}
		left, answers, contacts, comes = c.file(c.gone.ID)
		if left.MergedInto != "" || !left.ArchivedAt.IsZero() || contacts != 1 || comes != 2 || answers[marketing].Given || len(answers) != 2 {
			t.Errorf("%+v, %d contacts, %d appointments, answers %+v (both in %s)", left, contacts, comes, answers, both)
		}
	})
}

// Who was changed since stays as they are, when two are taken apart.
func TestApartKeepsWhatWasChangedSince(t *testing.T) {
	t.Parallel()
	each(t, func(c *clinic) {
		m := c.merge("mobile")
		f, _, _, _ := c.file(c.kept.ID)
		c.do(func(tx *store.Tx, keys *vault.Keys) error {
			f.Alert = "Tall"
			_, err := client.Change(ctx, tx, keys, f)
			return err
		})
		if c.apart(m) {
			t.Error("what somebody changed since is said to be as it was")
		}
		if f, _, _, _ = c.file(c.kept.ID); f.Alert != "Tall" || f.Mobile.Written == "" {
			t.Errorf("%+v", f)
		}
		if f, _, _, _ = c.file(c.gone.ID); !f.ArchivedAt.IsZero() {
			t.Error("the other did not come back")
		}
	})
}

// What must not be merged is refused, and nothing has changed.
func TestWhatIsNotMerged(t *testing.T) {
	t.Parallel()
	each(t, func(c *clinic) {
		attempt := func(member store.MemberID, change func(r *client.MergeRequest)) error {
			return c.as(one, member, func(tx *store.Tx, keys *vault.Keys) error {
				r := client.MergeRequest{Kept: c.kept.ID, Gone: c.gone.ID, KeptVersion: 1, GoneVersion: 1}
				change(&r)
				_, err := Do(ctx, tx, keys, r)
				return err
			})
		}
		same := func(*client.MergeRequest) {}
		wants := func(what string, err, want error) {
			t.Helper()
			if !errors.Is(err, want) {
				t.Errorf("%s: %v, want %v", what, err, want)
			}
		}
		wants("with itself", attempt("", func(r *client.MergeRequest) { r.Gone = r.Kept }), client.ErrSame)
		wants("another practice's", attempt("", func(r *client.MergeRequest) { r.Gone = c.strangers }), client.ErrNotFound)
		wants("into another practice's", attempt("", func(r *client.MergeRequest) { r.Kept = c.strangers }), client.ErrNotFound)
		wants("an old reading", attempt("", func(r *client.MergeRequest) { r.GoneVersion = 0 }), client.ErrChanged)
		c.do(func(tx *store.Tx, _ *vault.Keys) error {
			for _, id := range []string{"m1", "m2"} {
				if _, err := tx.Exec(ctx, `INSERT INTO member (practice, id, email, name, role, created_at, ended_at, person, sees) VALUES ($1, $2, $3, '', 'manager', 0, 0, '', 'all')`, id, id+"@example.org"); err != nil {
					return err
				}
			}
			return client.KeepTo(ctx, tx, c.gone.ID, []store.MemberID{"m1"})
		})
		wants("seen by others", attempt("", same), client.ErrKeepers)
		wants("by who does not see one", attempt("m2", same), client.ErrNotFound)
		c.do(func(tx *store.Tx, _ *vault.Keys) error { return client.KeepTo(ctx, tx, c.gone.ID, nil) })
		m := c.merge()
		wants("again", attempt("", func(r *client.MergeRequest) { r.KeptVersion, r.GoneVersion = 2, 2 }), client.ErrMerged)
		c.do(func(tx *store.Tx, keys *vault.Keys) error {
			_, err := client.Restore(ctx, tx, keys, c.gone.ID, 2)
			wants("brought back without taking apart", err, client.ErrMerged)
			return nil
		})
		wants("apart in another practice", c.as(other, "", func(tx *store.Tx, keys *vault.Keys) error {
			_, _, err := Apart(ctx, tx, keys, m.ID)
			return err
		}), client.ErrNotMerged)
		c.apart(m)
		wants("apart twice", c.as(one, "", func(tx *store.Tx, keys *vault.Keys) error {
			_, _, err := Apart(ctx, tx, keys, m.ID)
			return err
		}), client.ErrNotMerged)
	})
}
