// Package calendar holds appointments: who is booked with whom, when and where, and what became of it.
//
// An appointment's time is the one on its location's wall, with the zone as it was when it was written and the instant that this means. Every
// appointment has attendee rows, also for one person. Status is four questions that are answered apart: is it booked (Booking), did the client
// confirm (Confirmation), did they come (Attendance), and why was it cancelled.
//
// It promises: no two booked appointments of one practitioner overlap unless somebody chose so (Overbook) or an import brought them, and then it is
// recorded with who; no room holds two at a time; a time at which a practitioner does not work is asked about (ErrOutside); a wall time that a clock change skips is refused, naming the gap, and so is one that occurs twice until it is said which; every
// change on an old reading is refused and says who changed it when; a move grows the generation, by which messages of the earlier time are
// recognised, and no generation is given twice. Within UndoDelay a move or a cancellation can be undone as if it had never been.
//
// It never sends or plans anything: the edge calls plan.Refresh in the same transaction after Book, Move, Cancel, Uncancel, Undo, Confirm,
// Decline and Unconfirm, and for each that BookSeries, MoveSeries, CancelSeries or UndoSeries returns.
package calendar

import (
	"time"

	"letterhead/calendar/room"
	"letterhead/client"
	"letterhead/fault"
	"letterhead/practice"
	"letterhead/zone"
)

// ID names an appointment; AttendeeID a client's place in one. UUIDv7.
type (
	ID         string
	AttendeeID string
)

// Booking says whether the appointment stands.
type Booking string

// The states of booking. Only a booked appointment takes its practitioner's time.
const (
	Booked         Booking = "booked"
	Cancelled      Booking = "cancelled"
	Rescheduled    Booking = "rescheduled" // imported: another appointment took its place
	EnteredInError Booking = "entered in error"
)

// Confirmation is what the client answered.
type Confirmation string

// The states of confirmation.
const (
	NotAsked   Confirmation = "not asked"
	Awaiting   Confirmation = "awaiting"
	Confirmed  Confirmation = "confirmed"
	Declined   Confirmation = "declined"
	CheckReply Confirmation = "check reply"
)

// Attendance is whether the client came.
type Attendance string

// The states of attendance.
const (
	Expected  Attendance = "expected"
	Arrived   Attendance = "arrived"
	InSession Attendance = "in session"
	Attended  Attendance = "attended"
	NoShow    Attendance = "no show"
	Left      Attendance = "left"
)

// Who answered, where no member noted it: the client, by the link of a mail or by text message. They are the actors of the transactions that note it.
const (
	ByLink  = "link"
	ByReply = "reply"
)

// By is on whose side a cancellation was.
type By string

// The sides.
const (
	ByClient   By = "client"
	ByPractice By = "practice"
	BySystem   By = "system"
)

// Reasons are the codes of why an appointment was cancelled; "" when none was given.
var Reasons = [...]string{"", "better", "worse", "sick", "away", "work", "family", "transport", "weather", "cost", "practitioner away", "double", "moved elsewhere", "died", "other"}

const (
	// LateCancel is how long before its start a cancellation by the client counts as late, until practices have a policy of their own.
	LateCancel = 24 * time.Hour
	// UndoDelay is how long a move or a cancellation can be undone as if it had never been: automatic messages wait as long.
	UndoDelay = 3 * time.Minute

	MaxMinutes   = 24 * 60
	MaxAttendees = 50
	MaxYears     = 10 // ahead
)

// Appointment is a time with a practitioner.
type Appointment struct {
	ID             ID
	External       string // the id in the system it was imported from
	Practitioner   practice.PractitionerID
	Service        practice.ServiceID
	Location       practice.LocationID
	Room           room.ID // "" none
	Series         string  // of what was booked together, to repeat; "" stands alone
	Mode           practice.Mode
	Wall           zone.Wall // on the location's wall
	Zone           string    // the location's when this was written
	Starts         time.Time
	Ends           time.Time
	Minutes        int
	Booking        Booking
	Overbooked     bool
	OverbookedBy   string
	Generation     int64
	LastGeneration int64
	BookedAt       time.Time // zero: imported, not known
	BookedBy       string
	MovedAt        time.Time // when this generation began; zero for the first
	CancelledAt    time.Time
	CancelledBy    By
	CancelReason   string
	CancelLate     bool
	Version        int64
	CreatedAt      time.Time
	ChangedAt      time.Time
	ChangedBy      string
	Undoable       bool // the last move or cancellation can still be undone

	Attendees []Attendee // in the order of their ids
}

// Attendee is a client's place in an appointment.
type Attendee struct {
	ID           AttendeeID
	Appointment  ID
	Client       client.ID
	Confirmation Confirmation
	Attendance   Attendance
	ConfirmedAt  time.Time
	AnsweredBy   string // a member; ByLink or ByReply for the client; "" nobody, or not known
}

