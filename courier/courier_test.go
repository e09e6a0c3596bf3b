package courier_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"letterhead/courier"
	"letterhead/courier/journal"
	"letterhead/courier/token"
	"letterhead/fault"
	"letterhead/message"
	"letterhead/store"
	"letterhead/testkit"
	"letterhead/testkit/house"
	"letterhead/testkit/sink"
	"letterhead/vault"
	"letterhead/wording"
)

func TestAMessageGoesItsWay(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		s := listen(t, sink.SMTPOptions{})
		for _, p := range []store.PracticeID{"a", "b"} {
			w.queue(p, "m", 3, nil)
		}
		w.queue("a", "later", 1, func(i *message.Intent) { i.Turn = w.db.Now().Add(time.Hour) })
		w.queue("a", "news", 1, func(i *message.Intent) {
			i.Purpose, i.Version, i.Digest = message.Marketing, "marketing", w.digests["marketing"]["a"]
		})
		w.drain(w.options(relayTo(s.Address())))
		if s.Count() != 7 {
			t.Fatalf("%d arrived: %v %v", s.Count(), w.states("a"), w.states("b"))
		}
		m := w.find("a", "m0")
		if m.State != message.Sent || m.Attempts != 1 || m.Relay != "main" || m.AddressIndex == "" || m.LeftAt.IsZero() || m.MessageID != "m0@pa.example" {
			t.Errorf("sent: %+v", m)
		}
		if got := w.timeline("a", "m0"); got != "queued · leaving · sent//250 2.0.0" {
			t.Errorf("timeline: %s", got)
		}
		if w.find("a", "later0").State != message.Queued {
			t.Error("it left before its turn")
		}
		tokens := token.New(w.keeper.Derive("courier tokens"))
		seen := map[string]bool{}
		for _, mail := range s.List() {
			h := mail.Header
			id := strings.Trim(h.Get("Message-Id"), "<>")
			practice := store.PracticeID(strings.TrimSuffix(id[strings.Index(id, "@p")+2:], ".example"))
			if seen[id] {
				t.Errorf("%s came twice", id)
			}
			seen[id] = true
			for name, want := range map[string]string{
				"From": `Wattle Street Physiotherapy <hello@p` + string(practice) + `.example>`, "To": mail.To, "Reply-To": "desk@wattle.example", "Auto-Submitted": "auto-generated", "Mime-Version": "1.0",
			} {
				if h.Get(name) != want {
					t.Errorf("%s: %s is %q, want %q", id, name, h.Get(name), want)
				}
			}
			if _, err := time.Parse(time.RFC1123Z, h.Get("Date")); err != nil {
				t.Errorf("date: %v", err)
			}
			local, domain, _ := strings.Cut(mail.From, "@")
			named, ok := tokens.Bounced(practice, local)
			if !ok || string(named) != strings.Split(id, "@")[0] || domain != "bounce.p"+string(practice)+".example" || len(local) > 64 {
				t.Errorf("return path %s names %s", mail.From, named)
			}
			if _, ok := tokens.Bounced("other", local); ok {
				t.Error("another practice's return path passes")
			}
			unsubscribe := strings.Trim(h.Get("List-Unsubscribe"), "<>")
			if strings.HasPrefix(id, "news") {
				p, m, ok := tokens.Unsubscribed(strings.TrimPrefix(unsubscribe, "https://portal.example/unsubscribe/"))
				if !ok || p != "a" || m != "news0" || h.Get("List-Unsubscribe-Post") != "List-Unsubscribe=One-Click" {
					t.Errorf("unsubscribe %q names %s %s", unsubscribe, p, m)
				}
			} else if unsubscribe != "" || !strings.Contains(h.Get("Subject"), "1 December") || !strings.Contains(string(mail.Raw), "Joey") {
				t.Errorf("%s: unsubscribe %q, subject %q", id, unsubscribe, h.Get("Subject"))
			}
		}
		sealed(t, w)
	})
}

