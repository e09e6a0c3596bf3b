package courier_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"letterhead/approval"
	"letterhead/courier"
	"letterhead/message"
	"letterhead/store"
	"letterhead/testkit/sink"
	"letterhead/wording"
)

// Each of these is what somebody who can write rows, or a folder, may try. Practice a is attacked; b, with rows of the same ids, goes on.
var forgeries = map[string]struct {
	do   func(t *testing.T, w *world)
	held string // the beginning of the step's detail; "" where nothing can be read and all of it waits
}{
	"a version that nobody signed": {func(t *testing.T, w *world) {
		v := plainVersion("pa.example", wording.Transactional)
		v.Languages[0].Subject = wording.Say("You have won")
		w.store("a", wording.Transactional, v)
		w.exec("a", `UPDATE message SET digest = $2 WHERE practice = $1`, w.digests[wording.Transactional]["a"])
	}, "wording unsigned"},
	"other words under the digest that was signed": {func(t *testing.T, w *world) {
		v := plainVersion("pa.example", wording.Transactional)
		v.Languages[0].Subject = wording.Say("You have won")
		raw, err := v.Canonical()
		if err != nil {
			t.Fatal(err)
		}
		w.source.versions["a/transactional"] = raw
	}, ""}, // held: it is not the version that the message names
	"another wording, signed for another rule": {func(_ *testing.T, w *world) {
		w.exec("a", `UPDATE message SET wording_version = 'marketing', digest = $2 WHERE practice = $1`, w.digests[wording.Marketing]["a"])
	}, ""}, // held for its purpose
	"another practice's signed version": {func(_ *testing.T, w *world) {
		w.source.versions["a/transactional"] = w.source.versions["b/transactional"]
		w.exec("a", `UPDATE message SET digest = $2 WHERE practice = $1`, w.digests[wording.Transactional]["b"])
	}, ""}, // held for its sender
	"a rule that nobody signed": {func(_ *testing.T, w *world) {
		w.exec("a", `UPDATE message SET subject = 'prize-draw' WHERE practice = $1`)
	}, "rule unsigned"},
	"a rule with other content": {func(_ *testing.T, w *world) {
		w.source.change = func(m message.Message, f *courier.Facts) {
			if m.Practice == "a" {
				f.Rule = sha256.Sum256([]byte("everybody, at night"))
			}
		}
	}, "rule unsigned"},
	"a reminder's wording as marketing": {func(_ *testing.T, w *world) {
		w.exec("a", `UPDATE message SET purpose = 'marketing' WHERE practice = $1`)
	}, ""}, // held for its purpose before anybody asks
	"an order, a letter, a reply, a test": {func(_ *testing.T, w *world) {
		w.exec("a", `UPDATE message SET subject = '', kind = CASE id WHEN 'm0' THEN 'order' WHEN 'm1' THEN 'letter' ELSE 'test' END WHERE practice = $1`)
	}, ""},
	"a sender that was signed once, then another": {func(_ *testing.T, w *world) {
		w.sign("a", func(s *approval.State) []*approval.Statement {
			x := s.Draft(approval.KindSender, "email", "ana")
			x.Body.Sender = &approval.SenderBody{Address: "front@pa.example", Channel: "email", Name: "Wattle Street Physiotherapy"}
			return []*approval.Statement{x}
		})
	}, "sender unsigned"},
	"a host that was switched off": {func(_ *testing.T, w *world) {
		v := plainVersion("pa.example", wording.Transactional)
		v.Languages[0].Blocks = append([]wording.Block{wording.Button("How we work", wording.Target{Kind: wording.ToURL, URL: "https://pa.example/work"})}, v.Languages[0].Blocks...)
		w.version("a", wording.Transactional, v)
		w.exec("a", `UPDATE message SET digest = $2 WHERE practice = $1`, w.digests[wording.Transactional]["a"])
		w.sign("a", func(s *approval.State) []*approval.Statement {
			x := s.Draft(approval.KindHost, "pa.example", "ana")
			x.Body.Host = &approval.HostBody{Off: true}
			return []*approval.Statement{x}
		})
	}, "host off"},
	"a wording that was withdrawn": {func(t *testing.T, w *world) {
		w.sign("a", func(s *approval.State) []*approval.Statement {
			digest, err := hex.DecodeString(w.digests[wording.Transactional]["a"])
			if err != nil {
				t.Fatal(err)
			}
			standing, err := s.Allows(approval.KindWording, string(wording.Transactional), approval.Digest(digest), w.db.Now())
			if err != nil {
				t.Fatal(err)
			}
			return []*approval.Statement{s.Draft(approval.KindWithdraw, standing.Digest.String(), "ana")}
		})
	}, "wording withdrawn"},
	"details that are not those that were signed": {func(_ *testing.T, w *world) {
		w.source.details["a"] = []byte(strings.Replace(string(details()), "12 Wattle Street", "1 Thief Street", 1))
	}, ""},
	"the chain deleted": {func(_ *testing.T, w *world) { w.exec("a", `DELETE FROM approval WHERE practice = $1`) }, "rule behind"},
	"the chain cut": {func(_ *testing.T, w *world) {
		w.version("a", wording.Transactional, plainVersion("pa.example", wording.Transactional))
		w.exec("a", `DELETE FROM approval WHERE practice = $1 AND position = 2`)
	}, "rule behind"},
	"another practice's chain": {func(_ *testing.T, w *world) {
		w.exec("a", `DELETE FROM approval WHERE practice = $1`)
		w.whole(func(tx *store.Wide) error {
			_, err := tx.Exec(context.Background(), `INSERT INTO approval (practice, position, hash, entry, added_at) SELECT 'a', position, hash, entry, added_at FROM approval WHERE practice = 'b'`)
			return err
		})
	}, ""},
	"an entry changed": {func(_ *testing.T, w *world) {
		w.exec("a", `UPDATE approval SET entry = replace(entry, 'hello@pa.example', 'thief@pa.example') WHERE practice = $1`)
	}, ""},
	"the first key of somebody else": {func(t *testing.T, w *world) {
		from, to := filepath.Join(w.folder, "roots", "b.json"), filepath.Join(w.folder, "roots", "a.json")
		raw, err := os.ReadFile(from)
		if err == nil {
			err = os.WriteFile(to, []byte(strings.Replace(string(raw), `"practice": "b"`, `"practice": "a"`, 1)), 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}, ""},
}

func (w *world) exec(p store.PracticeID, statement string, args ...any) {
	w.t.Helper()
	w.change(p, func(tx *store.Tx) error {
		_, err := tx.Exec(context.Background(), statement, args...)
		return err
	})
}

func TestNothingUnsignedLeaves(t *testing.T) {
	for name, f := range forgeries {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			each(t, func(t *testing.T, w *world) {
				s := listen(t, sink.SMTPOptions{})
				for _, p := range []store.PracticeID{"a", "b"} {
					w.queue(p, "m", 3, nil)
				}
				f.do(t, w)
				w.drain(w.options(relayTo(s.Address())))
				if n := w.states("b")[message.Sent]; n != 3 || s.Count() != 3 {
					t.Errorf("%d left of b, %d in all; a: %v", n, s.Count(), w.states("a"))
				}
				if steps := w.timeline("a", "m1"); f.held != "" && !strings.Contains(steps, "held/unsigned/"+f.held) {
					t.Errorf("timeline: %s", steps)
				}
			})
		})
	}
}

