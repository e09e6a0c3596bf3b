package guard

import (
	"context"
	"errors"
	"time"

	"letterhead/fault"
	"letterhead/guard/secret"
	"letterhead/store"
)

// The limits of a session: one that is not used, one in all, and how long a proof opens what asks for a fresh one. (NIST SP 800-63B-4 §2.2.3;
// ASVS 7.1.1, 7.3.1, 7.3.2, 7.5.1)
const (
	IdleLimit  = time.Hour
	TotalLimit = 24 * time.Hour
	Fresh      = 10 * time.Minute
	seenEvery  = time.Minute // how exactly the last use is kept
)

// Way is how somebody showed who they are.
type Way string

// The ways.
const (
	ByPasskey  Way = "passkey"
	ByPassword Way = "password" // with a one-time code
	ByRecovery Way = "recovery" // password with a recovery code
	ByLink     Way = "link"     // the demonstration's
)

// Session is somebody signed in at a practice.
type Session struct {
	ID        string
	Practice  store.PracticeID
	Person    PersonID
	Login     string // the e-mail address they sign in with
	Member    Member
	Way       Way
	Label     string
	CreatedAt time.Time
	SeenAt    time.Time
	ProvedAt  time.Time
	EndsAt    time.Time
}

// Fresh reports whether the person showed recently enough that it is them.
func (s Session) Fresh(now time.Time) bool {
	age := now.Sub(s.ProvedAt)
	return age >= 0 && age < Fresh
}

// ErrNoSession is returned for a cookie that opens nothing: unknown, ended, too old, or from another device.
var ErrNoSession = fault.New(fault.Denied, "guard.no_session", "sign in first")

const sessionColumns = `s.practice, s.id, s.person, s.way, s.label, s.created_at, s.seen_at, s.proved_at, s.ends_at, s.device, p.email, m.id, m.email, m.name, m.role, m.person, m.sees, m.ended_at`

const sessionTables = ` FROM session s JOIN member m ON m.practice = s.practice AND m.id = s.member AND m.person = s.person JOIN person p ON p.practice = '' AND p.id = s.person `

func scanSession(row interface{ Scan(...any) error }) (s Session, device string, err error) {
	var created, seen, proved, ends, ended int64
	err = row.Scan(&s.Practice, &s.ID, &s.Person, &s.Way, &s.Label, &created, &seen, &proved, &ends, &device, &s.Login,
		&s.Member.ID, &s.Member.Email, &s.Member.Name, &s.Member.Role, &s.Member.Person, &s.Member.Sees, &ended)
	s.CreatedAt, s.SeenAt, s.ProvedAt, s.EndsAt, s.Member.EndedAt = store.Instant(created), store.Instant(seen), store.Instant(proved), store.Instant(ends), store.Instant(ended)
	return s, device, err
}

// Visit returns the session of a cookie's token, and notes that it was used. From another device it ends: the cookie was carried away.
func (d *Door) Visit(ctx context.Context, token string, b Browser) (Session, error) {
	return d.visit(ctx, token, b, true)
}

// Glance is Visit for what a page asks by itself: nobody need sit before it, so that the session is no younger for it. ASVS 7.3.1.
func (d *Door) Glance(ctx context.Context, token string, b Browser) (Session, error) {
	return d.visit(ctx, token, b, false)
}

