package letter_test

import (
	"context"
	"fmt"
	"testing"

	"letterhead/letter"
	"letterhead/message"
	"letterhead/store"
	"letterhead/vault"
)

// A text message of a number that a practice did not write to is kept for it alone, until somebody has dealt with it; a flood of them is not.
func TestATextOfAnUnknownNumber(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		const stranger = "+61491570110"
		keep := func(event, text string) {
			w.Must(w.as("a", func(ctx context.Context, tx *store.Tx, _ *vault.Keys) error {
				return letter.Texts{Keeper: w.Keeper}.Keep(ctx, tx, message.Message{}, event, stranger, text)
			}))
		}
		keep("texts 1", "Who is this?")
		keep("texts 1", "Who is this?") // the gateway says it twice
		for practice, want := range map[store.PracticeID]int{"a": 1, "b": 0} {
			w.Must(w.as(practice, func(ctx context.Context, tx *store.Tx, keys *vault.Keys) error {
				all, err := letter.Unseen(ctx, tx, keys)
				if len(all) != want || want == 1 && (all[0].From != stranger || all[0].Text != "Who is this?" || all[0].About != "") {
					t.Errorf("%s: %+v", practice, all)
				}
				return err
			}))
		}
		for i := range 210 {
			keep(fmt.Sprint("texts flood ", i), "x")
		}
		w.Must(w.as("a", func(ctx context.Context, tx *store.Tx, _ *vault.Keys) error {
			var n int
			err := tx.Row(ctx, `SELECT COUNT(*) FROM answer WHERE practice = $1`).Scan(&n)
			if n != 200 {
				t.Errorf("%d of a flood were kept", n)
			}
			return err
		}))
	})
}
