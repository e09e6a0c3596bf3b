package guard

import (
	"context"
	"errors"
	"time"

	"letterhead/fault"
	"letterhead/guard/passkey"
	"letterhead/guard/secret"
	"letterhead/store"
)

// InvitationLife is how long an invitation is open.
const InvitationLife = 7 * 24 * time.Hour

// Invitation is somebody's way into a practice's team.
type Invitation struct {
	Practice  store.PracticeID
	ID        string
	Member    Member
	ExpiresAt time.Time
}

var (
	errHasSignIn = fault.New(fault.Conflict, "guard.has_sign_in", "this address signs in to Letterhead already; sign in, and the invitation is yours")
	errFirstCode = fault.Field("code", "guard.first_code", "this is not the code that the app shows now for the new entry; wait for the next one and type it")
	errAccepted  = fault.New(fault.Conflict, "guard.accepted", "this team member has accepted an invitation already")
)

// Invite makes the one open invitation of a member who has not accepted one yet, and returns its token: whoever has it becomes that member. An
// earlier one stops working. by may be "" for the command line.
func (d *Door) Invite(ctx context.Context, tx *store.Tx, id store.MemberID) (token string, err error) {
	m, err := Find(ctx, tx, id)
	if err != nil {
		return "", err
	}
	switch {
	case !m.EndedAt.IsZero():
		return "", store.ErrNone
	case m.Person != "":
		return "", errAccepted
	}
	if err := TakeBack(ctx, tx, id); err != nil {
		return "", err
	}
	invitation := store.NewID[string]()
	token = invitationToken(d.box, tx.Practice, invitation, m)
	_, err = tx.Exec(ctx, `INSERT INTO invitation (practice, id, member, hash, created_at, created_by, expires_at, ended_at) VALUES ($1, $2, $3, $4, $5, $6, $7, 0)`,
		invitation, string(id), d.kept("invitation", token), store.Micro(tx.Now), tx.Actor.Who(), store.Micro(tx.Now.Add(InvitationLife)))
	return token, err
}

// Detach takes a member's sign-in away who has lost every way in, so that they can be invited again: on behalf of another, with the checks that
// SetRole makes, or of the command line (by without a role). What the person is at other practices stays as it is.
func Detach(ctx context.Context, tx *store.Tx, by Member, id store.MemberID) error {
	m, err := Find(ctx, tx, id)
	if err != nil {
		return err
	}
	if by.Role != "" {
		if !by.Role.Covers(m.Role) {
			return ErrOver
		}
		if m.Role == Owner {
			if err := anotherOwner(ctx, tx, id); err != nil {
				return err
			}
		}
	}
	n, err := tx.Exec(ctx, `UPDATE member SET person = '' WHERE practice = $1 AND id = $2 AND ended_at = 0`, string(id))
	if err == nil && n == 0 {
		return store.ErrNone
	}
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `UPDATE session SET ended_at = $3 WHERE practice = $1 AND member = $2 AND ended_at = 0`, string(id), store.Micro(tx.Now))
	return err
}

// TakeBack ends a member's open invitation.
func TakeBack(ctx context.Context, tx *store.Tx, id store.MemberID) error {
	_, err := tx.Exec(ctx, `UPDATE invitation SET ended_at = $3 WHERE practice = $1 AND member = $2 AND ended_at = 0`, string(id), store.Micro(tx.Now))
	return err
}

// Invited are the members with an open invitation, and until when it is.
func Invited(ctx context.Context, tx *store.Tx) (map[store.MemberID]time.Time, error) {
	rows, err := tx.Query(ctx, `SELECT member, expires_at FROM invitation WHERE practice = $1 AND ended_at = 0 AND expires_at > $2 LIMIT 1000`, store.Micro(tx.Now))
	out := map[store.MemberID]time.Time{}
	_, err = store.Collect(rows, err, func(r *store.Rows) (struct{}, error) {
		var id store.MemberID
		var until int64
		err := r.Scan(&id, &until)
		out[id] = store.Instant(until)
		return struct{}{}, err
	})
	return out, err
}