// sealed looks at what stays with a message: it opens at its place, for its practice, and nothing of it stands in clear.
func sealed(t *testing.T, w *world) {
	w.change("a", func(tx *store.Tx) error {
		raw, err := message.Sealed(t.Context(), tx, "m0")
		if err != nil {
			return err
		}
		keys, err := w.keeper.Keys(t.Context(), tx)
		if err != nil {
			return err
		}
		m, err := message.Find(t.Context(), tx, "m0")
		if err != nil {
			return err
		}
		table, row, column, version := m.Place()
		plain, err := keys.Open(tx, vault.Of{Client: m.Client, Fields: "message"}, vault.Place{Table: table, Row: row, Column: column, Version: version}, raw)
		if err != nil || !strings.Contains(string(plain), `"address":"m0@client.example"`) || !strings.Contains(string(plain), "Joey") {
			t.Errorf("sealed: %s %v", plain, err)
		}
		if strings.Contains(string(raw), "client.example") {
			t.Error("an address stands in clear")
		}
		return nil
	})
}

func TestEveryCheckOfTheGateHolds(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		s := listen(t, sink.SMTPOptions{})
		now := w.db.Now()
		for _, p := range []store.PracticeID{"a", "b"} {
			w.queue(p, "good", 1, nil)
		}
		w.queue("a", "late", 1, func(i *message.Intent) { i.Turn, i.NotAfter = now.Add(-time.Hour), now.Add(-time.Second) })
		w.queue("a", "moved", 1, nil)
		w.queue("a", "nowhere", 1, nil)
		w.queue("a", "noindex", 1, nil)
		w.queue("a", "bounced", 1, nil)
		w.queue("b", "bounced", 1, nil) // a's suppression is not b's
		w.queue("a", "left", 1, nil)    // suppressed for marketing alone
		w.queue("a", "leftnews", 1, func(i *message.Intent) {
			i.Kind, i.Rule, i.Subject, i.Purpose, i.Version, i.Digest = message.Order, "", "order", message.Marketing, "marketing", w.digests["marketing"]["a"]
		})
		w.queue("a", "foreign", 1, func(i *message.Intent) { i.Version, i.Digest = "foreign", w.digests["transactional"]["b"] })
		w.source.versions["a/foreign"] = w.source.versions["b/transactional"]
		w.queue("a", "swapped", 1, func(i *message.Intent) { i.Version, i.Digest = "marketing", strings.Repeat("0", 64) })
		w.queue("a", "missing", 1, func(i *message.Intent) { i.Version, i.Digest = "none", strings.Repeat("1", 64) })
		w.queue("a", "disguised", 1, func(i *message.Intent) { i.Version, i.Digest = "marketing", w.digests["marketing"]["a"] })
		w.queue("a", "odd", 1, nil)
		w.queue("a", "unfit", 1, nil)
		w.queue("a", "text", 1, func(i *message.Intent) { i.Channel = message.SMS })
		w.source.change = func(m message.Message, f *courier.Facts) {
			switch m.ID {
			case "moved0":
				f.Stop = "moved"
			case "nowhere0":
				f.Address = ""
			case "noindex0":
				f.AddressIndex = ""
			case "leftnews0":
				f.Address = "left0@client.example"
			case "unfit0":
				f.Values.Start = wording.Wall{}
			case "odd0":
				f.Address = "jo@client.example\r\nBcc: all@client.example"
			}
		}
		w.change("a", func(tx *store.Tx) error {
			keys, err := w.keeper.Keys(t.Context(), tx)
			if err != nil {
				return err
			}
			return message.Suppress(t.Context(), tx, message.Suppression{Channel: message.Email, AddressIndex: keys.Index("email", "bounced0@client.example"), Reason: "bounce"},
				message.Suppression{Channel: message.Email, AddressIndex: keys.Index("email", "left0@client.example"), Purpose: message.Marketing, Reason: "unsubscribe"},
				message.Suppression{Channel: message.Email, AddressIndex: keys.Index("email", "leftnews0@client.example"), Purpose: message.Marketing, Reason: "unsubscribe"})
		})
		w.drain(w.options(relayTo(s.Address())))
		for key, want := range map[string]string{
			"a/good0": "sent", "b/good0": "sent", "b/bounced0": "sent", "a/left0": "sent",
			"a/late0": "dropped/too late", "a/moved0": "dropped/moved", "a/nowhere0": "dropped/no address", "a/noindex0": "dropped/no address",
			"a/bounced0": "dropped/suppressed", "a/leftnews0": "dropped/suppressed",
			"a/foreign0": "held/sender", "a/swapped0": "held/wording", "a/missing0": "held/wording", "a/disguised0": "held/wording",
			"a/unfit0": "held/inspection", "a/odd0": "refused/no address", "a/text0": "held/route",
		} {
			p, id, _ := strings.Cut(key, "/")
			m := w.find(store.PracticeID(p), message.ID(id))
			if got := strings.TrimSuffix(string(m.State)+"/"+m.Reason, "/"); got != want {
				t.Errorf("%s: %s, want %s (%s)", key, got, want, w.timeline(store.PracticeID(p), message.ID(id)))
			}
		}
		if s.Count() != 4 {
			t.Errorf("%d arrived", s.Count())
		}
	})
}

