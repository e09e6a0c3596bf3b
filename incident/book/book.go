// Package book keeps incidents: the case, whom it concerns, the stops that contain it, its timeline, decisions, lessons and actions, and what was measured.
//
// An incident is of the installation. A practice that it concerns sees what is its own: its figures, its decisions, and of the rest what every practice
// concerned is told. To another one the incident is not found.
//
// Promises: one alarm opens one incident, however often it is raised; what a call answered is on disk; entries are added and never changed, but for an
// action that is done. What is measured again replaces what was measured before.
//
// Never: a client's name or address; a lift of a stop.
//
// An incident is open, then closed. A closed one is what the public register shows.
package book

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"letterhead/fault"
	"letterhead/ledger"
	"letterhead/ledger/leaf"
	"letterhead/message"
	"letterhead/register"
	"letterhead/store"
)

// Kind is what opened an incident.
type Kind string

// The kinds.
const (
	Breaker      Kind = "breaker"      // no ordinary day explained what was about to leave
	Verification Kind = "verification" // the record of messages does not verify, or a witness saw another one
	Journal      Kind = "journal"      // the courier's journal is missing, another's, or ahead of the database
	Complaints   Kind = "complaints"   // many receivers reported mails as unwanted
	Person       Kind = "person"
	Program      Kind = "program"
)

var kinds = []Kind{Breaker, Verification, Journal, Complaints, Person, Program}

// Facts are what people write of an incident.
type Facts struct {
	Title       string   `json:"title"`
	Description string   `json:"description,omitempty"`
	Text        string   `json:"text,omitempty"` // Markdown
	Severity    string   `json:"severity,omitempty"`
	Vector      string   `json:"vector,omitempty"`
	Status      string   `json:"status,omitempty"`
	Sectors     []string `json:"sectors,omitempty"`
	Data        []string `json:"data,omitempty"` // kinds of personal data that came to somebody
	Source      string   `json:"source,omitempty"`
}

// Case is an incident.
type Case struct {
	ID                           string
	Kind                         Kind
	Alarm                        string
	Facts                        Facts
	OpenedAt, From, Until        time.Time
	OpenedBy                     string
	MeasuredAt, ToldAt, ClosedAt time.Time
	ClosedBy                     string
	Version                      int64
}

// Open tells that it is not closed.
func (c Case) Open() bool { return c.ClosedAt.IsZero() }

// Opening is what opens one.
type Opening struct {
	Kind      Kind
	Alarm     string // "" makes one of its own
	Facts     Facts
	By        string
	From      time.Time // what is measured begins here; zero: a day before
	Stops     []message.Stop
	Practices []store.PracticeID // concerned, beside those of the stops
}

// before is how far back of its opening an incident is measured, where nobody says.
const before = 24 * time.Hour

const mostTitle, mostLine, mostText = 200, 2000, 60 << 10

func (o Opening) check() error {
	if !slices.Contains(kinds, o.Kind) {
		return fault.Field("kind", "incident.kind", "what opens an incident is one of breaker, verification, journal, complaints, person and program")
	}
	return o.Facts.Check()
}

// Check names what is wrong.
func (f Facts) Check() error {
	if f.Title == "" {
		return fault.Field("title", "incident.title", "say in a line what happened")
	}
	for _, x := range []struct {
		field, text string
		most        int
		lines       bool
	}{{"title", f.Title, mostTitle, false}, {"description", f.Description, mostLine, true}, {"text", f.Text, mostText, true}, {"severity", f.Severity, mostTitle, false},
		{"vector", f.Vector, mostTitle, false}, {"status", f.Status, mostTitle, false}, {"source", f.Source, mostLine, false}} {
		if err := line(x.field, x.text, x.most, x.lines); err != nil {
			return err
		}
	}
	for field, list := range map[string][]string{"sectors": f.Sectors, "data": f.Data} {
		for i, text := range list {
			if err := line(field, text, mostTitle, false); err != nil || text == "" || slices.Contains(list[:i], text) {
				return errors.Join(err, fault.Field(field, "incident."+field, "an entry is empty or stands twice"))
			}
		}
	}
	return nil
}

func line(field, text string, most int, lines bool) error {
	bad := func(c rune) bool { return unicode.IsControl(c) && (!lines || c != '\n') }
	if len(text) > most || !utf8.ValidString(text) || strings.ContainsFunc(text, bad) || strings.TrimSpace(text) != text {
		return fault.Field(field, "incident."+field, "write at most %d bytes of text, without control characters and without space around it", most)
	}
	return nil
}

