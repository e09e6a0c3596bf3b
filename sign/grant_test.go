package sign_test

import (
	"bytes"
	"context"
	"html"
	"testing"
	"time"

	"letterhead/approval"
	"letterhead/grant"
	"letterhead/guard"
	"letterhead/message"
	"letterhead/store"
	"letterhead/testkit/visitor"
	"letterhead/vault"
)

// What a program may send is shown as it is sent, signed, noted beside its row, and withdrawn: then nothing is taken for it any more.
func TestAGrantIsSignedAndWithdrawn(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		petra, _ := w.found(w.one)
		ctx, actor := context.Background(), store.Actor{Practice: w.one.id, Member: w.one.petra}
		keeper, err := vault.NewKeeper(bytes.Repeat([]byte{7}, 32))
		w.check(err)
		door := visitor.Door(t, w.db, keeper)
		var g grant.Grant
		w.check(w.db.Change(ctx, actor, func(tx *store.Tx) error {
			send, err := guard.ScopeOf(guard.MessageSend)
			if err != nil {
				return err
			}
			_, c, err := door.AddCredential(ctx, tx, guard.Member{ID: w.one.petra, Role: guard.Owner}, "Website booking", []guard.Scope{send}, tx.Now.AddDate(0, 1, 0))
			if err != nil {
				return err
			}
			g, err = grant.Prepare(ctx, tx, grant.Grant{Credential: c.ID, Wording: w.one.starter["booked"], Day: 20, ExpiresAt: tx.Now.AddDate(0, 1, 0)})
			return err
		}))
		has(t, html.UnescapeString(petra.page("")), "Website booking may send “Booking confirmation”", "whose key begins with lh_", "at most 20", "clients that it names, one at a time", "appointments", "<iframe")
		has(t, petra.sign("Website booking may send"), "In force until")
		signed := func() (err error) {
			return w.db.View(ctx, actor, func(tx *store.Tx) error {
				found, err := grant.Find(ctx, tx, g.ID)
				if err == nil && found.SignedAt.IsZero() {
					t.Error("its row does not know that it is signed")
				}
				return err
			})
		}
		w.check(signed())
		var standing approval.Digest
		w.state(w.one, func(s *approval.State, now time.Time) {
			x, err := s.Current(approval.KindGrant, string(g.ID), now)
			w.check(err)
			if b := x.Statement.Body.Grant; b.Credential != g.Credential || b.Purpose != string(message.Appointments) || x.Statement.Limits.Day != 20 || x.Digest.String() == "" || x.Until.IsZero() {
				t.Errorf("%+v %+v", b, x.Statement.Limits)
			}
			standing = x.Digest
		})
		has(t, petra.page(""), "Nothing waits for your signature")
		petra.form("/compose", "what", "withdraw", "digest", standing.String())
		has(t, petra.sign("Withdraw"), "In force")
		if err := signed(); err == nil {
			t.Error("a withdrawn grant is still there")
		}
		w.state(w.one, func(s *approval.State, now time.Time) {
			if _, err := s.Current(approval.KindGrant, string(g.ID), now); approval.ReasonOf(err) != approval.Withdrawn {
				t.Errorf("%v", err)
			}
		})
		has(t, petra.page(""), "Nothing waits for your signature") // and it is not asked for again
	})
}