func TestBadConfigurationIsNamed(t *testing.T) {
	t.Parallel()
	for field, spoil := range map[string]func(*courier.Config){
		"courier.relay.address":    func(c *courier.Config) { c.Relays[0].Address = "192.0.2.1" },
		"courier.relay.tls":        func(c *courier.Config) { c.Relays[0].TLS = "maybe" },
		"courier.relay.name":       func(c *courier.Config) { c.Relays = append(c.Relays, c.Relays[0]) },
		"courier.gateway.url":      func(c *courier.Config) { c.Gateways[0].URL = "http://gateway.example/send" },
		"courier.gateway.sender":   func(c *courier.Config) { c.Gateways[0].Sender = "A name too long" },
		"courier.gateway.senders":  func(c *courier.Config) { c.Gateways[0].Senders = map[string]string{"a": "!"} },
		"courier.platform_domain":  func(c *courier.Config) { c.PlatformDomain = "Example" },
		"courier.workers":          func(c *courier.Config) { c.Workers = 99 },
		"courier.relay.user":       func(c *courier.Config) { c.Relays[0].PasswordFile = "x" },
		"courier.relay.per_second": func(c *courier.Config) { c.Relays[0].PerSecond = -1 },
	} {
		config := courier.Config{Relays: []courier.Relay{relayTo("127.0.0.1:25")}, Gateways: []courier.Gateway{{Name: "sms", URL: "http://[::1]:8080/send"}}}
		if err := config.Validate(); err != nil {
			t.Fatal(err)
		}
		spoil(&config)
		if f := fault.As(config.Validate()); f == nil || f.Kind != fault.Invalid || f.Field != field {
			t.Errorf("%s: %v", field, config.Validate())
		}
	}
	if err := (&courier.Config{}).Validate(); err != nil {
		t.Errorf("the zero value: %v", err)
	}
	for _, address := range []string{"relay.example:25", "10.0.0.1:25", "localhost.example:25", "127.0.0.1.example:25", "[2001:db8::1]:25", "0.0.0.0:25"} {
		config := courier.Config{Relays: []courier.Relay{relayTo(address)}}
		if config.Validate() == nil {
			t.Errorf("%s was taken without TLS", address)
		}
	}
}

func TestNothingLeavesWithoutItsJournal(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		s := listen(t, sink.SMTPOptions{})
		w.queue("a", "m", 5, nil)
		o := w.options(relayTo(s.Address()))
		o.Epoch = 2
		if _, err := courier.New(o); !errors.Is(err, journal.ErrMismatch) {
			t.Errorf("another epoch: %v", err)
		}
		o.Epoch = 1
		c := w.courier(o)
		if err := os.RemoveAll(courier.JournalFolder(w.folder)); err != nil {
			t.Fatal(err)
		}
		if err := c.Drain(t.Context(), w.db.Now()); err == nil || !strings.Contains(c.Status().Why, "journal") {
			t.Errorf("drained without journal: %v, %s", err, c.Status().Why)
		}
		if _, err := courier.New(o); !errors.Is(err, journal.ErrMissing) {
			t.Errorf("a new courier: %v", err)
		}
		if s.Count() != 0 || w.states("a")[message.Queued] != 5 {
			t.Errorf("%d left; %v", s.Count(), w.states("a"))
		}
	})
}

