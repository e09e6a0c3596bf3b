package vault

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"letterhead/fault"
	"letterhead/store"
	"letterhead/testkit"
)

// house is two practices with the same ids, one sealed value each.
type house struct {
	*testing.T
	db     *store.DB
	keeper *Keeper
	clock  *testkit.Clock
	keys   map[store.PracticeID]*Keys
	sealed map[store.PracticeID][]byte
}

var at = Place{Table: "client", Row: "c1", Column: "sealed", Version: 1}

func each(t *testing.T, test func(h *house)) {
	t.Parallel()
	for _, engine := range testkit.Engines() {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			h := &house{T: t, clock: testkit.NewClock(t, "2026-11-22T09:00:00Z"), keys: map[store.PracticeID]*Keys{}, sealed: map[store.PracticeID][]byte{}}
			h.db = testkit.Open(t, engine, h.clock)
			var err error
			if h.keeper, err = NewKeeper(make([]byte, 32)); err != nil {
				t.Fatal(err)
			}
			for _, id := range []store.PracticeID{"a", "b"} {
				h.check(h.db.Change(t.Context(), store.Actor{Practice: id, Agent: "test"}, func(tx *store.Tx) (err error) {
					h.keys[id], err = h.keeper.Keys(t.Context(), tx)
					return err
				}))
				h.sealed[id] = h.keys[id].Seal(at, []byte("jo@example.org"))
			}
			test(h)
		})
	}
}

func (h *house) check(err error) {
	h.Helper()
	if err != nil {
		h.Fatal(err)
	}
}

func petra(practice store.PracticeID) store.Actor {
	return store.Actor{Practice: practice, Member: "petra", Way: store.Way{Route: "GET /clients/{id}", Purpose: "read", Session: "s1", Address: "net1"}}
}

// see opens a client's address.
func (h *house) see(tx *store.Tx, client string) error {
	plain, err := h.keys[tx.Practice].Open(tx, Of{Client: client, Fields: "email,mobile"}, at, h.sealed[tx.Practice])
	if err == nil && string(plain) != "jo@example.org" {
		err = errors.New("opened " + string(plain))
	}
	return err
}

// log is what a practice's log says.
func (h *house) log(practice store.PracticeID, a Asked) (out Looks, counts Counts) {
	h.Helper()
	h.check(h.db.View(h.Context(), store.Actor{Practice: practice, Agent: "test"}, func(tx *store.Tx) (err error) {
		if out, err = Looked(h.Context(), tx, a, MostLooks); err == nil {
			counts, err = CountLooks(h.Context(), tx, a)
		}
		return err
	}))
	return out, counts
}

func (h *house) rows(practice store.PracticeID, want int) []Look {
	h.Helper()
	out, _ := h.log(practice, Asked{})
	if len(out.Looks) != want {
		h.Fatalf("%d rows in the log of %s, want %d: %+v", len(out.Looks), practice, want, out.Looks)
	}
	return out.Looks
}

// Whoever opens has a row, in the transaction that is kept or beside the one that is not: who, by which way, what for, whom and what.
func TestOpeningWritesWhoLooked(t *testing.T) {
	each(t, func(h *house) {
		h.check(h.db.View(h.Context(), petra("a"), func(tx *store.Tx) error { return h.see(tx, "c1") }))
		l := h.rows("a", 1)[0]
		if l.Member != "petra" || l.Session != "s1" || l.Address != "net1" || l.Route != "GET /clients/{id}" || l.Purpose != Read || !slices.Equal(l.Fields, []string{"email", "mobile"}) || l.Shown != 1 || !l.At.Equal(h.clock.Now()) {
			h.Errorf("the row says %+v", l)
		}
		h.rows("b", 0)
		h.check(h.db.Change(h.Context(), petra("b"), func(tx *store.Tx) error { return h.see(tx, "c1") }))
		h.rows("b", 1)
		if out, _ := h.log("a", Asked{Client: "c1"}); len(out.Looks) != 1 {
			h.Errorf("the client's log: %+v", out)
		}
		h.check(h.db.View(h.Context(), store.Actor{Practice: "b", Agent: "test"}, func(tx *store.Tx) error {
			if _, _, err := FindLook(h.Context(), tx, l.ID); !errors.Is(err, ErrNoLook) {
				h.Errorf("another practice's row: %v", err)
			}
			return nil
		}))
		h.check(h.db.View(h.Context(), store.Actor{Practice: "a", Agent: "test"}, func(tx *store.Tx) error {
			_, whom, err := FindLook(h.Context(), tx, l.ID)
			if len(whom) != 1 || whom[0].Client != "c1" || !slices.Equal(whom[0].Fields, []string{"email", "mobile"}) {
				h.Errorf("whom: %+v", whom)
			}
			return err
		}))
	})
}

