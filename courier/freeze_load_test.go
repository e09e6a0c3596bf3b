package courier_test

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"letterhead/courier/socket"
	"letterhead/message"
	"letterhead/store"
	"letterhead/testkit/sink"
	"letterhead/wording"
)

// Under full load, two couriers: from the answer to a stop (of the practice, of its rule, by the socket in turn) to the last message that the relay
// took whole, which is later than its hand-off began. Five tries, or as many as LETTERHEAD_STOPS says.
func TestNoHandOffBeginsASecondAfterAStop(t *testing.T) {
	tries := 5
	if n, err := strconv.Atoi(os.Getenv("LETTERHEAD_STOPS")); err == nil {
		tries = n
	}
	each(t, func(t *testing.T, w *world) {
		var came, last atomic.Int64
		s := listen(t, sink.SMTPOptions{Discard: false, MaxMessages: 1, Refuse: func(_, _ string, content []byte) error {
			if content != nil {
				came.Add(1)
				last.Store(time.Now().UnixNano())
			}
			return nil
		}})
		proxy, err := sink.ListenProxy(s.Address(), sink.ProxyOptions{RoundTrip: 20 * time.Millisecond})
		if err != nil {
			t.Fatal(err)
		}
		defer proxy.Close()
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 2)
		for range 2 {
			c := w.courier(w.options(relayTo(proxy.Address())))
			go func() { ended <- c.Run(ctx) }()
		}
		var took []time.Duration
		for try := range tries {
			begun := came.Load()
			w.queue("a", fmt.Sprintf("t%d-", try), 4000, nil)
			for end := time.Now().Add(30 * time.Second); came.Load() < begun+300; time.Sleep(5 * time.Millisecond) { // real time is what is measured
				if time.Now().After(end) {
					t.Fatalf("try %d: only %d came", try, came.Load()-begun)
				}
			}
			stopFor(t, w, try)
			answered := time.Now()
			time.Sleep(1300 * time.Millisecond) // whether anything comes in it
			took = append(took, max(0, time.Unix(0, last.Load()).Sub(answered)))
			w.lift("a")
		}
		cancel()
		for range 2 {
			if err := <-ended; err != nil {
				t.Error(err)
			}
		}
		slices.Sort(took)
		t.Logf("%d stops, %d messages: median %v, largest %v", len(took), came.Load(), took[len(took)/2], took[len(took)-1])
		if took[len(took)-1] > time.Second {
			t.Errorf("a message came %v after a stop was answered", took[len(took)-1])
		}
	})
}

func stopFor(t *testing.T, w *world, try int) {
	t.Helper()
	switch try % 3 {
	case 0:
		w.change("a", func(tx *store.Tx) error {
			_, err := message.FreezeOnly(t.Context(), tx, message.StopPractice, "", "load")
			return err
		})
	case 1:
		w.change("a", func(tx *store.Tx) error {
			_, err := message.FreezeOnly(t.Context(), tx, message.StopRule, ruleOf[wording.Transactional], "load")
			return err
		})
	case 2:
		answers, err := socket.Ask(t.Context(), w.folder, socket.Request{Do: socket.Stop, ID: fmt.Sprint(try), Practice: "a", Scope: "practice", Reason: "load"})
		if err != nil || answers[0].Error != "" {
			t.Errorf("the socket: %+v %v", answers, err)
		}
	}
}