func TestStopsHoldAndLiftingGoesOn(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		s := listen(t, sink.SMTPOptions{})
		o := w.options(relayTo(s.Address()))
		w.queue("a", "m", 5, nil)
		w.queue("b", "m", 5, nil)
		w.change("a", func(tx *store.Tx) error {
			_, err := message.FreezeOnly(t.Context(), tx, message.StopPractice, "", "phishing")
			return err
		})
		w.drain(o)
		if w.states("a")[message.Held] != 5 || w.states("b")[message.Sent] != 5 || s.Count() != 5 {
			t.Fatalf("a %v, b %v, %d arrived", w.states("a"), w.states("b"), s.Count())
		}
		// The row of the stop is deleted, or says that it was lifted: the journal still knows.
		for _, attack := range []string{`DELETE FROM freeze_entry`, `UPDATE freeze_entry SET lifted_at = 5, lifted_by = 'ana'`} {
			w.whole(func(tx *store.Wide) error {
				if _, err := tx.Exec(t.Context(), `UPDATE message SET state = 'queued' WHERE practice = 'a'`); err != nil {
					return err
				}
				_, err := tx.Exec(t.Context(), attack)
				return err
			})
			w.drain(o)
			if s.Count() != 5 || w.states("a")[message.Held] != 5 {
				t.Fatalf("%s let %d go", attack, s.Count()-5)
			}
			w.change("a", func(tx *store.Tx) error {
				open, err := message.Frozen(t.Context(), tx)
				if len(open) != 1 || open[0].Reason != "phishing" {
					t.Errorf("after %s the pages see %+v", attack, open)
				}
				return err
			})
		}
		w.lift("a")
		w.drain(o)
		if s.Count() != 10 || w.states("a")[message.Sent] != 5 {
			t.Errorf("after lifting: %d arrived, %v", s.Count(), w.states("a"))
		}
		w.queue("a", "n", 5, nil)
		w.whole(func(tx *store.Wide) error {
			err := message.PutStops(t.Context(), tx, message.Stop{ID: "everything", Scope: message.StopPlatform, Reason: "drill", Who: "operator", At: tx.Now})
			return err
		})
		c := w.courier(o)
		if err := c.Drain(t.Context(), w.db.Now()); err == nil || !strings.Contains(err.Error(), "platform") {
			t.Errorf("a stopped platform: %v", err)
		}
		if s.Count() != 10 || w.states("a")[message.Queued] != 5 {
			t.Errorf("a stopped platform let go: %v", w.states("a"))
		}
		w.whole(func(tx *store.Wide) error {
			_, err := message.LiftPlatform(t.Context(), tx, "somebody who writes rows")
			return err
		})
		if err := c.Drain(t.Context(), w.db.Now()); err == nil || s.Count() != 10 {
			t.Errorf("a row lifted the platform's stop: %v, %d arrived", err, s.Count())
		}
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
		if lifted, err := journal.LiftPlatform(courier.JournalFolder(w.folder), o.Installation, o.Epoch); err != nil || len(lifted) != 1 {
			t.Fatalf("lifted %v %v", lifted, err)
		}
		w.drain(o)
		if s.Count() != 15 {
			t.Errorf("%d arrived", s.Count())
		}
	})
}

func TestNoStopStateNoMail(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		s := listen(t, sink.SMTPOptions{})
		w.queue("a", "m", 5, nil)
		c := w.courier(w.options(relayTo(s.Address())))
		if err := os.Remove(filepath.Join(courier.JournalFolder(w.folder), "stops.json")); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := c.Drain(ctx, w.db.Now()); err == nil || !strings.Contains(c.Status().Why, "stopped cannot be read") {
			t.Errorf("drained: %v, %s", err, c.Status().Why)
		}
		if s.Count() != 0 {
			t.Errorf("%d left", s.Count())
		}
	})
}

func TestNoStopTableNoMail(t *testing.T) {
	t.Parallel()
	w := newWorld(t, testkit.Open(t, testkit.SQLite, nil), "a")
	s := listen(t, sink.SMTPOptions{})
	w.queue("a", "m", 5, nil)
	c := w.courier(w.options(relayTo(s.Address())))
	w.whole(func(tx *store.Wide) error {
		_, err := tx.Exec(t.Context(), `ALTER TABLE freeze_entry RENAME TO freeze_gone`)
		return err
	})
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	if err := c.Drain(ctx, w.db.Now()); err == nil || !strings.Contains(c.Status().Why, "stopped cannot be read") {
		t.Errorf("drained: %v, %s", err, c.Status().Why)
	}
	if s.Count() != 0 {
		t.Errorf("%d left", s.Count())
	}
}

// Facts of one practice that cannot be read keep nobody else waiting.
func TestOnePracticesTroubleIsItsOwn(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		s := listen(t, sink.SMTPOptions{})
		w.queue("a", "m", 5, nil)
		w.queue("b", "m", 5, nil)
		w.source.fail = func(p store.PracticeID) error {
			if p == "a" {
				return errors.New("damaged")
			}
			return nil
		}
		w.drain(w.options(relayTo(s.Address())))
		if w.states("b")[message.Sent] != 5 || w.states("a")[message.Queued] != 5 || !w.find("a", "m0").Turn.After(w.db.Now()) {
			t.Errorf("a %v, b %v", w.states("a"), w.states("b"))
		}
	})
}

