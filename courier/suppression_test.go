package courier_test

import (
	"context"
	"testing"
	"time"

	"letterhead/message"
	"letterhead/store"
	"letterhead/testkit/sink"
)

// What a courier saw as suppressed stays so though its row is deleted, rolled back or moved; the same address of another practice is another's. The
// client's own wish, with the practice's proof, ends it within a second; a row that says so does not.
func TestSuppressionIsBelievedFromTheJournal(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		s := listen(t, sink.SMTPOptions{})
		address := func(tx *store.Tx) message.Suppression {
			keys, err := w.keeper.Keys(t.Context(), tx)
			if err != nil {
				t.Fatal(err)
			}
			return message.Suppression{Channel: message.Email, AddressIndex: keys.Index("email", "one0@client.example"), Reason: "complaint"}
		}
		w.change("a", func(tx *store.Tx) error {
			tx.Now = tx.Now.Add(-time.Minute)
			return message.Suppress(t.Context(), tx, address(tx))
		})
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		c := w.courier(w.options(relayTo(s.Address())))
		go func() { ended <- c.Run(ctx) }()
		began := time.Now()
		for w.unnoted() > 0 {
			if time.Since(began) > 10*time.Second {
				t.Fatal("nobody took it over")
			}
			time.Sleep(5 * time.Millisecond) // real time is what is measured
		}
		t.Logf("taken over after %v", time.Since(began))
		w.exec("a", `DELETE FROM suppression WHERE practice = $1`)
		settle := func(want message.State, id string) {
			t.Helper()
			for end := time.Now().Add(10 * time.Second); w.find("a", message.ID(id)).State != want; time.Sleep(5 * time.Millisecond) {
				if time.Now().After(end) {
					t.Fatalf("%s is %s", id, w.timeline("a", message.ID(id)))
				}
			}
		}
		again := func(id string) {
			w.queue("a", id, 1, func(i *message.Intent) { i.Client, i.Recipient = "one0", "one0" })
		}
		again("deleted")
		settle(message.Dropped, "deleted0")
		w.exec("a", `INSERT INTO suppression (practice, channel, address_index, purpose, reason, at, proof) SELECT $1, 'email', address_index, 'all', 'stop', 1, 'forged' FROM (SELECT '`+w.index("one0@client.example")+`' AS address_index) AS x`)
		again("forged")
		settle(message.Dropped, "forged0")
		w.queue("b", "one", 1, nil)
		w.change("a", func(tx *store.Tx) error {
			keys, err := w.keeper.Keys(t.Context(), tx)
			if err != nil {
				return err
			}
			return message.Allow(t.Context(), tx, keys, address(tx))
		})
		for began := time.Now(); w.unnoted() > 0; time.Sleep(5 * time.Millisecond) {
			if time.Since(began) > time.Second {
				t.Fatal("a wish takes more than a second")
			}
		}
		again("asked")
		settle(message.Sent, "asked0")
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if n := s.Count(); n != 2 {
			t.Errorf("%d arrived, want one of each practice", n)
		}
	})
}

// unnoted counts the rows that the journal does not have.
func (w *world) unnoted() int {
	var rows []message.Learnt
	w.whole(func(x *store.Wide) (err error) {
		rows, err = message.Unnoted(context.Background(), x, 10)
		return err
	})
	return len(rows)
}

// index is an address's index in practice a.
func (w *world) index(address string) (out string) {
	w.change("a", func(tx *store.Tx) error {
		keys, err := w.keeper.Keys(context.Background(), tx)
		out = keys.Index("email", address)
		return err
	})
	return out
}