// Raise opens an incident, or finds the one that the same alarm opened; fresh tells which. Its stops were made before.
func Raise(ctx context.Context, w *store.Wide, o Opening) (c Case, fresh bool, err error) {
	if err := o.check(); err != nil {
		return c, false, err
	}
	if o.Alarm != "" {
		switch c, err = one(ctx, w, `alarm = $1`, o.Alarm); {
		case err == nil && !c.Open() && (o.Kind == Person || o.Kind == Program):
			o.Alarm = "" // that one is over; who asks anew means something new
		case err == nil || !errors.Is(err, store.ErrNone):
			return c, false, err
		}
	}
	c = Case{ID: newID(w.Now), Kind: o.Kind, Alarm: o.Alarm, Facts: o.Facts, OpenedAt: w.Now, OpenedBy: o.By, From: o.From, Version: 1}
	if c.Alarm == "" {
		c.Alarm = c.ID
	}
	if c.From.IsZero() {
		c.From = w.Now.Add(-before)
	}
	facts, err := json.Marshal(c.Facts)
	if err != nil {
		return c, false, err
	}
	_, err = w.Exec(ctx, `INSERT INTO incident (practice, id, kind, alarm, facts, opened_at, opened_by, from_at, until_at, measured_at, told_at, closed_at, closed_by, version)
		VALUES ('', $1, $2, $3, $4, $5, $6, $7, 0, 0, 0, 0, '', 1)`, c.ID, string(c.Kind), c.Alarm, string(facts), store.Micro(c.OpenedAt), c.OpenedBy, store.Micro(c.From))
	if err != nil {
		return c, false, fmt.Errorf("open an incident: %w", err)
	}
	if err := Note(ctx, w, c.ID, "", Entry{Kind: Step, What: "Opened: " + o.Facts.Title, Who: o.By}); err != nil {
		return c, false, err
	}
	return c, true, errors.Join(Contain(ctx, w, c.ID, o.Stops...), Concern(ctx, w, c.ID, o.Practices...), record(ctx, w, c, leaf.Opened))
}

// record asks for a leaf of the state, in the installation's name and in those of the practices concerned.
func record(ctx context.Context, w *store.Wide, c Case, word string) error {
	state, err := json.Marshal(c)
	if err != nil {
		return err
	}
	figures, err := Figures(ctx, w, "", c.ID)
	if err != nil {
		return err
	}
	more, err := json.Marshal(figures)
	if err != nil {
		return err
	}
	concerned, err := Practices(ctx, w, c.ID)
	if err != nil {
		return err
	}
	one := ledger.Incident{ID: c.ID, Word: word, At: w.Now, Digest: sha256.Sum256(append(append(state, '\n'), more...))}
	list := []ledger.Incident{one}
	for _, p := range concerned {
		one.Practice = p.Practice
		list = append(list, one)
	}
	return ledger.Want(ctx, w, list...)
}

// newID is a day and eight letters, as a record's page is called.
func newID(now time.Time) string {
	var raw [4]byte
	_, _ = rand.Read(raw[:]) // never fails (crypto/rand)
	return now.Format(time.DateOnly) + "-" + hex.EncodeToString(raw[:])
}

const columns = `id, kind, alarm, facts, opened_at, opened_by, from_at, until_at, measured_at, told_at, closed_at, closed_by, version`

func one(ctx context.Context, w *store.Wide, where string, value any) (Case, error) {
	rows, err := w.Query(ctx, `SELECT `+columns+` FROM incident WHERE practice = '' AND `+where, value)
	found, err := store.Collect(rows, err, scan)
	if err != nil {
		return Case{}, fmt.Errorf("read an incident: %w", err)
	}
	if len(found) == 0 {
		return Case{}, store.ErrNone
	}
	return found[0], nil
}

func scan(r *store.Rows) (c Case, err error) {
	var facts string
	var opened, from, until, measured, told, closed int64
	if err = r.Scan(&c.ID, &c.Kind, &c.Alarm, &facts, &opened, &c.OpenedBy, &from, &until, &measured, &told, &closed, &c.ClosedBy, &c.Version); err != nil {
		return c, err
	}
	c.OpenedAt, c.From, c.Until, c.MeasuredAt, c.ToldAt, c.ClosedAt = store.Instant(opened), store.Instant(from), store.Instant(until), store.Instant(measured), store.Instant(told), store.Instant(closed)
	return c, json.Unmarshal([]byte(facts), &c.Facts)
}

