package message

import (
	"context"
	"fmt"
	"strings"
	"time"

	"letterhead/store"
	"letterhead/wording/code"
)

// Place is where a message's sealed values stand for package vault: table, row, column and version.
func (m *Message) Place() (table, row, column string, version int64) {
	return "message", string(m.ID), "sealed", m.Attempts
}

// Departure is a message about to leave, with what the record keeps of it.
type Departure struct {
	Practice     store.PracticeID
	ID           ID
	MessageID    string
	AddressIndex string
	Relay        string
	Sealed       []byte
	Code         code.Code // of the mail; "" of what has none
}

// Leave marks messages as leaving in the hands of a courier process that has their practices, and returns the positions of those that may not leave,
// because somebody took them back, or another process has the practice by now. The attempt is counted here.
func Leave(ctx context.Context, w *store.Wide, by string, list []Departure) (gone []int, err error) {
	practices := make([]store.PracticeID, 0, 8)
	for i := range list {
		practices = append(practices, list[i].Practice)
	}
	had, err := leasesOf(ctx, w, by, practices)
	if err != nil {
		return nil, err
	}
	rows, until := make([]any, 0, 6*len(list)), int64(0)
	for i := range list {
		d := &list[i]
		if ends, is := had[d.Practice]; is {
			until = max(until, ends)
			rows = append(rows, string(d.Practice), string(d.ID), d.MessageID, d.AddressIndex, d.Relay, d.Sealed)
		}
	}
	changed, err := w.Set(ctx, leaveSet, rows, by, until, store.Micro(w.Now))
	if err != nil {
		return nil, fmt.Errorf("mark messages as leaving: %w", err)
	}
	if changed == int64(len(list)) {
		return nil, nil
	}
	return notLeaving(ctx, w, by, list)
}

// The first row of VALUES only gives the columns their types, on either engine; it matches no message.
var leaveSet = store.NewSet(`WITH v (practice, id, message_id, address_index, relay, sealed) AS (VALUES
	('', '', '', '', '', (SELECT sealed FROM message WHERE practice = '' AND id = '')), `, `)
	UPDATE message SET state = 'leaving', reason = '', attempts = attempts + 1, claimed_by = ?, claimed_until = ?, message_id = v.message_id,
	address_index = v.address_index, relay = v.relay, sealed = v.sealed, changed_at = ? FROM v
	WHERE message.practice = v.practice AND message.id = v.id AND state = 'queued'`+byKey, "", "", "", "", "", []byte(nil))

// has is what a courier process may mark: what is leaving in its hands, and what is queued of practices that it has. (The concatenation keeps SQLite from
// holding the value against the conditions of the partial indexes: it would prepare the statement again for each.)
const has = `(m.state = 'leaving' AND m.claimed_by || '' = ? OR m.state = 'queued' AND EXISTS (SELECT 1 FROM message_lease l WHERE l.practice = m.practice AND l.process = ?))`

// byKey says nothing new of v, but makes PostgreSQL expect few of its rows, whatever it knows of the table: then it looks each message up by
// its key. Left to itself it reads the whole table for every set while that is small, or not yet analysed.
const byKey = ` AND coalesce(v.id, '') = v.id`

func notLeaving(ctx context.Context, w *store.Wide, by string, part []Departure) ([]int, error) {
	left, err := LeavingOf(ctx, w, by)
	if err != nil {
		return nil, err
	}
	is := make(map[[2]string]bool, len(left))
	for _, m := range left {
		// Changed by this very transaction: what the process had in hand twice leaves once.
		if m.ChangedAt.Equal(w.Now) {
			is[[2]string{string(m.Practice), string(m.ID)}] = true
		}
	}
	var out []int
	for i, d := range part {
		if !is[[2]string{string(d.Practice), string(d.ID)}] {
			out = append(out, i)
		}
	}
	return out, nil
}

// LeavingOf returns the messages that one courier process was letting go.
func LeavingOf(ctx context.Context, w *store.Wide, by string) ([]Message, error) {
	rows, err := w.Query(ctx, `SELECT `+columns+` FROM message WHERE state = 'leaving' AND claimed_by = $1`, by)
	return store.Collect(rows, err, scan)
}

