package store

import (
	"context"
	"database/sql"
	"sync"
	"time"

	"letterhead/fault"
)

// Trail is what a transaction leaves behind whether or not it is kept, such as who looked. A Change that is kept writes it itself, as its last act; after
// a View, and after a Change that came to nothing, it is written in a transaction of its own before View or Change return. When it cannot be written,
// they return ErrTrail, and what was read is shown to nobody. ChangeEach keeps none: in it nothing that needs one can be done.
type Trail interface {
	Write(ctx context.Context, tx *Tx) error
}

// ErrTrail says that what was read must not be shown, for nothing would tell that it was.
var ErrTrail = fault.New(fault.Unavailable, "store.trail", "who looked could not be written down, so nothing is shown; try again")

// leaveWithin bounds how long somebody waits for a trail. It is written although they went away meanwhile.
const leaveWithin = 10 * time.Second

// left is what the runs of one View or Change leave behind, those that were tried in vain as well.
type left struct {
	mu    sync.Mutex
	open  bool
	trail Trail
}

// begin says that a run begins, and the function it returns that it is over.
func (l *left) begin() (end func()) {
	set := func(open bool) {
		l.mu.Lock()
		l.open = open
		l.mu.Unlock()
	}
	set(true)
	return func() { set(false) }
}

// Trail is the transaction's trail; first begins it. It is nil once the transaction is over: then nothing would be written any more.
func (t *Tx) Trail(first func() Trail) Trail {
	if t.left == nil {
		return nil
	}
	t.left.mu.Lock()
	defer t.left.mu.Unlock()
	if !t.left.open {
		return nil
	}
	if t.left.trail == nil {
		t.left.trail = first()
	}
	return t.left.trail
}

// leave writes a trail that its transaction did not. The transaction is READ COMMITTED: it adds, and nothing is decided by what it reads.
func (db *DB) leave(ctx context.Context, actor Actor, l *left, err error) error {
	if l.trail == nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), leaveWithin)
	defer cancel()
	keep := db.kept(&db.changes)
	lost := db.run(ctx, db.write, db.dialect.wholeOptions(), actor.Practice, func(tx *sql.Tx, now time.Time) error {
		return l.trail.Write(ctx, &Tx{Actor: actor, Practice: actor.Practice, Now: now, conn: conn{tx: tx, db: db, keep: keep}})
	})
	if lost != nil { // and not err: one that some caller forgives must not be found within it
		return ErrTrail.With(lost)
	}
	return err
}
