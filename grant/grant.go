// Package grant is what programs may send: a grant says that one credential may send one version of a wording to one client at a time, so many a day,
// until a day. Somebody prepares it, people sign it at the desk, and a program names it with a client's id.
//
// It promises: a program brings no words, no names and no address: all of them are ours, merged last. A grant that has ended, and what was asked for
// with a credential that has ended, goes no further: nothing new is taken, what waits is dropped, and the stop that the courier's journal keeps outlasts the rows.
// What a client chose holds on this path too.
//
// Its rows are wishes. Whether a grant is signed, for which version, credential and purpose, and how many a day, the courier asks the practice's chain.
//
// A grant is prepared → signed → ended or expired.
package grant

import (
	"context"
	"slices"
	"time"

	"letterhead/approval"
	"letterhead/fault"
	"letterhead/guard"
	"letterhead/message"
	"letterhead/store"
	"letterhead/template"
	"letterhead/wording"
)

// ID names a grant. UUIDv7; the subject of its statement.
type ID string

// Grant is what a program may send.
type Grant struct {
	ID         ID
	Credential string
	Wording    template.ID
	Version    template.VersionID
	Digest     string // of the version, hex
	Purpose    message.Purpose
	Day        int64 // how many a day
	ExpiresAt  time.Time
	CreatedBy  string
	CreatedAt  time.Time
	Statement  string    // digest of the statement that was signed, hex; "" before. A hint: the courier asks the chain
	SignedAt   time.Time // zero before
	EndedAt    time.Time
	EndedBy    string
}

// The bounds.
const (
	MostDay  = 10_000
	Longest  = 366 * 24 * time.Hour
	MostOpen = 100 // of a practice
)

// The errors of this package.
var (
	ErrNone     = fault.New(fault.NotFound, "grant.none", "there is no such grant")
	ErrUnsigned = fault.New(fault.Conflict, "grant.unsigned", "this grant waits for a signature; somebody of the practice signs it at the signing desk")
	ErrSpent    = fault.New(fault.TooMany, "grant.spent", "as many messages as this grant allows a day were asked for in the last 24 hours")
	ErrVersion  = &fault.Error{Kind: fault.Conflict, Key: "grant.version", Field: "version", Say: "the grant is for another version than this; read the grant again, or ask the practice for one of that version"}
	errFull     = fault.New(fault.Conflict, "grant.full", "there are 100 grants; end one first")
	errWording  = fault.Field("wording", "grant.wording", "choose a template that messages can be made of")
)

// Prepare writes down what somebody wants signed: the current version of a wording, for a credential. Its purpose is the wording's.
func Prepare(ctx context.Context, tx *store.Tx, g Grant) (Grant, error) {
	switch {
	case g.Day < 1 || g.Day > MostDay:
		return g, fault.Field("day", "grant.day", "say how many messages a day, 1 to %d", MostDay)
	case !g.ExpiresAt.After(tx.Now) || g.ExpiresAt.Sub(tx.Now) > Longest:
		return g, fault.Field("months", "grant.expires", "choose a day within a year")
	}
	credentials, err := guard.Credentials(ctx, tx)
	if err != nil {
		return g, err
	}
	at := slices.IndexFunc(credentials, func(c guard.Credential) bool { return c.ID == g.Credential })
	if at < 0 {
		return g, store.ErrNone
	}
	if c := credentials[at]; !c.May(guard.MessageSend) {
		return g, fault.Field("credential", "grant.scope", "this program may not send; make a key that may")
	}
	open, err := Open(ctx, tx)
	if err != nil {
		return g, err
	}
	if len(open) >= MostOpen {
		return g, errFull
	}
	if err := g.current(ctx, tx); err != nil {
		return g, err
	}
	g.ID, g.CreatedBy, g.CreatedAt = store.NewID[ID](), tx.Actor.Who(), tx.Now
	_, err = tx.Exec(ctx, `INSERT INTO program_grant (practice, id, credential, wording, version, digest, purpose, day, expires_at, created_by, created_at, statement, signed_at, ended_at, ended_by)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, '', 0, 0, '')`, string(g.ID), g.Credential, string(g.Wording), string(g.Version), g.Digest, string(g.Purpose), g.Day,
		store.Micro(g.ExpiresAt), g.CreatedBy, store.Micro(tx.Now))
	return g, err
}

