package book

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"letterhead/fault"
	"letterhead/message"
	"letterhead/store"
)

// EntryKind is what an entry is.
type EntryKind string

// The kinds of entries.
const (
	Step     EntryKind = "step"
	Decision EntryKind = "decision"
	Lesson   EntryKind = "lesson"
	Action   EntryKind = "action"
)

// Entry is a line of an incident's record.
type Entry struct {
	Practice   store.PracticeID // whose it is; "" the operator's
	Number     int64
	At         time.Time
	Kind       EntryKind
	What       string
	Who        string
	Why        string
	Owner, Due string // of an action
	DoneAt     time.Time
}

func (e Entry) check() error {
	if !slices.Contains([]EntryKind{Step, Decision, Lesson, Action}, e.Kind) {
		return fault.Field("kind", "incident.entry", "an entry is a step, a decision, a lesson or an action")
	}
	if e.What == "" {
		return fault.Field("what", "incident.what", "say it in words")
	}
	if e.Kind == Action && e.Owner == "" {
		return fault.Field("owner", "incident.owner", "say who does it")
	}
	if e.Due != "" {
		if _, err := time.Parse(time.DateOnly, e.Due); err != nil || e.Kind != Action {
			return fault.Field("due", "incident.due", "it is the day by which an action is done, such as 2026-12-24")
		}
	}
	return errors.Join(line("what", e.What, mostLine, false), line("why", e.Why, mostLine, false), line("who", e.Who, mostTitle, false), line("owner", e.Owner, mostTitle, false))
}

// Note adds an entry to an open incident; practice is whose it is, "" the operator.
func Note(ctx context.Context, w *store.Wide, id string, practice store.PracticeID, e Entry) error {
	if err := e.check(); err != nil {
		return err
	}
	if _, err := Find(ctx, w, practice, id); err != nil {
		return err
	}
	if e.At.IsZero() {
		e.At = w.Now
	}
	_, err := w.Exec(ctx, `INSERT INTO incident_entry (practice, incident, number, at, kind, what, who, why, owner, due, done_at)
		SELECT $1, $2, 1 + coalesce(max(number), 0), $3, $4, $5, $6, $7, $8, $9, 0 FROM incident_entry WHERE practice = $1 AND incident = $2`,
		string(practice), id, store.Micro(e.At), string(e.Kind), e.What, e.Who, e.Why, e.Owner, e.Due)
	if err != nil {
		return fmt.Errorf("note an entry: %w", err)
	}
	return nil
}

// Done ends an action.
func Done(ctx context.Context, w *store.Wide, id string, practice store.PracticeID, number int64) error {
	return changed(w.Exec(ctx, `UPDATE incident_entry SET done_at = $1 WHERE practice = $2 AND incident = $3 AND number = $4 AND kind = 'action' AND done_at = 0`,
		store.Micro(w.Now), string(practice), id, number))
}

// Entries are what is written of an incident: to the operator ("") the operator's own, to a practice the operator's steps, decisions, lessons and actions, and its own.
func Entries(ctx context.Context, w *store.Wide, practice store.PracticeID, id string) ([]Entry, error) {
	rows, err := w.Query(ctx, `SELECT practice, number, at, kind, what, who, why, owner, due, done_at FROM incident_entry WHERE incident = $1 AND practice IN ('', $2)
		ORDER BY at, practice, number LIMIT 5000`, id, string(practice))
	return store.Collect(rows, err, func(r *store.Rows) (e Entry, err error) {
		var at, done int64
		err = r.Scan(&e.Practice, &e.Number, &at, &e.Kind, &e.What, &e.Who, &e.Why, &e.Owner, &e.Due, &done)
		e.At, e.DoneAt = store.Instant(at), store.Instant(done)
		return e, err
	})
}

// Concerned is a practice that an incident concerns.
type Concerned struct {
	Practice            store.PracticeID
	Since, TellAt       time.Time
	ReadAt, CorrectedAt time.Time
	ReadBy, CorrectedBy string
	Correction          string
}

// Concern adds practices to those that an incident concerns.
func Concern(ctx context.Context, w *store.Wide, id string, practices ...store.PracticeID) error {
	rows := make([]any, 0, len(practices))
	for _, p := range practices {
		if p != "" {
			rows = append(rows, string(p))
		}
	}
	if len(rows) == 0 {
		return nil
	}
	_, err := w.Set(ctx, putConcerned, rows, id, store.Micro(w.Now))
	return err
}

