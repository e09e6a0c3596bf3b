package suppressed_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"letterhead/courier/journal"
	"letterhead/courier/suppressed"
	"letterhead/message"
	"letterhead/store"
	"letterhead/testkit"
	"letterhead/vault"

	"pgregory.net/rapid"
)

var start = time.Date(2026, 11, 2, 0, 0, 0, 0, time.UTC)

func folder(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	if err := journal.Create(dir, "here", 1); err != nil {
		t.Fatal(err)
	}
	return dir
}

func beside(t testing.TB, dir string) *suppressed.Set {
	t.Helper()
	s, err := suppressed.Beside(dir, "here", 1)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func of(practice, index string, purpose message.Purpose) message.Suppression {
	return message.Suppression{Practice: store.PracticeID(practice), Channel: message.Email, AddressIndex: index, Purpose: purpose, Reason: "stop"}
}

// Against a map: notes, wishes, restarts, another process, long times; whatever was noted stands until a later wish.
func TestASetIsWhatWasNotedAndNotAskedAgainSince(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		dir, err := os.MkdirTemp(t.TempDir(), "x")
		if err == nil {
			err = journal.Create(filepath.Join(dir, "j"), "here", 1)
		}
		if err != nil {
			t.Fatal(err)
		}
		dir = filepath.Join(dir, "j")
		sets := []*suppressed.Set{beside(t, dir), beside(t, dir)}
		known, now := map[message.Suppression]time.Time{}, start
		for range rapid.IntRange(1, 40).Draw(r, "steps") {
			now = now.Add(time.Duration(rapid.IntRange(1, 100_000).Draw(r, "seconds")) * time.Second)
			at := rapid.IntRange(0, 1).Draw(r, "process")
			s := of(rapid.SampledFrom([]string{"a", "b"}).Draw(r, "practice"), rapid.SampledFrom([]string{"x", "y"}).Draw(r, "index"), rapid.SampledFrom([]message.Purpose{"", message.Marketing}).Draw(r, "purpose"))
			since, is := known[s]
			switch rapid.IntRange(0, 3).Draw(r, "what") {
			case 0:
				if err := sets[at].Note(now, s); err != nil {
					r.Fatal(err)
				}
				known[s] = now
			case 1:
				asked := now.Add(-time.Duration(rapid.IntRange(0, 100_000).Draw(r, "before")) * time.Second)
				done, err := sets[at].Again(now, asked, s)
				if err != nil || done != (!is || asked.Unix() > since.Unix()) {
					r.Fatalf("a wish of %v for what was suppressed at %v: %v %v", asked, since, done, err)
				}
				if done {
					delete(known, s)
				}
			case 2: // as after a kill: nothing is closed in good order
				sets[at] = beside(t, dir)
			case 3:
				found, err := sets[at].Ask(now, []message.Suppression{s})
				if err != nil || found[0] != is {
					r.Fatalf("%+v: %v %v", s, found, err)
				}
			}
		}
	})
}

// What is torn at the end had not been acknowledged; what is damaged, cut, missing or another's is an error.
func TestAFileThatCannotBeBelieved(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		spoil func(log string) error
		fine  bool
	}{
		"torn": {func(log string) error {
			f, err := os.OpenFile(log, os.O_APPEND|os.O_WRONLY, 0)
			if err == nil {
				_, err = f.Write([]byte{40, 0, 0, 0, 1, 2, 3, 4, 'S', 9})
				err = errors.Join(err, f.Close())
			}
			return err
		}, true},
		"cut": {func(log string) error { return os.Truncate(log, 60) }, false},
		"changed": {func(log string) error {
			raw, err := os.ReadFile(log)
			if err == nil {
				raw[len(raw)-40] ^= 4
				err = errors.Join(os.Remove(log), os.WriteFile(log, raw, 0o600))
			}
			return err
		}, false},
		"gone": {os.Remove, false},
		"of another": {func(log string) error {
			other := filepath.Dir(log) + "-other"
			if err := journal.Create(other, "here", 1); err != nil {
				return err
			}
			return os.Rename(filepath.Join(other, "suppressed.set"), filepath.Join(filepath.Dir(log), "suppressed.set"))
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := folder(t)
			s := beside(t, dir)
			for i := range 5 {
				if err := s.Note(start, of("a", fmt.Sprint(i), "")); err != nil {
					t.Fatal(err)
				}
			}
			if err := c.spoil(filepath.Join(dir, "suppressed.log")); err != nil {
				t.Fatal(err)
			}
			again, err := suppressed.Beside(dir, "here", 1)
			if err == nil {
				defer again.Close()
				var found []bool
				if found, err = again.Ask(start, []message.Suppression{of("a", "4", ""), of("b", "4", "")}); err == nil && (!found[0] || found[1]) {
					err = fmt.Errorf("found %v", found)
				}
			}
			if (err == nil) != c.fine {
				t.Errorf("%v", err)
			}
		})
	}
	if _, err := suppressed.Beside(folder(t), "there", 1); err == nil {
		t.Error("another installation's is opened")
	}
}