func (d *Door) visit(ctx context.Context, token string, b Browser, used bool) (Session, error) {
	if !secret.TokenLike(token) {
		return Session{}, ErrNoSession
	}
	hash := d.kept("session", token)
	var s Session
	var device string
	err := d.db.WholeView(ctx, "session", func(w *store.Wide) (err error) {
		s, device, err = scanSession(w.Row(ctx, `SELECT `+sessionColumns+sessionTables+`WHERE s.hash = $1 AND s.ended_at = 0 AND m.ended_at = 0`, hash))
		return err
	})
	if errors.Is(err, store.ErrNone) {
		return Session{}, ErrNoSession
	}
	if err != nil {
		return Session{}, err
	}
	now := d.db.Now()
	idle := now.Sub(s.SeenAt)
	switch {
	case !same(device, d.device(b)):
		return Session{}, errors.Join(ErrNoSession, d.endAt(ctx, hash, now))
	case !now.Before(s.EndsAt) || idle >= IdleLimit || now.Before(s.CreatedAt.Add(-time.Minute)):
		return Session{}, ErrNoSession
	case used && idle >= seenEvery:
		s.SeenAt = now
		err = d.db.Whole(ctx, "session", func(w *store.Wide) error {
			_, err := w.Exec(ctx, `UPDATE session SET seen_at = $2 WHERE hash = $1 AND ended_at = 0`, hash, store.Micro(now))
			return err
		})
	}
	return s, err
}

func (d *Door) endAt(ctx context.Context, hash string, at time.Time) error {
	return d.db.Whole(ctx, "session", func(w *store.Wide) error {
		_, err := w.Exec(ctx, `UPDATE session SET ended_at = $2 WHERE hash = $1 AND ended_at = 0`, hash, store.Micro(at))
		return err
	})
}

// Leave ends the session of a token. ASVS 7.4.1.
func (d *Door) Leave(ctx context.Context, token string) error {
	if !secret.TokenLike(token) {
		return nil
	}
	return d.endAt(ctx, d.kept("session", token), d.db.Now())
}

// Proof says that somebody has just shown who they are.
type Proof struct {
	Person PersonID  `json:"p"`
	Email  string    `json:"e"`
	Way    Way       `json:"w"`
	At     time.Time `json:"a"`

	once string // of a choice: the hash under which it is used up
}

// Membership is a place where somebody works.
type Membership struct {
	Practice store.PracticeID
	Member   store.MemberID
}

// Memberships are where a person may go in, at most 100.
func (d *Door) Memberships(ctx context.Context, person PersonID) (out []Membership, err error) {
	err = d.db.WholeView(ctx, "sign-in", func(w *store.Wide) error {
		out, err = memberships(ctx, w, person)
		return err
	})
	return out, err
}

func memberships(ctx context.Context, w *store.Wide, person PersonID) ([]Membership, error) {
	rows, err := w.Query(ctx, `SELECT practice, id FROM member WHERE person = $1 AND person <> '' AND ended_at = 0 ORDER BY practice, id LIMIT 100`, string(person))
	return store.Collect(rows, err, func(r *store.Rows) (Membership, error) {
		var m Membership
		return m, r.Scan(&m.Practice, &m.Member)
	})
}

// chooseLife is how long somebody may take to choose a practice.
const chooseLife = 5 * time.Minute

type choice struct {
	Proof
	Device string `json:"d"`
	Nonce  string `json:"n"`
}

// Choice seals a proof for the page that asks which practice. Choose opens it, on the same device.
func (d *Door) Choice(p Proof, b Browser) string {
	return d.box.Pack("choice", d.db.Now().Add(chooseLife), choice{p, d.device(b), secret.NewToken()})
}

// Choose opens what Choice sealed. Entering a practice uses it up.
func (d *Door) Choose(text string, b Browser) (Proof, error) {
	var c choice
	if err := d.box.Unpack("choice", text, d.db.Now(), &c); err != nil {
		return Proof{}, err
	}
	if !same(c.Device, d.device(b)) {
		return Proof{}, secret.ErrState
	}
	c.once = d.kept("choice", c.Nonce)
	return c.Proof, nil
}

