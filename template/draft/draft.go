// Package draft keeps a template while people change it, block by block, until it becomes a version.
//
// A practice has at most one draft of each template. Each of its parts, a block, a sentence of the text message or a language's subject, has a name of its own and
// remembers which edition of the draft changed it last. Whoever changes a part says which edition they have read: when it was changed since, they are told
// (ErrMeanwhile) and nothing is written; a change of another part stands beside theirs.
//
// It promises: a draft can be sent as it stands, for each change is held to what a version is held to, and one that does not fit is refused; the last change can be
// taken back, and again; what a draft says is never sent, signed or shown to a client before Finish has made a version of it.
package draft

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"time"

	"letterhead/fault"
	"letterhead/practice"
	"letterhead/store"
	"letterhead/template"
	"letterhead/wording"
)

// Part names a block or a sentence within a draft, and the edition that changed it last.
type Part struct {
	ID      int   `json:"id"`
	Edition int64 `json:"edition,omitempty"`
}

// Parts are the names of one language's parts, in their order.
type Parts struct {
	Head      int64  `json:"head,omitempty"` // the edition that changed the subject or the preview line last
	Blocks    []Part `json:"blocks"`
	Sentences []Part `json:"sentences"`
}

// Draft is a template as it is being changed.
type Draft struct {
	Wording template.ID
	Base    template.VersionID // that it began with
	Edition int64              // 0: nothing is changed
	Version *wording.Version
	Parts   []Parts // of each language of the version
	By      string  // who changed it last
	At      time.Time
	Undo    bool // there is a change to take back
	Behind  bool // the template has got other words meanwhile

	next int // the next part's name
}

// The errors of drafts.
var (
	ErrMeanwhile = fault.New(fault.Conflict, "draft.meanwhile", "somebody changed this meanwhile; what you typed stands below; look at both and save again")
	ErrGone      = fault.New(fault.Conflict, "draft.gone", "somebody removed this meanwhile; what you typed stands below and is added again when you save it")
	ErrNothing   = fault.New(fault.Conflict, "draft.nothing", "nothing is changed")
	ErrBehind    = fault.New(fault.Conflict, "draft.behind", "the template got other words meanwhile; look at what is different, then say which is to stay")
)

// stored is the draft's content as its row keeps it.
type stored struct {
	Version *wording.Version `json:"version"`
	Parts   []Parts          `json:"parts"`
	Next    int              `json:"next"`
}

// Open returns the draft of a template, or its current version as one that nobody has changed.
func Open(ctx context.Context, tx *store.Tx, id template.ID) (*Draft, error) {
	w, err := template.Find(ctx, tx, id)
	if err != nil {
		return nil, err
	}
	if !w.Archived.IsZero() {
		return nil, template.ErrNotFound
	}
	current, err := template.Read(ctx, tx, w.Current)
	if err != nil {
		return nil, err
	}
	d, _, err := read(ctx, tx, id)
	if errors.Is(err, store.ErrNone) {
		d = &Draft{Wording: id, Base: w.Current, Version: current, next: 1}
		for i := range current.Languages {
			d.Parts = append(d.Parts, d.named(&current.Languages[i]))
		}
		return d, nil
	}
	if err == nil && d.Base != w.Current {
		err = d.follow(ctx, tx, w.Current, current)
	}
	if err != nil {
		return d, err
	}
	return d, practice.Attach(ctx, tx, d.Version)
}

// follow takes over what the practice's details changed in the template since the draft began. Other words are people's to choose between.
func (d *Draft) follow(ctx context.Context, tx *store.Tx, id template.VersionID, current *wording.Version) error {
	base, err := template.Read(ctx, tx, d.Base)
	if err != nil {
		return err
	}
	if !reflect.DeepEqual(base.Languages, current.Languages) || base.Purpose != current.Purpose || base.DefaultLanguage != current.DefaultLanguage {
		d.Behind = true
		return nil
	}
	d.Base = id
	d.Version.Sender, d.Version.Branding, d.Version.HealthInSMS = current.Sender, current.Branding, current.HealthInSMS
	extra := slices.DeleteFunc(slices.Clone(d.Version.Hosts), func(h string) bool { return slices.Contains(base.Hosts, h) })
	d.Version.Hosts = sorted(append(extra, current.Hosts...))
	return nil
}

func read(ctx context.Context, tx *store.Tx, id template.ID) (*Draft, string, error) {
	d := &Draft{Wording: id}
	var content, before string
	var at int64
	err := tx.Row(ctx, `SELECT base, edition, content, before, changed_by, changed_at FROM wording_draft WHERE practice = $1 AND wording = $2`, string(id)).
		Scan(&d.Base, &d.Edition, &content, &before, &d.By, &at)
	if err != nil {
		return nil, "", err
	}
	d.At, d.Undo = store.Instant(at), before != ""
	return d, content, d.fill(content)
}

func (d *Draft) fill(content string) error {
	var s stored
	if err := json.Unmarshal([]byte(content), &s); err != nil {
		return fmt.Errorf("read the draft of %s: %w", d.Wording, err)
	}
	if s.Version == nil || len(s.Parts) != len(s.Version.Languages) {
		return fmt.Errorf("read the draft of %s: its parts are not those of its version", d.Wording)
	}
	d.Version, d.Parts, d.next = s.Version, s.Parts, s.Next
	return nil
}

func (d *Draft) content() (string, error) {
	raw, err := json.Marshal(stored{d.Version, d.Parts, d.next})
	return string(raw), err
}