// A million: what they cost in memory and on disk, and a question. LETTERHEAD_MANY=1000000 for the figure of docs/limits.md.
func TestManySuppressedAddresses(t *testing.T) {
	t.Parallel()
	many := 60_000
	if os.Getenv("LETTERHEAD_MANY") != "" {
		if _, err := fmt.Sscan(os.Getenv("LETTERHEAD_MANY"), &many); err != nil {
			t.Fatal(err)
		}
	}
	dir := folder(t)
	s := beside(t, dir)
	began := time.Now()
	now := start
	for i := 0; i < many; i += 10_000 {
		list := make([]message.Suppression, 10_000)
		for j := range list {
			list[j] = of("a", fmt.Sprint(i+j), "")
			list[j].At = start.AddDate(-1, 0, 0)
		}
		now = now.Add(time.Minute)
		if err := s.Note(now, list...); err != nil {
			t.Fatal(err)
		}
	}
	noted := time.Since(began)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	began = time.Now()
	s = beside(t, dir)
	opened := time.Since(began)
	runtime.GC()
	runtime.ReadMemStats(&after)
	began = time.Now()
	for i := 0; i < 10_000; i += 100 {
		list := make([]message.Suppression, 100)
		for j := range list {
			list[j] = of("a", fmt.Sprint((i+j)*(many/10_000)), "")
			if j%2 == 1 {
				list[j].Practice = "b"
			}
		}
		found, err := s.Ask(now, list)
		if err != nil {
			t.Fatal(err)
		}
		for j, is := range found {
			if is != (j%2 == 0) {
				t.Fatalf("%d: %v", j, is)
			}
		}
	}
	asked := time.Since(began)
	log, err := os.Stat(filepath.Join(dir, "suppressed.log"))
	if err != nil {
		t.Fatal(err)
	}
	set, err := os.Stat(filepath.Join(dir, "suppressed.set"))
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d addresses: noted in %v, opened in %v, %d kB of memory, %d kB of log, %d kB of set; a question %v", many, noted, opened, (int64(after.HeapAlloc)-int64(before.HeapAlloc))/1000, log.Size()/1000, set.Size()/1000, asked/10_000)
	if log.Size() > 4<<20 || set.Size() < 8 {
		t.Error("nothing was put together")
	}
}

