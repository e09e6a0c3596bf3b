package plan

import (
	"context"
	"slices"
	"testing"

	"letterhead/store"
)

// However few lines may be held at a time: the same lines, each once, in the order in which they fall due, those without an instant last.
func TestOrderedHoldsFewLines(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		id := w.add(1, 20, 60)
		w.view(id, func(ctx context.Context, tx *store.Tx) error {
			var want []Line
			if err := Lines(ctx, tx, Filter{}, func(l Line) error { want = append(want, l); return nil }); err != nil {
				return err
			}
			byStart := slices.IsSortedFunc(want, func(a, b Line) int { return a.compare(&b) })
			slices.SortFunc(want, func(a, b Line) int { return a.compare(&b) })
			if byStart || len(want) < 100 || !want[len(want)-1].Due.IsZero() {
				t.Fatalf("%d lines, sorted from the beginning: %v, the last one due %s: nothing is tested", len(want), byStart, want[len(want)-1].Due)
			}
			for _, most := range []int{1, 2, 7, len(want) - 1, len(want), len(want) + 1, held} {
				if most == 1 && len(want) > 400 {
					continue
				}
				var got []Line
				if err := ordered(ctx, tx, Filter{}, most, func(l Line) error { got = append(got, l); return nil }); err != nil {
					return err
				}
				if !slices.EqualFunc(got, want, func(a, b Line) bool { return a.compare(&b) == 0 && a.Verdict == b.Verdict }) {
					t.Errorf("%d at a time: %d lines, want %d in their order", most, len(got), len(want))
				}
			}
			return nil
		})
	})
}
