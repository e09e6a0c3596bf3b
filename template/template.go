// Package template keeps a practice's wordings and their versions, and gives every new practice a starter set.
//
// A wording is a name; what it says is a version: blocks and subject as canonical JSON (package wording) with its digest. Each edit makes the
// next version; none is ever changed or deleted, for messages and approvals name it by its digest. The wording's current version is what
// automatic messages send.
//
// It promises: only what wording.Validate accepts and Compile compiles in every language becomes a version; the bytes that are stored are the
// ones whose digest is stored; the same content again is the same version; what was edited from an old reading is refused.
//
// It never sends, renders or approves anything.
package template

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"letterhead/fault"
	"letterhead/practice"
	"letterhead/store"
	"letterhead/wording"
)

// ID names a wording; VersionID one of its versions. UUIDv7.
type (
	ID        string
	VersionID string
)

// Wording is what a practice calls a template.
type Wording struct {
	ID       ID
	Key      string // of a starter wording; "" for the practice's own
	Name     string
	Current  VersionID
	Archived time.Time
}

// Version is one immutable state of a wording.
type Version struct {
	ID      VersionID
	Wording ID
	Number  int
	Digest  string // hex
	MadeBy  string
	MadeAt  time.Time
}

// The errors of this package.
var (
	ErrNotFound = fault.New(fault.NotFound, "template.not_found", "no such template")
	ErrChanged  = fault.New(fault.Conflict, "template.changed", "somebody has changed this template since; look at it again")
	ErrFull     = fault.New(fault.TooMany, "template.full", "a practice can have 500 templates; archive some that are not needed any more")
	errDamaged  = errors.New("the stored version does not have the digest that stands beside it")
)

const maxWordings = 500

// List returns the practice's wordings that are not archived, starters first in their order of making.
func List(ctx context.Context, tx *store.Tx) ([]Wording, error) {
	rows, err := tx.Query(ctx, `SELECT id, key, name, current, archived_at FROM wording WHERE practice = $1 AND archived_at = 0 ORDER BY CASE WHEN key = '' THEN 1 ELSE 0 END, id`)
	return store.Collect(rows, err, scanWording)
}

// Find returns one wording.
func Find(ctx context.Context, tx *store.Tx, id ID) (Wording, error) {
	rows, err := tx.Query(ctx, `SELECT id, key, name, current, archived_at FROM wording WHERE practice = $1 AND id = $2`, string(id))
	found, err := store.Collect(rows, err, scanWording)
	if err != nil {
		return Wording{}, err
	}
	if len(found) == 0 {
		return Wording{}, ErrNotFound
	}
	return found[0], nil
}

func scanWording(r *store.Rows) (Wording, error) {
	var w Wording
	var archived int64
	err := r.Scan(&w.ID, &w.Key, &w.Name, &w.Current, &archived)
	w.Archived = store.Instant(archived)
	return w, err
}

// ByKey returns the starter wordings by their stable names.
func ByKey(ctx context.Context, tx *store.Tx) (map[string]ID, error) {
	all, err := List(ctx, tx)
	if err != nil {
		return nil, fmt.Errorf("read the templates: %w", err)
	}
	out := make(map[string]ID, len(all))
	for _, w := range all {
		if w.Key != "" {
			out[w.Key] = w.ID
		}
	}
	return out, nil
}

const versionColumns = `v.id, v.wording, v.number, v.digest, v.made_by, v.made_at`

func scanVersion(r *store.Rows) (Version, error) {
	var v Version
	var made int64
	err := r.Scan(&v.ID, &v.Wording, &v.Number, &v.Digest, &v.MadeBy, &made)
	v.MadeAt = store.Instant(made)
	return v, err
}

// CurrentVersions returns, for each wording that is not archived, the version that was made last.
func CurrentVersions(ctx context.Context, tx *store.Tx) (map[ID]Version, error) {
	return versionsNow(ctx, tx, `w.current`)
}

// SentVersions returns, for each wording that is not archived, the version that rules send: the one that was signed last, and the current one where
// none was. While a new version waits for its signature, the old goes on.
func SentVersions(ctx context.Context, tx *store.Tx) (map[ID]Version, error) {
	return versionsNow(ctx, tx, `CASE WHEN w.signed = '' THEN w.current ELSE w.signed END`)
}

// Signed notes which version of a wording was signed last: a hint for SentVersions, which the courier does not believe.
func Signed(ctx context.Context, tx *store.Tx, id ID, digest string) error {
	_, err := tx.Exec(ctx, `UPDATE wording SET signed = (SELECT v.id FROM wording_version v WHERE v.practice = $1 AND v.wording = $2 AND v.digest = $3 ORDER BY v.number DESC LIMIT 1)
		WHERE practice = $1 AND id = $2 AND EXISTS (SELECT 1 FROM wording_version v WHERE v.practice = $1 AND v.wording = $2 AND v.digest = $3)`, string(id), digest)
	return err
}

