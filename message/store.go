package message

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"letterhead/fault"
	"letterhead/store"
)

// queueAtOnce bounds one call of Queue; callers queue in turns.
const queueAtOnce = 10_000

// Queue writes intents as queued messages of the transaction's practice and returns their ids in the same order.
func Queue(ctx context.Context, tx *store.Tx, intents []Intent) ([]ID, error) {
	if len(intents) > queueAtOnce {
		return nil, fault.Field("intents", "message.many", "queue at most %d at once", queueAtOnce)
	}
	now := store.Micro(tx.Now)
	ids := make([]ID, len(intents))
	rows := make([][]any, len(intents))
	for i := range intents {
		in := &intents[i]
		if err := in.check(); err != nil {
			return nil, err
		}
		ids[i] = in.ID
		if ids[i] == "" {
			ids[i] = store.NewID[ID]()
		}
		// Whole seconds keep the messages of one practice side by side, so that the courier reads their facts as a set.
		turn := store.Micro(in.Turn.Truncate(time.Second))
		rows[i] = []any{string(ids[i]), string(in.Kind), string(in.Channel), string(in.Purpose), in.Rule + in.Subject, in.Version, in.Digest, in.Language,
			in.Appointment, in.Attendee, in.Generation, in.Client, in.Recipient, turn, store.Micro(in.NotAfter), in.Basis, now, now}
	}
	_, err := tx.Bulk(ctx, `INSERT INTO message (practice, id, kind, channel, purpose, subject, wording_version, digest, language,
		appointment, attendee, generation, client, recipient, turn, not_after, basis, created_at, changed_at) VALUES`, "", rows)
	if err != nil {
		return nil, fmt.Errorf("queue messages: %w", err)
	}
	return ids, nil
}

func (in *Intent) check() error {
	bad := func(field, say string) error { return fault.Field(field, "message."+field, "%s", say) }
	switch {
	case !slices.Contains([]Kind{Rule, Order, Letter, Reply, Test, Grant, System}, in.Kind):
		return bad("kind", "a message is of kind rule, order, letter, reply, test, grant or system")
	case in.Channel != Email && in.Channel != SMS:
		return bad("channel", "a message goes by email or sms")
	case in.Purpose != Appointments && in.Purpose != Marketing:
		return bad("purpose", "a message's purpose is appointments or marketing")
	case (in.Kind == Rule) != (in.Rule != ""):
		return bad("rule", "a message of a rule names its key, and no other does")
	case slices.Contains([]Kind{Order, Letter, Reply, Grant}, in.Kind) != (in.Subject != ""):
		return bad("subject", "a message of an order, a letter, a reply or a grant names its id, and no other does")
	case (in.Kind == Test || in.Kind == System) != (in.Client == ""):
		return bad("client", "a message to a client names it, and one to a member does not")
	case in.Version == "":
		return bad("version", "name the version of the wording")
	case !digest(in.Digest):
		return bad("digest", "a digest is 64 hexadecimal digits in lower case")
	case in.Recipient == "":
		return bad("recipient", "name the recipient")
	case in.Turn.IsZero():
		return bad("turn", "say when the message may leave")
	case !in.NotAfter.After(in.Turn.Truncate(time.Second)):
		return bad("not_after", "say until when the message is of use: after its turn")
	}
	return nil
}

func digest(s string) bool {
	return len(s) == 64 && strings.IndexFunc(s, func(r rune) bool { return (r < '0' || r > '9') && (r < 'a' || r > 'f') }) < 0
}

const columns = `practice, id, kind, channel, purpose, subject, wording_version, digest, language, appointment, attendee, generation, client, recipient,
	turn, not_after, state, reason, attempts, message_id, address_index, relay, outside_id, created_at, left_at, changed_at`

func scan(rows *store.Rows) (m Message, err error) {
	var turn, notAfter, created, left, changed int64
	err = rows.Scan(&m.Practice, &m.ID, &m.Kind, &m.Channel, &m.Purpose, &m.Subject, &m.Version, &m.Digest, &m.Language, &m.Appointment, &m.Attendee,
		&m.Generation, &m.Client, &m.Recipient, &turn, &notAfter, &m.State, &m.Reason, &m.Attempts, &m.MessageID, &m.AddressIndex, &m.Relay,
		&m.OutsideID, &created, &left, &changed)
	m.of()
	m.Turn, m.NotAfter = store.Instant(turn), store.Instant(notAfter)
	m.CreatedAt, m.LeftAt, m.ChangedAt = store.Instant(created), store.Instant(left), store.Instant(changed)
	return m, err
}

