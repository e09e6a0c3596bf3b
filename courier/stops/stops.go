// Package stops knows what is stopped: the open freezes of the database, and those that the courier's journal has, whatever the database says of
// them by now.
//
// A lifted row alone lifts nothing. A practice's stop ends when the practice's chain of approvals holds a lift of it, over the very words that say
// what it holds; the platform's stops end in the journal itself, by whoever may write in the courier's folder. A row that was deleted, changed or
// lifted by nobody is put back, so that pages say what is true.
//
//	told (row, or socket) → open: noted in the journal → lifted: signed, or by the operator on the courier's host → taken out of the journal
//
// A stop of a bulk message, a letter or a grant ends by itself once what was signed for it was withdrawn, or a day after it ran out: it holds nothing then.
// A stop and its end are leaves of the ledger: the end's, before anything goes on.
//
// Promises: Fresh is never older than its age; a stop that was noted counts until its lift was verified; more stops than anybody makes, or one of a
// scope that this program does not know, hold everything they could.
//
// Never: a lift by the socket; sending when what is stopped cannot be read.
package stops

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"letterhead/approval"
	"letterhead/courier/chain"
	"letterhead/courier/journal"
	"letterhead/courier/logbook"
	"letterhead/message"
	"letterhead/store"
)

// settleAge is how old what is known may be when it is settled.
const settleAge = 100 * time.Millisecond

// Stops is one courier's view. It is safe for concurrent use.
type Stops struct {
	db      *store.DB
	journal *journal.Journal
	chains  *chain.Chains
	logbook *logbook.Logbook
	epoch   int64

	mu    sync.Mutex // held by who reads
	known atomic.Pointer[Known]

	overMu sync.Mutex
	asked  map[journal.StopKey]time.Time // when it was asked whether what a stop holds is over
}

// Open keeps stops over a courier's place in the journal.
func Open(db *store.DB, j *journal.Journal, chains *chain.Chains, l *logbook.Logbook, epoch int64) *Stops {
	return &Stops{db: db, journal: j, chains: chains, logbook: l, epoch: epoch, asked: map[journal.StopKey]time.Time{}}
}

// Known is what is stopped, as it was read.
type Known struct {
	Platform bool

	read, wall time.Time // before anything was asked, on the monotonic clock and on the wall's

	practices map[store.PracticeID]bool // wholly
	things    map[Thing]bool            // in part
	rows      []message.Stop            // as the database has them, with the lifted ones that the journal still has
	noted     []journal.Stop
	lifted    []journal.StopKey
}

// Age is how long ago it was read, by the clock that says more: the monotonic one stands still while a machine sleeps, the wall's may be put back.
func (k *Known) Age() time.Duration {
	now := time.Now()
	return max(now.Sub(k.read), now.Round(0).Sub(k.wall).Abs())
}

// Thing is what a stop of a part holds; the practice is "" where it holds everywhere.
type Thing struct {
	Practice store.PracticeID
	Scope    message.Scope
	Subject  string
}

// Practices is how many practices are stopped wholly.
func (k *Known) Practices() int { return len(k.practices) }

// Parts tells whether anything is stopped in part.
func (k *Known) Parts() bool { return len(k.things) > 0 }

// All tells whether everything of a practice is stopped.
func (k *Known) All(practice store.PracticeID) bool { return k.Platform || k.practices[practice] }

// Part tells whether one of the things of a practice's message is stopped, there or everywhere, and says which: the detail of the step that holds it.
func (k *Known) Part(practice store.PracticeID, of []Thing) (string, bool) {
	for _, t := range of {
		if t.Subject == "" {
			continue
		}
		for _, where := range [...]store.PracticeID{practice, ""} {
			if t.Practice = where; k.things[t] {
				return t.words(), true
			}
		}
	}
	return "", false
}

func (t Thing) words() string { return message.Stop{Scope: t.Scope, Subject: t.Subject}.Part() }

// Open are the details of what is held in a practice by stops of parts that are open.
func (k *Known) Open(practice store.PracticeID) []string {
	var out []string
	for t := range k.things {
		if t.Practice == practice || t.Practice == "" {
			out = append(out, t.words())
		}
	}
	slices.Sort(out)
	return out
}

