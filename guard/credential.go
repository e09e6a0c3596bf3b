package guard

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"letterhead/fault"
	"letterhead/guard/secret"
	"letterhead/store"
)

// Scope is a permission that a program may have. It is a type of its own, made by ScopeOf alone: there is no Scope that approves, changes the
// team, makes credentials or owns the practice, so that a program cannot be given one.
type Scope struct{ permission Permission }

// programs are the permissions that a program may have.
var programs = []Permission{CalendarRead, CalendarChange, ClientRead, ClientChange, MessageRead, MessageSend, TemplateRead, SettingsRead, SendingStop, DataExport}

// Scopes are all there are.
func Scopes() []Scope {
	var out []Scope
	for _, p := range programs {
		out = append(out, Scope{p})
	}
	return out
}

// ScopeOf returns the scope of a permission, if a program may have it.
func ScopeOf(p Permission) (Scope, error) {
	if !slices.Contains(programs, p) {
		return Scope{}, fault.Field("scopes", "guard.scope", "a program cannot have the permission %q", string(p))
	}
	return Scope{p}, nil
}

func (s Scope) String() string { return string(s.permission) }

// Credential is what a program comes in with.
type Credential struct {
	ID        string
	Practice  store.PracticeID
	Prefix    string
	Name      string
	Scopes    []Scope
	CreatedBy store.MemberID
	CreatedAt time.Time
	ExpiresAt time.Time
	UsedAt    time.Time
}

// May reports whether a program may do something that a Scope exists for.
func (c Credential) May(p Permission) bool {
	return slices.ContainsFunc(c.Scopes, func(s Scope) bool { return s.permission == p && p != "" })
}

// Actor is the identity that the program's transactions are bound to. No member acts.
func (c Credential) Actor() store.Actor {
	return store.Actor{Practice: c.Practice, Agent: "program " + c.ID}
}

// keyMark begins every key, so that one that was published is recognised. The prefix after it is shown in lists.
const (
	keyMark        = "lh_"
	prefixLen      = 8
	mostCredential = 50
	seenProgram    = time.Minute
)

// LongestCredential is how long a credential may live. ASVS 6.4.1.
const LongestCredential = 366 * 24 * time.Hour

// ErrNoCredential is the one answer to a key that opens nothing.
var ErrNoCredential = fault.New(fault.Denied, "guard.credential", "this key is unknown, has expired or was taken back")

// AddCredential makes a credential on behalf of a member, with permissions that they have themselves, and returns its key, which is shown once.
func (d *Door) AddCredential(ctx context.Context, tx *store.Tx, by Member, name string, scopes []Scope, expires time.Time) (key string, c Credential, err error) {
	name = strings.TrimSpace(name)
	switch {
	case name == "" || len([]rune(name)) > 80:
		return "", c, fault.Field("name", "guard.credential_name", "name the program, in at most 80 characters")
	case len(scopes) == 0:
		return "", c, fault.Field("scopes", "guard.credential_scopes", "choose what the program may do")
	case !expires.After(tx.Now) || expires.Sub(tx.Now) > LongestCredential:
		return "", c, fault.Field("expires", "guard.credential_expires", "choose a day within a year")
	}
	var words []string
	for _, s := range scopes {
		if !by.Role.May(s.permission) {
			return "", c, ErrOver
		}
		words = append(words, s.String())
	}
	var n int
	if err := tx.Row(ctx, `SELECT count(*) FROM credential WHERE practice = $1 AND ended_at = 0`).Scan(&n); err != nil {
		return "", c, err
	}
	if n >= mostCredential {
		return "", c, fault.New(fault.Conflict, "guard.credentials", "there are 50 credentials; take one back first")
	}
	token := secret.NewToken()
	key = keyMark + token
	c = Credential{ID: store.NewID[string](), Practice: tx.Practice, Prefix: keyMark + token[:prefixLen], Name: name, Scopes: scopes, CreatedBy: by.ID, CreatedAt: tx.Now, ExpiresAt: expires}
	_, err = tx.Exec(ctx, `INSERT INTO credential (practice, id, prefix, hash, name, scopes, created_at, created_by, expires_at, used_at, ended_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0, 0)`,
		c.ID, c.Prefix, d.kept("credential", key), c.Name, strings.Join(words, " "), store.Micro(tx.Now), string(by.ID), store.Micro(expires))
	return key, c, err
}

