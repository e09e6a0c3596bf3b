package journal_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"letterhead/courier/journal"
	"letterhead/store"
)

func create(t testing.TB) string {
	t.Helper()
	folder := filepath.Join(t.TempDir(), "journal")
	if err := journal.Create(folder, "house", 1); err != nil {
		t.Fatal(err)
	}
	return folder
}

func open(t testing.TB, folder string) *journal.Journal {
	t.Helper()
	j, err := journal.Open(folder, "house", 1)
	if err != nil {
		t.Fatal(err)
	}
	return j
}

func entry(id string, attempt int64) journal.Entry {
	return journal.Entry{Practice: "p", ID: id, Attempt: attempt, At: time.UnixMicro(1_800_000_000_000_000).UTC()}
}

func begun(t testing.TB, j *journal.Journal, entries ...journal.Entry) int {
	t.Helper()
	segment, err := j.Begun(entries...)
	if err != nil {
		t.Fatal(err)
	}
	return segment
}

func files(t testing.TB, folder, pattern string) []string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(folder, pattern))
	if err != nil {
		t.Fatal(err)
	}
	return names
}

func dead(t testing.TB, j *journal.Journal) []journal.Remains {
	t.Helper()
	remains, alive, err := j.Dead()
	if err != nil {
		t.Fatal(err)
	}
	if !alive[j.Process()] {
		t.Error("the process itself does not live")
	}
	return remains
}

func TestOnlyItsOwnInstallationAndEpoch(t *testing.T) {
	t.Parallel()
	folder := create(t)
	for _, c := range []struct {
		folder, installation string
		epoch                int64
		want                 error
	}{
		{folder, "other", 1, journal.ErrMismatch},
		{folder, "house", 2, journal.ErrMismatch},
		{filepath.Join(folder, "none"), "house", 1, journal.ErrMissing},
	} {
		if _, err := journal.Open(c.folder, c.installation, c.epoch); !errors.Is(err, c.want) {
			t.Errorf("open as %s %d: %v", c.installation, c.epoch, err)
		}
	}
	if err := journal.Create(folder, "house", 1); err == nil {
		t.Error("made over another")
	}
	j := open(t, folder)
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "journal.json"), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := journal.Open(folder, "house", 1); !errors.Is(err, journal.ErrBroken) {
		t.Errorf("a damaged identity: %v", err)
	}
}

func TestHealthEndsWithTheFolder(t *testing.T) {
	t.Parallel()
	for name, harm := range map[string]func(folder string) error{
		"removed":  os.RemoveAll,
		"moved":    func(f string) error { return os.Rename(f, f+".away") },
		"replaced": func(f string) error { return errors.Join(os.RemoveAll(f), journal.Create(f, "house", 1)) },
		"identity": func(f string) error { return os.Remove(filepath.Join(f, "journal.json")) },
		"renewed": func(f string) error {
			return os.WriteFile(filepath.Join(f, "journal.json"), []byte(`{"installation":"house","epoch":2}`), 0o600)
		},
	} {
		folder := create(t)
		j := open(t, folder)
		if err := j.Healthy(); err != nil {
			t.Fatal(err)
		}
		if err := harm(folder); err != nil {
			t.Fatal(err)
		}
		if err := j.Healthy(); err == nil {
			t.Errorf("%s: healthy", name)
		}
	}
	folder := create(t)
	j := open(t, folder)
	if err := os.Remove(filepath.Join(folder, "stops.json")); err != nil {
		t.Fatal(err)
	}
	if _, _, err := j.Stops(); !errors.Is(err, journal.ErrMissing) {
		t.Errorf("stops without their file: %v", err)
	}
}

