// Package client holds the people cared for, who is linked to them, and what they chose.
//
// Names and dates of birth are in clear, under the practice's row-level security, and searched by any part. How somebody is reached (e-mail,
// mobile) and the alert are sealed with the practice's keys and found through keyed indexes alone: an address whole or by what stands before the
// @, a number whole or by its last 4 to 6 digits. A search opens only the rows that it shows.
//
// It promises that nothing of another practice is found or changed; that a change made on an old reading is refused and says who changed it
// when; that a consent is never overwritten: the latest row counts and all stay. Clients are archived, never deleted here.
//
// What somebody wrote in place of an address ("None", "a at b") can be kept: the state is then bad, and the client is not reachable that way.
// Nobody is ever merged with somebody else by itself.
package client

import (
	"time"

	"letterhead/fault"
	"letterhead/practice"
)

// ID names a client; ContactID somebody linked to one. UUIDv7.
type (
	ID        string
	ContactID string
)

// State says whether there is an address, and whether it is one.
type State string

// The states of an address.
const (
	None State = "none"
	Good State = "good"
	Bad  State = "bad" // something is written, but it is no address
)

// Address is an e-mail address or a mobile number: as somebody wrote it, and as it is used.
type Address struct {
	Written string
	Normal  string // the e-mail address with its domain in lower case, or E.164; "" unless good
	State   State
}

// Reminders is what a client wants.
type Reminders string

// The preferences; Unset means the practice's default.
const (
	Unset        Reminders = ""
	ByEmail      Reminders = "email"
	BySMS        Reminders = "sms"
	ByBoth       Reminders = "both"
	NoReminders  Reminders = "none"
	MaxName                = 100 // characters of each part of a name
	MaxAlert               = 500
	MaxContacts            = 20 // of one client
	MaxReachable           = 200_000
)

// Valid reports whether r is one of the preferences.
func (r Reminders) Valid() bool {
	return r == Unset || r == ByEmail || r == BySMS || r == ByBoth || r == NoReminders
}

// Client is a person cared for.
type Client struct {
	ID            ID
	External      string // the id in the system it was imported from
	Title         string
	FirstName     string
	LastName      string
	PreferredName string
	Born          string // 2026-12-01 or ""
	Language      string // "" means the practice's
	Zone          string // "" means the practice's
	Reminders     Reminders
	Email, Mobile Address
	Alert         string // shown to whoever opens the client
	Version       int64
	CreatedAt     time.Time
	ChangedAt     time.Time
	ChangedBy     string
	ArchivedAt    time.Time
	ErasedAt      time.Time
	MergedInto    ID // whose file this one was made part of; "" for everybody else
}

// Name is how the person is listed: the preferred name in place of the first one.
func (c Client) Name() string { return FullName(c.FirstName, c.LastName, c.PreferredName) }

// FullName puts a name together for showing.
func FullName(first, last, preferred string) string {
	if preferred != "" {
		first = preferred
	}
	switch {
	case first == "":
		return last
	case last == "":
		return first
	}
	return first + " " + last
}

// Contact is somebody linked to a client: parent, payer, carer.
type Contact struct {
	ID            ContactID
	Client        ID
	Name          string
	Relation      string
	Receives      Reminders // ByEmail, BySMS, ByBoth or NoReminders: messages about the client's appointments
	Language      string
	Zone          string
	Email, Mobile Address
	Version       int64
	CreatedAt     time.Time
	EndedAt       time.Time
}

// Category is what a consent is about.
type Category string

// The categories.
const (
	Appointments Category = "appointments"
	Marketing    Category = "marketing"
)

// Topic is what a client can agree to or refuse: a category by a channel.
type Topic struct {
	Category Category
	Channel  practice.Channel // practice.Email or practice.SMS
}

// Consent is one answer of a client, with where it came from.
type Consent struct {
	Client ID
	Topic
	Given  bool
	Source string // "import", "desk", "unsubscribe", "stop", "start"
	Who    string
	At     time.Time
}

// Reach is what planning needs to know of a client; nothing sealed is opened for it.
type Reach struct {
	Client    ID
	External  string
	Reminders Reminders
	Email     State
	Mobile    State
	Language  string // "" means the practice's
	Zone      string // "" means the practice's
	Archived  bool
	Consent   map[Topic]bool // the latest answers; a topic that is absent was never asked
	Contacts  []ContactReach // those who receive something, in the order of their ids
	Version   int64
	Touched   int64 // counts the changes of contacts and consents
}

// ContactReach is Reach for a contact.
type ContactReach struct {
	ID       ContactID
	Receives Reminders
	Email    State
	Mobile   State
	Language string
	Zone     string
}

// Recipient is where a message goes and how the person is called: what the courier merges last. For a contact, Name is the contact's and
// the other names are empty: the attendee's names come from the client's own Recipient.
type Recipient struct {
	Client        ID
	Contact       ContactID // "" for the client
	Title         string
	FirstName     string
	LastName      string
	PreferredName string
	Name          string
	Language      string
	Zone          string
	Email, Mobile Address
	Ended         bool  // archived, or no contact any more
	Unreadable    bool  // what is sealed does not open: everything else is as stored, and there is no address
	Version       int64 // of a client; 0 for a contact
	Touched       int64
}

// The errors of this package.
var (
	ErrNotFound   = fault.New(fault.NotFound, "client.not_found", "no such client")
	ErrNoContact  = fault.New(fault.NotFound, "client.no_contact", "no such contact")
	ErrChanged    = fault.New(fault.Conflict, "client.changed", "somebody has changed this client since; look at it again")
	ErrArchived   = fault.New(fault.Conflict, "client.archived", "this client is archived; restore the client first")
	ErrExternal   = &fault.Error{Kind: fault.Conflict, Key: "client.external_taken", Field: "external", Say: "another client was imported under this id"}
	ErrManyPeople = fault.New(fault.TooMany, "client.contacts_full", "a client can have 20 contacts; end one that is not needed any more")
)
