package store_test

import (
	"errors"
	"fmt"
	"testing"

	"letterhead/store"
)

func TestChunksCarryEveryValueInFewShapes(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, 1, 2, 3, 127, 128, 129, 1300} {
		values := make([]int, n)
		for i := range values {
			values[i] = i
		}
		seen, shapes := map[any]bool{}, map[int]bool{}
		err := store.Chunks(values, 2, func(list string, args []any) error {
			if list != store.List(2, len(args)) {
				t.Errorf("%d: the list does not fit %d values", n, len(args))
			}
			shapes[len(args)] = true
			for _, a := range args {
				seen[a] = true
			}
			return nil
		})
		if err != nil || len(seen) != n {
			t.Errorf("%d values: saw %d, %v", n, len(seen), err)
		}
		for size := range shapes {
			if size&(size-1) != 0 || size > 128 {
				t.Errorf("%d values: a list of %d", n, size)
			}
		}
	}
	stop := fmt.Errorf("stop")
	if err := store.Chunks([]int{1}, 2, func(string, []any) error { return stop }); !errors.Is(err, stop) {
		t.Error(err)
	}
}