func (d *Door) invitation(ctx context.Context, w *store.Wide, token string) (Invitation, error) {
	var i Invitation
	var expires int64
	if !secret.TokenLike(token) {
		return i, errNoInvitation
	}
	err := w.Row(ctx, `SELECT i.practice, i.id, i.expires_at, m.id, m.email, m.name, m.role FROM invitation i JOIN member m ON m.practice = i.practice AND m.id = i.member
		WHERE i.hash = $1 AND i.ended_at = 0 AND m.ended_at = 0 AND m.person = ''`, d.kept("invitation", token)).
		Scan(&i.Practice, &i.ID, &expires, &i.Member.ID, &i.Member.Email, &i.Member.Name, &i.Member.Role)
	i.ExpiresAt = store.Instant(expires)
	if errors.Is(err, store.ErrNone) || err == nil && !w.Now.Before(i.ExpiresAt) {
		return Invitation{}, errNoInvitation
	}
	return i, err
}

// Invitation returns what a token invites to. Looking does not use it up: mail programs look.
func (d *Door) Invitation(ctx context.Context, b Browser, token string) (i Invitation, err error) {
	if err := d.allowAddress(b, "invitation", tryInvitation); err != nil {
		return i, err
	}
	err = d.db.WholeView(ctx, "invitation", func(w *store.Wide) error {
		i, err = d.invitation(ctx, w, token)
		return err
	})
	return i, err
}

// AskJoin begins the making of a new person's first passkey.
func (d *Door) AskJoin(b Browser, i Invitation) Challenge {
	person := store.NewID[PersonID]()
	st, text := d.challenge(Join, b, i.ID, person)
	return Challenge{State: text, Options: d.creation(st.Challenge, person, i.Member.Email, nil)}
}

// JoinWithPasskey accepts an invitation as a new person with a passkey.
func (d *Door) JoinWithPasskey(ctx context.Context, b Browser, token, stateText string, answer []byte, name string) (Proof, error) {
	i, err := d.Invitation(ctx, b, token)
	if err != nil {
		return Proof{}, err
	}
	st, err := d.opened(Join, b, i.ID, stateText)
	if err != nil {
		return Proof{}, err
	}
	key, err := passkey.Register(d.place, st.Challenge, answer)
	if err != nil {
		return Proof{}, err
	}
	hash := d.kept("challenge", string(st.Challenge))
	p, err := d.join(ctx, token, st.Person, ByPasskey, func(w *store.Wide) error {
		if err := d.spend(ctx, w, hash, challengeLife); err != nil {
			return err
		}
		return addPasskey(ctx, w, st.Person, key, name)
	})
	if err == nil {
		d.spent.add(hash, d.db.Now(), challengeLife)
	}
	return p, err
}

// JoinWithPassword accepts an invitation as a new person with a password and one-time codes, and returns the recovery codes.
func (d *Door) JoinWithPassword(ctx context.Context, b Browser, token, stateText, password, code string) (Proof, []string, error) {
	i, err := d.Invitation(ctx, b, token)
	if err != nil {
		return Proof{}, nil, err
	}
	way, err := d.prepare(ctx, b, i.ID, stateText, password, code, i.Member.Email, i.Member.Name)
	if err != nil {
		return Proof{}, nil, err
	}
	person := store.NewID[PersonID]()
	p, err := d.join(ctx, token, person, ByPassword, func(w *store.Wide) error { return d.write(ctx, w, person, way) })
	return p, way.codes, err
}

// join makes a person, lets then give them a way to sign in, and uses the invitation up.
func (d *Door) join(ctx context.Context, token string, person PersonID, way Way, then func(*store.Wide) error) (Proof, error) {
	var p Proof
	err := d.db.Whole(ctx, "invitation", func(w *store.Wide) error {
		i, err := d.invitation(ctx, w, token)
		if err != nil {
			return err
		}
		if err := forget(ctx, w, i.Member.Email); err != nil {
			return err
		}
		_, err = w.Exec(ctx, `INSERT INTO person (practice, id, email, password, totp, totp_step, created_at, changed_at) VALUES ('', $1, $2, '', $3, 0, $4, $4)`,
			string(person), i.Member.Email, []byte{}, store.Micro(w.Now))
		if errors.Is(err, store.ErrUnique) {
			return errHasSignIn
		}
		if err != nil {
			return err
		}
		if err := then(w); err != nil {
			return err
		}
		p = Proof{Person: person, Email: i.Member.Email, Way: way, At: w.Now}
		return accept(ctx, w, i, person)
	})
	return p, err
}

