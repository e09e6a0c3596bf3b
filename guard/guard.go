// Package guard says who may do what: a practice's members, their roles, and the permissions that routes name.
//
// A permission is a word on a route's line; a role is a set of permissions; a member has one role. Nobody has a permission that is not in
// the table below. Sign-in, sessions and credentials belong here too; until they exist, pages are open on loopback only, as the practice's
// owner (package web says so at the start).
package guard

import (
	"context"
	"net/mail"
	"strings"
	"time"

	"letterhead/fault"
	"letterhead/store"
)

// Permission is a word on a route's line.
type Permission string

// The permissions, by what they open.
const (
	CalendarRead   Permission = "calendar.read"
	CalendarChange Permission = "calendar.change"
	ClientRead     Permission = "client.read"
	ClientChange   Permission = "client.change"
	MessageRead    Permission = "message.read"
	TemplateRead   Permission = "template.read"
	SettingsRead   Permission = "settings.read"
	SettingsChange Permission = "settings.change"
	SendingStop    Permission = "sending.stop"
)

// Role is what a member is at a practice.
type Role string

// The roles.
const (
	Owner        Role = "owner"
	Manager      Role = "manager"
	Practitioner Role = "practitioner"
	FrontDesk    Role = "front desk"
	Bookkeeper   Role = "bookkeeper"
	ReadOnly     Role = "read-only"
)

var roles = map[Role][]Permission{
	Owner:        {CalendarRead, CalendarChange, ClientRead, ClientChange, MessageRead, TemplateRead, SettingsRead, SettingsChange, SendingStop},
	Manager:      {CalendarRead, CalendarChange, ClientRead, ClientChange, MessageRead, TemplateRead, SettingsRead, SettingsChange, SendingStop},
	Practitioner: {CalendarRead, CalendarChange, ClientRead, ClientChange, MessageRead, TemplateRead, SendingStop},
	FrontDesk:    {CalendarRead, CalendarChange, ClientRead, ClientChange, MessageRead, TemplateRead, SendingStop},
	Bookkeeper:   {CalendarRead, MessageRead},
	ReadOnly:     {CalendarRead, ClientRead, MessageRead, TemplateRead},
}

// May reports whether a role has a permission.
func (r Role) May(p Permission) bool {
	for _, has := range roles[r] {
		if has == p {
			return true
		}
	}
	return false
}

// Member is somebody who works at a practice and signs in.
type Member struct {
	ID    store.MemberID
	Email string
	Name  string
	Role  Role
}

// Actor is the identity that a member's transactions are bound to.
func (m Member) Actor(practice store.PracticeID) store.Actor {
	return store.Actor{Practice: practice, Member: m.ID}
}

// Check returns the member as it would be stored, or which field is wrong.
func (m Member) Check() (Member, error) {
	m.Email = strings.ToLower(strings.TrimSpace(m.Email))
	if parsed, err := mail.ParseAddress(m.Email); err != nil || parsed.Address != m.Email || len(m.Email) > 254 {
		return Member{}, fault.Field("email", "member.email", "write the team member's e-mail address as name@example.com")
	}
	if _, known := roles[m.Role]; !known {
		return Member{}, fault.Field("role", "member.role", "the roles are owner, manager, practitioner, front desk, bookkeeper, read-only")
	}
	if len(m.Name) > 200 {
		return Member{}, fault.Field("name", "member.name", "a name has at most 200 characters")
	}
	return m, nil
}

// AddMember adds a team member.
func AddMember(ctx context.Context, tx *store.Tx, m Member) (Member, error) {
	m, err := m.Check()
	if err != nil {
		return Member{}, err
	}
	m.ID = store.NewID[store.MemberID]()
	_, err = tx.Exec(ctx, `INSERT INTO member (practice, id, email, name, role, created_at, ended_at) VALUES ($1, $2, $3, $4, $5, $6, 0)`,
		string(m.ID), m.Email, m.Name, string(m.Role), store.Micro(tx.Now))
	return m, err
}

// Members lists a practice's team, at most 500.
func Members(ctx context.Context, tx *store.Tx) ([]Member, error) {
	rows, err := tx.Query(ctx, `SELECT id, email, name, role FROM member WHERE practice = $1 AND ended_at = 0 ORDER BY created_at, id LIMIT 500`)
	return store.Collect(rows, err, func(r *store.Rows) (Member, error) {
		var m Member
		return m, r.Scan(&m.ID, &m.Email, &m.Name, &m.Role)
	})
}

// OwnerOf returns a practice's first owner.
func OwnerOf(ctx context.Context, tx *store.Tx) (Member, error) {
	var m Member
	err := tx.Row(ctx, `SELECT id, email, name, role FROM member WHERE practice = $1 AND role = 'owner' AND ended_at = 0 ORDER BY created_at, id LIMIT 1`).
		Scan(&m.ID, &m.Email, &m.Name, &m.Role)
	return m, err
}

// End takes a member's access away from an instant on.
func End(ctx context.Context, tx *store.Tx, id store.MemberID, at time.Time) error {
	n, err := tx.Exec(ctx, `UPDATE member SET ended_at = $3 WHERE practice = $1 AND id = $2 AND ended_at = 0`, string(id), store.Micro(at))
	if err == nil && n == 0 {
		return store.ErrNone
	}
	return err
}