// Find returns an incident: to a practice one that concerns it, to the operator ("") any.
func Find(ctx context.Context, w *store.Wide, practice store.PracticeID, id string) (Case, error) {
	if practice != "" {
		if _, err := Of(ctx, w, practice, id); err != nil {
			return Case{}, err
		}
	}
	return one(ctx, w, `id = $1`, id)
}

// Alarmed is the incident that an alarm opened; store.ErrNone where it opened none.
func Alarmed(ctx context.Context, w *store.Wide, alarm string) (Case, error) {
	return one(ctx, w, `alarm = $1`, alarm)
}

// List are the incidents that a practice may see, all for "", the latest first.
func List(ctx context.Context, w *store.Wide, practice store.PracticeID, most int) ([]Case, error) {
	rows, err := w.Query(ctx, `SELECT `+columns+` FROM incident WHERE practice = '' AND ($1 = '' OR id IN (SELECT incident FROM incident_practice WHERE practice = $1))
		ORDER BY opened_at DESC, id LIMIT $2`, string(practice), min(max(1, most), 1000))
	return store.Collect(rows, err, scan)
}

// mostClosed bounds the register of what went wrong here.
const mostClosed = 1000

// Closed are the closed incidents, the latest first.
func Closed(ctx context.Context, w *store.Wide) ([]Case, error) {
	rows, err := w.Query(ctx, `SELECT `+columns+` FROM incident WHERE practice = '' AND closed_at > 0 ORDER BY opened_at DESC, id LIMIT $1`, mostClosed)
	return store.Collect(rows, err, scan)
}

// again is how old figures must be before they are measured anew by themselves.
const again = time.Minute

// Unmeasured are open incidents without figures, with figures of their first minute alone, or with a stop that was made or lifted since.
func Unmeasured(ctx context.Context, w *store.Wide) ([]Case, error) {
	rows, err := w.Query(ctx, `SELECT `+columns+` FROM incident i WHERE practice = '' AND closed_at = 0 AND (measured_at = 0 OR measured_at < $1 AND (measured_at < opened_at + $2
		OR EXISTS (SELECT 1 FROM incident_stop s LEFT JOIN freeze_entry f ON f.practice = s.practice AND f.id = s.stop WHERE s.incident = i.id AND (s.at > i.measured_at OR f.lifted_at > i.measured_at))))
		ORDER BY opened_at LIMIT 20`, store.Micro(w.Now.Add(-again)), again.Microseconds())
	return store.Collect(rows, err, scan)
}

// Lately is the latest open incident of a kind that was opened since an instant; store.ErrNone for none.
func Lately(ctx context.Context, w *store.Wide, kind Kind, since time.Time) (Case, error) {
	all, err := List(ctx, w, "", 50)
	for _, c := range all {
		if c.Open() && c.Kind == kind && !c.OpenedAt.Before(since) {
			return c, nil
		}
	}
	return Case{}, errors.Join(err, store.ErrNone)
}

// Describe writes down what people say of an incident, on the version that they read.
func Describe(ctx context.Context, w *store.Wide, id string, version int64, f Facts) error {
	if err := f.Check(); err != nil {
		return err
	}
	facts, err := json.Marshal(f)
	if err != nil {
		return err
	}
	return changed(w.Exec(ctx, `UPDATE incident SET facts = $1, version = version + 1 WHERE practice = '' AND id = $2 AND version = $3`, string(facts), id, version))
}

// Window says which messages are measured: those made since an instant, and until another one; zero: still.
func Window(ctx context.Context, w *store.Wide, id string, from, until time.Time) error {
	if !until.IsZero() && until.Before(from) {
		return fault.Field("until", "incident.window", "it lies before the beginning")
	}
	return changed(w.Exec(ctx, `UPDATE incident SET from_at = $1, until_at = $2 WHERE practice = '' AND id = $3`, store.Micro(from), store.Micro(until), id))
}

// Close ends an incident; what it holds is then what the register shows. An open stop, or nothing measured, is said.
func Close(ctx context.Context, w *store.Wide, id, who string) error {
	c, err := Find(ctx, w, "", id)
	switch {
	case err != nil:
		return err
	case !c.Open():
		return fault.New(fault.Conflict, "incident.closed", "it is closed already")
	case c.MeasuredAt.IsZero():
		return fault.New(fault.Conflict, "incident.unmeasured", "measure it first: a record without figures says nothing")
	}
	if err := changed(w.Exec(ctx, `UPDATE incident SET closed_at = $1, closed_by = $2, version = version + 1 WHERE practice = '' AND id = $3 AND closed_at = 0`, store.Micro(w.Now), who, id)); err != nil {
		return err
	}
	if c, err = Find(ctx, w, "", id); err != nil {
		return err
	}
	return errors.Join(Note(ctx, w, id, "", Entry{Kind: Step, What: "Closed", Who: who}), record(ctx, w, c, leaf.Closed))
}