// Rows are taken over; a wish counts with the practice's own proof alone, once, and not for what came after it.
func TestRowsAreTakenOver(t *testing.T) {
	testkit.Each(t, func(t *testing.T, db *store.DB) {
		keeper, err := vault.NewKeeper(make([]byte, 32))
		if err != nil {
			t.Fatal(err)
		}
		set := beside(t, folder(t))
		taker := suppressed.Taker{DB: db, Keeper: keeper, Set: set}
		change := func(p store.PracticeID, do func(*store.Tx, *vault.Keys) error) {
			t.Helper()
			err := db.Change(t.Context(), store.Actor{Practice: p, Agent: "test"}, func(tx *store.Tx) error {
				keys, err := keeper.Keys(t.Context(), tx)
				if err != nil {
					return err
				}
				return do(tx, keys)
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		stands := func(what string, want bool) {
			t.Helper()
			if _, err := taker.Take(t.Context(), 10); err != nil {
				t.Fatal(err)
			}
			found, err := set.Ask(db.Now(), []message.Suppression{of("a", "x", ""), of("b", "x", ""), of("a", "x", message.Marketing)})
			if err != nil || found[0] != want || !found[1] || found[2] {
				t.Fatalf("%s: %v, %v", what, found, err)
			}
		}
		sql := func(statement string, args ...any) {
			t.Helper()
			change("a", func(tx *store.Tx, _ *vault.Keys) error {
				_, err := tx.Exec(t.Context(), statement, args...)
				return err
			})
		}
		for _, p := range []store.PracticeID{"a", "b"} {
			change(p, func(tx *store.Tx, _ *vault.Keys) error {
				tx.Now = tx.Now.Add(-time.Minute)
				return message.Suppress(t.Context(), tx, of("", "x", ""))
			})
		}
		stands("taken over", true)
		sql(`DELETE FROM suppression WHERE practice = $1`)
		stands("its row deleted", true)
		// What somebody who writes rows may try as a wish.
		var proof string
		change("b", func(tx *store.Tx, keys *vault.Keys) error { // of the other practice; not carried out there
			if err := message.Allow(t.Context(), tx, keys, of("", "z", "")); err != nil {
				return err
			}
			return tx.Row(t.Context(), `SELECT proof FROM suppression WHERE practice = $1 AND address_index = 'z'`).Scan(&proof)
		})
		for _, forged := range []string{"x", "0.", proof, "zzzzzz." + proof} {
			sql(`INSERT INTO suppression (practice, channel, address_index, purpose, reason, at, proof) VALUES ($1, 'email', 'x', 'all', 'stop', 1, $2)
				ON CONFLICT (practice, channel, address_index, purpose) DO UPDATE SET noted = 0, proof = excluded.proof`, forged)
			stands("a wish with the proof "+forged, true)
		}
		sql(`DELETE FROM suppression WHERE practice = $1`)
		// The client asks again, half a minute later.
		change("a", func(tx *store.Tx, keys *vault.Keys) error {
			tx.Now = tx.Now.Add(-30 * time.Second)
			if err := message.Allow(t.Context(), tx, keys, of("", "x", "")); err != nil {
				return err
			}
			return tx.Row(t.Context(), `SELECT proof FROM suppression WHERE practice = $1 AND address_index = 'x'`).Scan(&proof)
		})
		change("a", func(_ *store.Tx, keys *vault.Keys) error {
			if now := db.Now(); message.Asked(keys, of("a", "x", ""), proof, now).IsZero() || !message.Asked(keys, of("a", "x", ""), proof, now.Add(message.AskedFor)).IsZero() {
				t.Error("a wish counts for some days, and not for longer")
			}
			return nil
		})
		stands("asked again", false)
		left := -1
		change("a", func(tx *store.Tx, _ *vault.Keys) error {
			return tx.Row(t.Context(), `SELECT COUNT(*) FROM suppression WHERE practice = $1`).Scan(&left)
		})
		if left != 0 {
			t.Errorf("%d rows are left of the wish", left)
		}
		// They say STOP again; the old wish, kept by somebody, is worth nothing.
		change("a", func(tx *store.Tx, _ *vault.Keys) error {
			tx.Now = tx.Now.Add(-10 * time.Second)
			return message.Suppress(t.Context(), tx, of("", "x", ""))
		})
		stands("suppressed again", true)
		sql(`UPDATE suppression SET proof = $2, noted = 0 WHERE practice = $1 AND address_index = 'x'`, proof)
		stands("the wish of before", true)
	})
}

// A backup that is put back comes with rows that say "noted" of a journal that is not there any more: all are taken over again, and hold without them.
func TestAfterARestoreEveryRowIsTakenOverAgain(t *testing.T) {
	testkit.Each(t, func(t *testing.T, db *store.DB) {
		keeper, err := vault.NewKeeper(make([]byte, 32))
		if err != nil {
			t.Fatal(err)
		}
		err = db.Change(t.Context(), store.Actor{Practice: "a", Agent: "test"}, func(tx *store.Tx) error {
			return message.Suppress(t.Context(), tx, of("", "x", ""))
		})
		if err != nil {
			t.Fatal(err)
		}
		take := func(taker suppressed.Taker) {
			t.Helper()
			if _, err := taker.Take(t.Context(), 10); err != nil {
				t.Fatal(err)
			}
		}
		whole := func(do func(*store.Wide) error) {
			t.Helper()
			if err := db.Whole(t.Context(), "test", do); err != nil {
				t.Fatal(err)
			}
		}
		take(suppressed.Taker{DB: db, Keeper: keeper, Set: beside(t, folder(t))})
		restored := suppressed.Taker{DB: db, Keeper: keeper, Set: beside(t, folder(t))}
		knows := func() bool {
			found, err := restored.Set.Ask(db.Now(), []message.Suppression{of("a", "x", "")})
			if err != nil {
				t.Fatal(err)
			}
			return found[0]
		}
		if take(restored); knows() {
			t.Fatal("a row that says noted was taken over without being asked anew: the test shows nothing")
		}
		whole(func(w *store.Wide) error { return message.Anew(t.Context(), w) })
		take(restored)
		whole(func(w *store.Wide) error {
			_, err := w.Exec(t.Context(), `DELETE FROM suppression`)
			return err
		})
		if take(restored); !knows() {
			t.Error("after the restore, a deleted row is forgotten")
		}
	})
}

func BenchmarkAsk(b *testing.B) {
	s := beside(b, folder(b))
	list := make([]message.Suppression, 200)
	for i := range list {
		list[i] = of("a", fmt.Sprint(i), "")
	}
	n := 0
	for b.Loop() {
		if _, err := s.Ask(start, list); err != nil {
			b.Fatal(err)
		}
		n += 100
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(n), "ns/message")
}
