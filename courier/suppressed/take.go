package suppressed

import (
	"context"
	"errors"
	"time"

	"letterhead/message"
	"letterhead/store"
	"letterhead/vault"
)

// Taker takes rows over into the journal.
type Taker struct {
	DB     *store.DB
	Keeper *vault.Keeper
	Set    *Set
}

// atOnce is how many rows one look takes.
const atOnce = 500

// Take takes over what is new among the rows, at most so many looks, and returns how many there were.
func (t *Taker) Take(ctx context.Context, looks int) (total int, err error) {
	for range looks {
		n, err := t.look(ctx)
		if total += n; err != nil || n < atOnce {
			return total, err
		}
	}
	return total, nil
}

func (t *Taker) look(ctx context.Context) (int, error) {
	var rows []message.Learnt
	err := t.DB.WholeView(ctx, "suppressions that the journal does not have", func(w *store.Wide) (err error) {
		rows, err = message.Unnoted(ctx, w, atOnce)
		return err
	})
	if err != nil || len(rows) == 0 {
		return 0, err
	}
	now := t.DB.Now()
	var stand []message.Suppression
	var keep, gone []message.Learnt
	for _, r := range rows {
		again, err := t.again(ctx, now, r)
		if err != nil {
			return 0, err
		}
		if again {
			gone = append(gone, r)
		} else {
			keep, stand = append(keep, r), append(stand, r.Suppression)
		}
	}
	if err := t.Set.Note(now, stand...); err != nil {
		return 0, err
	}
	return len(rows), t.DB.Whole(ctx, "suppressions that the journal has", func(w *store.Wide) error {
		return errors.Join(message.Noted(ctx, w, keep...), message.Forget(ctx, w, gone...))
	})
}

// again tells whether a row is a wish that holds.
func (t *Taker) again(ctx context.Context, now time.Time, r message.Learnt) (done bool, err error) {
	if r.Proof == "" {
		return false, nil
	}
	var asked time.Time
	err = t.DB.View(ctx, store.Actor{Practice: r.Practice, Agent: "courier"}, func(tx *store.Tx) error {
		keys, err := t.Keeper.Keys(ctx, tx)
		if errors.Is(err, vault.ErrNoKeys) || errors.Is(err, vault.ErrWrongKEK) {
			return nil
		}
		if err == nil {
			asked = message.Asked(keys, r.Suppression, r.Proof, now)
		}
		return err
	})
	if err != nil || asked.IsZero() {
		return false, err
	}
	return t.Set.Again(now, asked, r.Suppression)
}
