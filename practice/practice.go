// Package practice holds the practice itself (the tenant) with what its messages say of it, and what it offers: locations, services and
// practitioners.
//
// It promises that a stored practice is fit to be written on a message: a known country, zone and language, addresses that are addresses, a
// colour that is a colour, a label that is a DNS label and nobody else's. What is not fit is refused with a fault that names the field.
// Things that appointments refer to are archived, never deleted; a practice is closed, never deleted here.
//
// It never reads or writes another practice than the transaction's: only List and Named, through *store.Wide, see several.
package practice

import (
	"time"

	"letterhead/fault"
	"letterhead/store"
)

// LocationID, ServiceID and PractitionerID name a practice's things. UUIDv7, or what an import brought.
type (
	LocationID     string
	ServiceID      string
	PractitionerID string
)

// Channel is the way a message takes when the client has no preference.
type Channel string

// The default channels.
const (
	Email     Channel = "email"
	SMS       Channel = "sms"
	NoChannel Channel = "none"
)

// Mode is how an appointment is held, apart from where: a video appointment still has a location, whose zone counts.
type Mode string

// The modes of delivery.
const (
	InPerson Mode = "in person"
	Video    Mode = "video"
	Phone    Mode = "phone"
	Home     Mode = "home"
)

// Valid reports whether m is one of the modes.
func (m Mode) Valid() bool { return m == InPerson || m == Video || m == Phone || m == Home }

// Practice is the clinic, with everything that a message may say of it.
type Practice struct {
	ID             store.PracticeID
	Name           string
	Country        string // ISO 3166-1 alpha-2
	Zone           string // IANA
	Language       string // BCP 47
	Phone          string // as the practice writes it
	Email          string
	Website        string // a host name, without https://
	Address        string // lines separated by newlines
	Accent         string // #rrggbb
	SenderLocal    string // before the @ of the From address
	Domain         string // of the From address; "" means Label under the platform's domain
	Label          string // the platform subdomain
	DefaultChannel Channel
	SMSServices    bool   // service names may stand in text messages
	SMSPrice       int    // what one part of a text message costs, in ten-thousandths of the country's money; 0 is not known
	QuietFrom      int    // minutes since midnight in the recipient's zone; equal to QuietTo: no quiet hours
	QuietTo        int    //
	ClientWord     string // "client" or "patient"
	CreatedAt      time.Time
	ClosedAt       time.Time // zero while it is open
}

// Location is a place where appointments are. Its zone is the one on whose wall they are written.
type Location struct {
	ID         LocationID
	Name       string
	Zone       string
	Address    string
	Phone      string
	Directions string
	ReplyTo    string // of mails about appointments here; "" means the practice's e-mail address
	Mode       Mode   // how appointments are held here; "" means as the service says
	Hours      Week   // when it is open
	Position   int    // the first one is taken when none is named
	ArchivedAt time.Time
}

// Service is what is booked.
type Service struct {
	ID         ServiceID
	Name       string
	Minutes    int
	Mode       Mode
	Price      int    // in the smallest unit of the country's money; 0 says nothing
	Colour     string // one of Colours
	Bookable   bool   // clients may book it themselves, once they can
	Sensitive  bool   // no message names it
	ArchivedAt time.Time
}

// Practitioner is who is booked.
type Practitioner struct {
	ID         PractitionerID
	Name       string
	Title      string         // stands before the name: Dr
	Member     store.MemberID // "" when not a team member
	Services   []ServiceID    // none means all
	Locations  []LocationID   // none means all
	Position   int
	ArchivedAt time.Time
}

// The bounds of what is stored.
const (
	MaxName       = 100 // characters
	MaxLine       = 200
	MaxAddress    = 500
	MaxDirections = 1000
	MaxMinutes    = 24 * 60
	MaxTitle      = 20
	MaxPrice      = 10_000_000
	MaxThings     = 1000 // of locations, of services and of practitioners in one practice, archived ones included
)

// The errors of this package.
var (
	ErrNotFound   = fault.New(fault.NotFound, "practice.not_found", "no such practice")
	ErrNoLocation = fault.New(fault.NotFound, "practice.no_location", "no such location")
	ErrNoService  = fault.New(fault.NotFound, "practice.no_service", "no such service")
	ErrNoPerson   = fault.New(fault.NotFound, "practice.no_practitioner", "no such practitioner")
	ErrClosed     = fault.New(fault.Conflict, "practice.closed", "this practice is closed")
	ErrLabel      = &fault.Error{Kind: fault.Conflict, Key: "practice.label_taken", Field: "label", Say: "another practice has this label; choose another"}
	ErrNameTaken  = &fault.Error{Kind: fault.Conflict, Key: "practice.name_taken", Field: "name", Say: "there is one of this name already; choose another name"}
	ErrLast       = fault.New(fault.Conflict, "practice.last_location", "this is the only location; add another before this one is archived")
	ErrChanged    = fault.New(fault.Conflict, "practice.changed", "this was changed meanwhile; look at it again and repeat what you wanted")
	ErrFull       = fault.New(fault.TooMany, "practice.full", "a practice can have 1000 locations, services and practitioners each")
)

// New returns a practice with everything that can be known from its name, country and zone; the rest may be filled in before Add.
func New(name, country, zoneName string) Practice {
	return Practice{
		Name: name, Country: country, Zone: zoneName, Language: LanguageOf(country),
		Accent: "#1f5f8b", SenderLocal: "appointments", DefaultChannel: Email, QuietFrom: 20 * 60, QuietTo: 8 * 60, ClientWord: "client",
	}
}
