package guard

import (
	"context"
	"errors"
	"strings"
	"time"

	"letterhead/guard/secret"
	"letterhead/store"
)

// half is a right password that waits for its code.
type half struct {
	Person PersonID `json:"p"`
	Email  string   `json:"e"`
	Device string   `json:"d"`
	Nonce  string   `json:"n"`
	For    string   `json:"s,omitempty"` // the session that is being proven
}

const halfLife = 5 * time.Minute

type login struct {
	person   PersonID
	email    string
	password string
	totp     []byte
	step     int64
}

func loginOf(ctx context.Context, w *store.Wide, where, value string) (login, error) {
	var l login
	err := w.Row(ctx, `SELECT id, email, password, totp, totp_step FROM person WHERE practice = '' AND `+where+` = $1`, value).
		Scan(&l.person, &l.email, &l.password, &l.totp, &l.step)
	return l, err
}

func (d *Door) login(ctx context.Context, where, value string) (l login, err error) {
	err = d.db.WholeView(ctx, "sign-in", func(w *store.Wide) error {
		l, err = loginOf(ctx, w, where, value)
		return err
	})
	if errors.Is(err, store.ErrNone) {
		return login{}, nil
	}
	return l, err
}

// Password is the first half of the other way in. An unknown address and a wrong password are one answer, after the same work (ASVS 6.3.8). With
// a session it is that person's password.
func (d *Door) Password(ctx context.Context, b Browser, s *Session, email, password string) (halfway string, err error) {
	email = strings.ToLower(strings.TrimSpace(email))
	forSession := ""
	if s != nil {
		email, forSession = s.Login, s.ID
	}
	if err := d.allow(b, "password", d.person(email), tryKnown, tryStranger); err != nil {
		return "", err
	}
	done, err := d.hashing(ctx)
	if err != nil {
		return "", err
	}
	defer done()
	l, err := d.login(ctx, "email", email)
	if err != nil {
		return "", err
	}
	right := secret.SamePassword(l.password, password)
	if !right || len(l.totp) == 0 {
		return "", errWrong
	}
	return d.box.Pack("half", d.db.Now().Add(halfLife), half{Person: l.person, Email: l.email, Device: d.device(b), Nonce: secret.NewToken(), For: forSession}), nil
}

// Code is the second half: a one-time code, or one of the recovery codes. Each works once.
func (d *Door) Code(ctx context.Context, b Browser, s *Session, halfway, code string) (Proof, error) {
	var h half
	if err := d.box.Unpack("half", halfway, d.db.Now(), &h); err != nil {
		return Proof{}, err
	}
	forSession := ""
	if s != nil {
		forSession = s.ID
	}
	if !same(h.Device, d.device(b)) || !same(h.For, forSession) {
		return Proof{}, secret.ErrState
	}
	if err := d.allow(b, "code", d.person(h.Email), tryCodeKnown, tryCodeStranger); err != nil {
		return Proof{}, err
	}
	hash := d.kept("half", h.Nonce)
	p := Proof{Person: h.Person, Email: h.Email, Way: ByPassword}
	err := d.db.Whole(ctx, "sign-in", func(w *store.Wide) error {
		l, err := loginOf(ctx, w, "id", string(h.Person))
		if err != nil {
			return err
		}
		if p.Way, err = d.code(ctx, w, l, code); err != nil {
			return err
		}
		p.At = w.Now
		return d.spend(ctx, w, hash, halfLife)
	})
	if err == nil {
		d.spent.add(hash, d.db.Now(), halfLife)
	}
	return p, err
}

// code takes a one-time or recovery code of somebody. ASVS 6.5.1.
func (d *Door) code(ctx context.Context, w *store.Wide, l login, code string) (Way, error) {
	plain, err := d.box.Open("totp "+string(l.person), l.totp)
	if err != nil {
		return "", err
	}
	if step, ok := secret.CheckCode(plain, code, w.Now, l.step); ok {
		n, err := w.Exec(ctx, `UPDATE person SET totp_step = $2 WHERE practice = '' AND id = $1 AND totp_step < $2`, string(l.person), step)
		if err == nil && n == 0 {
			return "", errWrongCode
		}
		return ByPassword, err
	}
	typed := secret.PlainRecovery(code)
	if len(typed) != 12 {
		return "", errWrongCode
	}
	n, err := w.Exec(ctx, `UPDATE recovery SET used_at = $3 WHERE practice = '' AND person = $1 AND hash = $2 AND used_at = 0`,
		string(l.person), d.kept("recovery", string(l.person)+typed), store.Micro(w.Now))
	if err == nil && n == 0 {
		return "", errWrongCode
	}
	return ByRecovery, err
}

// CodeSetup is a new secret for one-time codes, shown once and kept by nobody until its first code is typed.
type CodeSetup struct {
	State   string
	Text    string // to be typed into an authenticator app
	Address string // otpauth://
}

// setupLife is how long somebody may take to set an authenticator app up.
const setupLife = 30 * time.Minute

type setup struct {
	Secret []byte `json:"t"`
	Device string `json:"d"`
	For    string `json:"s"` // session or invitation
}

// NewCodes makes a secret for one-time codes, for a session or an invitation.
func (d *Door) NewCodes(b Browser, subject, email string) CodeSetup {
	s := setup{Secret: secret.NewCodeSecret(), Device: d.device(b), For: d.kept("setup", subject)}
	return d.shown(s, email)
}