// named gives the parts of a language names.
func (d *Draft) named(l *wording.Language) Parts {
	p := Parts{Blocks: []Part{}, Sentences: []Part{}}
	for range l.Blocks {
		p.Blocks = append(p.Blocks, d.part())
	}
	for range l.SMS {
		p.Sentences = append(p.Sentences, d.part())
	}
	return p
}

// part is a new part of the edition that is being made.
func (d *Draft) part() Part {
	d.next++
	return Part{ID: d.next - 1, Edition: d.Edition}
}

// Change opens the draft of a template, applies a change and keeps it. What the change makes must be fit to be sent.
func Change(ctx context.Context, tx *store.Tx, id template.ID, change func(*Draft) error) (*Draft, error) {
	d, err := Open(ctx, tx, id)
	if err != nil {
		return nil, err
	}
	before, err := d.content()
	if err != nil {
		return nil, err
	}
	read := d.Edition
	if err := d.Try(change); err != nil {
		return nil, err
	}
	return d, d.write(ctx, tx, read, before)
}

// Try applies a change to a draft in memory, as Change would.
func (d *Draft) Try(change func(*Draft) error) error {
	d.Edition++
	if err := change(d); err != nil {
		return err
	}
	return template.Prove(d.Version)
}

func (d *Draft) write(ctx context.Context, tx *store.Tx, read int64, before string) error {
	content, err := d.content()
	if err != nil {
		return err
	}
	d.By, d.At, d.Undo = tx.Actor.Who(), tx.Now, before != ""
	if read == 0 {
		_, err = tx.Exec(ctx, `INSERT INTO wording_draft (practice, wording, base, edition, content, before, changed_by, changed_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
			string(d.Wording), string(d.Base), d.Edition, content, before, d.By, store.Micro(d.At))
		if errors.Is(err, store.ErrUnique) {
			return ErrMeanwhile
		}
		return err
	}
	n, err := tx.Exec(ctx, `UPDATE wording_draft SET base = $3, edition = $4, content = $5, before = $6, changed_by = $7, changed_at = $8 WHERE practice = $1 AND wording = $2 AND edition = $9`,
		string(d.Wording), string(d.Base), d.Edition, content, before, d.By, store.Micro(d.At), read)
	if err == nil && n == 0 {
		err = ErrMeanwhile
	}
	return err
}

// Undo takes the last change back; again, it is made again. edition is what the caller has read.
func Undo(ctx context.Context, tx *store.Tx, id template.ID, edition int64) error {
	d, content, err := read(ctx, tx, id)
	switch {
	case errors.Is(err, store.ErrNone) || err == nil && !d.Undo:
		return ErrNothing
	case err != nil:
		return err
	case d.Edition != edition:
		return ErrMeanwhile
	}
	var before string
	if err := tx.Row(ctx, `SELECT before FROM wording_draft WHERE practice = $1 AND wording = $2`, string(id)).Scan(&before); err != nil {
		return err
	}
	if err := d.fill(before); err != nil {
		return err
	}
	d.Edition++
	for i := range d.Parts { // whoever has any part before them is told
		d.Parts[i].Head = d.Edition
		for _, all := range [][]Part{d.Parts[i].Blocks, d.Parts[i].Sentences} {
			for j := range all {
				all[j].Edition = d.Edition
			}
		}
	}
	return d.write(ctx, tx, edition, content)
}

// Drop throws a draft away: the template is again what its current version says. edition is what the caller has read.
func Drop(ctx context.Context, tx *store.Tx, id template.ID, edition int64) error {
	if _, err := template.Find(ctx, tx, id); err != nil {
		return err
	}
	n, err := tx.Exec(ctx, `DELETE FROM wording_draft WHERE practice = $1 AND wording = $2 AND edition = $3`, string(id), edition)
	if err == nil && n == 0 {
		err = ErrMeanwhile
	}
	return err
}

// Finish makes the draft the template's next version, for people to sign, and ends it. mine says that its words stay where the template got others meanwhile.
func Finish(ctx context.Context, tx *store.Tx, id template.ID, edition int64, mine bool) (template.Version, error) {
	d, err := Open(ctx, tx, id)
	if err != nil {
		return template.Version{}, err
	}
	switch {
	case d.Edition == 0:
		return template.Version{}, ErrNothing
	case d.Edition != edition:
		return template.Version{}, ErrMeanwhile
	case d.Behind && !mine:
		return template.Version{}, ErrBehind
	}
	from := d.Base
	if d.Behind {
		w, err := template.Find(ctx, tx, id)
		if err != nil {
			return template.Version{}, err
		}
		current, err := template.Read(ctx, tx, w.Current)
		if err != nil {
			return template.Version{}, err
		}
		from = w.Current
		d.Version.Sender, d.Version.Branding, d.Version.HealthInSMS = current.Sender, current.Branding, current.HealthInSMS
		d.Version.Hosts = sorted(append(d.Version.Hosts, current.Hosts...))
	}
	made, err := template.NewVersion(ctx, tx, id, from, d.Version)
	if err != nil {
		return made, err
	}
	return made, Drop(ctx, tx, id, edition)
}

// Drafts are the editions of the templates that have a draft.
func Drafts(ctx context.Context, tx *store.Tx) (map[template.ID]int64, error) {
	type entry struct {
		id      template.ID
		edition int64
	}
	rows, err := tx.Query(ctx, `SELECT wording, edition FROM wording_draft WHERE practice = $1`)
	all, err := store.Collect(rows, err, func(r *store.Rows) (e entry, err error) { return e, r.Scan(&e.id, &e.edition) })
	out := make(map[template.ID]int64, len(all))
	for _, e := range all {
		out[e.id] = e.edition
	}
	return out, err
}

func sorted(hosts []string) []string {
	slices.Sort(hosts)
	return slices.Compact(hosts)
}