// A transaction that came to nothing leaves the row of what it had opened, and none when it had opened nothing. One that runs again leaves one.
func TestATransactionThatCameToNothing(t *testing.T) {
	each(t, func(h *house) {
		stop := errors.New("stop")
		for name, door := range map[string]func(context.Context, store.Actor, func(*store.Tx) error) error{"view": h.db.View, "change": h.db.Change} {
			if err := door(h.Context(), petra("a"), func(*store.Tx) error { return stop }); !errors.Is(err, stop) {
				h.Fatal(err)
			}
			h.rows("a", 0)
			_ = name
		}
		if err := h.db.Change(h.Context(), petra("a"), func(tx *store.Tx) error { return errors.Join(h.see(tx, "c1"), stop) }); !errors.Is(err, stop) {
			h.Fatal(err)
		}
		h.rows("a", 1)
		h.clock.Pass(time.Hour)
		if err := h.db.View(h.Context(), petra("a"), func(tx *store.Tx) error { return errors.Join(h.see(tx, "c1"), stop) }); !errors.Is(err, stop) {
			h.Fatal(err)
		}
		h.rows("a", 2)
		gone, cancel := context.WithCancel(h.Context())
		h.clock.Pass(time.Hour)
		_ = h.db.View(gone, petra("a"), func(tx *store.Tx) error {
			err := h.see(tx, "c1")
			cancel()
			return err
		})
		h.rows("a", 3)
	})
}

// Nothing is opened where nobody could say who looked: by nobody, with another practice's keys, after the transaction, as the courier by a person. What
// cannot be written down is not answered.
func TestNothingOpensWithoutARow(t *testing.T) {
	each(t, func(h *house) {
		var over *store.Tx
		refused := func(name string, err error) {
			h.Helper()
			if !errors.Is(err, ErrNobody) {
				h.Errorf("%s: %v", name, err)
			}
		}
		h.check(h.db.View(h.Context(), store.Actor{Practice: "a"}, func(tx *store.Tx) error {
			refused("by nobody", h.see(tx, "c1"))
			return nil
		}))
		h.check(h.db.View(h.Context(), petra("b"), func(tx *store.Tx) error {
			_, err := h.keys["a"].Open(tx, Of{Client: "c1"}, at, h.sealed["a"])
			refused("another practice's", err)
			over = tx
			return nil
		}))
		refused("afterwards", h.see(over, "c1"))
		_, err := h.keys["a"].Open(nil, Of{Client: "c1"}, at, h.sealed["a"])
		refused("without a transaction", err)
		for _, by := range []store.Actor{petra("a"), {Practice: "a", Agent: "program p1", Way: store.Way{Credential: "p1"}}} {
			h.check(h.db.View(h.Context(), by, func(tx *store.Tx) error {
				_, err := h.keeper.Merging(h.Context(), tx)
				refused("as the courier", err)
				return nil
			}))
		}
		h.rows("a", 0)
		strange := petra("a")
		strange.Way.Purpose = "curiosity" // no such word: the row is refused
		for _, door := range []func(context.Context, store.Actor, func(*store.Tx) error) error{h.db.View, h.db.Change} {
			err := door(h.Context(), strange, func(tx *store.Tx) error { return h.see(tx, "c1") })
			if !errors.Is(err, store.ErrTrail) || fault.KindOf(err) != fault.Unavailable {
				h.Errorf("a row that could not be written: %v", err)
			}
		}
		h.rows("a", 0)
	})
}

// What the courier opens to merge is no look by somebody.
func TestTheCourierMergesWithoutARow(t *testing.T) {
	each(t, func(h *house) {
		h.check(h.db.View(h.Context(), store.Actor{Practice: "a", Agent: "courier"}, func(tx *store.Tx) error {
			keys, err := h.keeper.Merging(h.Context(), tx)
			if err == nil {
				_, err = keys.Open(tx, Of{Client: "c1", Fields: "email"}, at, h.sealed["a"])
			}
			return err
		}))
		h.rows("a", 0)
	})
}

