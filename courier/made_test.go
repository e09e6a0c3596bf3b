package courier_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"letterhead/courier/kept"
	"letterhead/courier/sender"
	"letterhead/courier/trust"
	"letterhead/ledger"
	"letterhead/ledger/leaf"
	"letterhead/message"
	"letterhead/store"
	"letterhead/testkit/sink"
)

// proved is the leaf of a message, found by its record and proved.
func (w *world) proved(p store.PracticeID, r *kept.Record) (found ledger.Proved, err error) {
	w.t.Helper()
	root, err := trust.Read(w.folder)
	if err != nil {
		w.t.Fatal(err)
	}
	key, err := ledger.OpenKey(w.folder, root.Installation, root.Epoch)
	if err != nil {
		w.t.Fatal(err)
	}
	err = w.db.WholeView(context.Background(), "test", func(x *store.Wide) (err error) {
		found, err = ledger.FindProved(context.Background(), x, key.Verifier, p, 0, 1000, func(l *leaf.Leaf) bool {
			m, is := l.Body.(*leaf.Message)
			return is && m.Recipient == r.Recipient(leaf.Email)
		})
		return err
	})
	return found, err
}

// What was sent is made again to the last byte and is what its leaf says; whatever of it is changed afterwards is told from that.
func TestWhatExactlyWasSent(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		s := listen(t, sink.SMTPOptions{})
		if err := os.RemoveAll(filepath.Join(w.folder, "domains", "pa.example")); err != nil { // it has no keys
			t.Fatal(err)
		}
		if _, err := sender.New(w.folder, "mail.example").Add("pa.example", "a", time.Now()); err != nil {
			t.Fatal(err)
		}
		w.queue("a", "m", 2, nil)
		w.drain(w.options(relayTo(s.Address())))
		var content []byte
		m := w.find("a", "m0")
		w.change("a", func(tx *store.Tx) error {
			found, err := w.source.Versions(context.Background(), tx, []string{m.Version})
			content = found[m.Version]
			return err
		})
		r, _ := w.record("a", &m)
		from := kept.Sources{Version: content, Digest: m.Digest}
		w.change("a", func(tx *store.Tx) (err error) {
			if r.Directory != "" {
				from.Directory, err = w.source.Directory(context.Background(), tx, r.Directory)
			}
			return err
		})
		sent := kept.Sent{MessageID: m.MessageID, Way: m.Purpose == message.Marketing}
		made, err := r.Make(sent, from)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.ContainsFunc(s.List(), func(got sink.Mail) bool { return bytes.Equal(got.Raw, made.Whole) }) || !bytes.HasPrefix(made.Whole, []byte("DKIM-Signature:")) {
			t.Errorf("nobody got\n%.200s, but\n%.200s", made.Whole, s.List()[0].Raw)
		}
		found, err := w.proved("a", &r)
		if err != nil {
			t.Fatal(err)
		}
		said, _ := found.Leaf.Body.(*leaf.Message)
		if differs := made.Fits(&r, said); len(differs) != 0 {
			t.Errorf("differs: %v", differs)
		}
		if differs := r.Row(&m, store.Instant(found.Leaf.At), found.Fate); len(differs) != 0 {
			t.Errorf("the row differs: %v", differs)
		}
		for name, c := range map[string]struct {
			change func(*kept.Record, *kept.Sent, *kept.Sources)
			want   string
		}{
			"a name":         {func(r *kept.Record, _ *kept.Sent, _ *kept.Sources) { r.Values.Recipient.Preferred = "Prize" }, "words text"},
			"the date":       {func(r *kept.Record, _ *kept.Sent, _ *kept.Sources) { r.Date++ }, "text"},
			"the signature":  {func(r *kept.Record, _ *kept.Sent, _ *kept.Sources) { r.Signature = nil }, "text"},
			"the message-id": {func(_ *kept.Record, s *kept.Sent, _ *kept.Sources) { s.MessageID = "x@pa.example" }, "text"},
			"the way out": {func(r *kept.Record, s *kept.Sent, _ *kept.Sources) {
				s.Way = true
				r.Values.Unsubscribe = "https://x.example/"
			}, "text"},
			"the version": {func(_ *kept.Record, _ *kept.Sent, s *kept.Sources) {
				s.Version = bytes.Replace(s.Version, []byte("Hello"), []byte("Prize"), 1)
			}, "other"},
			"its digest too": {func(_ *kept.Record, _ *kept.Sent, s *kept.Sources) { s.Digest = strings.Repeat("0", 64) }, "other"},
			"another's salt": {func(r *kept.Record, _ *kept.Sent, _ *kept.Sources) { r.Salt = bytes.Repeat([]byte{1}, 32) }, "words text"},
			"the own details": {func(_ *kept.Record, _ *kept.Sent, s *kept.Sources) {
				s.Directory = append(bytes.Clone(s.Directory), ' ')
			}, "other"},
		} {
			r, sent, from := r, sent, from
			c.change(&r, &sent, &from)
			again, err := r.Make(sent, from)
			got := ""
			if errors.Is(err, kept.ErrOther) {
				got = "other"
			} else if err == nil {
				got = strings.Join(again.Fits(&r, said), " ")
			}
			if got != c.want && (name != "the own details" || r.Directory != "") {
				t.Errorf("%s: %q (%v), want %q", name, got, err, c.want)
			}
		}
		if again, err := w.proved("a", &kept.Record{Address: "x@example.com", Salt: r.Salt}); !errors.Is(err, store.ErrNone) {
			t.Errorf("of somebody else: %v %v", again, err)
		}
		w.whole(func(x *store.Wide) error { // every leaf of the practice, one bit of its commitment to the text
			var raw []byte
			if err := x.Row(context.Background(), `SELECT leaves FROM ledger_leaf WHERE practice = 'a' ORDER BY sequence DESC LIMIT 1 OFFSET 1`).Scan(&raw); err != nil {
				return err
			}
			at := bytes.Index(raw, said.Text[:])
			if at < 0 {
				return errors.New("the leaf stands elsewhere")
			}
			changed := bytes.Clone(raw)
			changed[at] ^= 1
			_, err := x.Exec(context.Background(), `UPDATE ledger_leaf SET leaves = $1 WHERE leaves = $2`, changed, raw)
			return err
		})
		if _, err := w.proved("a", &r); !errors.Is(err, ledger.ErrDamaged) {
			t.Errorf("a changed leaf: %v", err)
		}
	})
}
