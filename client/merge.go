package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"letterhead/fault"
	"letterhead/store"
	"letterhead/vault"
)

// Two files of one person become one: one is kept, the other goes out of use and names it. Nothing is deleted, and what went over is written down, so
// that the two can be taken apart again. Package merge leads, for appointments and what is due of them go over too.

// MergeFields are what of a file may come from the one that goes, in the order in which a page shows them.
var mergeFields = []string{"name", "born", "email", "mobile", "reminders", "language", "zone", "alert"}

// MergeFields returns them.
func MergeFields() []string { return slices.Clone(mergeFields) }

// MergeRequest says which file is kept, which goes, as they were read, and which fields are taken from the one that goes.
type MergeRequest struct {
	Kept, Gone               ID
	KeptVersion, GoneVersion int64
	Take                     map[string]bool
}

// Merged is what was made one.
type Merged struct {
	ID         string
	Kept, Gone ID
	At         time.Time
	Who        string
	UndoneAt   time.Time
	version    int64
	before     []byte
	moved      moved
}

// moved are the ids of what went over.
type moved struct {
	Attendees []string `json:",omitempty"`
	Contacts  []string `json:",omitempty"`
	Consents  []string `json:",omitempty"`
	Archived  int64    `json:",omitempty"` // since when the one that goes was out of use already; microseconds
}

// The errors of merging.
var (
	ErrMerged    = fault.New(fault.Conflict, "client.merged", "this file was made one with another; take them apart first")
	ErrSame      = &fault.Error{Kind: fault.Invalid, Key: "client.merge_same", Field: "other", Say: "choose another file than this one"}
	ErrKeepers   = fault.New(fault.Conflict, "client.merge_keepers", "the two files are seen by different people; first say of both who sees them")
	ErrNotMerged = fault.New(fault.NotFound, "client.not_merged", "these two are not one file")
)

func mergePlace(id string) vault.Place {
	return vault.Place{Table: "client_merge", Row: id, Column: "before", Version: 1}
}

// Merge makes one file of two; attendees are the places in appointments that went over already.
func Merge(ctx context.Context, tx *store.Tx, keys *vault.Keys, r MergeRequest, attendees []string) (Merged, error) {
	if r.Kept == r.Gone {
		return Merged{}, ErrSame
	}
	kept, _, err := current(ctx, tx, keys, r.Kept, r.KeptVersion)
	if err != nil {
		return Merged{}, err
	}
	gone, _, err := current(ctx, tx, keys, r.Gone, r.GoneVersion)
	if err != nil {
		return Merged{}, err
	}
	switch {
	case kept.MergedInto != "" || gone.MergedInto != "":
		return Merged{}, ErrMerged
	case !gone.ErasedAt.IsZero():
		return Merged{}, ErrErased
	case !kept.ArchivedAt.IsZero():
		return Merged{}, ErrArchived
	}
	if err := sameKeepers(ctx, tx, r.Kept, r.Gone); err != nil {
		return Merged{}, err
	}
	before, err := json.Marshal(kept)
	if err != nil {
		return Merged{}, fmt.Errorf("write down what the file was: %w", err)
	}
	m := Merged{ID: store.NewID[string](), Kept: r.Kept, Gone: r.Gone, At: tx.Now, Who: tx.Actor.Who(), moved: moved{Attendees: attendees, Archived: store.Micro(gone.ArchivedAt)}}
	if kept, err = write(ctx, tx, keys, kept.taking(gone, r.Take)); err != nil {
		return m, err
	}
	m.version = kept.Version
	gone.MergedInto, gone.ArchivedAt = r.Kept, tx.Now
	if _, err = write(ctx, tx, keys, gone); err != nil {
		return m, err
	}
	if m.moved.Contacts, err = moveContacts(ctx, tx, r.Gone, r.Kept); err != nil {
		return m, err
	}
	if m.moved.Consents, err = moveConsents(ctx, tx, r.Gone, r.Kept); err != nil {
		return m, err
	}
	text, err := json.Marshal(m.moved)
	if err != nil {
		return m, err
	}
	_, err = tx.Exec(ctx, `INSERT INTO client_merge (practice, id, kept, gone, version, before, moved, at, who, undone_at, undone_by) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0, '')`,
		m.ID, m.Kept, m.Gone, m.version, keys.Seal(mergePlace(m.ID), before), string(text), store.Micro(m.At), m.Who)
	return m, err
}