func TestWhatADeadProcessLeft(t *testing.T) {
	t.Parallel()
	folder := create(t)
	first := open(t, folder)
	begun(t, first, entry("a", 1), entry("b", 1), entry("c", 1))
	first.Answered(entry("a", 1), journal.Answer{State: "sent", Detail: "250 ok", OutsideID: "o"})
	first.Answered(entry("b", 1), journal.Answer{State: "queued", Reason: "relay", Turn: time.UnixMicro(5).UTC()})
	first.Answered(entry("c", 7), journal.Answer{State: "sent"}) // another try's
	begun(t, first, entry("b", 2))
	first.Answered(entry("d", 1), journal.Answer{State: "sent"}) // never begun
	first.Flush()
	second := open(t, folder)
	if left := dead(t, second); len(left) != 0 {
		t.Fatalf("a living process counts as dead: %v", left)
	}
	first.Die()
	left := dead(t, second)
	if len(left) != 1 || left[0].Process != first.Process() || left[0].Torn != 0 || left[0].Damaged || len(left[0].Tries) != 3 {
		t.Fatalf("remains %+v", left)
	}
	tries := left[0].Tries
	if a := tries[journal.Key{Practice: "p", ID: "a"}]; a.Answer == nil || a.Answer.Detail != "250 ok" || a.Answer.OutsideID != "o" || a.Attempt != 1 || !a.At.Equal(entry("", 0).At) {
		t.Errorf("a: %+v", a)
	}
	if b := tries[journal.Key{Practice: "p", ID: "b"}]; b.Answer != nil || b.Attempt != 2 {
		t.Errorf("b: the second try has no answer: %+v", b)
	}
	if c := tries[journal.Key{Practice: "p", ID: "c"}]; c.Answer != nil {
		t.Errorf("c: %+v", c)
	}
	if err := second.Bury(left[0]); err != nil {
		t.Fatal(err)
	}
	if left := dead(t, second); len(left) != 0 {
		t.Errorf("buried, and still there: %v", left)
	}
	if err := second.Close(); err != nil {
		t.Fatal(err)
	}
	if names := files(t, folder, "*.seg"); len(names) != 0 {
		t.Errorf("segments stay: %v", names)
	}
	if names := files(t, folder, "*-*.lock"); len(names) != 0 {
		t.Errorf("locks stay: %v", names)
	}
}

func TestTornEndAndDamage(t *testing.T) {
	t.Parallel()
	folder := create(t)
	j := open(t, folder)
	for i := range 20 {
		begun(t, j, entry(fmt.Sprint(i), 1))
	}
	j.Die()
	name := files(t, folder, "*.seg")[0]
	whole, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	one := (len(whole)) / 21
	for cut := 1; cut < 2*one; cut++ {
		r := journal.ReadRemains(whole[:len(whole)-cut])
		if r.Damaged || len(r.Tries) > 19 || len(r.Tries) < 17 {
			t.Fatalf("cut by %d: %+v", cut, r)
		}
	}
	for at := range len(whole) - 2*one {
		broken := append([]byte(nil), whole...)
		broken[at] ^= 0x10
		if r := journal.ReadRemains(broken); !r.Damaged {
			t.Fatalf("a flipped bit at %d of %d passes for a torn end: %d tries, torn %d", at, len(whole), len(r.Tries), r.Torn)
		}
	}
	zeros := append(append([]byte(nil), whole...), make([]byte, 5000)...)
	if r := journal.ReadRemains(zeros); r.Damaged || len(r.Tries) != 20 || r.Torn != 5000 {
		t.Errorf("zeros at the end: %d tries, torn %d, damaged %v", len(r.Tries), r.Torn, r.Damaged)
	}
	broken := append([]byte(nil), whole...)
	broken[len(whole)/2] ^= 1
	if err := os.WriteFile(name, broken, 0o600); err != nil {
		t.Fatal(err)
	}
	other := open(t, folder)
	left := dead(t, other)
	if len(left) != 1 || !left[0].Damaged {
		t.Fatalf("remains %+v", left)
	}
	if err := other.Bury(left[0]); err != nil {
		t.Fatal(err)
	}
	if names := files(t, folder, "*.damaged"); len(names) != 1 {
		t.Errorf("the damaged segment was not kept: %v", names)
	}
}

func TestManyCallersShareTheDiskAndNothingIsLost(t *testing.T) {
	t.Parallel()
	folder := create(t)
	j := open(t, folder)
	var wait sync.WaitGroup
	for caller := range 8 {
		wait.Go(func() {
			for i := range 50 {
				e := []journal.Entry{entry(fmt.Sprintf("%d-%d-a", caller, i), 1), entry(fmt.Sprintf("%d-%d-b", caller, i), 1)}
				if _, err := j.Begun(e...); err != nil {
					t.Error(err)
					return
				}
				j.Answered(e[0], journal.Answer{State: "sent"})
				if i%7 == 0 {
					j.Flush()
				}
			}
		})
	}
	wait.Wait()
	j.Flush()
	j.Die()
	left := dead(t, open(t, folder))
	answered := 0
	for _, try := range left[0].Tries {
		if try.Answer != nil {
			answered++
		}
	}
	if len(left[0].Tries) != 800 || answered != 400 || left[0].Torn != 0 {
		t.Errorf("%d tries, %d answered, torn %d", len(left[0].Tries), answered, left[0].Torn)
	}
}

