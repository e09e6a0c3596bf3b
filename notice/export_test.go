package notice

import (
	"context"
	"time"

	"letterhead/message"
	"letterhead/store"
)

// DayInAll is how many notices a practice can get in a day.
func DayInAll() (n int) {
	for _, u := range uses {
		n += u.practice
	}
	return n
}

// Told is a notice that was queued.
type Told struct {
	Message message.ID
	Member  store.MemberID
	Kind    Kind
	Form    string
	At      time.Time
}

// List are the practice's latest notices; of one member unless member is "".
func List(ctx context.Context, tx *store.Tx, member store.MemberID, most int) ([]Told, error) {
	rows, err := tx.Query(ctx, `SELECT id, member, kind, form, at FROM notice WHERE practice = $1 AND ($2 = '' OR member = $2) ORDER BY at DESC, id LIMIT $3`,
		string(member), min(max(most, 1), 200))
	return store.Collect(rows, err, func(r *store.Rows) (t Told, err error) {
		var at int64
		err = r.Scan(&t.Message, &t.Member, &t.Kind, &t.Form, &at)
		t.At = store.Instant(at)
		return t, err
	})
}