// of tells a rule's key from another's id: they stand in one column.
func (m *Message) of() {
	if m.Kind == Rule {
		m.Rule, m.Subject = m.Subject, ""
	}
}

// ErrNone is returned for a message that the practice does not have.
var ErrNone = fault.New(fault.NotFound, "message.none", "there is no such message")

// Find returns one message.
func Find(ctx context.Context, tx *store.Tx, id ID) (Message, error) {
	rows, err := tx.Query(ctx, `SELECT `+columns+` FROM message WHERE practice = $1 AND id = $2`, string(id))
	found, err := store.Collect(rows, err, scan)
	if err != nil {
		return Message{}, fmt.Errorf("find a message: %w", err)
	}
	if len(found) == 0 {
		return Message{}, ErrNone
	}
	return found[0], nil
}

// Sealed returns what was merged into a message and to whom, as the courier sealed it; nil before it left. It opens at Place.
func Sealed(ctx context.Context, tx *store.Tx, id ID) ([]byte, error) {
	var sealed []byte
	err := tx.Row(ctx, `SELECT sealed FROM message WHERE practice = $1 AND id = $2`, string(id)).Scan(&sealed)
	return sealed, err
}

// List returns messages, the newest first, and the cursor of the next page, "" at the end: an instant and an id.
func List(ctx context.Context, tx *store.Tx, f Filter, p Page) ([]Message, string, error) {
	where, args := f.clauses(2)
	limit := p.Limit
	if limit <= 0 {
		limit = 50
	}
	limit = min(limit, 500)
	if p.After != "" {
		at, id, ok := strings.Cut(p.After, "_")
		micro, err := strconv.ParseInt(at, 36, 64)
		if !ok || err != nil || len(id) > 64 {
			return nil, "", fault.Field("after", "message.cursor", "take the cursor that the page before this one returned")
		}
		n := len(args) + 2
		where += fmt.Sprintf(" AND (created_at, id) < ($%d, $%d)", n, n+1)
		args = append(args, micro, id)
	}
	rows, err := tx.Query(ctx, `SELECT `+columns+` FROM message WHERE practice = $1`+where+` ORDER BY created_at DESC, id DESC LIMIT `+fmt.Sprintf("$%d", len(args)+2),
		append(args, limit+1)...)
	found, err := store.Collect(rows, err, scan)
	if err != nil {
		return nil, "", fmt.Errorf("list messages: %w", err)
	}
	if len(found) <= limit {
		return found, "", nil
	}
	last := found[limit-1]
	return found[:limit], strconv.FormatInt(store.Micro(last.CreatedAt), 36) + "_" + string(last.ID), nil
}

// clauses are the filter's conditions, made of constant pieces; its values are placeholders from number next on.
func (f Filter) clauses(next int) (string, []any) {
	var where strings.Builder
	var args []any
	add := func(clause string, value any) {
		fmt.Fprintf(&where, " AND %s $%d", clause, next+len(args))
		args = append(args, value)
	}
	if len(f.States) > 0 {
		where.WriteString(" AND state IN (" + store.List(next, len(f.States)) + ")")
		for _, s := range f.States {
			args = append(args, string(s))
		}
	}
	for _, e := range []struct{ clause, value string }{
		{"channel =", string(f.Channel)}, {"purpose =", string(f.Purpose)}, {"kind =", string(f.Kind)}, {"subject =", f.Rule},
		{"client =", f.Client}, {"appointment =", f.Appointment},
	} {
		if e.value != "" {
			add(e.clause, e.value)
		}
	}
	if !f.From.IsZero() {
		add("created_at >=", store.Micro(f.From))
	}
	if !f.To.IsZero() {
		add("created_at <", store.Micro(f.To))
	}
	return where.String(), args
}

// CountSubject returns how many messages of an order, letter or grant were queued since an instant, whatever became of them.
func CountSubject(ctx context.Context, tx *store.Tx, subject string, since time.Time) (n int64, err error) {
	return n, tx.Row(ctx, `SELECT count(*) FROM message WHERE practice = $1 AND subject = $2 AND kind <> 'rule' AND created_at >= $3`, subject, store.Micro(since)).Scan(&n)
}

const countFailed = `SELECT count(*) FROM message WHERE practice = $1 AND changed_at >= $2 AND (state = 'refused' OR state = 'maybe sent' OR state = 'held')`

// CountFailed returns how many messages were refused, held or left maybe sent since an instant; every page shows it, so it reads those alone.
func CountFailed(ctx context.Context, tx *store.Tx, since time.Time) (n int, err error) {
	return n, tx.Row(ctx, countFailed, store.Micro(since)).Scan(&n)
}

