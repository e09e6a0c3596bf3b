package courier_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"letterhead/courier/kept"
	"letterhead/ledger"
	"letterhead/ledger/leaf"
	"letterhead/message"
	"letterhead/store"
	"letterhead/testkit"
	"letterhead/testkit/sink"
	"letterhead/vault"
)

// sent is an installation whose messages have left, copied aside with its courier's folder, and what was claimed by it.
type sent struct {
	*world
	clock   *testkit.Clock
	sink    *sink.SMTP
	refused atomic.Int64
	file    string
	claims  map[string]string // by practice and id
	before  map[string][]any  // rows as they were before they left
	names   []string          // of the columns of message
}

// claimed are the columns of message that say what was sent, to whom, why, with what fate, and whether it left from 09:59 to 10:10.
const claimed = `kind || '/' || channel || '/' || purpose || '/' || subject || '/' || digest || '/' || appointment || '/' || attendee || '/' || client || '/' || recipient || '/' || state || '/' ||
	message_id || '/' || created_at || '/' || not_after || '/' || (left_at BETWEEN 1793613540000000 AND 1793614200000000)`

func (s *sent) readClaims(db *store.DB) map[string]string {
	s.t.Helper()
	out := map[string]string{}
	err := db.WholeView(context.Background(), "test", func(w *store.Wide) error {
		rows, err := w.Query(context.Background(), `SELECT practice || '/' || id, `+claimed+` FROM message`)
		_, err = store.Collect(rows, err, func(r *store.Rows) (none struct{}, err error) {
			var name, claim string
			err = r.Scan(&name, &claim)
			out[name] = claim
			return none, err
		})
		return err
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return out
}

// row reads all columns of a message.
func (s *sent) row(w *store.Wide, name string) ([]any, error) {
	p, id, _ := strings.Cut(name, "/")
	values := make([]any, len(s.names))
	into := make([]any, len(values))
	for i := range values {
		into[i] = &values[i]
	}
	return values, w.Row(context.Background(), `SELECT `+strings.Join(s.names, ", ")+` FROM message WHERE practice = $1 AND id = $2`, p, id).Scan(into...)
}

func keepSent(t *testing.T) *sent {
	t.Helper()
	s := &sent{clock: testkit.NewClock(t, "2026-11-02T10:00:00Z"), file: filepath.Join(t.TempDir(), "sent.db"), before: map[string][]any{}}
	db := testkit.Open(t, testkit.SQLite, s.clock)
	s.world = newWorld(t, db, "a", "b")
	s.sink = listen(t, sink.SMTPOptions{Refuse: func(_, to string, _ []byte) error {
		if strings.HasPrefix(to, "m3@") {
			s.refused.Add(1)
			return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "nobody"}
		}
		return nil
	}})
	s.queue("a", "m", 9, nil)
	s.queue("b", "m", 5, nil)
	s.whole(func(w *store.Wide) error {
		rows, err := w.Query(context.Background(), `SELECT name FROM pragma_table_info('message')`)
		s.names, err = store.Collect(rows, err, func(r *store.Rows) (name string, err error) { return name, r.Scan(&name) })
		return err
	})
	for name := range s.readClaims(db) {
		s.whole(func(w *store.Wide) (err error) {
			s.before[name], err = s.row(w, name)
			return err
		})
	}
	s.drain(s.options(relayTo(s.sink.Address())))
	s.claims = s.readClaims(db)
	if err := db.Backup(t.Context(), s.file); err != nil {
		t.Fatal(err)
	}
	return s
}

// tamper changes rows of messages, their steps or codes, as whoever writes every row may.
func (s *sent) tamper(w *store.Wide, random *rand.Rand) (name string, err error) {
	ctx := context.Background()
	all := slices.Sorted(maps.Keys(s.claims))
	one, other := all[random.IntN(len(all))], all[random.IntN(len(all))]
	p, id, _ := strings.Cut(one, "/")
	of, otherID, _ := strings.Cut(other, "/")
	column := s.names[2+random.IntN(len(s.names)-2)]
	do := func(say, statement string, args ...any) (string, error) {
		_, err := w.Exec(ctx, statement, args...)
		return say + " " + one, err
	}
	switch random.IntN(9) {
	case 0:
		if _, err := w.Exec(ctx, `DELETE FROM message_step WHERE practice = $1 AND message = $2`, p, id); err != nil {
			return "", err
		}
		return do("delete", `DELETE FROM message WHERE practice = $1 AND id = $2`, p, id)
	case 1:
		rest := strings.Join(s.names[2:], ", ")
		return do("double", `INSERT INTO message (practice, id, `+rest+`) SELECT practice, id || '-again', `+rest+` FROM message WHERE practice = $1 AND id = $2`, p, id)
	case 2:
		return do(column+" of "+other+" in", `UPDATE message SET `+column+` = (SELECT `+column+` FROM message WHERE practice = $3 AND id = $4) WHERE practice = $1 AND id = $2`, p, id, of, otherID)
	case 3:
		set := make([]string, 0, len(s.names))
		for i, c := range s.names[2:] {
			set = append(set, fmt.Sprintf("%s = $%d", c, i+3))
		}
		return do("roll back", `UPDATE message SET `+strings.Join(set, ", ")+` WHERE practice = $1 AND id = $2`, append([]any{p, id}, s.before[one][2:]...)...)
	case 4:
		at := []string{"created_at", "left_at", "changed_at", "not_after", "turn"}[random.IntN(5)]
		return do("back-date "+at+" of", `UPDATE message SET `+at+` = `+at+` - $3 WHERE practice = $1 AND id = $2`, p, id, random.Int64N(3_000_000_000))
	case 5:
		state := []message.State{message.Queued, message.Held, message.Leaving, message.Sent, message.Refused, message.MaybeSent, message.Dropped}[random.IntN(7)]
		return do(string(state)+":", `UPDATE message SET state = $3 WHERE practice = $1 AND id = $2`, p, id, string(state))
	case 6:
		return do("sealed words away and untried:", `UPDATE message SET sealed = NULL, attempts = $3 WHERE practice = $1 AND id = $2`, p, id, random.IntN(3))
	case 7:
		return do("codes and steps away", []string{`DELETE FROM message_code WHERE practice = $1`, `DELETE FROM message_step WHERE practice = $1`,
			`UPDATE message_code SET message = $2 WHERE practice = $1`, `UPDATE message_step SET message = $2, step = 'delivered' WHERE practice = $1`}[random.IntN(4)]+` AND $2 <> ''`, p, id)
	}
	values, err := s.row(w, one)
	if err != nil {
		return "", err
	}
	value := values[slices.Index(s.names, column)]
	switch v := value.(type) {
	case int64:
		value = v ^ 1<<random.IntN(40)
	case string:
		value = string(flipped(random, []byte(v+"x")))
	case []byte:
		value = flipped(random, v)
	}
	return do("a bit in "+column+" of", `UPDATE message SET `+column+` = $3 WHERE practice = $1 AND id = $2`, p, id, value)
}

func flipped(random *rand.Rand, raw []byte) []byte {
	out := slices.Clone(raw)
	out[random.IntN(len(out))] ^= 1 << random.IntN(7)
	return out
}

// told looks at each message as its page does, and at how many left as doctor does, and returns what is noticed.
func (s *sent) told(db *store.DB) (found []string, err error) {
	ctx := context.Background()
	again := *s.world
	again.db = db
	err = db.WholeView(ctx, "test", func(w *store.Wide) error {
		all, err := ledger.Audit(ctx, w)
		if err != nil {
			return err
		}
		left, err := message.Departures(ctx, w)
		if !maps.Equal(left, all.Messages) {
			found = append(found, "count")
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	for name := range s.readClaims(db) {
		p, id, _ := strings.Cut(name, "/")
		what, err := again.onPage(store.PracticeID(p), message.ID(id))
		if err != nil {
			return nil, err
		}
		found = append(found, what...)
	}
	return found, nil
}

// onPage is what a message's page finds of one.
func (w *world) onPage(p store.PracticeID, id message.ID) (differs []string, err error) {
	ctx := context.Background()
	var m message.Message
	var r *kept.Record
	err = w.db.View(ctx, store.Actor{Practice: p, Agent: "test"}, func(tx *store.Tx) error {
		if m, err = message.Find(ctx, tx, id); err != nil {
			return err
		}
		sealed, err := message.Sealed(ctx, tx, id)
		if err != nil || len(sealed) == 0 {
			return err
		}
		keys, err := w.keeper.Keys(ctx, tx)
		if err != nil {
			return err
		}
		table, row, column, version := m.Place()
		raw, err := keys.Open(tx, vault.Of{Client: m.Client, Fields: "message"}, vault.Place{Table: table, Row: row, Column: column, Version: version}, sealed)
		if errors.Is(err, vault.ErrSealed) {
			differs = []string{"sealed"}
			return nil
		}
		if err == nil {
			r, err = kept.Parse(raw)
		}
		return err
	})
	if err != nil || r == nil {
		return differs, err
	}
	found, err := w.proved(p, r)
	if errors.Is(err, store.ErrNone) {
		return []string{"no leaf"}, nil
	}
	if err != nil {
		return nil, err
	}
	differs = r.Row(&m, store.Instant(found.Leaf.At), found.Fate)
	var content map[string][]byte
	from := kept.Sources{Digest: m.Digest}
	err = w.db.View(ctx, store.Actor{Practice: p, Agent: "test"}, func(tx *store.Tx) (err error) {
		if content, err = w.source.Versions(ctx, tx, []string{m.Version}); err == nil {
			from.Directory, err = w.source.Directory(ctx, tx, r.Directory)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	from.Version = content[m.Version]
	made, err := r.Make(kept.Sent{SMS: m.Channel == message.SMS, MessageID: m.MessageID, Way: m.Purpose == message.Marketing}, from)
	if err != nil {
		return append(differs, "not what it was made of"), nil
	}
	said, _ := found.Leaf.Body.(*leaf.Message)
	return append(differs, made.Fits(r, said)...), nil
}

// Rows of messages are changed at random, and a courier begins: it crashes at nothing, nothing leaves without a leaf, the evidence holds and has each message that
// left, and a row that claims something else is told from the record by its page or by the count.
func TestTamperedMessagesAreFound(t *testing.T) {
	t.Parallel()
	s := keepSent(t)
	if found, err := s.told(s.db); err != nil || len(found) > 0 || len(s.claims) != 14 {
		t.Fatal("before anybody touched it: ", found, err)
	}
	random := rand.New(rand.NewPCG(4, 5))
	by, harmless, again := map[string]int{}, 0, 0
	times := 60
	if many, err := strconv.Atoi(os.Getenv("LETTERHEAD_TAMPERINGS")); err == nil {
		times = many
	}
	home, start := s.folder, s.clock.Now()
	for n := range times {
		folder := t.TempDir()
		file := filepath.Join(folder, "changed.db")
		raw, err := os.ReadFile(s.file)
		if err == nil {
			err = errors.Join(os.WriteFile(file, raw, 0o600), os.CopyFS(filepath.Join(folder, "courier"), os.DirFS(home)))
		}
		if err != nil {
			t.Fatal(err)
		}
		db, err := store.Open(t.Context(), store.Config{URL: "sqlite:" + file, Now: s.clock.Now})
		if err != nil {
			t.Fatal(err)
		}
		name := ""
		err = db.Whole(t.Context(), "test", func(w *store.Wide) (err error) {
			if _, err = w.Exec(context.Background(), `PRAGMA defer_foreign_keys = ON`); err == nil {
				name, err = s.tamper(w, random)
			}
			return err
		})
		if err != nil { // the database itself refused it
			harmless++
			_ = db.Close()
			continue
		}
		world := *s.world
		world.db, world.folder = db, filepath.Join(folder, "courier")
		s.world.folder = world.folder
		before := s.sink.Count() + int(s.refused.Load())
		s.clock.Set(start.Add(time.Second))
		process := world.courier(world.options(relayTo(s.sink.Address())))
		drained := process.Drain(t.Context(), db.Now())
		if err := process.Close(); err != nil {
			t.Fatal(err)
		}
		more := s.sink.Count() + int(s.refused.Load()) - before
		again += more
		found, err := s.told(db)
		changed := !maps.Equal(s.readClaims(db), s.claims)
		a, errA := world.evidence("a")
		b, errB := world.evidence("b")
		switch {
		case err != nil || errA != nil || errB != nil:
			t.Errorf("%d: %s: %v %v %v", n, name, err, errA, errB)
		case a.Messages+b.Messages != len(s.claims)+more:
			t.Errorf("%d: %s: %d messages are on record, %d left, %d more (%v)", n, name, a.Messages+b.Messages, len(s.claims), more, drained)
		case len(found) > 0:
			by[found[0]]++
		case changed:
			t.Errorf("%d: %s: a row claims something else and nobody finds it", n, name)
		default:
			harmless++
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%d tamperings, first found by %v; %d changed nothing that is claimed; %d left again, each on record", times, by, harmless, again)
	if by["count"] < times/20 || by[kept.PartRow]+by["sealed"] < times/20 || harmless > times/2 {
		t.Errorf("found by %v, %d harmless", by, harmless)
	}
}

// What a message said, or all that a practice has sealed, is erased: its leaves stay, the evidence holds as before to the last byte, and what left still has its count.
func TestErasingLeavesTheRecordValid(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx := context.Background()
		s := listen(t, sink.SMTPOptions{})
		w.queue("a", "m", 3, nil)
		w.queue("b", "m", 2, nil)
		w.drain(w.options(relayTo(s.Address())))
		if _, err := w.evidence("a"); err != nil {
			t.Fatal(err)
		}
		before := w.evidenceFile("a")
		w.change("a", func(tx *store.Tx) error { _, err := message.Erase(ctx, tx, "m1"); return err })
		m := w.find("a", "m1")
		if differs, err := w.onPage("a", "m1"); err != nil || len(differs) > 0 || m.State != message.Sent {
			t.Errorf("erased words: %v %v", differs, err)
		}
		w.change("a", func(tx *store.Tx) error { return w.keeper.Erase(ctx, tx) })
		if _, err := w.onPage("a", "m0"); !errors.Is(err, vault.ErrNoKeys) && !errors.Is(err, vault.ErrSealed) {
			t.Errorf("of a practice without keys: %v", err)
		}
		if after := w.evidenceFile("a"); !bytes.Equal(after, before) {
			t.Error("the evidence is another one")
		}
		for p, n := range map[store.PracticeID]int{"a": 3, "b": 2} {
			if r, err := w.evidence(p); err != nil || r.Messages != n || r.Fates["sent"] != n {
				t.Errorf("%s: %+v %v", p, r, err)
			}
		}
		err := w.db.WholeView(ctx, "test", func(x *store.Wide) error {
			all, err := ledger.Audit(ctx, x)
			if err != nil {
				return err
			}
			left, err := message.Departures(ctx, x)
			if !maps.Equal(left, all.Messages) {
				t.Errorf("%v left, %v are on record", left, all.Messages)
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	})
}