func TestTheFolderStaysSmall(t *testing.T) {
	t.Parallel()
	folder := create(t)
	j := open(t, folder)
	long := strings.Repeat("x", 400)
	counts := map[int]int{}
	batch := make([]journal.Entry, 200)
	for n := 0; n < 4*journal.SegmentBytes; n += 200 * 450 {
		for i := range batch {
			batch[i] = entry(fmt.Sprint(n, i)+long, 1)
		}
		counts[begun(t, j, batch...)] += len(batch)
	}
	if len(counts) < 4 || len(files(t, folder, "*.seg")) != len(counts) {
		t.Fatalf("%d segments, files %v", len(counts), files(t, folder, "*.seg"))
	}
	for segment, n := range counts {
		j.Settled(segment, n-1)
	}
	if len(files(t, folder, "*.seg")) != len(counts) {
		t.Error("a segment with an unsettled message was removed")
	}
	for segment := range counts {
		j.Settled(segment, 1)
	}
	if names := files(t, folder, "*.seg"); len(names) != 1 {
		t.Errorf("settled segments stay: %v", names)
	}
}

func TestCloseKeepsWhatIsNotSettled(t *testing.T) {
	t.Parallel()
	folder := create(t)
	j := open(t, folder)
	begun(t, j, entry("a", 1))
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := j.Begun(entry("b", 1)); !errors.Is(err, journal.ErrBroken) {
		t.Errorf("begun after closing: %v", err)
	}
	if left := dead(t, open(t, folder)); len(left) != 1 || len(left[0].Tries) != 1 {
		t.Errorf("remains %+v", left)
	}
}

// What never began, and could not be given back either, is found by the next courier: this process's journal is there, and does not know it.
func TestCloseKeepsWhenToldTo(t *testing.T) {
	t.Parallel()
	folder := create(t)
	for _, keep := range []bool{false, true} {
		j := open(t, folder)
		j.Settled(begun(t, j, entry("a", 1)), 1)
		if keep {
			j.Keep()
		}
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
		left := dead(t, open(t, folder))
		if slices.ContainsFunc(left, func(r journal.Remains) bool { return r.Process == j.Process() }) != keep {
			t.Errorf("told to keep: %v, remains %+v", keep, left)
		}
	}
}

func FuzzSegment(f *testing.F) {
	folder := create(f)
	j := open(f, folder)
	begun(f, j, entry("a", 1))
	j.Answered(entry("a", 1), journal.Answer{State: "sent", Detail: "ok"})
	begun(f, j, entry("b", 2))
	names, err := filepath.Glob(filepath.Join(folder, "*.seg"))
	if err != nil {
		f.Fatal(err)
	}
	raw, err := os.ReadFile(names[0])
	if err != nil {
		f.Fatal(err)
	}
	f.Add(raw)
	f.Add(raw[:len(raw)-3])
	f.Add([]byte{})
	f.Add(append([]byte{255, 255, 255, 255}, raw...))
	f.Fuzz(func(t *testing.T, raw []byte) {
		r := journal.ReadRemains(raw)
		if r.Torn > len(raw) || r.Damaged && r.Torn == 0 {
			t.Errorf("%+v", r)
		}
	})
}

func BenchmarkBegun(b *testing.B) {
	j := open(b, create(b))
	batch := make([]journal.Entry, 8)
	for i := range batch {
		batch[i] = journal.Entry{Practice: store.PracticeID(store.NewID[string]()), ID: store.NewID[string](), Attempt: 1, At: time.Now()}
	}
	b.SetParallelism(5)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			segment, err := j.Begun(batch...)
			if err != nil {
				b.Error(err)
				return
			}
			for _, e := range batch {
				j.Answered(e, journal.Answer{State: "sent", Detail: "250 2.0.0 ok"})
			}
			j.Settled(segment, len(batch))
		}
	})
	b.ReportMetric(float64(b.N*8)/b.Elapsed().Seconds(), "messages/s")
}

// What could not be written has not begun, and nothing begins any more.
func TestADiskThatFails(t *testing.T) {
	t.Parallel()
	j := open(t, create(t))
	j.Die()
	for range 2 {
		if _, err := j.Begun(journal.Entry{Practice: "a", ID: "m", Attempt: 1, At: time.Unix(1_790_000_000, 0)}); !errors.Is(err, journal.ErrBroken) {
			t.Errorf("it began: %v", err)
		}
	}
}
