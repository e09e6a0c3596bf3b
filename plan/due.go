package plan

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"letterhead/calendar"
	"letterhead/client"
	"letterhead/fault"
	"letterhead/store"
)

// Only lines that would be sent have a due row: what is skipped is skipped for facts whose every change plans again, in the same transaction
// (an appointment, Refresh) or in a job (a rule, zone, preference, Replan). A reminder that was sent keeps its row: it is what makes it once.

// mostOfClient is how many appointments of a client are planned again at once.
const mostOfClient = 200

// RefreshClient plans a client's appointments to come again: for whoever changes how the client is reached, or what they chose, in that transaction.
func RefreshClient(ctx context.Context, tx *store.Tx, id client.ID) error {
	entries, err := calendar.OfClient(ctx, tx, id, tx.Now.AddDate(calendar.MaxYears+1, 0, 0), mostOfClient)
	if err != nil {
		return err
	}
	var ids []calendar.ID
	for _, e := range entries {
		if !e.Starts.Before(tx.Now) {
			ids = append(ids, e.ID)
		}
	}
	return Refresh(ctx, tx, ids...)
}

// Refresh plans these appointments again and writes what changed: new rows, other instants, and open rows that have no line any more, or that
// belong to another generation, as dropped. The edge calls it in the transaction of every booking, move, cancellation and answer, and an import
// for all that it touched: it takes any number.
func Refresh(ctx context.Context, tx *store.Tx, ids ...calendar.ID) error {
	if len(ids) == 0 {
		return nil
	}
	l, err := newLoader(ctx, tx)
	if err != nil {
		return err
	}
	if len(ids) > many {
		return refreshMany(ctx, tx, l)
	}
	all := texts(ids)
	for len(all) > 0 {
		n := min(len(all), PageSize)
		facts, err := l.byID(ctx, tx, all[:n])
		if err != nil {
			return err
		}
		if _, err := settle(ctx, tx, facts); err != nil {
			return err
		}
		all = all[n:]
	}
	return nil
}

// many is from when on the whole practice is read in the order of time instead of one by one: after an import.
const many = 2 * PageSize

// refreshMany plans everything that may still have something to come. What an import moved into the past has rows of an older generation; their
// turn drops them.
func refreshMany(ctx context.Context, tx *store.Tx, l *loader) error {
	after := l.horizon(tx.Now)
	for {
		facts, err := l.page(ctx, tx, after, PageSize)
		if err != nil || len(facts) == 0 {
			return err
		}
		if _, err := settle(ctx, tx, facts); err != nil {
			return err
		}
		after = placeOf(&facts[len(facts)-1])
	}
}

// horizon is before the first appointment that may still have something to come.
func (l *loader) horizon(now time.Time) place {
	if longest := longestAfter(l.practice.Rules); longest > 0 {
		now = now.Add(-afterUseful).AddDate(0, 0, -longest-1)
	}
	return place{starts: store.Micro(now)}
}

// Replanned is how far a Replan or a Sweep is.
type Replanned struct {
	Next  string // cursor for the next call; "" when it is done
	Done  int    // appointments planned in this call
	Total int    // appointments in all; counted when the cursor is ""
	Gaps  int    // lines that should have had a due row and had none: they have one now
}

// Replan plans the next limit appointments that may still have something to come, after an edit of a rule, zone or preference. The first call has
// the cursor "". It is repeatable: a second run changes nothing.
func Replan(ctx context.Context, tx *store.Tx, cursor string, limit int) (Replanned, error) {
	var out Replanned
	after, err := parsePlace(cursor)
	if err != nil {
		return out, err
	}
	l, err := newLoader(ctx, tx)
	if err != nil {
		return out, err
	}
	if cursor == "" {
		after = l.horizon(tx.Now)
		if err := tx.Row(ctx, `SELECT COUNT(*) FROM appointment WHERE practice = $1 AND starts >= $2`, after.starts).Scan(&out.Total); err != nil {
			return out, fmt.Errorf("count appointments: %w", err)
		}
	}
	limit = max(1, min(limit, 10_000))
	for out.Done < limit {
		want := min(PageSize, limit-out.Done)
		facts, err := l.page(ctx, tx, after, want)
		if err != nil {
			return out, err
		}
		gaps, err := settle(ctx, tx, facts)
		if err != nil {
			return out, err
		}
		out.Done, out.Gaps = out.Done+len(facts), out.Gaps+gaps
		if len(facts) < want {
			return out, nil
		}
		after = placeOf(&facts[len(facts)-1])
		out.Next = after.String()
	}
	return out, nil
}

// SweepJob and ReplanJob are the kinds of the jobs that run Sweep and Replan to their end.
const (
	SweepJob  = "plan.sweep"
	ReplanJob = "plan.replan"
)

