package journal_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"letterhead/courier/journal"
)

func openStops(t *testing.T, j *journal.Journal) string {
	t.Helper()
	open, _, err := j.Stops()
	if err != nil {
		t.Fatal(err)
	}
	var out string
	for _, s := range open {
		out += fmt.Sprintf("%s/%s/%s/%s ", s.Practice, s.ID, s.Scope, s.Subject)
	}
	return out
}

func TestStopsAreSharedAndStay(t *testing.T) {
	t.Parallel()
	folder := create(t)
	a, b := open(t, folder), open(t, folder)
	one := journal.Stop{Practice: "p", ID: "1", Scope: "rule", Subject: "reminder"}
	twin, two := journal.Stop{Practice: "q", ID: "1", Scope: "practice"}, journal.Stop{ID: "2", Scope: "platform"}
	if err := a.NoteStops([]journal.Stop{one, twin, two, one}, nil); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if got := openStops(t, b); got != "p/1/rule/reminder q/1/practice/ /2/platform/ " {
			t.Fatalf("seen %s", got)
		}
	}
	// What a row says of a stop that is noted changes nothing of it.
	if err := a.NoteStops([]journal.Stop{{Practice: "p", ID: "1", Scope: "letter", Subject: "none"}}, nil); err != nil {
		t.Fatal(err)
	}
	// The other practice's stop of the same id stays.
	if err := b.NoteStops(nil, []journal.StopKey{one.Key()}); err != nil {
		t.Fatal(err)
	}
	if got := openStops(t, a); got != "q/1/practice/ /2/platform/ " {
		t.Errorf("after lifting %s", got)
	}
	// A courier that read the row before it was lifted does not bring it back.
	if err := a.NoteStops([]journal.Stop{one}, nil); err != nil {
		t.Fatal(err)
	}
	if got := openStops(t, open(t, folder)); got != "q/1/practice/ /2/platform/ " {
		t.Errorf("a new process sees %s", got)
	}
}

func TestStopsFromOutsideACourier(t *testing.T) {
	t.Parallel()
	folder := create(t)
	j := open(t, folder)
	if err := journal.NoteStop(folder, "another", 1, journal.Stop{ID: "1"}); !errors.Is(err, journal.ErrMismatch) {
		t.Errorf("another installation's: %v", err)
	}
	for _, s := range []journal.Stop{{ID: "1", Scope: "platform"}, {ID: "2", Scope: "host", Subject: "prize.example"}, {Practice: "p", ID: "3", Scope: "practice"}} {
		if err := journal.NoteStop(folder, "house", 1, s); err != nil {
			t.Fatal(err)
		}
	}
	if got := openStops(t, j); got != "/1/platform/ /2/host/prize.example p/3/practice/ " {
		t.Fatalf("noted %s", got)
	}
	lifted, err := journal.LiftPlatform(folder, "house", 1, "4")
	if err != nil || len(lifted) != 2 {
		t.Errorf("lifted %v %v", lifted, err)
	}
	if got := openStops(t, j); got != "p/3/practice/ " {
		t.Errorf("a practice's stop went with the platform's: %s", got)
	}
	// A stop whose row is older than its lift stays lifted.
	if err := journal.NoteStop(folder, "house", 1, journal.Stop{ID: "4", Scope: "platform"}); err != nil {
		t.Fatal(err)
	}
	if got := openStops(t, j); got != "p/3/practice/ " {
		t.Errorf("came back: %s", got)
	}
	if err := os.WriteFile(filepath.Join(folder, "stops.json"), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := j.Stops(); !errors.Is(err, journal.ErrBroken) {
		t.Errorf("a damaged file: %v", err)
	}
	if err := j.NoteStops([]journal.Stop{{ID: "5"}}, nil); !errors.Is(err, journal.ErrBroken) {
		t.Errorf("a damaged file was written over: %v", err)
	}
}

func TestTooManyStops(t *testing.T) {
	t.Parallel()
	j := open(t, create(t))
	many := make([]journal.Stop, 4001)
	for i := range many {
		many[i] = journal.Stop{Practice: "p", ID: fmt.Sprint(i)}
	}
	if err := j.NoteStops(many, nil); !errors.Is(err, journal.ErrManyStops) {
		t.Errorf("4001 stops: %v", err)
	}
}

// What began lately, with what the relay said, of a process that lives and of one that was killed.
func TestRecent(t *testing.T) {
	t.Parallel()
	folder := create(t)
	j := open(t, folder)
	now := time.Now().UTC().Truncate(time.Microsecond)
	at := func(id string, ago time.Duration) journal.Entry {
		return journal.Entry{Practice: "p", ID: id, Attempt: 1, At: now.Add(-ago)}
	}
	old, young, answered := at("old", 2*time.Minute), at("young", 10*time.Second), at("answered", 20*time.Second)
	begun(t, j, old)
	begun(t, j, young)
	begun(t, j, answered)
	j.Answered(answered, journal.Answer{State: "sent"})
	j.Flush()
	list, total, err := journal.Recent(folder, now.Add(-time.Minute))
	if err != nil || total != 2 || len(list) != 2 {
		t.Fatalf("%d of %d, %v", len(list), total, err)
	}
	if list[0].ID != "young" || list[0].Answer != nil || list[1].ID != "answered" || list[1].Answer == nil || list[1].Answer.State != "sent" || list[0].Process != j.Process() {
		t.Errorf("recent: %+v", list)
	}
}