// Nor do the files of one practice's domain.
func TestOnePracticesDamagedDomainIsItsOwn(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		s := listen(t, sink.SMTPOptions{})
		w.queue("a", "m", 5, nil)
		w.queue("b", "m", 5, nil)
		house.Domain(t, w.folder, domainOf("a"), "a", "gone") // its key is not there
		w.drain(w.options(relayTo(s.Address())))
		if w.states("b")[message.Sent] != 5 || w.states("a")[message.Queued] != 5 || !w.find("a", "m0").Turn.After(w.db.Now()) {
			t.Errorf("a %v, b %v", w.states("a"), w.states("b"))
		}
	})
}

// What cannot be asked for or opened does not wait for ever: it is dropped when it is too late, and held when the keyset is gone.
func TestTroubleEnds(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		s := listen(t, sink.SMTPOptions{})
		now := w.db.Now()
		late := func(in *message.Intent) { in.Turn, in.NotAfter = now.Add(-2*time.Hour), now.Add(-time.Hour) }
		w.queue("a", "m", 1, late)
		w.queue("b", "m", 1, nil)
		w.source.fail = func(p store.PracticeID) error {
			if p == "a" {
				return errors.New("damaged")
			}
			return nil
		}
		w.change("b", func(tx *store.Tx) error { return w.keeper.Erase(t.Context(), tx) })
		w.drain(w.options(relayTo(s.Address())))
		if m := w.find("a", "m0"); m.State != message.Dropped || m.Reason != message.ReasonLate {
			t.Errorf("without facts, too late: %s %s", m.State, m.Reason)
		}
		if m := w.find("b", "m0"); m.State != message.Held || m.Reason != message.ReasonKeys {
			t.Errorf("without a keyset: %s %s", m.State, m.Reason)
		}
	})
}

func TestTwoCouriersShareTheWork(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		s := listen(t, sink.SMTPOptions{})
		const n = 1500
		w.queue("a", "m", n, nil)
		w.queue("b", "m", n, nil)
		o := w.options(relayTo(s.Address()))
		done := make(chan error, 2)
		for range 2 {
			c := w.courier(o)
			go func() { done <- c.Drain(context.Background(), w.db.Now()) }()
		}
		for range 2 {
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
		ids := map[string]int{}
		for _, m := range s.List() {
			ids[m.Header.Get("Message-Id")]++
		}
		for id, times := range ids {
			if times != 1 {
				t.Errorf("%s came %d times", id, times)
			}
		}
		if len(ids) != 2*n || w.states("a")[message.Sent] != n || w.states("b")[message.Sent] != n {
			t.Errorf("%d arrived, %v %v", len(ids), w.states("a"), w.states("b"))
		}
	})
}

func TestRunEndsSoonAndGivesBack(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		s := listen(t, sink.SMTPOptions{})
		proxy, err := sink.ListenProxy(s.Address(), sink.ProxyOptions{RoundTrip: 60 * time.Millisecond})
		if err != nil {
			t.Fatal(err)
		}
		defer proxy.Close()
		w.queue("a", "m", 4000, nil)
		o := w.options(relayTo(proxy.Address()))
		c := w.courier(o)
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- c.Run(ctx) }()
		if err := s.Wait(t.Context(), 50); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("it took %v to end", took)
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
		states := w.states("a")
		if states[message.Leaving] != 0 || states[message.MaybeSent] != 0 || states[message.Sent] != s.Count() || states[message.Queued]+states[message.Sent] != 4000 {
			t.Errorf("%v, %d arrived", states, s.Count())
		}
		w.drain(w.options(relayTo(s.Address())))
		if s.Count() != 4000 || w.states("a")[message.Sent] != 4000 {
			t.Errorf("afterwards %d, %v", s.Count(), w.states("a"))
		}
	})
}