// Claimers returns the courier processes that have messages leaving, with the latest instant until which they claimed any.
func Claimers(ctx context.Context, w *store.Wide) (map[string]time.Time, error) {
	type row struct {
		by    string
		until int64
	}
	rows, err := w.Query(ctx, `SELECT claimed_by, max(claimed_until) FROM message WHERE state = 'leaving' GROUP BY claimed_by`)
	found, err := store.Collect(rows, err, func(r *store.Rows) (v row, err error) { return v, r.Scan(&v.by, &v.until) })
	out := make(map[string]time.Time, len(found))
	for _, v := range found {
		out[v.by] = store.Instant(v.until)
	}
	return out, err
}

// Outcome is what became of a message in a courier's hands.
type Outcome struct {
	Practice  store.PracticeID
	ID        ID
	State     State  // Queued for a deferral
	Step      string // "" means the state
	Reason    string
	Detail    string    // a server's reply without addresses; 300 bytes of it are kept
	Turn      time.Time // when it may be tried again; zero leaves it
	LeftAt    time.Time // when its first byte left; zero leaves it
	OutsideID string    // the gateway's id; "" leaves it
	Silent    bool      // no step: nothing happened to the message, it only goes back to the queue
}

// Mark writes outcomes of messages that one courier process has, queued or leaving, with their steps, and gives what was leaving free. What is
// final, or another process's, stays as it is.
func Mark(ctx context.Context, w *store.Wide, by string, list []Outcome) error {
	now := store.Micro(w.Now)
	var steps []any
	rows := make([]any, 0, 8*len(list))
	for i := range list {
		o := &list[i]
		detail := ""
		if o.State == Sent { // nearly all: their last step stands in the message itself
			detail = bounded(o.Detail)
		}
		rows = append(rows, string(o.Practice), string(o.ID), string(o.State), o.Reason, detail, store.Micro(o.Turn), store.Micro(o.LeftAt), o.OutsideID)
		if o.Silent || o.State == Sent {
			continue
		}
		step := o.Step
		if step == "" {
			step = string(o.State)
		}
		steps = append(steps, string(o.Practice), string(o.ID), step, o.Reason, bounded(o.Detail))
	}
	// Before the update: afterwards nothing says any more that these messages were this process's.
	_, err := w.Set(ctx, markStepSet, steps, now, by, by)
	if err == nil {
		_, err = w.Set(ctx, markSet, rows, now, by, by)
	}
	if err != nil {
		return fmt.Errorf("mark what became of messages: %w", err)
	}
	return nil
}

const nextNumber = `(SELECT coalesce(max(s.number), 0) + 1 FROM message_step s WHERE s.practice = v.practice AND s.message = v.id)`

var markStepSet = store.NewSet(`WITH v (practice, id, step, reason, detail) AS (VALUES `, `)
	INSERT INTO message_step (practice, message, number, at, step, reason, detail)
	SELECT v.practice, v.id, `+nextNumber+`, ?, v.step, v.reason, v.detail
	FROM v JOIN message m ON m.practice = v.practice AND m.id = v.id WHERE `+has+byKey, "", "", "", "", "")

var markSet = store.NewSet(`WITH v (practice, id, state, reason, detail, turn, left_at, outside_id) AS (VALUES
	('', '', '', '', '', (SELECT turn FROM message WHERE practice = '' AND id = ''), (SELECT turn FROM message WHERE practice = '' AND id = ''), ''), `, `)
	UPDATE message AS m SET state = v.state, reason = v.reason, detail = v.detail, changed_at = ?, claimed_by = '', claimed_until = 0,
	turn = CASE WHEN v.turn = 0 THEN m.turn ELSE v.turn END,
	left_at = CASE WHEN v.left_at = 0 THEN m.left_at ELSE v.left_at END,
	outside_id = CASE WHEN v.outside_id = '' THEN m.outside_id ELSE v.outside_id END
	FROM v WHERE m.practice = v.practice AND m.id = v.id AND `+has+byKey,
	"", "", "", "", "", int64(0), int64(0), "")