// A list is one row and one transaction, however many it shows; the same list again within a quarter of an hour is counted on it.
func TestAListIsOneRow(t *testing.T) {
	each(t, func(h *house) {
		var statements atomic.Int64
		ctx := store.Counting(h.Context(), &statements)
		list := func(n int) {
			h.check(h.db.View(ctx, petra("a"), func(tx *store.Tx) error {
				for i := range n {
					if err := h.see(tx, fmt.Sprintf("c%d", i)); err != nil {
						return err
					}
				}
				return Saw(tx, Of{Client: "c0", Fields: "name"})
			}))
		}
		list(50)
		if n := statements.Load(); n > 3 {
			h.Errorf("%d statements for a list of 50", n)
		}
		h.clock.Pass(10 * time.Minute)
		list(50)
		l := h.rows("a", 1)[0]
		if l.Shown != 50 || l.Times != 2 || l.Last.Sub(l.At) != 10*time.Minute || !slices.Equal(l.Fields, []string{"email", "mobile", "name"}) {
			h.Errorf("two looks are %+v", l)
		}
		list(51) // another list
		h.rows("a", 2)
		h.clock.Pass(Together + time.Second)
		list(50)
		h.rows("a", 3)
		list(MostClients + 20)
		if l := h.rows("a", 4)[0]; l.Shown != MostClients+20 {
			h.Errorf("shown %d", l.Shown)
		}
		if _, c := h.log("a", Asked{}); c.Clients != MostClients || c.Times != 5 || c.Members != 1 {
			h.Errorf("counts %+v", c)
		}
	})
}

// What was asked for is what is answered: by member, session, program, address, client and time, page by page.
func TestTheLogIsAsked(t *testing.T) {
	each(t, func(h *house) {
		began := h.clock.Now()
		for i := range 30 {
			who := petra("a")
			switch i % 3 {
			case 1:
				who = store.Actor{Practice: "a", Member: "liam", Way: store.Way{Session: "s2", Address: "net2", Purpose: "change"}}
			case 2:
				who = store.Actor{Practice: "a", Agent: "program p1", Way: store.Way{Credential: "p1", Address: "net1", Purpose: "read"}}
			}
			h.check(h.db.View(h.Context(), who, func(tx *store.Tx) error { return h.see(tx, fmt.Sprintf("c%d", i)) }))
			h.check(h.db.View(h.Context(), petra("b"), func(tx *store.Tx) error { return h.see(tx, "c1") }))
			h.clock.Pass(time.Hour)
		}
		for name, c := range map[string]struct {
			asked Asked
			want  int64
		}{
			"all": {Asked{}, 30}, "member": {Asked{Member: "petra"}, 10}, "session": {Asked{Session: "s2"}, 10}, "credential": {Asked{Credential: "p1"}, 10}, "address": {Asked{Address: "net1"}, 20},
			"client": {Asked{Client: "c7"}, 1}, "client and member": {Asked{Client: "c7", Member: "petra"}, 0}, "from": {Asked{From: began.Add(20 * time.Hour)}, 10},
			"to": {Asked{To: began.Add(3 * time.Hour)}, 3}, "window of a session": {Asked{Session: "s2", From: began.Add(3 * time.Hour), To: began.Add(9 * time.Hour)}, 2}, "nobody": {Asked{Member: "mere"}, 0},
		} {
			out, counts := h.log("a", c.asked)
			if int64(len(out.Looks)) != c.want || counts.Looks != c.want || counts.Times != c.want || counts.Clients != c.want {
				h.Errorf("%s: %d rows, counts %+v, want %d", name, len(out.Looks), counts, c.want)
			}
		}
		h.check(h.db.View(h.Context(), store.Actor{Practice: "a", Agent: "test"}, func(tx *store.Tx) error {
			var seen []string
			for asked := (Asked{Address: "net1"}); ; {
				page, err := Looked(h.Context(), tx, asked, 7)
				if err != nil {
					return err
				}
				for _, l := range page.Looks {
					seen = append(seen, l.ID)
				}
				if asked.After = page.Next; page.Next == "" {
					break
				}
			}
			if slices.Sort(seen); len(seen) != 20 || len(slices.Compact(seen)) != 20 {
				h.Errorf("%d rows on the pages", len(seen))
			}
			if _, err := Looked(h.Context(), tx, Asked{After: "x"}, 7); fault.KindOf(err) != fault.Invalid {
				h.Errorf("a strange cursor: %v", err)
			}
			return nil
		}))
	})
}