var putConcerned = store.NewSet(`WITH v (practice) AS (VALUES `, `)
	INSERT INTO incident_practice (practice, incident, since, tell_at, read_at, read_by, correction, corrected_by, corrected_at)
	SELECT v.practice, ?, ?, 0, 0, '', '', '', 0 FROM v WHERE v.practice <> '' ON CONFLICT (practice, incident) DO NOTHING`, "")

const concernedColumns = `practice, since, tell_at, read_at, read_by, correction, corrected_by, corrected_at`

func scanConcerned(r *store.Rows) (c Concerned, err error) {
	var since, tell, read, corrected int64
	err = r.Scan(&c.Practice, &since, &tell, &read, &c.ReadBy, &c.Correction, &c.CorrectedBy, &corrected)
	c.Since, c.TellAt, c.ReadAt, c.CorrectedAt = store.Instant(since), store.Instant(tell), store.Instant(read), store.Instant(corrected)
	return c, err
}

// Of is what an incident has of a practice; store.ErrNone where it does not concern it.
func Of(ctx context.Context, w *store.Wide, practice store.PracticeID, id string) (Concerned, error) {
	rows, err := w.Query(ctx, `SELECT `+concernedColumns+` FROM incident_practice WHERE practice = $1 AND incident = $2`, string(practice), id)
	found, err := store.Collect(rows, err, scanConcerned)
	if err != nil || len(found) == 0 {
		return Concerned{}, errors.Join(err, store.ErrNone)
	}
	return found[0], nil
}

// Practices are all that an incident concerns.
func Practices(ctx context.Context, w *store.Wide, id string) ([]Concerned, error) {
	rows, err := w.Query(ctx, `SELECT `+concernedColumns+` FROM incident_practice WHERE incident = $1 ORDER BY practice`, id)
	return store.Collect(rows, err, scanConcerned)
}

// Tell writes down that a practice's people are to be told from now on. That they were is in their notices.
func Tell(ctx context.Context, w *store.Wide, id string, practices ...store.PracticeID) error {
	for part := range slices.Chunk(practices, 500) {
		if _, err := w.Exec(ctx, `UPDATE incident_practice SET tell_at = $1 WHERE incident = $2 AND tell_at = 0 AND practice IN (`+store.List(3, len(part))+`)`,
			append([]any{store.Micro(w.Now), id}, store.Any(part)...)...); err != nil {
			return err
		}
	}
	return nil
}

// TellDone writes down when everybody concerned had been told, once.
func TellDone(ctx context.Context, w *store.Wide, id string, at time.Time) error {
	_, err := w.Exec(ctx, `UPDATE incident SET told_at = $1 WHERE practice = '' AND id = $2 AND told_at = 0`, store.Micro(at), id)
	return err
}

// Read writes down that one of a practice's people opened the page, the first time.
func Read(ctx context.Context, w *store.Wide, practice store.PracticeID, id, who string) error {
	_, err := w.Exec(ctx, `UPDATE incident_practice SET read_at = $1, read_by = $2 WHERE practice = $3 AND incident = $4 AND read_at = 0`, store.Micro(w.Now), who, string(practice), id)
	return err
}

// Correct publishes what the check page says beside the practice's messages of an incident; "" takes it back.
func Correct(ctx context.Context, w *store.Wide, practice store.PracticeID, id, who, text string) error {
	if err := line("correction", text, mostLine, true); err != nil {
		return err
	}
	if _, err := Of(ctx, w, practice, id); err != nil {
		return err
	}
	return changed(w.Exec(ctx, `UPDATE incident_practice SET correction = $1, corrected_by = $2, corrected_at = $3 WHERE practice = $4 AND incident = $5`,
		text, who, store.Micro(w.Now), string(practice), id))
}

// mostCorrections bounds the incidents that one message is looked for in: those a practice spoke of last.
const mostCorrections = 20

// Corrections are the incidents of which a practice published a correction, the latest first.
func Corrections(ctx context.Context, w *store.Wide, practice store.PracticeID) ([]string, error) {
	rows, err := w.Query(ctx, `SELECT incident FROM incident_practice WHERE practice = $1 AND correction <> '' ORDER BY corrected_at DESC LIMIT $2`, string(practice), mostCorrections)
	return store.Collect(rows, err, func(r *store.Rows) (id string, err error) { return id, r.Scan(&id) })
}

