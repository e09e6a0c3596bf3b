// Package guard says who may do what: a practice's members, how they sign in, their roles, and the permissions that routes name.
//
// A permission is a word on a route's line; a role is a set of permissions; a member has one role. Nobody has a permission that is not in
// the table below. A person signs in by e-mail or by passkey and may be a member of several practices; a session belongs to one member.
// A program has a credential, which holds some of these permissions and can never hold one that approves.
//
// It promises: an invitation, a challenge, a one-time code and a recovery code each work once; a session ends when it was not used for
// IdleLimit, after TotalLimit, when its member's access ends, and when its cookie comes from another device; tries are limited for each
// address and each unknown device, and a device that its person has used before keeps an allowance that no stranger can use up; an unknown
// address is answered like a wrong password, after the same work; no secret is kept in a form that a reader of the rows can use, and no row
// that its writer could make without the installation's key opens a session.
//
// It never takes a sign-in for an approval: keys that sign are others, and live elsewhere.
//
// A member is invited, active (the invitation was accepted) or ended. An invitation is open, used, replaced, taken back or expired.
package guard

import "slices"

// Permission is a word on a route's line.
type Permission string

// The permissions, by what they open.
const (
	Self             Permission = "self" // one's own sign-in and sessions: every member has it
	CalendarRead     Permission = "calendar.read"
	CalendarChange   Permission = "calendar.change"
	ClientRead       Permission = "client.read"
	ClientChange     Permission = "client.change"
	ClientRestrict   Permission = "client.restrict" // choose who sees a client
	ClientErase      Permission = "client.erase"    // for good
	MessageRead      Permission = "message.read"
	MessageWrite     Permission = "message.write" // write letters and replies, prepare orders: to be approved
	MessageSend      Permission = "message.send"  // have a program send approved versions, by a signed grant
	TemplateRead     Permission = "template.read"
	TemplateChange   Permission = "template.change" // write versions: to be approved
	SettingsRead     Permission = "settings.read"
	SettingsChange   Permission = "settings.change"
	TeamRead         Permission = "team.read"
	TeamChange       Permission = "team.change"
	CredentialChange Permission = "credential.change"
	SendingStop      Permission = "sending.stop"
	AccessRead       Permission = "access.read" // who looked
	DataExport       Permission = "data.export"
	Approve          Permission = "approve" // ask the signing desk; the desk itself asks for the key
	PracticeOwn      Permission = "practice.own"
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

// Roles are all of them, the widest first.
func Roles() []Role {
	return []Role{Owner, Manager, Practitioner, FrontDesk, Bookkeeper, ReadOnly}
}

var (
	atWork  = []Permission{Self, CalendarRead, CalendarChange, ClientRead, ClientChange, MessageRead, MessageWrite, TemplateRead, SendingStop, TeamRead}
	manages = slices.Concat(atWork, []Permission{ClientRestrict, ClientErase, TemplateChange, SettingsRead, SettingsChange, TeamChange, CredentialChange, MessageSend, AccessRead, DataExport, Approve})

	// ASVS 8.1.1: this table is the documentation.
	roles = map[Role][]Permission{
		Owner:        slices.Concat(manages, []Permission{PracticeOwn}),
		Manager:      manages,
		Practitioner: atWork,
		FrontDesk:    atWork,
		Bookkeeper:   {Self, CalendarRead, MessageRead, TeamRead},
		ReadOnly:     {Self, CalendarRead, ClientRead, MessageRead, TemplateRead},
	}
)

// Known reports whether there is such a role.
func (r Role) Known() bool { _, known := roles[r]; return known }

// May reports whether a role has a permission.
func (r Role) May(p Permission) bool { return slices.Contains(roles[r], p) }

// Permissions are a role's.
func (r Role) Permissions() []Permission { return slices.Clone(roles[r]) }

// Covers reports whether a role has every permission of another, so that its holder may give it away or take it back.
func (r Role) Covers(other Role) bool {
	return other.Known() && !slices.ContainsFunc(roles[other], func(p Permission) bool { return !r.May(p) })
}