// Nothing is forgotten before its time, nor another practice's; what was looked at again counts from then.
func TestForgettingIsNeverEarly(t *testing.T) {
	each(t, func(h *house) {
		look := func(practice store.PracticeID, client string) {
			h.check(h.db.View(h.Context(), petra(practice), func(tx *store.Tx) error { return h.see(tx, client) }))
		}
		for range 5 {
			look("a", "c1")
			look("b", "c1")
			h.clock.Pass(24 * time.Hour)
		}
		began := h.clock.Now()
		look("a", "c2")
		h.clock.Pass(10 * time.Minute)
		look("a", "c2")
		forget := func(before time.Time) (steps int) {
			for more := true; more; steps++ {
				h.check(h.db.Change(h.Context(), store.Actor{Practice: "a", Agent: "job"}, func(tx *store.Tx) (err error) {
					more, err = Forget(h.Context(), tx, before, 2)
					return err
				}))
			}
			return steps
		}
		forget(began.Add(-5 * 24 * time.Hour)) // the very instant of the first
		h.rows("a", 6)
		forget(began.Add(-3 * 24 * time.Hour))
		h.rows("a", 4)
		forget(began.Add(time.Minute)) // begun before it, seen after it
		if left := h.rows("a", 1); left[0].Times != 2 {
			h.Errorf("left: %+v", left)
		}
		forget(began.Add(time.Hour))
		h.rows("a", 0)
		h.rows("b", 5)
		var n int
		h.check(h.db.View(h.Context(), store.Actor{Practice: "a", Agent: "test"}, func(tx *store.Tx) error {
			return tx.Row(h.Context(), `SELECT count(*) FROM look_client WHERE practice = $1`).Scan(&n)
		}))
		if n != 0 {
			h.Errorf("%d clients of forgotten looks", n)
		}
	})
}

// The row says nobody's name, address or number, nor the network address.
func TestTheLogHoldsReferencesAlone(t *testing.T) {
	each(t, func(h *house) {
		k := h.keeper
		one, two := k.Network("a", "192.0.2.7"), k.Network("b", "192.0.2.7")
		if one == two || one == k.Network("a", "192.0.2.8") || one != k.Network("a", "192.0.2.7") || strings.Contains(one, "192") || k.Network("a", "") != "" {
			h.Errorf("network references %q %q", one, two)
		}
	})
}

// A log of 40,000 rows is asked, counted and forgotten along its indexes.
func TestTheLogIsReadAlongIndexes(t *testing.T) {
	each(t, func(h *house) {
		for _, practice := range []store.PracticeID{"a", "b"} {
			h.check(h.db.Change(h.Context(), store.Actor{Practice: practice, Agent: "test"}, func(tx *store.Tx) error {
				looks, clients := make([][]any, 20_000), make([][]any, 20_000)
				for i := range looks {
					id := fmt.Sprintf("l%06d", i)
					looks[i] = []any{id, i, i, 1, fmt.Sprintf("m%d", i%40), "", fmt.Sprintf("p%d", i%60), fmt.Sprintf("s%d", i%400), fmt.Sprintf("n%d", i%90), "GET /", "read", "name", 1, id}
					clients[i] = []any{fmt.Sprintf("c%d", i%2000), i, id, "name"}
				}
				if _, err := tx.Bulk(h.Context(), `INSERT INTO look (practice, id, at, last, times, member, agent, credential, session, address, route, purpose, fields, shown, sum) VALUES`, "", looks); err != nil {
					return err
				}
				_, err := tx.Bulk(h.Context(), `INSERT INTO look_client (practice, client, at, look, fields) VALUES`, "", clients)
				return err
			}))
		}
		h.check(h.db.Analyze(h.Context(), "look", "look_client"))
		for index, a := range map[string]Asked{"look_latest": {}, "look_member": {Member: "m1"}, "look_session": {Session: "s1"}, "look_credential": {Credential: "p1"}, "look_address": {Address: "n1"}, "look_client_pkey": {Client: "c1"}} {
			query, args, err := a.query(50)
			h.check(err)
			h.planned(index, query, append([]any{"a"}, args...))
		}
		h.planned("look_session", sessionAgain, []any{"a", "s1", "sum", 19_000, 20_000})
		h.planned("look_credential", credentialAgain, []any{"a", "p1", "sum", 19_000, 20_000})
		h.planned("look_latest", forgetQuery, []any{"a", 10, 100})
	})
}

func (h *house) planned(index, query string, args []any) {
	h.Helper()
	h.check(h.db.Whole(h.Context(), "test", func(w *store.Wide) error {
		plan, err := w.Plan(h.Context(), query, args...)
		other := strings.ReplaceAll(index, "look_client_pkey", "sqlite_autoindex_look_client_1")
		if !strings.Contains(plan, index) && !strings.Contains(plan, other) || strings.Contains(plan, "Seq Scan") || strings.Contains(plan, "SCAN l") {
			h.Errorf("%s is not used:\n%s", index, plan)
		}
		return err
	}))
}
