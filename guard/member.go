package guard

import (
	"context"
	"net/mail"
	"strings"
	"time"

	"letterhead/fault"
	"letterhead/store"
)

// Sees is which clients a member sees, of those that are not kept to others.
type Sees string

// What members see.
const (
	SeesAll Sees = "all"
	SeesOwn Sees = "own" // those with whom they have, or had, an appointment
)

// Member is somebody who works at a practice and signs in.
type Member struct {
	ID      store.MemberID
	Email   string
	Name    string
	Role    Role
	Person  PersonID // "" until the invitation is accepted
	Sees    Sees
	EndedAt time.Time
}

// Actor is the identity that a member's transactions are bound to.
func (m Member) Actor(practice store.PracticeID) store.Actor {
	return store.Actor{Practice: practice, Member: m.ID}
}

// Check returns the member as it would be stored, or which field is wrong.
func (m Member) Check() (Member, error) {
	m.Email, m.Name = strings.ToLower(strings.TrimSpace(m.Email)), strings.TrimSpace(m.Name)
	if parsed, err := mail.ParseAddress(m.Email); err != nil || parsed.Address != m.Email || len(m.Email) > 254 {
		return Member{}, fault.Field("email", "member.email", "write the team member's e-mail address as name@example.com")
	}
	if !m.Role.Known() {
		return Member{}, fault.Field("role", "member.role", "the roles are owner, manager, practitioner, front desk, bookkeeper, read-only")
	}
	if len(m.Name) > 200 {
		return Member{}, fault.Field("name", "member.name", "a name has at most 200 characters")
	}
	switch m.Sees {
	case "":
		m.Sees = SeesAll
	case SeesAll, SeesOwn:
	default:
		return Member{}, fault.Field("sees", "member.sees", "a member sees all clients or their own")
	}
	if m.Sees == SeesOwn && m.Role != Practitioner {
		return Member{}, fault.Field("sees", "member.sees_own", "only a practitioner has clients of their own")
	}
	return m, nil
}

const memberColumns = `id, email, name, role, person, sees, ended_at`

func scanMember(row interface{ Scan(...any) error }) (Member, error) {
	var m Member
	var ended int64
	err := row.Scan(&m.ID, &m.Email, &m.Name, &m.Role, &m.Person, &m.Sees, &ended)
	m.EndedAt = store.Instant(ended)
	return m, err
}

// ErrMember is returned where somebody with this address is in the team already.
var ErrMember = &fault.Error{Kind: fault.Conflict, Key: "member.twice", Field: "email", Say: "somebody with this e-mail address is in the team already"}

// ErrMembers is returned where a team would be larger than what is listed of it.
var ErrMembers = fault.New(fault.Conflict, "member.many", "a practice has at most 500 team members; take somebody's access away first")

// AddMember adds a team member, who cannot sign in before accepting an invitation.
func AddMember(ctx context.Context, tx *store.Tx, m Member) (Member, error) {
	m, err := m.Check()
	if err != nil {
		return Member{}, err
	}
	var team, there int
	err = tx.Row(ctx, `SELECT count(*), COALESCE(sum(CASE WHEN email = $2 THEN 1 ELSE 0 END), 0) FROM member WHERE practice = $1 AND ended_at = 0`, m.Email).Scan(&team, &there)
	switch {
	case err != nil:
		return Member{}, err
	case there > 0:
		return Member{}, ErrMember
	case team >= MostMembers:
		return Member{}, ErrMembers
	}
	m.ID, m.Person = store.NewID[store.MemberID](), ""
	_, err = tx.Exec(ctx, `INSERT INTO member (practice, id, email, name, role, created_at, ended_at, person, sees) VALUES ($1, $2, $3, $4, $5, $6, 0, '', $7)`,
		string(m.ID), m.Email, m.Name, string(m.Role), store.Micro(tx.Now), string(m.Sees))
	return m, err
}

// MostMembers bounds a practice's team.
const MostMembers = 500