// taking is c with some fields of another file.
func (c Client) taking(o Client, take map[string]bool) Client {
	if take["name"] {
		c.Title, c.FirstName, c.LastName, c.PreferredName = o.Title, o.FirstName, o.LastName, o.PreferredName
	}
	if take["born"] {
		c.Born = o.Born
	}
	if take["email"] {
		c.Email = o.Email
	}
	if take["mobile"] {
		c.Mobile = o.Mobile
	}
	if take["reminders"] {
		c.Reminders = o.Reminders
	}
	if take["language"] {
		c.Language = o.Language
	}
	if take["zone"] {
		c.Zone = o.Zone
	}
	if take["alert"] {
		c.Alert = o.Alert
	}
	return c
}

func sameKeepers(ctx context.Context, tx *store.Tx, a, b ID) error {
	first, err := Keepers(ctx, tx, a)
	if err != nil {
		return err
	}
	second, err := Keepers(ctx, tx, b)
	if err == nil && !maps.Equal(first, second) {
		err = ErrKeepers
	}
	return err
}

func moveContacts(ctx context.Context, tx *store.Tx, from, to ID) ([]string, error) {
	rows, err := tx.Query(ctx, `SELECT id, client FROM contact WHERE practice = $1 AND client IN ($2, $3) AND ended_at = 0 ORDER BY id LIMIT 100`, from, to)
	count := 0
	ids, err := store.Collect(rows, err, func(r *store.Rows) (string, error) {
		var id string
		var of ID
		err := r.Scan(&id, &of)
		if count++; of == to {
			id = ""
		}
		return id, err
	})
	ids = slices.DeleteFunc(ids, func(id string) bool { return id == "" })
	if err == nil && len(ids) > 0 && count > MaxContacts {
		err = ErrManyPeople
	}
	if err != nil {
		return nil, err
	}
	return ids, giveContacts(ctx, tx, ids, to)
}

func giveContacts(ctx context.Context, tx *store.Tx, ids []string, to ID) error {
	return store.Chunks(ids, 3, func(list string, args []any) error {
		_, err := tx.Exec(ctx, `UPDATE contact SET client = $2 WHERE practice = $1 AND id IN (`+list+`)`, append([]any{to}, args...)...)
		return err
	})
}

// moveConsents carries over what the one that goes had refused, and what they had agreed to where the other was never asked: a refusal always counts.
func moveConsents(ctx context.Context, tx *store.Tx, from, to ID) ([]string, error) {
	latest, err := answersOf(ctx, tx, []ID{from, to})
	if err != nil {
		return nil, err
	}
	var ids []string
	var rows [][]any
	for topic, answer := range latest[from] {
		if other, asked := latest[to][topic]; asked && (answer.Given || !other.Given) {
			continue
		}
		id := store.NewID[string]()
		ids = append(ids, id)
		rows = append(rows, []any{id, to, topic.Category, topic.Channel, answer.Given, "merge", tx.Actor.Who(), store.Micro(tx.Now)})
	}
	if _, err := tx.Bulk(ctx, `INSERT INTO consent (practice, id, client, category, channel, given, source, who, at) VALUES`, "", rows); err != nil {
		return nil, err
	}
	slices.Sort(ids)
	return ids, touch(ctx, tx, to)
}

const mergeColumns = `id, kept, gone, version, before, moved, at, who, undone_at`

func scanMerged(r scanner) (m Merged, err error) {
	var at, undone int64
	var text string
	if err = r.Scan(&m.ID, &m.Kept, &m.Gone, &m.version, &m.before, &text, &at, &m.Who, &undone); err == nil {
		err = json.Unmarshal([]byte(text), &m.moved)
	}
	m.At, m.UndoneAt = store.Instant(at), store.Instant(undone)
	return m, err
}

