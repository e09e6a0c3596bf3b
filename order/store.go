package order

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"letterhead/approval"
	"letterhead/fault"
	"letterhead/message"
	"letterhead/store"
	"letterhead/template"
)

const columns = `id, name, wording, wording_version, digest, channel, purpose, filter, most, window_from, window_until, state, edition, run, root, recipients, active, queued, left_out,
	made_by, made_at, asked_by, asked_at, counts_at, began_at, ended_at, ended_by, seen_at, seen, before_at, before`

func scan(r *store.Rows) (o Order, err error) {
	var filter, root string
	var from, until, made, asked, counts, began, ended, seen, before int64
	if err := r.Scan(&o.ID, &o.Name, &o.Wording, &o.Version, &o.Digest, &o.Channel, &o.Purpose, &filter, &o.Most, &from, &until, &o.State, &o.Edition, &o.run, &root, &o.Recipients,
		&o.Active, &o.Queued, &o.LeftOut, &o.MadeBy, &made, &o.AskedBy, &asked, &counts, &began, &ended, &o.EndedBy, &seen, &o.seen, &before, &o.before); err != nil {
		return o, err
	}
	if root != "" {
		if o.Root, err = approval.ParseDigest(root); err != nil {
			return o, fmt.Errorf("order %s: %w", o.ID, err)
		}
	}
	if err := json.Unmarshal([]byte(filter), &o.Filter); err != nil {
		return o, fmt.Errorf("order %s: %w", o.ID, err)
	}
	o.From, o.Until, o.MadeAt, o.AskedAt = store.Instant(from), store.Instant(until), store.Instant(made), store.Instant(asked)
	o.CountsAt, o.BeganAt, o.EndedAt, o.seenAt, o.beforeAt = store.Instant(counts), store.Instant(began), store.Instant(ended), store.Instant(seen), store.Instant(before)
	return o, nil
}

// Find returns one order.
func Find(ctx context.Context, tx *store.Tx, id ID) (Order, error) {
	rows, err := tx.Query(ctx, `SELECT `+columns+` FROM bulk_order WHERE practice = $1 AND id = $2`, string(id))
	found, err := store.Collect(rows, err, scan)
	if err != nil {
		return Order{}, fmt.Errorf("find a bulk message: %w", err)
	}
	if len(found) == 0 {
		return Order{}, ErrNotFound
	}
	return found[0], nil
}

// findAll reads orders by id; those that the practice does not have are absent.
func findAll(ctx context.Context, tx *store.Tx, of map[ID][]int) (map[ID]*Order, error) {
	out := make(map[ID]*Order, len(of))
	err := store.Chunks(slices.Sorted(maps.Keys(of)), 2, func(list string, args []any) error {
		rows, err := tx.Query(ctx, `SELECT `+columns+` FROM bulk_order WHERE practice = $1 AND id IN (`+list+`)`, args...)
		found, err := store.Collect(rows, err, scan)
		for i := range found {
			out[found[i].ID] = &found[i]
		}
		return err
	})
	return out, wrapped("read bulk messages", err)
}

// fixed is a recipient as it was fixed.
type fixed struct {
	place          int64
	index, message string
	proof          []byte
}

// fixedOf reads where clients stand in an order's audience.
func fixedOf(ctx context.Context, tx *store.Tx, id ID, clients []string) (map[string]fixed, error) {
	out := make(map[string]fixed, len(clients))
	err := store.Chunks(clients, 3, func(list string, args []any) error {
		rows, err := tx.Query(ctx, `SELECT client, place, address_index, message, proof FROM order_recipient WHERE practice = $1 AND bulk_order = $2 AND client IN (`+list+`)`,
			append([]any{string(id)}, args...)...)
		_, err = store.Collect(rows, err, func(r *store.Rows) (none struct{}, err error) {
			var client string
			var f fixed
			err = r.Scan(&client, &f.place, &f.index, &f.message, &f.proof)
			out[client] = f
			return none, err
		})
		return err
	})
	return out, wrapped("read where recipients stand", err)
}

