package call

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"regexp"
	"strconv"
	"time"

	"letterhead/fault"
	"letterhead/guard"
	"letterhead/incident/book"
	"letterhead/message"
	"letterhead/practice"
	"letterhead/store"
	"letterhead/vault"
)

// Call is one request of a program that may make it.
type Call struct {
	Request    *http.Request
	Credential guard.Credential
	Practice   practice.Practice
	Location   *time.Location // of the practice's zone
	Now        time.Time
	DB         *store.DB
	Keeper     *vault.Keeper
	Incidents  Incidents // nil where nobody keeps them

	key     string // Idempotency-Key, "" when there is none
	version int64  // of If-Match, 0 when there is none
	answer  answer
	way     store.Way
}

// Incidents keeps what went wrong. What does not concern the practice is not there.
type Incidents interface {
	List(ctx context.Context, practice store.PracticeID) ([]book.Case, error)
	// Report stops something of the practice and opens an incident of it; the same stop is the same incident.
	Report(ctx context.Context, by store.Actor, title string, stop message.Stop) (book.Case, error)
}

// answer is what stands in an answer's header.
type answer struct {
	place    string
	version  int64
	replayed bool
}

// Context is the request's, with its deadline.
func (c *Call) Context() context.Context { return c.Request.Context() }

// View reads in one transaction of the credential's practice.
func (c *Call) View(fn func(ctx context.Context, tx *store.Tx) error) error {
	ctx := c.Context()
	return c.DB.View(ctx, c.Actor(), func(tx *store.Tx) error { return fn(ctx, tx) })
}

// Change changes in one transaction of the credential's practice; fn may run twice.
func (c *Call) Change(fn func(ctx context.Context, tx *store.Tx) error) error {
	ctx := c.Context()
	return c.DB.Change(ctx, c.Actor(), func(tx *store.Tx) error { return fn(ctx, tx) })
}

// Came notes by which route a program came, and from where: for the access log.
func (c *Call) Came(r Route, network string) {
	c.way = store.Way{Route: r.Pattern(), Purpose: r.Class(), Credential: c.Credential.ID, Address: c.Keeper.Network(c.Credential.Practice, network)}
}

// Actor is the program, by the way it came.
func (c *Call) Actor() store.Actor {
	a := c.Credential.Actor()
	a.Way = c.way
	return a
}

// Keys are the practice's keys.
func (c *Call) Keys(ctx context.Context, tx *store.Tx) (*vault.Keys, error) {
	return c.Keeper.Keys(ctx, tx)
}

// May says whether the program has a scope, for what an answer shows or leaves out.
func (c *Call) May(p guard.Permission) bool { return c.Credential.May(p) }

// Path is a part of the address, such as {id}; "" when it is longer than any id.
func (c *Call) Path(name string) string {
	value := c.Request.PathValue(name)
	if len(value) > 64 {
		return ""
	}
	return value
}

// Version is the version that If-Match names.
func (c *Call) Version() int64 { return c.version }

// Made says in the answer's header where something is, and in which version; version 0 says none.
func (c *Call) Made(place string, version int64) { c.answer.place, c.answer.version = place, version }

// The headers' shapes. Idempotency-Key: draft-ietf-httpapi-idempotency-key-header, as a bare or quoted string.
var (
	keyShape = regexp.MustCompile(`^"?([A-Za-z0-9_.:-]{8,64})"?$`)
	tagShape = regexp.MustCompile(`^"([0-9]{1,18})"$`)
)

var (
	errKey     = fault.New(fault.Invalid, "api.idempotency_key", "send an Idempotency-Key of 8 to 64 letters, digits, hyphens, dots, colons or underscores, another one for each thing that is made")
	errKeyUsed = fault.New(fault.Invalid, "api.idempotency_reused", "this Idempotency-Key came with another request before; make a new one")
	errNoMatch = fault.New(fault.Invalid, "api.if_match", `read it first and send its ETag as If-Match, such as "3"`)
)

// headers reads what a route wants to stand in the request's header.
func (c *Call) headers(r Route) error {
	if given := c.Request.Header.Values("Idempotency-Key"); len(given) > 0 {
		found := keyShape.FindStringSubmatch(given[0])
		if len(given) > 1 || found == nil {
			return errKey
		}
		c.key = found[1]
	}
	if r.Makes() && c.key == "" {
		return errKey
	}
	if !r.Matches() {
		return nil
	}
	given := c.Request.Header.Values("If-Match")
	if len(given) != 1 {
		return errNoMatch
	}
	found := tagShape.FindStringSubmatch(given[0])
	if found == nil {
		return errNoMatch
	}
	c.version, _ = strconv.ParseInt(found[1], 10, 64) // digits that fit
	return nil
}

// keepFor is how long a key is remembered.
const keepFor = 24 * time.Hour

// Once does something in one transaction, together with the note that it was done under the request's Idempotency-Key, and returns the id of what it
// made or changed. The same request with the same key again does nothing and returns that id; another request with it is refused. Without a key it is
// Change. What is kept is a keyed hash of the request and the id: no body, no value. Rate limits bound how many are kept.
func (c *Call) Once(body any, fn func(ctx context.Context, tx *store.Tx) (id string, err error)) (id string, err error) {
	err = c.Change(func(ctx context.Context, tx *store.Tx) (err error) {
		if c.key == "" {
			id, err = fn(ctx, tx)
			return err
		}
		keys, err := c.Keys(ctx, tx)
		if err != nil {
			return err
		}
		asked := keys.Index("api request", c.sum(body))
		var before string
		err = tx.Row(ctx, `SELECT asked, made FROM api_request WHERE practice = $1 AND credential = $2 AND idempotency_key = $3 AND made_at > $4`,
			c.Credential.ID, c.key, store.Micro(tx.Now.Add(-keepFor))).Scan(&before, &id)
		switch {
		case err == nil && before != asked:
			return errKeyUsed
		case err == nil:
			c.answer.replayed = true
			return nil
		case !errors.Is(err, store.ErrNone):
			return err
		}
		if _, err := tx.Exec(ctx, `DELETE FROM api_request WHERE practice = $1 AND made_at <= $2`, store.Micro(tx.Now.Add(-keepFor))); err != nil {
			return err
		}
		if id, err = fn(ctx, tx); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `INSERT INTO api_request (practice, credential, idempotency_key, asked, made, made_at) VALUES ($1, $2, $3, $4, $5, $6)`,
			c.Credential.ID, c.key, asked, id, store.Micro(tx.Now))
		return err
	})
	return id, err
}

// Replayed tells whether Once had nothing to do.
func (c *Call) Replayed() bool { return c.answer.replayed }

func (c *Call) sum(body any) string {
	hash := sha256.New()
	for _, part := range []string{c.Request.Method, c.Request.URL.Path, c.Request.Header.Get("If-Match"), asJSON(body)} {
		hash.Write([]byte(strconv.Itoa(len(part)) + ":" + part))
	}
	return hex.EncodeToString(hash.Sum(nil))
}