// No hand-off begins later than a second after a stop was answered, under load, with two couriers.
func TestAStopHoldsWithinASecond(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		s := listen(t, sink.SMTPOptions{MaxMessages: 1 << 16, MaxBytes: 1 << 30})
		proxy, err := sink.ListenProxy(s.Address(), sink.ProxyOptions{RoundTrip: 20 * time.Millisecond})
		if err != nil {
			t.Fatal(err)
		}
		defer proxy.Close()
		w.queue("a", "m", 20000, nil)
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 2)
		for range 2 {
			c := w.courier(w.options(relayTo(proxy.Address())))
			go func() { ended <- c.Run(ctx) }()
		}
		if err := s.Wait(t.Context(), 100); err != nil {
			t.Fatal(err)
		}
		w.change("a", func(tx *store.Tx) error {
			_, err := message.FreezeOnly(t.Context(), tx, message.StopPractice, "", "stop")
			return err
		})
		answered := time.Now()
		time.Sleep(1500 * time.Millisecond) // what is measured is real time: whether anything comes in it
		cancel()
		for range 2 {
			if err := <-ended; err != nil {
				t.Error(err)
			}
		}
		var last time.Time
		for _, m := range s.List() {
			if m.At.After(last) {
				last = m.At
			}
		}
		states := w.states("a")
		if late := last.Sub(answered); late > time.Second || states[message.Held]+states[message.Queued] == 0 {
			t.Errorf("the last mail came %v after the stop; %v", late, states)
		}
		if s.Count() != states[message.Sent] {
			t.Errorf("%d arrived, %v", s.Count(), states)
		}
	})
}

// A relay so slow that a batch outlives its use: what has not begun by then is dropped, and says so.
func TestASlowRelayCarriesNothingPastItsTime(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		s := listen(t, sink.SMTPOptions{})
		end := time.Now().Add(2 * time.Second)
		w.queue("a", "m", 12, func(in *message.Intent) { in.NotAfter = end })
		relay := relayTo(s.Address())
		relay.PerSecond = 2
		w.drain(w.options(relay))
		for _, m := range s.List() {
			if m.At.After(end.Add(time.Second)) {
				t.Errorf("one came %v after its time", m.At.Sub(end))
			}
		}
		states := w.states("a")
		if s.Count() == 0 || s.Count() == 12 || states[message.Sent] != s.Count() || states[message.Dropped] != 12-s.Count() {
			t.Errorf("%d arrived, %v", s.Count(), states)
		}
	})
}

// A relay that takes its time and knows no CHUNKING: what was begun together with a message before it is asked for again.
func TestAStopHoldsWithinASecondWithASlowRelay(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		s := listen(t, sink.SMTPOptions{NoChunking: true, Refuse: func(_, _ string, content []byte) error {
			if content != nil {
				time.Sleep(1200 * time.Millisecond)
			}
			return nil
		}})
		w.queue("a", "m", 16, nil) // four slices of four
		ctx, cancel := context.WithCancel(t.Context())
		c := w.courier(w.options(relayTo(s.Address())))
		ended := make(chan error, 1)
		go func() { ended <- c.Run(ctx) }()
		if err := s.Wait(t.Context(), 1); err != nil {
			t.Fatal(err)
		}
		w.change("a", func(tx *store.Tx) error {
			_, err := message.FreezeOnly(t.Context(), tx, message.StopPractice, "", "stop")
			return err
		})
		time.Sleep(3 * time.Second) // what is measured is real time: by now the third of each slice would have come
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		// The first of each slice had gone, the second may have begun within the second.
		states := w.states("a")
		if s.Count() > 8 || states[message.Sent] != s.Count() || states[message.Held]+states[message.Queued] != 16-s.Count() {
			t.Errorf("%d arrived, %v", s.Count(), states)
		}
	})
}

// What was held for want of a relay goes when a courier starts that has one.
func TestHeldForWantOfARouteGoesOn(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.queue("a", "m", 2, nil)
		w.drain(w.options())
		if m := w.find("a", "m0"); m.State != message.Held || m.Reason != message.ReasonRoute {
			t.Fatalf("%s %s", m.State, m.Reason)
		}
		s := listen(t, sink.SMTPOptions{})
		w.drain(w.options(relayTo(s.Address())))
		if s.Count() != 2 || w.timeline("a", "m0") != "queued · held/route · queued/route · leaving · sent//250 2.0.0" {
			t.Errorf("%d arrived: %s", s.Count(), w.timeline("a", "m0"))
		}
	})
}