// Enter makes a session at a practice, with a new token whatever the browser brought (ASVS 7.2.4), and ends the browser's old one. A practice that
// the person does not work at is not found. The session ends TotalLimit after the proof, however often somebody enters with it.
func (d *Door) Enter(ctx context.Context, p Proof, at store.PracticeID, b Browser, old string) (token string, err error) {
	token = secret.NewToken()
	err = d.db.Whole(ctx, "sign-in", func(w *store.Wide) error {
		var member string
		err := w.Row(ctx, `SELECT id FROM member WHERE practice = $1 AND person = $2 AND person <> '' AND ended_at = 0 ORDER BY id LIMIT 1`, string(at), string(p.Person)).Scan(&member)
		if err == nil && p.once != "" {
			err = d.spend(ctx, w, p.once, chooseLife)
		}
		if err != nil {
			return err
		}
		if secret.TokenLike(old) {
			if _, err := w.Exec(ctx, `UPDATE session SET ended_at = $2 WHERE hash = $1 AND ended_at = 0`, d.kept("session", old), store.Micro(w.Now)); err != nil {
				return err
			}
		}
		// What ended long ago is of no use to the list of one's sessions.
		if _, err := w.Exec(ctx, `DELETE FROM session WHERE person = $1 AND ends_at < $2`, string(p.Person), store.Micro(w.Now.Add(-30*24*time.Hour))); err != nil {
			return err
		}
		_, err = w.Exec(ctx, `INSERT INTO session (practice, id, hash, person, member, device, label, way, created_at, seen_at, proved_at, ends_at, ended_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9, $10, $11, 0)`, string(at), store.NewID[string](), d.kept("session", token), string(p.Person), member, d.device(b), b.Label,
			string(p.Way), store.Micro(w.Now), store.Micro(p.At), store.Micro(p.At.Add(TotalLimit)))
		return err
	})
	if err == nil && p.once != "" {
		d.spent.add(p.once, d.db.Now(), chooseLife)
	}
	return token, err
}

// Proved notes that the session's person has shown anew that it is them, and gives the session a new token.
func (d *Door) Proved(ctx context.Context, s Session, p Proof) (token string, err error) {
	if p.Person != s.Person {
		return "", errWrong
	}
	token = secret.NewToken()
	err = d.db.Whole(ctx, "sign-in", func(w *store.Wide) error {
		n, err := w.Exec(ctx, `UPDATE session SET hash = $3, proved_at = $4, way = $5 WHERE practice = $1 AND id = $2 AND ended_at = 0`,
			string(s.Practice), s.ID, d.kept("session", token), store.Micro(p.At), string(p.Way))
		if err == nil && n == 0 {
			return ErrNoSession
		}
		return err
	})
	return token, err
}

// Sessions are a person's open ones, the latest first, at most 100.
func (d *Door) Sessions(ctx context.Context, person PersonID) (out []Session, err error) {
	err = d.db.WholeView(ctx, "sign-in", func(w *store.Wide) error {
		rows, err := w.Query(ctx, `SELECT `+sessionColumns+sessionTables+`WHERE s.person = $1 AND s.ended_at = 0 AND m.ended_at = 0 AND s.ends_at > $2 AND s.seen_at > $3
			ORDER BY s.seen_at DESC, s.id LIMIT 100`, string(person), store.Micro(w.Now), store.Micro(w.Now.Add(-IdleLimit)))
		out, err = store.Collect(rows, err, func(r *store.Rows) (Session, error) {
			s, _, err := scanSession(r)
			return s, err
		})
		return err
	})
	return out, err
}

// EndSession ends one of the person's sessions; "" ends all but the one named keep. ASVS 7.4.5, 7.5.2.
func (d *Door) EndSession(ctx context.Context, person PersonID, id, keep string) error {
	return d.db.Whole(ctx, "sign-in", func(w *store.Wide) error {
		n, err := endSessions(ctx, w, person, id, keep)
		if err == nil && n == 0 && id != "" {
			return store.ErrNone
		}
		return err
	})
}

func endSessions(ctx context.Context, w *store.Wide, person PersonID, id, keep string) (int64, error) {
	return w.Exec(ctx, `UPDATE session SET ended_at = $4 WHERE person = $1 AND ($2 = '' OR id = $2) AND id <> $3 AND ended_at = 0`, string(person), id, keep, store.Micro(w.Now))
}