// Contain writes down the stops that contain an incident; a stop is of one incident.
func Contain(ctx context.Context, w *store.Wide, id string, stops ...message.Stop) error {
	rows := make([]any, 0, 5*len(stops))
	var practices []store.PracticeID
	for _, s := range stops {
		rows = append(rows, string(s.Practice), s.ID, string(s.Scope), s.Subject, store.Micro(s.At))
		practices = append(practices, s.Practice)
	}
	if len(rows) == 0 {
		return nil
	}
	if _, err := w.Set(ctx, putStops, rows, id); err != nil {
		return fmt.Errorf("write an incident's stops down: %w", err)
	}
	for _, s := range stops {
		err := Note(ctx, w, id, "", Entry{At: s.At, Kind: Step, What: "Stopped: " + s.Words(), Who: s.Who, Why: "stop " + s.ID})
		if err != nil {
			return err
		}
	}
	return Concern(ctx, w, id, practices...)
}

var putStops = store.NewSet(`WITH v (practice, stop, scope, subject, at) AS (VALUES ('', '', '', '', (SELECT at FROM incident_stop WHERE practice = '' AND stop = '')), `, `)
	INSERT INTO incident_stop (practice, incident, stop, scope, subject, at) SELECT v.practice, ?, v.stop, v.scope, v.subject, v.at FROM v WHERE v.stop <> ''
	ON CONFLICT (practice, stop) DO NOTHING`, "", "", "", "", int64(0))

// Stops are what contains an incident, the earliest first: of one practice with those that hold everywhere, or all for "".
func Stops(ctx context.Context, w *store.Wide, practice store.PracticeID, id string) ([]message.Stop, error) {
	rows, err := w.Query(ctx, `SELECT s.practice, s.stop, s.scope, s.subject, s.at, coalesce(f.reason, ''), coalesce(f.who, ''), coalesce(f.lifted_at, 0), coalesce(f.lifted_by, '')
		FROM incident_stop s LEFT JOIN freeze_entry f ON f.practice = s.practice AND f.id = s.stop
		WHERE s.incident = $1 AND ($2 = '' OR s.practice IN ('', $2)) ORDER BY s.at, s.practice, s.stop LIMIT $3`, id, string(practice), message.MostStops)
	return store.Collect(rows, err, func(r *store.Rows) (s message.Stop, err error) {
		var at, lifted int64
		err = r.Scan(&s.Practice, &s.ID, &s.Scope, &s.Subject, &at, &s.Reason, &s.Who, &lifted, &s.LiftedBy)
		s.At, s.LiftedAt = store.Instant(at), store.Instant(lifted)
		return s, err
	})
}

// Known are the stops that belong to an incident already, of those given.
func Known(ctx context.Context, w *store.Wide, stops []message.Stop) (map[string]bool, error) {
	out := map[string]bool{}
	for part := range slices.Chunk(stops, 500) {
		ids := make([]any, len(part))
		for i, s := range part {
			ids[i] = s.ID
		}
		rows, err := w.Query(ctx, `SELECT stop FROM incident_stop WHERE stop IN (`+store.List(1, len(ids))+`)`, ids...)
		found, err := store.Collect(rows, err, func(r *store.Rows) (id string, err error) { return id, r.Scan(&id) })
		if err != nil {
			return nil, err
		}
		for _, id := range found {
			out[id] = true
		}
	}
	return out, nil
}

// Telling are the incidents that the transaction's practice is to be told of since an instant.
func Telling(ctx context.Context, tx *store.Tx, since time.Time) ([]Told, error) {
	rows, err := tx.Query(ctx, `SELECT incident, tell_at, read_at FROM incident_practice WHERE practice = $1 AND tell_at >= $2 AND tell_at > 0 ORDER BY tell_at, incident LIMIT 50`, store.Micro(since))
	return store.Collect(rows, err, func(r *store.Rows) (t Told, err error) {
		var tell, read int64
		err = r.Scan(&t.Incident, &tell, &read)
		t.TellAt, t.ReadAt = store.Instant(tell), store.Instant(read)
		return t, err
	})
}

// Told is an incident that a practice is told of.
type Told struct {
	Incident       string
	TellAt, ReadAt time.Time
}