// What was held goes on once it is signed, and what is of no use by then is dropped.
func TestWhatIsSignedLaterGoesThen(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		s := listen(t, sink.SMTPOptions{})
		v := plainVersion("pa.example", wording.Transactional)
		v.Languages[0].Subject = wording.Say("Your next visit")
		w.store("a", wording.Transactional, v)
		w.queue("a", "m", 3, nil)
		c := w.courier(w.options(relayTo(s.Address())))
		drain := func() {
			t.Helper()
			if err := c.Drain(t.Context(), w.db.Now()); err != nil {
				t.Fatal(err)
			}
		}
		for range 5 {
			drain()
		}
		// A courier looks once more at what was held before it began, and then only when something was signed.
		if s.Count() != 0 || w.states("a")[message.Held] != 3 || strings.Count(w.timeline("a", "m0"), "held") > 2 {
			t.Fatalf("%d left; %v; %s", s.Count(), w.states("a"), w.timeline("a", "m0"))
		}
		w.exec("a", `UPDATE message SET not_after = $2 WHERE practice = $1 AND id = 'm2'`, store.Micro(w.db.Now()))
		w.sign("a", func(s *approval.State) []*approval.Statement {
			return []*approval.Statement{w.statement(s, "a", wording.Transactional)}
		})
		drain()
		if s.Count() != 2 || w.find("a", "m2").State != message.Dropped {
			t.Errorf("%d left; %v; %s", s.Count(), w.states("a"), w.timeline("a", "m2"))
		}
	})
}