// List returns orders, the newest first, and the cursor of the next page, "" at the end.
func List(ctx context.Context, tx *store.Tx, after string, limit int) ([]Order, string, error) {
	limit = min(max(limit, 1), 200)
	where, args := "", []any{limit + 1}
	if after != "" {
		at, id, ok := strings.Cut(after, "_")
		micro, err := strconv.ParseInt(at, 36, 64)
		if !ok || err != nil || len(id) > 64 {
			return nil, "", fault.Field("after", "order.cursor", "take the cursor that the page before this one returned")
		}
		where, args = ` AND (made_at, id) < ($3, $4)`, append(args, micro, id)
	}
	rows, err := tx.Query(ctx, `SELECT `+columns+` FROM bulk_order WHERE practice = $1`+where+` ORDER BY made_at DESC, id DESC LIMIT $2`, args...)
	found, err := store.Collect(rows, err, scan)
	if err != nil || len(found) <= limit {
		return found, "", err
	}
	last := found[limit-1]
	return found[:limit], strconv.FormatInt(store.Micro(last.MadeAt), 36) + "_" + string(last.ID), nil
}

// Waiting returns the orders whose recipients are fixed and which may still be signed, the oldest first; at most 100.
func Waiting(ctx context.Context, tx *store.Tx) ([]Order, error) {
	rows, err := tx.Query(ctx, `SELECT `+columns+` FROM bulk_order WHERE practice = $1 AND (state = 'asked' OR state = 'signed') AND window_until > $2 ORDER BY id LIMIT $3`,
		store.Micro(tx.Now), mostOpen)
	return store.Collect(rows, err, scan)
}

// CountAsked counts those that wait for a signature.
func CountAsked(ctx context.Context, tx *store.Tx) (n int, err error) {
	err = tx.Row(ctx, `SELECT count(*) FROM bulk_order WHERE practice = $1 AND state = 'asked' AND window_until > $2`, store.Micro(tx.Now)).Scan(&n)
	return n, err
}

// New makes drafts of a request: one, or two where each client's preference decides the channel. Nobody is told.
func New(ctx context.Context, tx *store.Tx, r Request) ([]Order, error) {
	var n int
	if err := tx.Row(ctx, `SELECT count(*) FROM bulk_order WHERE practice = $1 AND ended_at = 0`).Scan(&n); err != nil {
		return nil, err
	}
	if n >= mostOpen {
		return nil, ErrOpen
	}
	all, err := r.orders(ctx, tx)
	for i := range all {
		o := &all[i]
		if err := o.insert(ctx, tx); err != nil {
			return nil, err
		}
	}
	return all, err
}

// orders are what a request comes to.
func (r Request) orders(ctx context.Context, tx *store.Tx) ([]Order, error) {
	if err := r.check(tx.Now); err != nil {
		return nil, err
	}
	channels := []message.Channel{message.Channel(r.Channel)}
	r.Filter.Prefer = r.Channel == ByPreference
	if r.Filter.Prefer {
		channels = []message.Channel{message.Email, message.SMS}
	}
	version, purpose, err := r.version(ctx, tx, channels)
	if err != nil {
		return nil, err
	}
	var out []Order
	for _, c := range channels {
		out = append(out, Order{ID: store.NewID[ID](), Name: r.Name, Wording: r.Wording, Version: version.ID, Digest: version.Digest, Channel: c, Purpose: purpose, Filter: r.Filter,
			Most: r.Most, From: r.From.UTC(), Until: r.Until.UTC(), State: Draft, Edition: 1, MadeBy: tx.Actor.Who(), MadeAt: tx.Now})
	}
	return out, nil
}

// Would counts whom a request would reach, over its channels; name and window are not asked for.
func Would(ctx context.Context, tx *store.Tx, r Request) (Audience, Order, error) {
	r.Name, r.From, r.Until = "count", tx.Now, tx.Now.Add(time.Hour)
	all, err := r.orders(ctx, tx)
	if err != nil {
		return Audience{}, Order{}, err
	}
	out, err := Count(ctx, tx, &all[0])
	if err != nil || len(all) == 1 {
		return out, all[0], err
	}
	// By preference: the second finds those whom the first leaves to it.
	other, err := Count(ctx, tx, &all[1])
	out.Reached += other.Reached
	for why, n := range other.Why {
		out.Why[why] += n
	}
	out.Why[WantsNone] /= 2 // both say it of the same
	delete(out.Why, WantsOther)
	return out, all[0], err
}

