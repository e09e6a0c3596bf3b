// Package measure counts what an incident was, from the ledger, the access log, the messages' timelines and the log of requests.
//
// What is suspect follows from the incident's stops of parts: the versions with a text, host or link that was stopped, the orders, letters, grants and rules
// that were. A stop of a whole practice, or of everything, holds honest messages as well, and says nothing of which were not.
//
// Promises: every figure is exact, an estimate that names its method, none, or unknown with the reason; never 0 for what is not known. Each says what shows it:
// leaves by practice and sequence, rows by table and condition. Rows and ledger are counted apart: where they differ, the figure says so. Reading is by sets,
// and bounded by the incident's window.
//
// Never: a name, an address or a word of a message.
package measure

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"letterhead/incident/book"
	"letterhead/message"
	"letterhead/store"
)

// Measurer measures.
type Measurer struct {
	DB *store.DB
	// Signers are the members whose signatures a practice's statements have: those that leaves name by their digests (hex), and those on a wording's version, by
	// the wording's id and the version's digest; nil where nobody can tell.
	Signers func(ctx context.Context, practice store.PracticeID, statements []string, wordings map[string]string) ([]store.MemberID, error)
}

// Run measures an incident, keeps the figures, and returns them: of all ("") and of each practice.
func (m Measurer) Run(ctx context.Context, id string) (map[store.PracticeID][]book.Figure, error) {
	r := &run{DB: m.DB, signers: m.Signers, id: id, of: map[store.PracticeID]*counted{}, versions: map[string]*version{}}
	if err := m.DB.WholeView(ctx, "what an incident's stops make suspect", func(w *store.Wide) error { return r.suspect(ctx, w) }); err != nil {
		return nil, err
	}
	err := m.DB.Whole(ctx, "an incident's suspects", func(w *store.Wide) error { return r.keepSuspects(ctx, w) })
	if err != nil {
		return nil, err
	}
	for _, read := range []func(context.Context, *store.Wide) error{r.messages, r.caught, r.leaves} {
		if err := m.DB.WholeView(ctx, "measure an incident", func(w *store.Wide) error { return read(ctx, w) }); err != nil {
			return nil, err
		}
	}
	if err := r.people(ctx); err != nil {
		return nil, err
	}
	figures := r.figures()
	return figures, m.DB.Whole(ctx, "an incident's figures", func(w *store.Wide) error {
		var concerned []store.PracticeID
		for p, c := range r.of {
			if c.total() > 0 {
				concerned = append(concerned, p)
			}
		}
		slices.Sort(concerned)
		if err := book.Concern(ctx, w, id, concerned...); err != nil {
			return err
		}
		return book.Measured(ctx, w, id, figures)
	})
}

// run is one measurement.
type run struct {
	*store.DB
	signers func(context.Context, store.PracticeID, []string, map[string]string) ([]store.MemberID, error)
	id      string

	item        book.Case
	stops       []message.Stop
	from, until time.Time

	versions map[string]*version // that are suspect, by digest
	of       map[store.PracticeID]*counted
	asked    askedRows
}

// counted is what was counted of one practice.
type counted struct {
	concerned         bool
	digests, subjects map[string]bool // suspects
	rules, orders     map[string]bool
	wordings          map[string]string // id → digest of the suspect version

	sent, maybe, leaving, held, dropped, refused, queued int64
	clients                                              int64
	firstMade, firstLeft, lastLeft                       time.Time

	caught, released int64

	leaves              int64
	firstLeaf, lastLeaf uint64
	noLedger            bool
	statements          map[string]bool

	members, sessions, credentials, addresses, routes map[string]bool
	looks, shown                                      int64
	seen                                              map[string]bool // clients
	fields                                            map[string]bool
}

func (c *counted) total() int64 {
	return c.sent + c.maybe + c.leaving + c.held + c.dropped + c.refused + c.queued
}