// Sweep is Replan as a regular search for gaps: appointments to come without a due row where a rule says that there should be one. It closes
// them; out.Gaps says how many there were. More than none means that something wrote an appointment and did not call Refresh.
func Sweep(ctx context.Context, tx *store.Tx, cursor string) (Replanned, error) {
	return Replan(ctx, tx, cursor, 2*PageSize)
}

func (p place) String() string { return strconv.FormatInt(p.starts, 10) + ":" + p.id }

func parsePlace(cursor string) (place, error) {
	if cursor == "" {
		return place{}, nil
	}
	starts, id, ok := strings.Cut(cursor, ":")
	at, err := strconv.ParseInt(starts, 10, 64)
	if !ok || err != nil || len(id) > 64 {
		return place{}, fault.Field("cursor", "plan.cursor", "this is no cursor of a plan; begin without one")
	}
	return place{at, id}, nil
}

const writeDue = `INSERT INTO due (practice, appointment, attendee, recipient, channel, rule, generation, mark, due_at, state, reason, message, decided_at) VALUES`

const overDue = `ON CONFLICT (practice, appointment, attendee, recipient, channel, rule, generation) DO UPDATE
	SET mark = excluded.mark, due_at = excluded.due_at, state = excluded.state, reason = excluded.reason, message = excluded.message, decided_at = excluded.decided_at
	WHERE due.state <> 'sent'`

// settle makes the due rows of these appointments what Plan says, and counts the lines that had no row.
func settle(ctx context.Context, tx *store.Tx, facts []Facts) (gaps int, err error) {
	var rows [][]any
	for i := range facts {
		f := &facts[i]
		lines, mark := Plan(*f, tx.Now), f.Appointment.mark()
		for j := range lines {
			l := &lines[j]
			if l.Verdict != Send || l.Reason == AlreadySent {
				continue
			}
			past := f.row(l)
			if past == nil {
				gaps++
			}
			if past == nil || past.State == "dropped" || past.State == "open" && !past.DueAt.Equal(l.Due) && !past.DueAt.Equal(l.Next) {
				rows = append(rows, dueRow(l.Appointment, &Past{Attendee: l.Attendee, Recipient: l.Recipient, Channel: l.Channel, Rule: l.Rule, Generation: l.Generation, Mark: mark}, l.Due, "open", "", "", time.Time{}))
			}
		}
		for j := range f.Past {
			past := &f.Past[j]
			if past.State != "open" {
				continue
			}
			if reason := f.ended(past, lines); reason != "" {
				rows = append(rows, dueRow(f.Appointment.ID, past, past.DueAt, "dropped", reason, "", tx.Now))
			}
		}
	}
	if _, err := tx.Bulk(ctx, writeDue, overDue, rows); err != nil {
		return 0, fmt.Errorf("write due rows: %w", err)
	}
	return gaps, nil
}

func dueRow(appointment string, p *Past, due time.Time, state string, reason Reason, message string, decided time.Time) []any {
	return []any{appointment, p.Attendee, p.Recipient, string(p.Channel), p.Rule, p.Generation, p.Mark, store.Micro(due), state, string(reason), message, store.Micro(decided)}
}

// row returns the due row of a line.
func (f *Facts) row(l *Line) *Past {
	for i := range f.Past {
		p := &f.Past[i]
		if p.Generation == l.Generation && p.Attendee == l.Attendee && p.Recipient == l.Recipient && p.Channel == l.Channel && p.Rule == l.Rule {
			return p
		}
	}
	return nil
}

// ended says why an open row has nothing to wait for any more; "" when it has.
func (f *Facts) ended(p *Past, lines []Line) Reason {
	if p.Generation != f.Appointment.Generation {
		return Moved
	}
	if l := find(lines, p); l != nil {
		if l.Verdict == Send {
			return ""
		}
		return l.Reason
	}
	for i := range f.Practice.Rules {
		if f.Practice.Rules[i].Key != p.Rule {
			continue
		}
		// By another channel now. If nothing goes by that one either, its reason is the one that explains.
		for j := range lines {
			if l := &lines[j]; l.Rule == p.Rule && l.Attendee == p.Attendee && l.Recipient == p.Recipient && l.Verdict == Skip {
				return l.Reason
			}
		}
		return NotPlanned
	}
	return RuleOff
}

// find returns the line of a due row.
func find(lines []Line, p *Past) *Line {
	for i := range lines {
		l := &lines[i]
		if l.Attendee == p.Attendee && l.Recipient == p.Recipient && l.Channel == p.Channel && l.Rule == p.Rule && l.Generation == p.Generation {
			return l
		}
	}
	return nil
}

// Busiest is how many messages fall due on the busiest day to come, in UTC.
func Busiest(ctx context.Context, tx *store.Tx) (n int64, err error) {
	err = tx.Row(ctx, `SELECT COALESCE(MAX(n), 0) FROM (SELECT COUNT(*) AS n FROM due WHERE practice = $1 AND state = 'open' GROUP BY due_at / 86400000000) AS days`).Scan(&n)
	return n, wrapped("count what falls due", err)
}