func (d *Door) shown(s setup, email string) CodeSetup {
	return CodeSetup{State: d.box.Pack("setup", d.db.Now().Add(setupLife), s), Text: secret.CodeText(s.Secret), Address: secret.CodeAddress(s.Secret, "Letterhead", email)}
}

// AgainCodes shows the same secret again, after a form was refused.
func (d *Door) AgainCodes(b Browser, subject, email, stateText string) (CodeSetup, error) {
	s, err := d.codes(b, subject, stateText)
	if err != nil {
		return CodeSetup{}, err
	}
	return d.shown(s, email), nil
}

func (d *Door) codes(b Browser, subject, stateText string) (setup, error) {
	var s setup
	if err := d.box.Unpack("setup", stateText, d.db.Now(), &s); err != nil {
		return s, err
	}
	if !same(s.Device, d.device(b)) || !same(s.For, d.kept("setup", subject)) {
		return s, secret.ErrState
	}
	return s, nil
}

// secondWay is a checked password with its codes, ready to be written.
type secondWay struct {
	hash   string
	secret []byte
	step   int64
	codes  []string
}

// prepare checks a new password and the first code of its secret, and does the slow part before any transaction.
func (d *Door) prepare(ctx context.Context, b Browser, subject, stateText, password, code string, known ...string) (secondWay, error) {
	var way secondWay
	s, err := d.codes(b, subject, stateText)
	if err != nil {
		return way, err
	}
	if err := secret.CheckPassword(password, known...); err != nil {
		return way, err
	}
	if err := d.allowAddress(b, "setup", tryInvitation); err != nil {
		return way, err
	}
	step, ok := secret.CheckCode(s.Secret, code, d.db.Now(), 0)
	if !ok {
		return way, errFirstCode
	}
	done, err := d.hashing(ctx)
	if err != nil {
		return way, err
	}
	defer done()
	return secondWay{hash: secret.HashPassword(password), secret: s.Secret, step: step, codes: secret.NewRecoveries()}, nil
}

func (d *Door) write(ctx context.Context, w *store.Wide, person PersonID, way secondWay) error {
	_, err := w.Exec(ctx, `UPDATE person SET password = $2, totp = $3, totp_step = $4, changed_at = $5 WHERE practice = '' AND id = $1`,
		string(person), way.hash, d.box.Seal("totp "+string(person), way.secret), way.step, store.Micro(w.Now))
	if err != nil {
		return err
	}
	return d.writeRecoveries(ctx, w, person, way.codes)
}

func (d *Door) writeRecoveries(ctx context.Context, w *store.Wide, person PersonID, codes []string) error {
	if _, err := w.Exec(ctx, `DELETE FROM recovery WHERE practice = '' AND person = $1`, string(person)); err != nil {
		return err
	}
	for _, code := range codes { // ten
		if _, err := w.Exec(ctx, `INSERT INTO recovery (practice, id, person, hash, used_at) VALUES ('', $1, $2, $3, 0)`,
			store.NewID[string](), string(person), d.kept("recovery", string(person)+secret.PlainRecovery(code))); err != nil {
			return err
		}
	}
	return nil
}

// SetPassword gives the session's person a password with one-time codes, new or in place of the old ones, ends their other sessions (ASVS 7.4.3)
// and returns the recovery codes, which are shown once.
func (d *Door) SetPassword(ctx context.Context, b Browser, s Session, stateText, password, code string) ([]string, error) {
	way, err := d.prepare(ctx, b, s.ID, stateText, password, code, s.Login, s.Member.Name)
	if err != nil {
		return nil, err
	}
	return way.codes, d.db.Whole(ctx, "sign-in", func(w *store.Wide) error {
		if err := d.write(ctx, w, s.Person, way); err != nil {
			return err
		}
		_, err := endSessions(ctx, w, s.Person, "", s.ID)
		return err
	})
}

// RemovePassword takes the password, its codes and its recovery codes away; never the last way to sign in.
func (d *Door) RemovePassword(ctx context.Context, s Session) error {
	return d.db.Whole(ctx, "sign-in", func(w *store.Wide) error {
		have, err := ways(ctx, w, s.Person)
		if err != nil {
			return err
		}
		if len(have.Passkeys) == 0 {
			return errLastWay
		}
		if _, err := w.Exec(ctx, `UPDATE person SET password = '', totp = $2, totp_step = 0, changed_at = $3 WHERE practice = '' AND id = $1`, string(s.Person), []byte{}, store.Micro(w.Now)); err != nil {
			return err
		}
		if err := d.writeRecoveries(ctx, w, s.Person, nil); err != nil {
			return err
		}
		_, err = endSessions(ctx, w, s.Person, "", s.ID)
		return err
	})
}

// NewRecoveries replaces the person's recovery codes.
func (d *Door) NewRecoveries(ctx context.Context, s Session) ([]string, error) {
	codes := secret.NewRecoveries()
	return codes, d.db.Whole(ctx, "sign-in", func(w *store.Wide) error {
		have, err := ways(ctx, w, s.Person)
		if err != nil {
			return err
		}
		if !have.Password {
			return store.ErrNone
		}
		return d.writeRecoveries(ctx, w, s.Person, codes)
	})
}
