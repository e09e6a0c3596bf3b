package stops

import (
	"testing"
	"time"

	"letterhead/courier/journal"
	"letterhead/courier/logbook"
	"letterhead/testkit"
)

// While a machine sleeps the monotonic clock stands still: what was read before counts for nothing when it wakes up.
func TestWhatWasReadBeforeASleepIsReadAgain(t *testing.T) {
	t.Parallel()
	folder, db := t.TempDir(), testkit.Open(t, testkit.SQLite, nil)
	if err := journal.Create(folder, "installation", 1); err != nil {
		t.Fatal(err)
	}
	j, err := journal.Open(folder, "installation", 1)
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	l, err := logbook.Open(logbook.Where{DB: db, Journal: j, Folder: t.TempDir(), Installation: "installation", Epoch: 1})
	if err != nil {
		t.Fatal(err)
	}
	s := Open(db, j, nil, l, 1)
	fresh := func() *Known {
		k, err := s.Fresh(t.Context(), time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	first := fresh()
	if fresh() != first {
		t.Error("what is fresh was read again")
	}
	for _, slept := range []time.Duration{8 * time.Hour, -8 * time.Hour} { // or the clock was put back
		known := fresh()
		known.wall = known.wall.Add(-slept)
		if fresh() == known {
			t.Errorf("%v later it counts still", slept)
		}
	}
}