func (r *run) counted(p store.PracticeID) *counted {
	c := r.of[p]
	if c == nil {
		set := func() map[string]bool { return map[string]bool{} }
		c = &counted{wordings: map[string]string{}, digests: set(), subjects: set(), rules: set(), orders: set(), statements: set(), members: set(), sessions: set(), credentials: set(), addresses: set(), routes: set(),
			seen: set(), fields: set()}
		r.of[p] = c
	}
	return c
}

// practices are those with suspects, in order.
func (r *run) practices() []store.PracticeID { return slices.Sorted(maps.Keys(r.of)) }

func (r *run) keepSuspects(ctx context.Context, w *store.Wide) error {
	if _, err := w.Exec(ctx, `DELETE FROM incident_suspect WHERE incident = $1`, r.id); err != nil {
		return err
	}
	var rows []any
	for p, c := range r.of {
		for d := range c.digests {
			rows = append(rows, string(p), d, "")
		}
		for s := range c.subjects {
			rows = append(rows, string(p), "", s)
		}
	}
	_, err := w.Set(ctx, putSuspects, rows, r.id)
	if err != nil {
		return fmt.Errorf("keep what is suspect: %w", err)
	}
	return nil
}

var putSuspects = store.NewSet(`WITH v (practice, digest, subject) AS (VALUES `, `)
	INSERT INTO incident_suspect (practice, incident, digest, subject) SELECT v.practice, ?, v.digest, v.subject FROM v WHERE v.practice <> ''`, "", "", "")

// bad are the suspect messages of the window: those of a suspect version, and those of a suspect subject whose version is not.
const bad = `FROM incident_suspect s CROSS JOIN message m
	WHERE s.incident = $1 AND m.practice = s.practice AND m.created_at >= $2 AND m.created_at <= $3 AND (s.digest <> '' AND m.digest = s.digest OR s.subject <> '' AND m.subject = s.subject
	AND NOT EXISTS (SELECT 1 FROM incident_suspect d WHERE d.practice = m.practice AND d.incident = $1 AND d.digest = m.digest AND d.subject = ''))`

// Fates is what Run reads the messages with, once, for the test that looks at its plan; it takes incident, from and until.
const Fates = `SELECT m.practice, m.kind, m.subject, m.state, m.client, count(*), min(m.created_at), coalesce(min(CASE WHEN m.left_at > 0 THEN m.left_at END), 0), max(m.left_at) ` + bad + `
	GROUP BY m.practice, m.kind, m.subject, m.state, m.client`

func (r *run) messages(ctx context.Context, w *store.Wide) error {
	rows, err := w.Query(ctx, Fates, r.id, store.Micro(r.from), store.Micro(r.until))
	type person struct {
		practice store.PracticeID
		client   string
	}
	people := map[person]bool{}
	_, err = store.Collect(rows, err, func(x *store.Rows) (none struct{}, err error) {
		var p store.PracticeID
		var kind message.Kind
		var subject, client string
		var state message.State
		var n, made, first, last int64
		if err = x.Scan(&p, &kind, &subject, &state, &client, &n, &made, &first, &last); err != nil {
			return none, err
		}
		c := r.counted(p)
		c.add(kind, subject, state, n, made, first, last)
		if who := (person{p, client}); client != "" && !people[who] {
			people[who] = true
			c.clients++
		}
		return none, nil
	})
	if err != nil {
		return fmt.Errorf("count suspect messages: %w", err)
	}
	return nil
}

func (c *counted) add(kind message.Kind, subject string, state message.State, n, made, first, last int64) {
	switch state {
	case message.Sent:
		c.sent += n
	case message.MaybeSent:
		c.maybe += n
	case message.Leaving:
		c.leaving += n
	case message.Held:
		c.held += n
	case message.Dropped:
		c.dropped += n
	case message.Refused:
		c.refused += n
	case message.Queued:
		c.queued += n
	}
	switch kind { //nolint:exhaustive // letters and grants are among the subjects
	case message.Rule:
		c.rules[subject] = true
	case message.Order:
		c.orders[subject] = true
	}
	earlier(&c.firstMade, store.Instant(made))
	earlier(&c.firstLeft, store.Instant(first))
	later(&c.lastLeft, store.Instant(last))
}