// current fills in the wording's current version.
func (g *Grant) current(ctx context.Context, tx *store.Tx) error {
	all, err := template.CurrentVersions(ctx, tx)
	if err != nil {
		return err
	}
	v, there := all[g.Wording]
	if !there {
		return errWording
	}
	read, err := template.Read(ctx, tx, v.ID)
	if err != nil {
		return err
	}
	g.Version, g.Digest, g.Purpose = v.ID, v.Digest, message.Appointments
	if read.Purpose == wording.Marketing {
		g.Purpose = message.Marketing
	}
	return nil
}

const columns = `id, credential, wording, version, digest, purpose, day, expires_at, created_by, created_at, statement, signed_at, ended_at, ended_by`

func scan(r *store.Rows) (g Grant, err error) {
	var expires, created, signed, ended int64
	err = r.Scan(&g.ID, &g.Credential, &g.Wording, &g.Version, &g.Digest, &g.Purpose, &g.Day, &expires, &g.CreatedBy, &created, &g.Statement, &signed, &ended, &g.EndedBy)
	g.ExpiresAt, g.CreatedAt, g.SignedAt, g.EndedAt = store.Instant(expires), store.Instant(created), store.Instant(signed), store.Instant(ended)
	return g, err
}

// Open lists the practice's grants that have not ended or expired, the oldest first: at most MostOpen.
func Open(ctx context.Context, tx *store.Tx) ([]Grant, error) {
	rows, err := tx.Query(ctx, `SELECT `+columns+` FROM program_grant WHERE practice = $1 AND ended_at = 0 AND expires_at > $2 ORDER BY created_at, id LIMIT 100`, store.Micro(tx.Now))
	return store.Collect(rows, err, scan)
}

// Find returns a grant that has not ended or expired.
func Find(ctx context.Context, tx *store.Tx, id ID) (Grant, error) {
	rows, err := tx.Query(ctx, `SELECT `+columns+` FROM program_grant WHERE practice = $1 AND id = $2 AND ended_at = 0 AND expires_at > $3`, string(id), store.Micro(tx.Now))
	found, err := store.Collect(rows, err, scan)
	if err == nil && len(found) == 0 {
		err = ErrNone
	}
	if err != nil {
		return Grant{}, err
	}
	return found[0], nil
}

// End takes a grant back at once. Where it was signed a stop of it is put too, which the courier's journal keeps: what is signed is withdrawn at the desk.
func End(ctx context.Context, tx *store.Tx, id ID) error {
	g, err := Find(ctx, tx, id)
	if err != nil {
		return err
	}
	if _, err = tx.Exec(ctx, `UPDATE program_grant SET ended_at = $3, ended_by = $4 WHERE practice = $1 AND id = $2`, string(id), store.Micro(tx.Now), tx.Actor.Who()); err != nil || g.SignedAt.IsZero() {
		return err
	}
	return message.End(ctx, tx, message.StopGrant, string(id))
}

// Signed notes what an entry that was just appended says of grants: signed, or withdrawn. The courier does not believe it.
func Signed(ctx context.Context, tx *store.Tx, statements []*approval.Statement) error {
	for _, x := range statements {
		var err error
		switch x.Kind { //nolint:exhaustive // the others say nothing of a grant
		case approval.KindGrant:
			sum, bad := x.Sum()
			if bad != nil {
				return bad
			}
			_, err = tx.Exec(ctx, `UPDATE program_grant SET statement = $3, signed_at = $4 WHERE practice = $1 AND id = $2`, x.Subject, sum.String(), store.Micro(tx.Now))
		case approval.KindWithdraw:
			_, err = tx.Exec(ctx, `UPDATE program_grant SET ended_at = $3, ended_by = $4 WHERE practice = $1 AND statement = $2 AND ended_at = 0`, x.Subject, store.Micro(tx.Now), tx.Actor.Who())
		}
		if err != nil {
			return err
		}
	}
	return nil
}
