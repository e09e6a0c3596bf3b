package guard_test

import (
	"testing"
	"time"

	"letterhead/guard"
	"letterhead/guard/secret"
	"letterhead/store"
)

// Going to a practice, the same again, needs no proof: it must not make a session out of one that is about to end.
func TestGoingToAPracticeMakesNoDayLonger(t *testing.T) {
	t.Parallel()
	eachHouse(t, func(h *house) {
		_, key, b := h.joined("a", "petra@example.org", guard.Owner)
		token, first := h.entered(b, key, "a")
		s := first
		for h.clock.Now().Add(50 * time.Minute).Before(first.EndsAt) {
			h.clock.Pass(50 * time.Minute)
			next, err := h.door.Enter(ctx, guard.Proof{Person: s.Person, Email: s.Login, Way: s.Way, At: s.ProvedAt}, "a", b, token)
			if err != nil {
				h.Fatal(err)
			}
			if s, err = h.door.Visit(ctx, next, b); err != nil {
				h.Fatal(err)
			}
			token = next
		}
		h.clock.Set(first.EndsAt)
		_, err := h.door.Visit(ctx, token, b)
		is(h.T, "a day after the last proof", err, guard.ErrNoSession)
	})
}

// A proof that waits for a practice is used once: what somebody reads in the page's source at a shared computer opens nothing later.
func TestAChoiceIsMadeOnce(t *testing.T) {
	t.Parallel()
	eachHouse(t, func(h *house) {
		_, key, b := h.joined("a", "petra@example.org", guard.Owner)
		p, err := h.passkey(b, key)
		if err != nil {
			h.Fatal(err)
		}
		choice := h.door.Choice(p, b)
		enter := func(door *guard.Door, practice store.PracticeID) error {
			chosen, err := door.Choose(choice, b)
			if err != nil {
				return err
			}
			_, err = door.Enter(ctx, chosen, practice, b, "")
			return err
		}
		is(h.T, "a practice of others uses nothing up", enter(h.door, "b"), store.ErrNone)
		is(h.T, "once", enter(h.door, "a"), nil)
		is(h.T, "again", enter(h.door, "a"), secret.ErrState)
		is(h.T, "again at another process", enter(h.newDoor(), "a"), secret.ErrState)
	})
}