// Messages that were leaving in the hands of a courier of which no journal knows: after its claim ran out they are maybe sent, and never go again.
func TestLeavingWithAnUnknownCourierIsMaybeSent(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		s := listen(t, sink.SMTPOptions{})
		w.queue("a", "m", 3, nil)
		leave := func(by string, until time.Time, id message.ID) {
			w.whole(func(tx *store.Wide) error {
				if _, err := message.Lease(t.Context(), tx, by, []store.PracticeID{"a"}, until); err != nil {
					return err
				}
				if _, err := message.Leave(t.Context(), tx, by, []message.Departure{{Practice: "a", ID: id, MessageID: "x@pa.example", Sealed: []byte("s")}}); err != nil {
					return err
				}
				_, err := message.Release(t.Context(), tx, by)
				return err
			})
		}
		leave("gone", w.db.Now().Add(-time.Second), "m0")
		leave("elsewhere", w.db.Now().Add(time.Hour), "m1")
		w.drain(w.options(relayTo(s.Address())))
		for id, want := range map[message.ID]string{"m0": "maybe sent/journal unknown", "m1": "leaving/", "m2": "sent/"} {
			if m := w.find("a", id); string(m.State)+"/"+m.Reason != want {
				t.Errorf("%s: %s/%s, want %s", id, m.State, m.Reason, want)
			}
		}
		if s.Count() != 1 {
			t.Errorf("%d arrived", s.Count())
		}
	})
}

func TestDeferredUntilItIsTooLate(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		script, err := sink.ListenScript(sink.Script{Offers: []string{"PIPELINING"}, Answers: map[string][]string{"RCPT": {"450 4.2.0 later jo@client.example"}}})
		if err != nil {
			t.Fatal(err)
		}
		defer script.Close()
		now := w.db.Now()
		w.queue("a", "m", 1, func(i *message.Intent) { i.NotAfter = now.Add(40 * time.Minute) })
		c := w.courier(w.options(relayTo(script.Address())))
		tries := 0
		at := now
		for w.find("a", "m0").State == message.Queued && tries < 20 {
			if err := c.Drain(t.Context(), at); err != nil {
				t.Fatal(err)
			}
			m := w.find("a", "m0")
			if tries++; m.State == message.Queued && !m.Turn.After(at) {
				t.Fatalf("try %d is at once: %v after %v", tries, m.Turn, at)
			}
			at = m.Turn
		}
		m := w.find("a", "m0")
		if m.State != message.Refused || m.Reason != message.ReasonGivenUp || tries < 4 || tries > 10 {
			t.Errorf("%s %s after %d tries: %s", m.State, m.Reason, tries, w.timeline("a", "m0"))
		}
		if line := w.timeline("a", "m0"); strings.Contains(line, "client.example") || !strings.Contains(line, "450 4.2.0") {
			t.Errorf("timeline %s", line)
		}
	})
}

func TestScriptedFaultsEndRight(t *testing.T) {
	type want struct{ state, reason string }
	deferred := func(reason string) want { return want{"queued", reason} }
	chunking := []string{"PIPELINING", "CHUNKING"}
	for name, c := range map[string]struct {
		script sink.Script
		want   want
	}{
		"4xx at MAIL":       {sink.Script{Answers: map[string][]string{"MAIL": {"451 4.3.0 no"}}}, deferred(message.ReasonRelay)},
		"5xx at MAIL":       {sink.Script{Answers: map[string][]string{"MAIL": {"550 5.7.1 no"}}}, want{"refused", message.ReasonRelay}},
		"5xx at RCPT":       {sink.Script{Answers: map[string][]string{"RCPT": {"550 5.1.1 no"}}}, want{"refused", message.ReasonRelay}},
		"4xx at DATA":       {sink.Script{Answers: map[string][]string{"DATA": {"452 4.3.1 no"}}}, deferred(message.ReasonRelay)},
		"5xx at the end":    {sink.Script{Answers: map[string][]string{"FINAL": {"554 5.6.0 no"}}}, want{"refused", message.ReasonRelay}},
		"4xx at the end":    {sink.Script{Answers: map[string][]string{"FINAL": {"450 4.2.0 no"}}}, deferred(message.ReasonRelay)},
		"drop after it":     {sink.Script{Answers: map[string][]string{"FINAL": {"drop"}}}, want{"maybe sent", message.ReasonNoAnswer}},
		"drop after a BDAT": {sink.Script{Offers: chunking, Answers: map[string][]string{"FINAL": {"drop"}}}, want{"maybe sent", message.ReasonNoAnswer}},
		"4xx greeting":      {sink.Script{Answers: map[string][]string{"GREETING": {"421 4.3.2 no"}}}, deferred(message.ReasonUnreachable)},
		"drop at greeting":  {sink.Script{Answers: map[string][]string{"GREETING": {"drop"}}}, deferred(message.ReasonUnreachable)},
		"nonsense":          {sink.Script{Answers: map[string][]string{"EHLO": {"hello there"}}}, deferred(message.ReasonUnreachable)},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, w *world) {
				script, err := sink.ListenScript(c.script)
				if err != nil {
					t.Fatal(err)
				}
				defer script.Close()
				w.queue("a", "m", 1, nil)
				w.drain(w.options(relayTo(script.Address())))
				m := w.find("a", "m0")
				if string(m.State) != c.want.state || m.Reason != c.want.reason {
					t.Errorf("%s %s, want %v: %s", m.State, m.Reason, c.want, w.timeline("a", "m0"))
				}
				if m.State == message.Queued && !m.Turn.After(w.db.Now()) {
					t.Error("it would be tried again at once")
				}
				if script.Connections() > 3 {
					t.Errorf("%d connections", script.Connections())
				}
			})
		})
	}
}

