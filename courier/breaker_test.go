package courier_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"letterhead/approval"
	"letterhead/message"
	"letterhead/store"
	"letterhead/testkit"
	"letterhead/testkit/sink"
	"letterhead/wording"
)

// prize is what was sent in August 2024, in a practice's own layout.
func prize(practice store.PracticeID, host string) *wording.Version {
	v := plainVersion(domainOf(practice), wording.Transactional)
	v.Hosts = []string{domainOf(practice), host}
	v.Languages = []wording.Language{{Tag: "en-AU", Subject: wording.Say("You won"), Blocks: []wording.Block{
		wording.Text("Hello {recipient.greeting_name},", "you are the winner of our draw. Claim your reward today."),
		wording.Button("Claim it", wording.Target{Kind: wording.ToURL, URL: "https://" + host + "/claim"}),
		wording.Footer(wording.Say("You get this because you are a client of ours.")),
	}}}
	return v
}

// stolen has the owner's stolen key sign the payload, and everybody's reminders carry it.
func (w *world) stolen(practices []store.PracticeID, host string, clients int) {
	w.t.Helper()
	for _, p := range practices {
		w.store(p, wording.Transactional, prize(p, host))
		w.signAs(p, true, func(s *approval.State) []*approval.Statement {
			hosts := s.Draft(approval.KindHosts, "hosts", "ana")
			hosts.Body.Hosts = &approval.HostsBody{Hosts: []string{domainOf(p), host}}
			return []*approval.Statement{hosts, w.statement(s, p, wording.Transactional)}
		})
		w.queue(p, "m", clients, nil)
	}
}

// One stolen key for each practice signs the same payload, in one, in twenty, in two hundred. Two couriers of one folder send. What leaves is what
// the first cohort lets go until the breaker has seen a crowd; then nothing does, also not after everything was begun again.
func TestTheStolenKeysOfManyPractices(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		practices, clients, most int
		stopped                  string // "" where one practice is no crowd: the cohort and its hold contain it
	}{{1, 30, 20, ""}, {20, 30, 3, "same text"}, {200, 5, 3, "same text"}} {
		t.Run(fmt.Sprint(c.practices), func(t *testing.T) {
			t.Parallel()
			var practices []store.PracticeID
			for i := range c.practices {
				practices = append(practices, store.PracticeID(fmt.Sprint("c", i)))
			}
			w := newWorld(t, testkit.Open(t, testkit.SQLite, nil), append(practices, "calm")...)
			s := listen(t, sink.SMTPOptions{})
			w.stolen(practices, "win.example", c.clients)
			w.queue("calm", "m", 3, nil)
			began := time.Now()
			var both sync.WaitGroup
			for range 2 {
				one := w.courier(w.options(relayTo(s.Address())))
				both.Go(func() {
					if err := one.Drain(t.Context(), w.db.Now()); err != nil {
						t.Error(err)
					}
				})
			}
			both.Wait()
			left, last := 0, began
			for _, m := range s.List() {
				if strings.Contains(m.Header.Get("Subject"), "You won") {
					left, last = left+1, m.At
				}
			}
			t.Logf("%d practices, %d messages each: %d left, the last %v after the couriers began", c.practices, c.clients, left, last.Sub(began).Round(time.Millisecond))
			if left > c.most {
				t.Errorf("%d left", left)
			}
			if s.Count()-left != 3 {
				t.Errorf("%d of another practice's 3 went", s.Count()-left)
			}
			w.stoppedBy(c.stopped)
			// A courier that begins again: what is stopped stays so.
			w.drain(w.options(relayTo(s.Address())))
			if after := s.Count() - 3; c.stopped != "" && after > left {
				t.Errorf("%d more left after a restart", after-left)
			}
		})
	}
}

// stoppedBy compares the reason of the one open stop that the breaker made; "" for none.
func (w *world) stoppedBy(reason string) {
	w.t.Helper()
	var open []message.Stop
	w.whole(func(x *store.Wide) (err error) {
		open, err = message.Stops(w.t.Context(), x)
		return err
	})
	switch {
	case reason == "" && len(open) == 0:
	case len(open) != 1 || open[0].Who != "the breaker" || !strings.HasPrefix(open[0].Reason, reason+": ") || open[0].Scope != message.StopText && open[0].Scope != message.StopHost:
		w.t.Errorf("stops: %+v", open)
	}
}