// Members lists a practice's team, at most MostMembers.
func Members(ctx context.Context, tx *store.Tx) ([]Member, error) {
	rows, err := tx.Query(ctx, `SELECT `+memberColumns+` FROM member WHERE practice = $1 AND ended_at = 0 ORDER BY created_at, id LIMIT 500`)
	return store.Collect(rows, err, func(r *store.Rows) (Member, error) { return scanMember(r) })
}

// Find returns a team member, also one who has left.
func Find(ctx context.Context, tx *store.Tx, id store.MemberID) (Member, error) {
	return scanMember(tx.Row(ctx, `SELECT `+memberColumns+` FROM member WHERE practice = $1 AND id = $2`, string(id)))
}

// OwnerOf returns a practice's first owner.
func OwnerOf(ctx context.Context, tx *store.Tx) (Member, error) {
	return scanMember(tx.Row(ctx, `SELECT `+memberColumns+` FROM member WHERE practice = $1 AND role = 'owner' AND ended_at = 0 ORDER BY created_at, id LIMIT 1`))
}

// ErrLastOwner is returned where a practice would be left without an owner who can sign in.
var ErrLastOwner = fault.New(fault.Conflict, "member.last_owner", "a practice needs an owner; make somebody else owner first")

// ErrOver is returned where a member would give, or take, more than they have. ASVS 8.3.1.
var ErrOver = fault.New(fault.Denied, "member.over", "only somebody who may do all that this role may can give it or take it away")

// SetRole gives a member another role, on behalf of by. Nobody gives a role that is wider than their own, to nobody whose role is.
func SetRole(ctx context.Context, tx *store.Tx, by Member, id store.MemberID, role Role, sees Sees) error {
	m, err := Find(ctx, tx, id)
	if err != nil {
		return err
	}
	if !m.EndedAt.IsZero() {
		return store.ErrNone
	}
	if !by.Role.Covers(m.Role) || !by.Role.Covers(role) {
		return ErrOver
	}
	if m.Role == Owner && role != Owner {
		if err := anotherOwner(ctx, tx, id); err != nil {
			return err
		}
	}
	m.Role, m.Sees = role, sees
	if m, err = m.Check(); err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `UPDATE member SET role = $3, sees = $4 WHERE practice = $1 AND id = $2`, string(id), string(m.Role), string(m.Sees))
	return err
}

func anotherOwner(ctx context.Context, tx *store.Tx, but store.MemberID) error {
	var others int
	err := tx.Row(ctx, `SELECT count(*) FROM member WHERE practice = $1 AND id <> $2 AND role = 'owner' AND ended_at = 0 AND person <> ''`, string(but)).Scan(&others)
	if err == nil && others == 0 {
		return ErrLastOwner
	}
	return err
}

// EndBy takes a member's access away on behalf of another, with the checks that SetRole makes.
func EndBy(ctx context.Context, tx *store.Tx, by Member, id store.MemberID) error {
	m, err := Find(ctx, tx, id)
	if err != nil {
		return err
	}
	if !by.Role.Covers(m.Role) {
		return ErrOver
	}
	if m.Role == Owner {
		if err := anotherOwner(ctx, tx, id); err != nil {
			return err
		}
	}
	return End(ctx, tx, id, tx.Now)
}

// End takes a member's access away from an instant on: sessions, invitations and the credentials they made end with it. ASVS 7.4.2.
func End(ctx context.Context, tx *store.Tx, id store.MemberID, at time.Time) error {
	n, err := tx.Exec(ctx, `UPDATE member SET ended_at = $3 WHERE practice = $1 AND id = $2 AND ended_at = 0`, string(id), store.Micro(at))
	if err == nil && n == 0 {
		return store.ErrNone
	}
	for _, statement := range []string{
		`UPDATE session SET ended_at = $3 WHERE practice = $1 AND member = $2 AND ended_at = 0`,
		`UPDATE invitation SET ended_at = $3 WHERE practice = $1 AND member = $2 AND ended_at = 0`,
		`UPDATE credential SET ended_at = $3 WHERE practice = $1 AND created_by = $2 AND ended_at = 0`,
	} {
		if err == nil {
			_, err = tx.Exec(ctx, statement, string(id), store.Micro(at))
		}
	}
	return err
}