// Entry is an appointment with the names that a list shows.
type Entry struct {
	Appointment
	PractitionerName string
	ServiceName      string
	LocationName     string
	People           []Person // one for each attendee, in the same order
	Hidden           bool     // the actor sees none of them: the time is taken, and that is all
}

// Person is an attendee as a list shows one.
type Person struct {
	Attendee
	FirstName     string
	LastName      string
	PreferredName string
	Born          string
	Archived      bool
	Hidden        bool // the actor does not see this client: only the ids of appointment and attendee are there
	FirstVisit    bool // no earlier appointment of the client is booked, other than missed ones
}

// Turn says which of two instants is meant where the clocks go back and a wall time occurs twice. It is not asked for anywhere else.
type Turn string

// The two.
const (
	First  Turn = "first"
	Second Turn = "second"
)

// Booking request and change requests. Version is what the caller has read; it must be given.
type (
	// BookRequest asks for a new appointment.
	BookRequest struct {
		Clients      []client.ID
		Practitioner practice.PractitionerID
		Service      practice.ServiceID
		Location     practice.LocationID // "" means the first
		Mode         practice.Mode       // "" means the service's
		Wall         zone.Wall
		Turn         Turn
		Minutes      int // 0 means the service's
		Room         room.ID
		Overbook     bool
		AnyHours     bool // also when the practitioner does not work, or the time is blocked

		series string
	}
	// MoveRequest changes when, where, how or with whom. What is zero stays as it is.
	MoveRequest struct {
		ID           ID
		Version      int64
		Wall         zone.Wall
		Turn         Turn // "" keeps the instant of a wall time that stays as it is
		Practitioner practice.PractitionerID
		Service      practice.ServiceID
		Location     practice.LocationID
		Mode         practice.Mode
		Minutes      int
		Room         room.ID // NoRoom takes it away
		Overbook     bool
		AnyHours     bool // also when the practitioner does not work, or the time is blocked
	}
	// CancelRequest ends a booking.
	CancelRequest struct {
		ID      ID
		Version int64
		By      By
		Reason  string // one of Reasons
	}
	// Mark answers for attendees. Attendee "" means all of the appointment; Version 0 means that the caller read none (a client's link).
	Mark struct {
		ID       ID
		Attendee AttendeeID
		Version  int64
	}
)

// Taken is the cause within an ErrTaken, for an edge that offers another time.
type Taken struct {
	Until time.Time // when the practitioner's time ends that is in the way
	Next  time.Time // the next time that is free for as long; zero when none was found within a month
	Zone  string    // in which both are said
}

// Error says it for the log.
func (t Taken) Error() string { return "taken until " + t.Until.Format(time.RFC3339) }

// Doubled is the cause within an ErrTwice, for an edge that asks which one.
type Doubled struct {
	First, Second time.Time
	Zone          string
}

// Error says it for the log.
func (d Doubled) Error() string {
	return "either " + d.First.Format(time.RFC3339) + " or " + d.Second.Format(time.RFC3339)
}

// Drift is a future appointment whose wall time means another instant by today's rules of its zone.
type Drift struct {
	ID      ID
	Wall    zone.Wall
	Zone    string
	Written time.Time // the instant in the row
	Now     time.Time // the instant by the embedded rules
}

// The errors of this package.
var (
	ErrNotFound   = fault.New(fault.NotFound, "calendar.not_found", "no such appointment")
	ErrNoAttendee = fault.New(fault.NotFound, "calendar.no_attendee", "no such attendee")
	ErrNoClient   = fault.New(fault.NotFound, "calendar.no_client", "no such client")
	ErrTaken      = &fault.Error{Kind: fault.Conflict, Key: "calendar.taken", Field: "time", Say: "this time is taken"}
	ErrGap        = &fault.Error{Kind: fault.Invalid, Key: "calendar.gap", Field: "time", Say: "this time does not exist on that day"}
	ErrTwice      = &fault.Error{Kind: fault.Invalid, Key: "calendar.twice", Field: "turn", Say: "this time occurs twice on that day; say which one"}
	ErrChanged    = fault.New(fault.Conflict, "calendar.changed", "somebody has changed this appointment since; look at it again")
	ErrNotBooked  = fault.New(fault.Conflict, "calendar.not_booked", "this appointment is not booked any more")
	ErrBooked     = fault.New(fault.Conflict, "calendar.booked", "this appointment is booked")
	ErrStarted    = fault.New(fault.Conflict, "calendar.started", "somebody has arrived already; set them back to expected first")
	ErrOver       = fault.New(fault.Conflict, "calendar.over", "this appointment is over")
	ErrNotYet     = fault.New(fault.Conflict, "calendar.not_yet", "this appointment has not begun")
	ErrNoUndo     = fault.New(fault.Conflict, "calendar.no_undo", "this cannot be undone any more; move or restore the appointment")
)