// Steps returns the timelines of messages, oldest step first: queued, leaving and sent from the message itself, the others as they were written.
func Steps(ctx context.Context, tx *store.Tx, ids ...ID) (map[ID][]Step, error) {
	out := make(map[ID][]Step, len(ids))
	for part := range slices.Chunk(ids, 500) {
		args := make([]any, len(part))
		for i, id := range part {
			args[i] = string(id)
		}
		if err := steps(ctx, tx, out, args); err != nil {
			return nil, fmt.Errorf("read timelines: %w", err)
		}
	}
	for _, list := range out {
		slices.SortStableFunc(list, func(a, b Step) int {
			if c := a.At.Compare(b.At); c != 0 {
				return c
			}
			return int(a.Number - b.Number)
		})
	}
	return out, nil
}

func steps(ctx context.Context, tx *store.Tx, out map[ID][]Step, ids []any) error {
	type row struct {
		id   ID
		step Step
	}
	read := func(r *store.Rows) (v row, err error) {
		var at int64
		err = r.Scan(&v.id, &v.step.Number, &at, &v.step.Step, &v.step.Reason, &v.step.Detail)
		v.step.At = store.Instant(at)
		return v, err
	}
	list := store.List(2, len(ids))
	rows, err := tx.Query(ctx, `SELECT id, -1, created_at, 'queued', '', '' FROM message WHERE practice = $1 AND id IN (`+list+`)
		UNION ALL SELECT id, 0, left_at, 'leaving', '', '' FROM message WHERE practice = $1 AND left_at > 0 AND id IN (`+list+`)
		UNION ALL SELECT id, 0, changed_at, 'sent', reason, detail FROM message WHERE practice = $1 AND state = 'sent' AND id IN (`+list+`)
		UNION ALL SELECT message, number, at, step, reason, detail FROM message_step WHERE practice = $1 AND message IN (`+list+`)`, ids...)
	found, err := store.Collect(rows, err, read)
	for _, v := range found {
		out[v.id] = append(out[v.id], v.step)
	}
	return err
}

// Withdraw drops messages that have not left, for a reason of the practice's; it returns how many it was in time for.
func Withdraw(ctx context.Context, tx *store.Tx, reason string, ids ...ID) (int64, error) {
	var total int64
	for part := range slices.Chunk(ids, 500) {
		args := []any{store.Micro(tx.Now), reason}
		for _, id := range part {
			args = append(args, string(id))
		}
		n, err := tx.Exec(ctx, `UPDATE message SET state = 'dropped', reason = $3, changed_at = $2, claimed_by = '', claimed_until = 0
			WHERE practice = $1 AND state IN ('queued', 'held') AND id IN (`+store.List(4, len(part))+`)`, args...)
		if err == nil {
			_, err = tx.Exec(ctx, `INSERT INTO message_step (practice, message, number, at, step, reason, detail)
				SELECT practice, id, (SELECT coalesce(max(s.number), 0) + 1 FROM message_step s WHERE s.practice = message.practice AND s.message = message.id),
				$2, 'dropped', $3, '' FROM message
				WHERE practice = $1 AND state = 'dropped' AND changed_at = $2 AND reason = $3 AND id IN (`+store.List(4, len(part))+`)`, args...)
		}
		if err != nil {
			return total, fmt.Errorf("withdraw messages: %w", err)
		}
		total += n
	}
	return total, nil
}

// Waiting counts what is queued and what is held, over all practices, by the partial indexes: for an operator's metrics.
func Waiting(ctx context.Context, w *store.Wide) (queued, held int64, err error) {
	if err := w.Row(ctx, `SELECT COUNT(*) FROM message WHERE state = 'queued'`).Scan(&queued); err != nil {
		return 0, 0, fmt.Errorf("count what is queued: %w", err)
	}
	if err := w.Row(ctx, `SELECT COUNT(*) FROM message WHERE state = 'held'`).Scan(&held); err != nil {
		return 0, 0, fmt.Errorf("count what is held: %w", err)
	}
	return queued, held, nil
}

// mostCounted bounds a count for a page.
const mostCounted = 1000

// CountHeld counts the practice's messages that are held for a reason, up to a thousand.
func CountHeld(ctx context.Context, tx *store.Tx, reason string) (n int, err error) {
	err = tx.Row(ctx, `SELECT COUNT(*) FROM (SELECT 1 FROM message WHERE practice = $1 AND state = 'held' AND reason = $2 LIMIT $3) AS held`, reason, mostCounted).Scan(&n)
	return n, err
}