func changed(n int64, err error) error {
	if err == nil && n == 0 {
		return fault.New(fault.Conflict, "incident.changed", "somebody changed it meanwhile; read it again")
	}
	return err
}

// Figure is one thing that was measured: a number, an instant, a list, or that none of it is known.
type Figure struct {
	Name     string         `json:"name"`
	State    register.State `json:"state"`
	Number   int64          `json:"number,omitempty"` // of an estimate the best single one
	Low      int64          `json:"low,omitempty"`
	High     int64          `json:"high,omitempty"`
	At       time.Time      `json:"at,omitzero"`
	Items    []string       `json:"items,omitempty"`
	Note     string         `json:"note,omitempty"` // of an estimate its method; of what is unknown why
	Evidence []string       `json:"evidence,omitempty"`
}

// Measured replaces what was measured, of all and of each practice.
func Measured(ctx context.Context, w *store.Wide, id string, of map[store.PracticeID][]Figure) error {
	if _, err := w.Exec(ctx, `DELETE FROM incident_figure WHERE incident = $1`, id); err != nil {
		return err
	}
	var rows []any
	for practice, figures := range of {
		for _, f := range figures {
			raw, err := json.Marshal(f)
			if err != nil {
				return err
			}
			rows = append(rows, string(practice), f.Name, string(raw))
		}
	}
	if _, err := w.Set(ctx, putFigures, rows, id, store.Micro(w.Now)); err != nil {
		return fmt.Errorf("write figures down: %w", err)
	}
	if err := changed(w.Exec(ctx, `UPDATE incident SET measured_at = $1 WHERE practice = '' AND id = $2`, store.Micro(w.Now), id)); err != nil {
		return err
	}
	c, err := Find(ctx, w, "", id)
	if err != nil {
		return err
	}
	return record(ctx, w, c, leaf.Changed)
}

var putFigures = store.NewSet(`WITH v (practice, name, content) AS (VALUES `, `)
	INSERT INTO incident_figure (practice, incident, name, content, measured_at) SELECT v.practice, ?, v.name, v.content, ? FROM v WHERE v.name <> ''`, "", "", "")

// Figures are what was measured of a practice; of all for "".
func Figures(ctx context.Context, w *store.Wide, practice store.PracticeID, id string) ([]Figure, error) {
	rows, err := w.Query(ctx, `SELECT content FROM incident_figure WHERE practice = $1 AND incident = $2 ORDER BY name`, string(practice), id)
	return store.Collect(rows, err, func(r *store.Rows) (f Figure, err error) {
		var raw string
		if err = r.Scan(&raw); err == nil {
			err = json.Unmarshal([]byte(raw), &f)
		}
		return f, err
	})
}

// names are the figures in the order in which they are told. Ends in _at: an instant; in _ms: milliseconds.
var names = []string{"first_made_at", "first_bad_at", "last_bad_at", "detected_at", "contained_at", "detected_after_ms", "contained_after_ms", "practices", "clients", "messages", "messages_left", "messages_held",
	"messages_recalled", "messages_refused", "messages_waiting", "leaves", "versions", "rules", "orders", "link_hosts", "fields_merged", "endpoints", "credentials", "sessions", "members",
	"addresses", "personal_data_clients", "personal_data_fields", "honest_caught", "honest_released"}

// Names are the figures that are measured, in the order in which they are told.
func Names() []string { return slices.Clone(names) }

// Ordered are figures in the order in which they are told.
func Ordered(figures []Figure) []Figure {
	out := slices.Clone(figures)
	slices.SortStableFunc(out, func(a, b Figure) int { return slices.Index(names, a.Name) - slices.Index(names, b.Name) })
	return out
}

// Words are a figure's value, and how much is known of it.
func (f Figure) Words() string {
	switch {
	case f.State == register.None || f.State == register.Unknown:
		return string(f.State)
	case !f.At.IsZero():
		return f.At.Format(time.RFC3339Nano)
	case f.State == register.Estimate:
		return fmt.Sprintf("%d (estimate, %d to %d)", f.Number, f.Low, f.High)
	case len(f.Items) > 0:
		return fmt.Sprintf("%d: %s", f.Number, strings.Join(f.Items, ", "))
	}
	return fmt.Sprint(f.Number)
}