// nowhere is an address that nobody listens at.
func nowhere(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	return listener.Addr().String()
}

func TestARelayThatIsNotThereIsLeftAlone(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.queue("a", "m", 1000, nil)
		c := w.courier(w.options(relayTo(nowhere(t))))
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		ended := make(chan error, 1)
		go func() { ended <- c.Run(ctx) }()
		for c.Status().Relays["main"].Failures == 0 && ctx.Err() == nil { // a busy machine takes its time
			time.Sleep(10 * time.Millisecond)
		}
		time.AfterFunc(time.Second, cancel)
		if err := <-ended; err != nil {
			t.Error(err)
		}
		status := c.Status()
		if status.Relays["main"].Failures == 0 || status.Claimed > 3000 || status.Sent != 0 {
			t.Errorf("%+v", status)
		}
		if states := w.states("a"); states[message.Queued] != 1000 {
			t.Errorf("%v", states)
		}
	})
}

// While the first relay cannot be reached the second takes what it would have had.
func TestTheSecondRelayTakesOver(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		second := listen(t, sink.SMTPOptions{})
		w.queue("a", "m", 20, nil)
		other := relayTo(second.Address())
		other.Name = "other"
		c := w.courier(w.options(relayTo(nowhere(t)), other))
		for _, later := range []time.Duration{0, 2 * time.Minute} {
			if err := c.Drain(t.Context(), w.db.Now().Add(later)); err != nil {
				t.Fatal(err)
			}
		}
		if m := w.find("a", "m7"); second.Count() != 20 || m.State != message.Sent || m.Relay != "other" {
			t.Errorf("%d left; %s by %q; %v", second.Count(), m.State, m.Relay, w.states("a"))
		}
	})
}

func TestTextMessages(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		texts := &gateway{results: map[string]courier.TextResult{
			"ok0": {Class: courier.TextAccepted, ID: "o1"}, "no0": {Class: courier.TextRefused, Detail: "400"}, "busy0": {Class: courier.TextRefused, Temporary: true, Detail: "429", After: time.Hour},
			"lost0": {Class: courier.TextMaybeSent}, "away0": {Class: courier.TextNotBegun},
		}}
		for name := range texts.results {
			w.queue("a", strings.TrimSuffix(name, "0"), 1, func(i *message.Intent) { i.Channel = message.SMS })
		}
		w.queue("b", "ok", 1, func(i *message.Intent) { i.Channel = message.SMS })
		o := w.options()
		o.Texts = texts
		o.Config.Gateways = []courier.Gateway{{Name: "sms", URL: "http://127.0.0.1:1/", Senders: map[string]string{"a": "Wattle"}}}
		w.drain(o)
		for id, want := range map[message.ID]string{"ok0": "sent", "no0": "refused/relay", "busy0": "queued/relay", "lost0": "maybe sent/no answer", "away0": "queued/unreachable"} {
			m := w.find("a", id)
			if got := strings.TrimSuffix(string(m.State)+"/"+m.Reason, "/"); got != want {
				t.Errorf("%s: %s, want %s", id, got, want)
			}
		}
		if m := w.find("b", "ok0"); m.State != message.Held || m.Reason != message.ReasonRoute {
			t.Errorf("a practice without a sender id: %s %s", m.State, m.Reason)
		}
		if wait := w.find("a", "busy0").Turn.Sub(w.db.Now()); wait < 59*time.Minute {
			t.Errorf("it is asked again after %v, and the gateway had said an hour", wait)
		}
		if w.find("a", "ok0").OutsideID != "o1" || fmt.Sprint(texts.from) != "map[Wattle:5]" {
			t.Errorf("from %v", texts.from)
		}
	})
}