// Fresh returns the stops as they are, asking again when what is known is older than age.
func (s *Stops) Fresh(ctx context.Context, age time.Duration) (*Known, error) {
	if known := s.known.Load(); known != nil && known.Age() < age {
		return known, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if known := s.known.Load(); known != nil && known.Age() < age { // another goroutine read it meanwhile
		return known, nil
	}
	next, err := s.read(ctx)
	if err != nil {
		s.known.Store(nil)
		return nil, fmt.Errorf("read what is stopped: %w", err)
	}
	s.known.Store(next)
	return next, nil
}

func (s *Stops) read(ctx context.Context) (*Known, error) {
	now := time.Now()
	f := &Known{read: now, wall: now.Round(0), practices: map[store.PracticeID]bool{}, things: map[Thing]bool{}}
	var err error
	if f.noted, f.lifted, err = s.journal.Stops(); err != nil {
		return nil, err
	}
	ids := make([]string, len(f.noted))
	for i, n := range f.noted {
		ids[i] = n.ID
	}
	err = s.db.WholeView(ctx, "what is stopped", func(w *store.Wide) (err error) {
		f.rows, err = message.Stops(ctx, w, ids...)
		return err
	})
	if err != nil {
		return nil, err
	}
	if len(f.rows) > message.MostStops && countOpen(f.rows) > message.MostStops { // more than anybody stops: somebody hides something
		f.Platform = true
		return f, nil
	}
	var news []journal.Stop
	for _, r := range f.rows {
		key := journal.StopKey{Practice: r.Practice, ID: r.ID}
		if !r.LiftedAt.IsZero() || slices.Contains(f.lifted, key) {
			continue
		}
		f.stop(r.Practice, r.Scope, r.Subject)
		if !slices.ContainsFunc(f.noted, func(n journal.Stop) bool { return n.Key() == key }) {
			news = append(news, Noted(r))
		}
	}
	for _, n := range f.noted {
		f.stop(n.Practice, message.Scope(n.Scope), n.Subject)
	}
	if len(news) > 0 {
		if err := s.journal.NoteStops(news, nil); err != nil {
			return nil, err
		}
		f.noted = append(slices.Clone(f.noted), news...)
	}
	return f, s.logbook.Ended(ctx, f.noted)
}

func countOpen(rows []message.Stop) (n int) {
	for _, r := range rows {
		if r.LiftedAt.IsZero() {
			n++
		}
	}
	return n
}

// stop takes a stop in. One whose scope this program does not know holds everything it could.
func (f *Known) stop(practice store.PracticeID, scope message.Scope, subject string) {
	_, known := scopes[scope]
	switch {
	case scope != "" && scope != message.StopPlatform && scope != message.StopPractice && known:
		f.things[Thing{practice, scope, subject}] = true
	case practice == "":
		f.Platform = true
	default:
		f.practices[practice] = true
	}
}

// scopes are those by which a parcel is looked at.
var scopes = map[message.Scope]bool{message.StopWording: true, message.StopVersion: true, message.StopRule: true, message.StopOrder: true, message.StopLetter: true,
	message.StopGrant: true, message.StopHost: true, message.StopLink: true, message.StopText: true, message.StopMember: true, message.StopCredential: true}

// Noted is a stop as the journal has it.
func Noted(r message.Stop) journal.Stop {
	return journal.Stop{Practice: r.Practice, ID: r.ID, Scope: string(r.Scope), Subject: r.Subject, Reason: r.Reason, Who: r.Who, At: store.Micro(r.At)}
}

// Forget has what is stopped read anew by whoever asks next.
func (s *Stops) Forget() { s.known.Store(nil) }

// Settle holds the database against the journal: a stop that was lifted by a signature is lifted here too; one whose row is gone, was changed, or was
// lifted by nobody gets it back; the row of one that was lifted on this host says so. A practice whose approvals cannot be read keeps its stops, and
// holds up nobody else's.
func (s *Stops) Settle(ctx context.Context) error {
	f, err := s.Fresh(ctx, settleAge)
	if err != nil {
		return err
	}
	late := s.logbook.Stopped(ctx, f.noted) // a stop holds whether it is on record or not
	var lifted []journal.StopKey
	var ends []logbook.Lift
	var news []journal.Stop
	var put, behind []message.Stop
	for _, n := range f.noted {
		at := slices.IndexFunc(f.rows, func(r message.Stop) bool { return r.Practice == n.Practice && r.ID == n.ID })
		why, by := approval.Unsigned, approval.Digest{}
		switch {
		case at >= 0 && f.rows[at].LiftedAt.IsZero() && f.rows[at].Scope == logbook.StopOf(n).Scope && f.rows[at].Subject == n.Subject:
			by, over, err := s.over(ctx, n)
			if late = errors.Join(late, err); err == nil && over {
				lifted, behind, ends = append(lifted, n.Key()), append(behind, f.rows[at]), append(ends, logbook.Lift{Key: n.Key(), Digest: by})
			}
			continue
		case at >= 0 && n.Practice != "":
			if why, by, err = s.signed(ctx, n); err != nil {
				late = errors.Join(late, err)
				continue
			}
		}
		switch why {
		case "":
			lifted, ends = append(lifted, n.Key()), append(ends, logbook.Lift{Key: n.Key(), Digest: by})
		case approval.Unsigned:
			put = append(put, logbook.StopOf(n))
		case approval.NeedsSecond, approval.KeyYoung, approval.Waiting, approval.Unseen: // it will count
		default: // What was signed for it will never count, and is signed once only: from here on it is another stop, to be lifted anew.
			lifted, ends = append(lifted, n.Key()), append(ends, logbook.Lift{Key: n.Key()})
			n.ID = store.NewID[string]()
			news, put = append(news, n), append(put, logbook.StopOf(n))
		}
	}
	for _, r := range f.rows {
		if r.LiftedAt.IsZero() && slices.Contains(f.lifted, journal.StopKey{Practice: r.Practice, ID: r.ID}) {
			behind = append(behind, r)
		}
	}
	if len(lifted)+len(put)+len(behind) == 0 {
		return late
	}
	if err := errors.Join(s.logbook.Stopped(ctx, news), s.logbook.Lifted(ctx, ends...)); err != nil {
		return err
	}
	if err := s.journal.NoteStops(news, lifted); err != nil {
		return err
	}
	s.known.Store(nil)
	return errors.Join(late, s.db.Whole(ctx, "what is stopped, as the journal has it", func(w *store.Wide) error {
		if err := message.PutStops(ctx, w, put...); err != nil {
			return err
		}
		return message.Unfreeze(ctx, w, behind...)
	}))
}

// signed asks the practice's chain for a lift of a stop: "" when it counts, Void when it is one of something else; and has it put on record.
func (s *Stops) signed(ctx context.Context, n journal.Stop) (why approval.Reason, by approval.Digest, err error) {
	why = approval.Unsigned
	err = s.chain(ctx, n.Practice, func(tx *store.Tx, state *approval.State) error {
		lift, err := state.Current(approval.KindLift, n.ID, tx.Now)
		if err != nil {
			why = approval.ReasonOf(err)
			return nil
		}
		b := lift.Statement.Body.Lift
		why, by = approval.Void, lift.Digest
		if b.Epoch >= n.Epoch && b.Epoch <= s.epoch && b.Scope == logbook.StopOf(n).Words() {
			why = ""
		}
		return nil
	})
	return why, by, err
}

// chain asks a practice's chain, and has all of it put on record.
func (s *Stops) chain(ctx context.Context, practice store.PracticeID, ask func(*store.Tx, *approval.State) error) error {
	if err := s.logbook.Look(ctx, []store.PracticeID{practice}); err != nil {
		return err
	}
	err := s.db.View(ctx, store.Actor{Practice: practice, Agent: "courier"}, func(tx *store.Tx) error {
		return s.chains.Read(ctx, tx, func(state *approval.State) error {
			if err := ask(tx, state); err != nil {
				return err
			}
			return s.logbook.Gather(ctx, tx, s.chains, state)
		})
	})
	if err != nil {
		return err
	}
	return s.logbook.Write(ctx)
}