// HeldPractices returns the practices that have messages held for a reason.
func HeldPractices(ctx context.Context, w *store.Wide, reason string) ([]store.PracticeID, error) {
	rows, err := w.Query(ctx, `SELECT DISTINCT practice FROM message WHERE state = 'held' AND reason = $1`, reason)
	return store.Collect(rows, err, func(r *store.Rows) (p store.PracticeID, err error) { return p, r.Scan(&p) })
}

// Requeue puts a practice's messages that are held for a reason back into the queue, at most limit of them.
func Requeue(ctx context.Context, w *store.Wide, practice store.PracticeID, reason string, limit int) (int64, error) {
	_, err := w.Exec(ctx, `INSERT INTO message_step (practice, message, number, at, step, reason, detail)
		SELECT v.practice, v.id, `+nextNumber+`, $1, 'queued', $3, '' FROM message v
		WHERE v.practice = $2 AND v.state = 'held' AND v.reason = $3 ORDER BY v.id LIMIT $4`, store.Micro(w.Now), string(practice), reason, limit)
	if err != nil {
		return 0, fmt.Errorf("requeue held messages: %w", err)
	}
	return w.Exec(ctx, `UPDATE message SET state = 'queued', reason = '', changed_at = $1 WHERE practice = $2
		AND id IN (SELECT id FROM message WHERE practice = $2 AND state = 'held' AND reason = $3 ORDER BY id LIMIT $4)`, store.Micro(w.Now), string(practice), reason, limit)
}

// What a recipient says by a link: reasons of the step Replied.
const (
	ReasonConfirmed = "confirmed by link"       // they come
	ReasonAsked     = "asked to cancel by link" // a person deals with it
)

// Learn adds a step to a message after it left: a receipt, a report, a reply. A repeated report adds nothing.
func Learn(ctx context.Context, tx *store.Tx, id ID, step, reason, detail string) error {
	_, err := tx.Exec(ctx, `INSERT INTO message_step (practice, message, number, at, step, reason, detail)
		SELECT practice, id, (SELECT coalesce(max(s.number), 0) + 1 FROM message_step s WHERE s.practice = message.practice AND s.message = message.id), $3, $4, $5, $6
		FROM message WHERE practice = $1 AND id = $2 AND state IN ('leaving', 'sent', 'maybe sent', 'refused') AND NOT EXISTS
		(SELECT 1 FROM message_step s WHERE s.practice = message.practice AND s.message = message.id AND s.step = $4 AND s.reason = $5)`,
		string(id), store.Micro(tx.Now), step, reason, bounded(detail))
	return err
}

// ByOutsideID finds the message of a gateway's receipt.
func ByOutsideID(ctx context.Context, w *store.Wide, relay, outside string) (store.PracticeID, ID, error) {
	var practice store.PracticeID
	var id ID
	err := w.Row(ctx, `SELECT practice, id FROM message WHERE outside_id <> '' AND outside_id = $1 AND relay = $2`, outside, relay).Scan(&practice, &id)
	return practice, id, err
}

// bounded keeps a detail short and on one line.
func bounded(s string) string {
	s = strings.ToValidUTF8(s, "?")
	if len(s) > 300 {
		s = strings.ToValidUTF8(s[:300], "")
	}
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, s)
}

// EndHeld drops held messages that are of no use to anybody any more, at most limit of them.
func EndHeld(ctx context.Context, w *store.Wide, now time.Time, limit int) (int64, error) {
	late := `(SELECT practice, id FROM message WHERE state = 'held' AND not_after <= $1 ORDER BY reason, practice, id LIMIT $2)`
	_, err := w.Exec(ctx, `INSERT INTO message_step (practice, message, number, at, step, reason, detail)
		SELECT v.practice, v.id, `+nextNumber+`, $3, 'dropped', $4, '' FROM `+late+` AS v`, store.Micro(now), limit, store.Micro(w.Now), ReasonLate)
	if err != nil {
		return 0, fmt.Errorf("end held messages: %w", err)
	}
	return w.Exec(ctx, `UPDATE message SET state = 'dropped', reason = $4, changed_at = $3 FROM `+late+` AS v WHERE message.practice = v.practice AND message.id = v.id`,
		store.Micro(now), limit, store.Micro(w.Now), ReasonLate)
}