// forget removes a person who works nowhere any more, so that their address can be somebody's again. One who works somewhere stays: an invitation
// by another practice takes nothing over.
func forget(ctx context.Context, w *store.Wide, email string) error {
	var person string
	err := w.Row(ctx, `SELECT id FROM person WHERE practice = '' AND email = $1 AND NOT EXISTS (SELECT 1 FROM member m WHERE m.person = person.id AND m.ended_at = 0)`, email).Scan(&person)
	if errors.Is(err, store.ErrNone) {
		return nil
	}
	for _, statement := range []string{
		`DELETE FROM passkey WHERE practice = '' AND person = $1`, `DELETE FROM recovery WHERE practice = '' AND person = $1`,
		`DELETE FROM session WHERE person = $1`, `DELETE FROM person WHERE practice = '' AND id = $1`,
	} {
		if err == nil {
			_, err = w.Exec(ctx, statement, person)
		}
	}
	return err
}

// JoinAs accepts an invitation as the person who is signed in.
func (d *Door) JoinAs(ctx context.Context, b Browser, token string, s Session) (Proof, error) {
	if _, err := d.Invitation(ctx, b, token); err != nil {
		return Proof{}, err
	}
	err := d.db.Whole(ctx, "invitation", func(w *store.Wide) error {
		i, err := d.invitation(ctx, w, token)
		if err != nil {
			return err
		}
		var there int
		if err := w.Row(ctx, `SELECT count(*) FROM member WHERE practice = $1 AND person = $2 AND ended_at = 0`, string(i.Practice), string(s.Person)).Scan(&there); err != nil {
			return err
		}
		if there > 0 {
			return ErrMember
		}
		return accept(ctx, w, i, s.Person)
	})
	return Proof{Person: s.Person, Email: s.Login, Way: s.Way, At: s.ProvedAt}, err
}

func accept(ctx context.Context, w *store.Wide, i Invitation, person PersonID) error {
	n, err := w.Exec(ctx, `UPDATE invitation SET ended_at = $3 WHERE practice = $1 AND id = $2 AND ended_at = 0`, string(i.Practice), i.ID, store.Micro(w.Now))
	if err == nil && n == 0 {
		return errNoInvitation
	}
	if err != nil {
		return err
	}
	n, err = w.Exec(ctx, `UPDATE member SET person = $3 WHERE practice = $1 AND id = $2 AND person = '' AND ended_at = 0`, string(i.Practice), string(i.Member.ID), string(person))
	if err == nil && n == 0 {
		return errNoInvitation
	}
	return err
}

// Vouch is the word of whoever runs the program that somebody is this member, for the demonstration's link: package app alone calls it, where the
// root is marked so. A member who has not accepted an invitation becomes a person without a way to sign in.
func (d *Door) Vouch(ctx context.Context, practice store.PracticeID, id store.MemberID) (Proof, error) {
	var p Proof
	err := d.db.Whole(ctx, "demonstration", func(w *store.Wide) error {
		var person, email string
		err := w.Row(ctx, `SELECT person, email FROM member WHERE practice = $1 AND id = $2 AND ended_at = 0`, string(practice), string(id)).Scan(&person, &email)
		if err != nil {
			return err
		}
		if person == "" {
			person = store.NewID[string]()
			_, err := w.Exec(ctx, `INSERT INTO person (practice, id, email, password, totp, totp_step, created_at, changed_at) VALUES ('', $1, $2, '', $3, 0, $4, $4)`,
				person, email, []byte{}, store.Micro(w.Now))
			if err != nil {
				return err
			}
			if _, err := w.Exec(ctx, `UPDATE member SET person = $3 WHERE practice = $1 AND id = $2`, string(practice), string(id), person); err != nil {
				return err
			}
		}
		p = Proof{Person: PersonID(person), Email: email, Way: ByLink, At: w.Now}
		return nil
	})
	return p, err
}
