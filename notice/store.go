package notice

import (
	"context"
	"fmt"
	"time"

	"letterhead/message"
	"letterhead/store"
)

// once is what is told one time.
type once struct {
	member store.MemberID
	kind   Kind
	about  string
}

// room is what is left of a practice's day, and what was told lately.
type room struct {
	told    map[once]bool
	kinds   map[Kind]int
	address map[string]int       // kind and address
	last    map[string]time.Time // of the same
}

// keptFor is how long a notice's row stands: longer than anything that a look finds is new, so that nothing is told twice.
const keptFor = 60 * day

// mostKept bounds one read: more than the shares of all kinds let in in sixty days is not there.
const mostKept = 8000

func roomOf(ctx context.Context, tx *store.Tx) (*room, error) {
	if _, err := tx.Exec(ctx, `DELETE FROM notice WHERE practice = $1 AND at < $2`, store.Micro(tx.Now.Add(-keptFor))); err != nil {
		return nil, fmt.Errorf("forget old notices: %w", err)
	}
	return read(ctx, tx)
}

func read(ctx context.Context, tx *store.Tx) (*room, error) {
	r := &room{told: map[once]bool{}, kinds: map[Kind]int{}, address: map[string]int{}, last: map[string]time.Time{}}
	rows, err := tx.Query(ctx, `SELECT member, kind, about, address_index, at FROM notice WHERE practice = $1 ORDER BY at DESC, id LIMIT $2`, mostKept)
	_, err = store.Collect(rows, err, func(s *store.Rows) (none struct{}, err error) {
		var o once
		var index string
		var at int64
		if err := s.Scan(&o.member, &o.kind, &o.about, &index, &at); err != nil {
			return none, err
		}
		r.told[o] = true
		if tx.Now.Sub(store.Instant(at)) < day {
			r.count(o.kind, index, store.Instant(at))
		}
		return none, nil
	})
	if err != nil {
		return nil, fmt.Errorf("read notices: %w", err)
	}
	return r, nil
}

func (r *room) count(kind Kind, address string, at time.Time) {
	key := string(kind) + " " + address
	r.kinds[kind]++
	r.address[key]++
	if at.After(r.last[key]) {
		r.last[key] = at
	}
}

// take takes one of a kind's share, when there is any left.
func (r *room) take(kind Kind, address string, now time.Time) bool {
	share, key := uses[kind], string(kind)+" "+address
	if r.kinds[kind] >= share.practice || r.address[key] >= share.one || now.Sub(r.last[key]) < share.gap {
		return false
	}
	r.count(kind, address, now)
	return true
}

func insert(ctx context.Context, tx *store.Tx, id message.ID, w Wanted, address string) error {
	_, err := tx.Exec(ctx, `INSERT INTO notice (practice, id, member, kind, form, about, address_index, at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		string(id), string(w.Member.ID), string(w.Kind), w.Form, w.About, address, store.Micro(tx.Now))
	if err != nil {
		return fmt.Errorf("write a notice down: %w", err)
	}
	return nil
}

// Given is a notice of something, and how its message stands.
type Given struct {
	Practice store.PracticeID
	Member   store.MemberID
	Form     string
	State    message.State
	LeftAt   time.Time
}

// Of are the notices of a kind about one thing, of all practices.
func Of(ctx context.Context, w *store.Wide, kind Kind, about string) ([]Given, error) {
	rows, err := w.Query(ctx, `SELECT n.practice, n.member, n.form, m.state, m.left_at FROM notice n JOIN message m ON m.practice = n.practice AND m.id = n.id
		WHERE n.kind = $1 AND (n.about = $2 OR n.about = $3) ORDER BY n.practice, n.at LIMIT 100000`, string(kind), about, about+" unread")
	return store.Collect(rows, err, func(r *store.Rows) (g Given, err error) {
		var left int64
		err = r.Scan(&g.Practice, &g.Member, &g.Form, &g.State, &left)
		g.LeftAt = store.Instant(left)
		return g, err
	})
}

// since is from when on something counts as new.
func since(now time.Time, kind Kind) time.Time { return now.Add(-uses[kind].life) }