// versionsNow joins each wording with the version that an expression names.
func versionsNow(ctx context.Context, tx *store.Tx, which string) (map[ID]Version, error) {
	rows, err := tx.Query(ctx, `SELECT `+versionColumns+` FROM wording w JOIN wording_version v ON v.practice = $1 AND v.id = `+which+`
		WHERE w.practice = $1 AND w.archived_at = 0`)
	all, err := store.Collect(rows, err, scanVersion)
	if err != nil {
		return nil, fmt.Errorf("read the templates: %w", err)
	}
	out := make(map[ID]Version, len(all))
	for _, v := range all {
		out[v.Wording] = v
	}
	return out, nil
}

// Versions returns a wording's versions, the newest first: at most 200.
func Versions(ctx context.Context, tx *store.Tx, id ID) ([]Version, error) {
	rows, err := tx.Query(ctx, `SELECT `+versionColumns+` FROM wording_version v WHERE v.practice = $1 AND v.wording = $2 ORDER BY v.number DESC LIMIT 200`, string(id))
	return store.Collect(rows, err, scanVersion)
}

// Content returns the canonical JSON of versions by their ids. Ids that the practice does not have are absent.
func Content(ctx context.Context, tx *store.Tx, ids []VersionID) (map[VersionID][]byte, error) {
	type entry struct {
		id      VersionID
		content []byte
	}
	out := make(map[VersionID][]byte, len(ids))
	err := store.Chunks(ids, 2, func(list string, args []any) error {
		rows, err := tx.Query(ctx, `SELECT id, content FROM wording_version WHERE practice = $1 AND id IN (`+list+`)`, args...)
		all, err := store.Collect(rows, err, func(r *store.Rows) (entry, error) {
			var e entry
			return e, r.Scan(&e.id, &e.content)
		})
		for _, e := range all {
			out[e.id] = e.content
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read versions of templates: %w", err)
	}
	return out, nil
}

// Read returns a version as blocks, with its pictures, for an editor. It refuses bytes that do not have the digest beside them.
func Read(ctx context.Context, tx *store.Tx, id VersionID) (*wording.Version, error) {
	var content []byte
	var digest string
	err := tx.Row(ctx, `SELECT content, digest FROM wording_version WHERE practice = $1 AND id = $2`, string(id)).Scan(&content, &digest)
	if errors.Is(err, store.ErrNone) {
		return nil, ErrNotFound
	}
	if err != nil {
		return nil, err
	}
	v, found, err := wording.DecodeCanonical(content)
	if err != nil {
		return nil, fmt.Errorf("read version %s: %w", id, err)
	}
	if found.String() != digest {
		return nil, fmt.Errorf("read version %s: %w", id, errDamaged)
	}
	return v, practice.Attach(ctx, tx, v)
}

// ErrNone is returned where a practice has no wording to take its letterhead from.
var ErrNone = fault.New(fault.Conflict, "template.none", "this practice has no templates, so nobody knows what its messages carry; ask the operator")

// Letterhead is what a practice's messages share as the wordings carry it that rules send: sender, branding and link hosts, without pictures. Its
// default language is the one of theirs that serves a recipient who prefers another; it has no words.
func Letterhead(ctx context.Context, tx *store.Tx, preferred string) (*wording.Version, error) {
	all, err := List(ctx, tx)
	if err != nil {
		return nil, err
	}
	sent, err := SentVersions(ctx, tx)
	if err != nil {
		return nil, err
	}
	for _, w := range all {
		v, err := Read(ctx, tx, sent[w.ID].ID)
		if err != nil {
			continue // damaged: the courier holds what names it
		}
		head := &wording.Version{Format: wording.Format, Sender: v.Sender, Branding: v.Branding, Hosts: v.Hosts, DefaultLanguage: v.Match(preferred)}
		head.Branding.Logo = nil
		return head, nil
	}
	return nil, ErrNone
}

// Archived are the wordings that are out of use, the newest first: at most 200.
func Archived(ctx context.Context, tx *store.Tx) ([]Wording, error) {
	rows, err := tx.Query(ctx, `SELECT id, key, name, current, archived_at FROM wording WHERE practice = $1 AND archived_at > 0 ORDER BY archived_at DESC, id LIMIT 200`)
	return store.Collect(rows, err, scanWording)
}

// Archive takes a wording out of use, or brings it back. Whether something still sends it is for the caller to ask.
func Archive(ctx context.Context, tx *store.Tx, id ID, away bool) error {
	w, err := Find(ctx, tx, id)
	if err != nil || w.Archived.IsZero() != away {
		return err
	}
	at := tx.Now
	if !away {
		at = time.Time{}
	}
	_, err = tx.Exec(ctx, `UPDATE wording SET archived_at = $3 WHERE practice = $1 AND id = $2`, string(id), store.Micro(at))
	return err
}

// Rename gives a wording another name. Its versions, and what was signed, stay.
func Rename(ctx context.Context, tx *store.Tx, id ID, name string) error {
	name, err := called(name)
	if err != nil {
		return err
	}
	if _, err := Find(ctx, tx, id); err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `UPDATE wording SET name = $3 WHERE practice = $1 AND id = $2`, string(id), name)
	return err
}

func called(name string) (string, error) {
	name, err := practice.Text("name", name, 80)
	if err == nil && name == "" {
		err = fault.Field("name", "template.required", "this is needed; fill it in")
	}
	return name, err
}

// New makes a wording of the practice's own with its first version.
func New(ctx context.Context, tx *store.Tx, name string, v *wording.Version) (Wording, Version, error) {
	name, err := called(name)
	if err != nil {
		return Wording{}, Version{}, err
	}
	var n int
	if err := tx.Row(ctx, `SELECT COUNT(*) FROM wording WHERE practice = $1 AND archived_at = 0`).Scan(&n); err != nil {
		return Wording{}, Version{}, err
	}
	if n >= maxWordings {
		return Wording{}, Version{}, ErrFull
	}
	return insert(ctx, tx, "", name, v)
}

func insert(ctx context.Context, tx *store.Tx, key, name string, v *wording.Version) (Wording, Version, error) {
	content, digest, err := prove(ctx, tx, v)
	if err != nil {
		return Wording{}, Version{}, err
	}
	w := Wording{ID: store.NewID[ID](), Key: key, Name: name, Current: store.NewID[VersionID]()}
	if _, err := tx.Exec(ctx, `INSERT INTO wording (practice, id, key, name, current, archived_at) VALUES ($1, $2, $3, $4, $5, 0)`,
		string(w.ID), w.Key, w.Name, string(w.Current)); err != nil {
		return Wording{}, Version{}, fmt.Errorf("add a template: %w", err)
	}
	made, err := write(ctx, tx, Version{ID: w.Current, Wording: w.ID, Number: 1, Digest: digest}, content)
	return w, made, err
}

// NewVersion makes the next version of a wording and makes it current. from is the version that the editor began with; when another has become
// current since, it is ErrChanged. Content that equals the current version's makes none and returns that one.
func NewVersion(ctx context.Context, tx *store.Tx, id ID, from VersionID, v *wording.Version) (Version, error) {
	return newVersion(ctx, tx, id, from, v, tx.Actor.Who())
}

func newVersion(ctx context.Context, tx *store.Tx, id ID, from VersionID, v *wording.Version, by string) (Version, error) {
	content, digest, err := prove(ctx, tx, v)
	if err != nil {
		return Version{}, err
	}
	w, err := Find(ctx, tx, id)
	switch {
	case err != nil:
		return Version{}, err
	case !w.Archived.IsZero():
		return Version{}, ErrNotFound
	case w.Current != from:
		return Version{}, ErrChanged
	}
	last, err := Versions(ctx, tx, id)
	if err != nil {
		return Version{}, err
	}
	number := 1
	for _, l := range last {
		if l.ID == w.Current && l.Digest == digest {
			return l, nil
		}
		number = max(number, l.Number+1)
	}
	made, err := write(ctx, tx, Version{ID: store.NewID[VersionID](), Wording: id, Number: number, Digest: digest, MadeBy: by}, content)
	if err != nil {
		return Version{}, err
	}
	n, err := tx.Exec(ctx, `UPDATE wording SET current = $3 WHERE practice = $1 AND id = $2 AND current = $4`, string(id), string(made.ID), string(from))
	if err == nil && n == 0 {
		err = ErrChanged
	}
	return made, err
}

// Prove says whether a version could be made of v, with the pictures that were attached to it: what is wrong with it, and where.
func Prove(v *wording.Version) error {
	_, _, err := proved(v)
	return err
}

// prove returns the canonical JSON and digest of a version that is fit to be sent in each of its languages.
func prove(ctx context.Context, tx *store.Tx, v *wording.Version) (content []byte, digest string, err error) {
	if err := practice.Attach(ctx, tx, v); err != nil {
		return nil, "", err
	}
	return proved(v)
}

func proved(v *wording.Version) (content []byte, digest string, err error) {
	if err := v.Validate(); err != nil {
		return nil, "", err
	}
	for _, l := range v.Languages {
		if _, err := wording.Compile(v, l.Tag); err != nil {
			return nil, "", err
		}
	}
	if content, err = v.Canonical(); err != nil {
		return nil, "", err
	}
	// What is stored is read back first: the digest must stand for what a courier will decode.
	_, sum, err := wording.DecodeCanonical(content)
	return content, sum.String(), err
}

func write(ctx context.Context, tx *store.Tx, v Version, content []byte) (Version, error) {
	v.MadeBy, v.MadeAt = cmp.Or(v.MadeBy, tx.Actor.Who()), tx.Now
	_, err := tx.Exec(ctx, `INSERT INTO wording_version (practice, id, wording, number, digest, content, made_by, made_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		string(v.ID), string(v.Wording), v.Number, v.Digest, content, v.MadeBy, store.Micro(v.MadeAt))
	if err != nil {
		return Version{}, fmt.Errorf("write a version of a template: %w", err)
	}
	return v, nil
}
