package message_test

import (
	"bytes"
	"testing"
	"time"

	"letterhead/message"
	"letterhead/store"
	"letterhead/testkit"
	"letterhead/wording/code"
)

// A code finds its message in whatever practice, by the key alone; what is stored is neither the code nor the same under another key; what was taken back keeps none.
func TestACodeFindsItsMessage(t *testing.T) {
	testkit.Each(t, func(t *testing.T, db *store.DB) {
		practices(t, db, "a", "b")
		codes, others := message.NewCodes(bytes.Repeat([]byte{1}, 32)), message.NewCodes(bytes.Repeat([]byte{2}, 32))
		var list []message.Departure
		for _, p := range []store.PracticeID{"a", "b"} {
			queue(t, db, p, intent("m", db.Now().Add(-time.Second)))
			list = append(list, message.Departure{Practice: p, ID: "m", MessageID: "m@x", AddressIndex: "i", Relay: "r", Sealed: []byte{1}, Code: code.New()})
		}
		if got, _, err := message.NewLine(db, "p1", time.Minute).Take(t.Context(), db.Now(), 10); err != nil || len(got) != 2 {
			t.Fatalf("%d claimed: %v", len(got), err)
		}
		absent := message.Departure{Practice: "a", ID: "nobody", Sealed: []byte{1}, Code: code.New()}
		whole(t, db, func(w *store.Wide) error {
			gone, err := codes.Leave(t.Context(), w, "p1", append(list, absent))
			if len(gone) != 1 {
				t.Errorf("gone: %v", gone)
			}
			return err
		})
		whole(t, db, func(w *store.Wide) error {
			for _, d := range list {
				found, err := codes.Find(t.Context(), w, d.Code)
				if err != nil || len(found) != 1 || found[0].Practice != d.Practice || found[0].ID != d.ID {
					t.Errorf("%s: %v %v", d.Practice, found, err)
				}
				if found, _ := others.Find(t.Context(), w, d.Code); len(found) != 0 {
					t.Error("another key finds it")
				}
				var n int
				if err := w.Row(t.Context(), `SELECT count(*) FROM message_code WHERE code = $1`, []byte(d.Code)).Scan(&n); err != nil || n != 0 {
					t.Errorf("the code lies there in clear: %d %v", n, err)
				}
			}
			if found, _ := codes.Find(t.Context(), w, absent.Code); len(found) != 0 {
				t.Error("what did not leave is found")
			}
			return nil
		})
	})
}