const credentialColumns = `practice, id, prefix, name, scopes, created_by, created_at, expires_at, used_at`

func scanCredential(row interface{ Scan(...any) error }) (Credential, error) {
	var c Credential
	var scopes string
	var created, expires, used int64
	err := row.Scan(&c.Practice, &c.ID, &c.Prefix, &c.Name, &scopes, &c.CreatedBy, &created, &expires, &used)
	for _, word := range strings.Fields(scopes) {
		if s, err := ScopeOf(Permission(word)); err == nil { // a row that says more says nothing
			c.Scopes = append(c.Scopes, s)
		}
	}
	c.CreatedAt, c.ExpiresAt, c.UsedAt = store.Instant(created), store.Instant(expires), store.Instant(used)
	return c, err
}

// Credentials lists a practice's, at most 50 at a time.
func Credentials(ctx context.Context, tx *store.Tx) ([]Credential, error) {
	rows, err := tx.Query(ctx, `SELECT `+credentialColumns+` FROM credential WHERE practice = $1 AND ended_at = 0 ORDER BY created_at, id LIMIT 50`)
	return store.Collect(rows, err, func(r *store.Rows) (Credential, error) { return scanCredential(r) })
}

// EndCredential takes a credential back.
func EndCredential(ctx context.Context, tx *store.Tx, id string) error {
	n, err := tx.Exec(ctx, `UPDATE credential SET ended_at = $3 WHERE practice = $1 AND id = $2 AND ended_at = 0`, id, store.Micro(tx.Now))
	if err == nil && n == 0 {
		return store.ErrNone
	}
	return err
}

// Program returns whose key this is. A member's credential is no wider than the member is now.
func (d *Door) Program(ctx context.Context, b Browser, key string) (Credential, error) {
	token, marked := strings.CutPrefix(key, keyMark)
	if !marked || !secret.TokenLike(token) {
		return Credential{}, errors.Join(ErrNoCredential, d.allowAddress(b, "program", tryAddress))
	}
	var c Credential
	var role Role
	err := d.db.WholeView(ctx, "sign-in", func(w *store.Wide) (err error) {
		c, err = scanCredential(w.Row(ctx, `SELECT `+credentialColumns+` FROM credential WHERE hash = $1 AND ended_at = 0 AND expires_at > $2`, d.kept("credential", key), store.Micro(w.Now)))
		if err != nil {
			return err
		}
		return w.Row(ctx, `SELECT role FROM member WHERE practice = $1 AND id = $2 AND ended_at = 0`, string(c.Practice), string(c.CreatedBy)).Scan(&role)
	})
	if errors.Is(err, store.ErrNone) {
		if slow := d.allowAddress(b, "program", tryAddress); slow != nil {
			return Credential{}, slow
		}
		return Credential{}, ErrNoCredential
	}
	if err != nil {
		return Credential{}, err
	}
	c.Scopes = slices.DeleteFunc(c.Scopes, func(s Scope) bool { return !role.May(s.permission) })
	if now := d.db.Now(); now.Sub(c.UsedAt) >= seenProgram {
		err = d.db.Whole(ctx, "sign-in", func(w *store.Wide) error {
			_, err := w.Exec(ctx, `UPDATE credential SET used_at = $3 WHERE practice = $1 AND id = $2`, string(c.Practice), c.ID, store.Micro(now))
			return err
		})
	}
	return c, err
}