// The first use of an approval goes to a few, and the others wait until somebody could have said stop.
func TestAFirstUseIsPaced(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		s := listen(t, sink.SMTPOptions{MaxMessages: 1000})
		v := plainVersion("pa.example", wording.Transactional)
		v.Languages[0].Subject = wording.Say("Your next visit")
		w.store("a", wording.Transactional, v)
		w.signAs("a", true, func(s *approval.State) []*approval.Statement {
			return []*approval.Statement{w.statement(s, "a", wording.Transactional)}
		})
		w.queue("a", "m", 90, nil)
		w.queue("b", "m", 3, nil)
		began := w.db.Now()
		left := func(after time.Duration) int {
			t.Helper()
			c := w.courier(w.options(relayTo(s.Address())))
			if err := c.Drain(t.Context(), began.Add(after)); err != nil {
				t.Fatal(err)
			}
			if err := c.Close(); err != nil {
				t.Fatal(err)
			}
			return s.Count() - 3
		}
		if n := left(0); n != 2 { // 2 % of what waits
			t.Errorf("%d went at first", n)
		}
		if n := left(14 * time.Minute); n != 2 {
			t.Errorf("%d went while others could have said stop", n)
		}
		if m := w.find("a", "m50"); m.State != message.Queued || m.Reason != "first use" {
			t.Errorf("%s, %s", m.State, m.Reason)
		}
		if n := left(16 * time.Minute); n <= 2 || n > 10 {
			t.Errorf("%d went after the hold", n)
		}
		if n := left(28 * time.Minute); n != 90 {
			t.Errorf("%d went in the end", n)
		}
	})
}

// A practice's caps hold whatever its rows say, over every restart of the courier.
func TestCapsHold(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		s := listen(t, sink.SMTPOptions{MaxMessages: 1000})
		w.sign("a", func(s *approval.State) []*approval.Statement {
			x := s.Draft(approval.KindLimits, "limits", "ana")
			x.Limits = &approval.Limits{Day: 7, NewDay: 7, RecipientDay: 3, Total: 1000}
			return []*approval.Statement{x}
		})
		w.queue("a", "m", 5, nil)
		w.queue("a", "same", 5, func(i *message.Intent) { i.Recipient = "jo" })
		w.drain(w.options(relayTo(s.Address())))
		w.drain(w.options(relayTo(s.Address())))
		w.queue("a", "more", 5, nil)
		w.drain(w.options(relayTo(s.Address())))
		same := 0
		for _, m := range s.List() {
			if m.To == "jo@client.example" {
				same++
			}
		}
		if s.Count() != 7 || same > 3 {
			t.Errorf("%d left, %d to one address; %v", s.Count(), same, w.states("a"))
		}
	})
}
