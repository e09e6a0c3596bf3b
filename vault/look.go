package vault

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"letterhead/store"
)

// Purpose is what a look was for.
type Purpose string

// The purposes. Read, Change and Sign come with the route; Work is what a command or a job does.
const (
	Read   Purpose = "read"
	Change Purpose = "change"
	Sign   Purpose = "sign"
	Search Purpose = "search" // of clients, by what somebody typed
	Export Purpose = "export"
	Work   Purpose = "work"
)

// Of says of whom something is opened or shown, and what.
type Of struct {
	Client  string  // id; "" where it is nobody's
	Fields  string  // words, joined by commas: name, born, email, mobile, alert, appointment, contact, letter, answer, message, log
	Purpose Purpose // "" is what the transaction's route is for
	Count   int     // how many things were returned, of what has no client
}

const (
	// MostClients bounds the clients that one look names; beyond it they are counted.
	MostClients = 500
	// Together is how long the same look by the same session or program is one row, with the number of times.
	Together = 15 * time.Minute
)

// trail is what one transaction saw: the looks that it leaves.
type trail struct {
	mu    sync.Mutex
	looks map[Purpose]*seen
}

type seen struct {
	fields  map[string]bool
	clients map[string]map[string]bool
	count   int
}

// looking notes an opening.
func (k *Keys) looking(tx *store.Tx, of Of) error {
	if tx == nil || tx.Practice != k.practice {
		return ErrNobody
	}
	if k.merging {
		return nil
	}
	return note(tx, of)
}

// Saw notes what the transaction's actor is shown that is not sealed: names, dates of birth, appointments.
func Saw(tx *store.Tx, all ...Of) error {
	for _, of := range all {
		if err := note(tx, of); err != nil {
			return err
		}
	}
	return nil
}

func note(tx *store.Tx, of Of) error {
	if tx.Actor.Who() == "" {
		return ErrNobody
	}
	t, ok := tx.Trail(func() store.Trail { return &trail{looks: map[Purpose]*seen{}} }).(*trail)
	if !ok {
		return ErrNobody
	}
	t.add(tx.Actor, of)
	return nil
}

func (t *trail) add(by store.Actor, of Of) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if of.Purpose == "" {
		of.Purpose = Purpose(by.Way.Purpose)
	}
	if of.Purpose == "" {
		of.Purpose = Work
	}
	s := t.looks[of.Purpose]
	if s == nil {
		s = &seen{fields: map[string]bool{}, clients: map[string]map[string]bool{}}
		t.looks[of.Purpose] = s
	}
	var fields map[string]bool
	switch known := s.clients[of.Client]; {
	case of.Client == "":
		s.count += max(1, of.Count)
	case known != nil:
		fields = known
	default:
		s.count++
		if len(s.clients) < MostClients {
			fields = map[string]bool{}
			s.clients[of.Client] = fields
		}
	}
	for word := range strings.SplitSeq(of.Fields, ",") {
		s.fields[word] = true
		if fields != nil {
			fields[word] = true
		}
	}
}

// Write writes the looks. The same again by the same session or program, a moment later, is counted on the row that is there.
func (t *trail) Write(ctx context.Context, tx *store.Tx) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, purpose := range slices.Sorted(maps.Keys(t.looks)) {
		if err := t.looks[purpose].write(ctx, tx, purpose); err != nil {
			return err
		}
	}
	return nil
}

func (s *seen) write(ctx context.Context, tx *store.Tx, purpose Purpose) error {
	by, sum := tx.Actor, s.sum(tx.Actor, purpose)
	for _, column := range []struct{ again, id string }{{sessionAgain, by.Way.Session}, {credentialAgain, by.Way.Credential}} {
		if column.id == "" {
			continue
		}
		n, err := tx.Exec(ctx, column.again, column.id, sum, store.Micro(tx.Now.Add(-Together)), store.Micro(tx.Now))
		if err != nil || n > 0 {
			return err
		}
	}
	id, at := store.NewID[string](), store.Micro(tx.Now)
	_, err := tx.Exec(ctx, `INSERT INTO look (practice, id, at, last, times, member, agent, credential, session, address, route, purpose, fields, shown, sum)
		VALUES ($1, $2, $3, $3, 1, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`, id, at, string(by.Member), by.Agent, by.Way.Credential, by.Way.Session, by.Way.Address,
		by.Way.Route, string(purpose), words(s.fields), s.count, sum)
	if err != nil {
		return err
	}
	rows := make([][]any, 0, len(s.clients))
	for _, client := range slices.Sorted(maps.Keys(s.clients)) {
		rows = append(rows, []any{client, at, id, words(s.clients[client])})
	}
	_, err = tx.Bulk(ctx, `INSERT INTO look_client (practice, client, at, look, fields) VALUES`, "", rows)
	return err
}

// The latest row of the same sum is found along the index of the session or program, among those of the last quarter of an hour.
const (
	sessionAgain = `UPDATE look SET times = times + 1, last = $5 WHERE practice = $1 AND id = (SELECT id FROM look
		WHERE practice = $1 AND session = $2 AND session <> '' AND at > $4 AND sum = $3 ORDER BY at DESC LIMIT 1)`
	credentialAgain = `UPDATE look SET times = times + 1, last = $5 WHERE practice = $1 AND id = (SELECT id FROM look
		WHERE practice = $1 AND credential = $2 AND credential <> '' AND at > $4 AND sum = $3 ORDER BY at DESC LIMIT 1)`
)

// sum tells whether two looks are the same: by the same, for the same, of the same.
func (s *seen) sum(by store.Actor, purpose Purpose) string {
	h := sha256.New()
	put := func(parts ...string) {
		for _, part := range parts {
			_, _ = h.Write(append([]byte(part), 0))
		}
	}
	put(string(by.Member), by.Agent, by.Way.Route, by.Way.Session, by.Way.Credential, by.Way.Address, string(purpose), words(s.fields))
	for _, client := range slices.Sorted(maps.Keys(s.clients)) {
		put(client, words(s.clients[client]))
	}
	_, _ = h.Write([]byte{byte(s.count), byte(s.count >> 8), byte(s.count >> 16), byte(s.count >> 24)})
	return hex.EncodeToString(h.Sum(nil)[:16])
}

func words(set map[string]bool) string { return strings.Join(slices.Sorted(maps.Keys(set)), ",") }

// Network is what the access log keeps of a network address: an HMAC of it and the practice, which says nothing to whoever has the rows alone.
func (k *Keeper) Network(practice store.PracticeID, address string) string {
	if address == "" {
		return ""
	}
	h := hmac.New(sha256.New, k.Derive("network address of a look"))
	_, _ = h.Write([]byte(string(practice) + "\x00" + address))
	return letters.EncodeToString(h.Sum(nil)[:16])
}