// version is the wording's version that is sent: the one that was signed last, else the newest, which the signing desk then asks for as well.
func (r *Request) version(ctx context.Context, tx *store.Tx, channels []message.Channel) (v template.Version, purpose message.Purpose, err error) {
	sent, err := template.SentVersions(ctx, tx)
	if err != nil {
		return v, "", err
	}
	v, ok := sent[r.Wording]
	if !ok {
		return v, "", bad("wording", "wording", "choose a template")
	}
	read, err := template.Read(ctx, tx, v.ID)
	if err != nil {
		return v, "", err
	}
	for _, c := range channels {
		if err := Fit(read, c); err != nil {
			return v, "", err
		}
	}
	return v, purposeOf(read), nil
}

func (o *Order) insert(ctx context.Context, tx *store.Tx) error {
	_, err := tx.Exec(ctx, `INSERT INTO bulk_order (practice, id, name, wording, wording_version, digest, channel, purpose, filter, most, window_from, window_until, state, edition, made_by, made_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 'draft', $13, $14, $15)`, string(o.ID), o.Name, string(o.Wording), string(o.Version), o.Digest, string(o.Channel),
		string(o.Purpose), o.Filter.text(), o.Most, store.Micro(o.From), store.Micro(o.Until), o.Edition, o.MadeBy, store.Micro(o.MadeAt))
	return wrapped("write a bulk message", err)
}

// Change writes a draft again, if Edition is what is stored. Its channel stays one: a draft of two is two drafts.
func Change(ctx context.Context, tx *store.Tx, id ID, edition int64, r Request) (Order, error) {
	old, err := editable(ctx, tx, id, edition)
	if err != nil {
		return old, err
	}
	prefer := old.Filter.Prefer && r.Channel == string(old.Channel)
	if r.Channel == ByPreference {
		r.Channel, prefer = string(old.Channel), true
	}
	all, err := r.orders(ctx, tx)
	if err != nil {
		return old, err
	}
	o := all[0]
	o.ID, o.Edition, o.MadeBy, o.MadeAt, o.Filter.Prefer = id, edition+1, old.MadeBy, old.MadeAt, prefer
	n, err := tx.Exec(ctx, `UPDATE bulk_order SET name = $3, wording = $4, wording_version = $5, digest = $6, channel = $7, purpose = $8, filter = $9, most = $10, window_from = $11,
		window_until = $12, edition = $13 WHERE practice = $1 AND id = $2 AND state = 'draft' AND edition = $14`, string(o.ID), o.Name, string(o.Wording), string(o.Version), o.Digest,
		string(o.Channel), string(o.Purpose), o.Filter.text(), o.Most, store.Micro(o.From), store.Micro(o.Until), o.Edition, edition)
	if err == nil && n == 0 {
		err = ErrChanged
	}
	return o, wrapped("change a bulk message", err)
}

// editable is a draft that is as the caller read it.
func editable(ctx context.Context, tx *store.Tx, id ID, edition int64) (Order, error) {
	o, err := Find(ctx, tx, id)
	switch {
	case err != nil:
		return o, err
	case o.State != Draft:
		return o, ErrFixed
	case o.Edition != edition:
		return o, ErrChanged
	}
	return o, nil
}

// Copy makes a draft with all that another order says; its window begins where the caller says.
func Copy(ctx context.Context, tx *store.Tx, id ID, r Request) (Order, error) {
	o, err := Find(ctx, tx, id)
	if err != nil {
		return o, err
	}
	r.Name, r.Wording, r.Channel, r.Filter, r.Most = o.Name, o.Wording, string(o.Channel), o.Filter, o.Most
	all, err := New(ctx, tx, r)
	if err != nil {
		return o, err
	}
	made := all[0]
	if o.Filter.Prefer {
		made.Filter.Prefer = true
		_, err = tx.Exec(ctx, `UPDATE bulk_order SET filter = $3 WHERE practice = $1 AND id = $2`, string(made.ID), made.Filter.text())
	}
	return made, err
}

func wrapped(what string, err error) error {
	if err == nil || fault.As(err) != nil && !errors.Is(err, store.ErrForeign) {
		return err
	}
	return fmt.Errorf("%s: %w", what, err)
}