func earlier(to *time.Time, at time.Time) {
	if !at.IsZero() && (to.IsZero() || at.Before(*to)) {
		*to = at
	}
}

func later(to *time.Time, at time.Time) {
	if at.After(*to) {
		*to = at
	}
}

// caught counts honest messages that the incident's stops held, and how many of them went on.
func (r *run) caught(ctx context.Context, w *store.Wide) error {
	if len(r.stops) == 0 {
		return nil
	}
	parts := map[store.PracticeID]map[string]bool{}
	for _, s := range r.stops {
		if parts[s.Practice] == nil {
			parts[s.Practice] = map[string]bool{}
		}
		detail := s.Part()
		if s.Whole() {
			detail = string(s.Scope)
		}
		parts[s.Practice][detail] = true
	}
	rows, err := w.Query(ctx, caught, store.Micro(r.stops[0].At), store.Micro(r.until))
	_, err = store.Collect(rows, err, func(x *store.Rows) (none struct{}, err error) {
		var p store.PracticeID
		var detail, digest, subject string
		var state message.State
		var n int64
		if err = x.Scan(&p, &detail, &digest, &subject, &state, &n); err != nil || !parts[p][detail] && !parts[""][detail] {
			return none, err
		}
		c := r.of[p]
		if c != nil && (c.digests[digest] || c.subjects[subject]) {
			return none, nil
		}
		c = r.counted(p)
		c.caught += n
		if state != message.Held {
			c.released += n
		}
		return none, nil
	})
	if err != nil {
		return fmt.Errorf("count what the stops caught: %w", err)
	}
	return nil
}

// caught groups what stops held by what held it last in the window: of a message that several held, each once.
const caught = `SELECT h.practice, h.detail, m.digest, m.subject, m.state, count(*)
	FROM (SELECT practice, message, max(detail) AS detail FROM message_step WHERE step = 'held' AND reason = 'frozen' AND at >= $1 AND at <= $2 GROUP BY practice, message) h
	JOIN message m ON m.practice = h.practice AND m.id = h.message GROUP BY h.practice, h.detail, m.digest, m.subject, m.state`

// Suspect are the ids of a practice's suspect messages, of a state or all, in the order of their making.
func Suspect(ctx context.Context, w *store.Wide, practice store.PracticeID, c book.Case, most int) ([]Listed, error) {
	until := c.Until
	if until.IsZero() {
		until = w.Now
	}
	rows, err := w.Query(ctx, `SELECT m.id, m.kind, m.state, m.client, m.left_at `+bad+` AND m.practice = $4 ORDER BY m.created_at, m.id LIMIT $5`,
		c.ID, store.Micro(c.From), store.Micro(until), string(practice), min(max(1, most), 10_000))
	return store.Collect(rows, err, func(x *store.Rows) (l Listed, err error) {
		var left int64
		err = x.Scan(&l.ID, &l.Kind, &l.State, &l.Client, &left)
		l.LeftAt = store.Instant(left)
		return l, err
	})
}

// Listed is a suspect message.
type Listed struct {
	ID     message.ID
	Kind   message.Kind
	State  message.State
	Client string // id
	LeftAt time.Time
}

// Has tells whether a message is a suspect one of an incident.
func Has(ctx context.Context, w *store.Wide, c book.Case, m *message.Message) (bool, error) {
	if m.CreatedAt.Before(c.From) || !c.Until.IsZero() && m.CreatedAt.After(c.Until) {
		return false, nil
	}
	var one int
	err := w.Row(ctx, `SELECT 1 FROM incident_suspect WHERE practice = $1 AND incident = $2 AND (digest = $3 AND subject = '' OR digest = '' AND subject = $4) LIMIT 1`,
		string(m.Practice), c.ID, m.Digest, m.Subject).Scan(&one)
	if errors.Is(err, store.ErrNone) {
		return false, nil
	}
	return err == nil, err
}