// mostMerges bounds the files that one page tells of.
const mostMerges = 50

// MergedWith are the files that were made one with a client and still are, the latest first.
func MergedWith(ctx context.Context, tx *store.Tx, id ID) ([]Merged, error) {
	if err := see(ctx, tx, id); err != nil {
		return nil, err
	}
	rows, err := tx.Query(ctx, `SELECT `+mergeColumns+` FROM client_merge WHERE practice = $1 AND kept = $2 AND undone_at = 0
		UNION ALL SELECT `+mergeColumns+` FROM client_merge WHERE practice = $1 AND gone = $2 AND undone_at = 0 ORDER BY at DESC, id DESC LIMIT $3`, id, mostMerges)
	return store.Collect(rows, err, func(r *store.Rows) (Merged, error) { return scanMerged(r) })
}

// FindMerged returns one merging that has not been taken back.
func FindMerged(ctx context.Context, tx *store.Tx, id string) (Merged, error) {
	m, err := scanMerged(tx.Row(ctx, `SELECT `+mergeColumns+` FROM client_merge WHERE practice = $1 AND id = $2 AND undone_at = 0`, id))
	if errors.Is(err, store.ErrNone) {
		err = ErrNotMerged
	}
	if err != nil {
		return Merged{}, err
	}
	return m, errors.Join(see(ctx, tx, m.Kept), see(ctx, tx, m.Gone))
}

// Attendees are the places in appointments that went over.
func (m Merged) Attendees() []string { return slices.Clone(m.moved.Attendees) }

// Apart makes two files of one again. The kept one is as it was before, unless somebody has changed it since: then its details stay, and whole is false.
func Apart(ctx context.Context, tx *store.Tx, keys *vault.Keys, m Merged) (whole bool, err error) {
	n, err := tx.Exec(ctx, `UPDATE client_merge SET undone_at = $3, undone_by = $4 WHERE practice = $1 AND id = $2 AND undone_at = 0`, m.ID, store.Micro(tx.Now), tx.Actor.Who())
	if err == nil && n == 0 {
		err = ErrNotMerged
	}
	if err != nil {
		return false, err
	}
	if whole, err = asBefore(ctx, tx, keys, m); err != nil {
		return false, err
	}
	gone, err := Find(ctx, tx, keys, m.Gone)
	if err != nil {
		return false, err
	}
	gone.MergedInto, gone.ArchivedAt = "", store.Instant(m.moved.Archived)
	if _, err := write(ctx, tx, keys, gone); err != nil {
		return false, err
	}
	if err := giveContacts(ctx, tx, m.moved.Contacts, m.Gone); err != nil {
		return false, err
	}
	// What the other had answered was never this person's answer: it does not stay.
	err = store.Chunks(m.moved.Consents, 2, func(list string, args []any) error {
		_, err := tx.Exec(ctx, `DELETE FROM consent WHERE practice = $1 AND source = 'merge' AND id IN (`+list+`)`, args...)
		return err
	})
	return whole, errors.Join(err, touch(ctx, tx, m.Kept, m.Gone))
}

func asBefore(ctx context.Context, tx *store.Tx, keys *vault.Keys, m Merged) (bool, error) {
	kept, err := Find(ctx, tx, keys, m.Kept)
	if err != nil || kept.Version != m.version {
		return false, err
	}
	plain, err := keys.Open(tx, vault.Of{Client: string(m.Kept), Fields: clientFields}, mergePlace(m.ID), m.before)
	if err != nil {
		return false, fmt.Errorf("open what client %s was: %w", m.Kept, err)
	}
	var was Client
	if err := json.Unmarshal(plain, &was); err != nil {
		return false, fmt.Errorf("read what client %s was: %w", m.Kept, err)
	}
	was.Version, was.ArchivedAt, was.MergedInto = kept.Version, kept.ArchivedAt, kept.MergedInto
	_, err = write(ctx, tx, keys, was)
	return true, err
}
