// Package plan says what will be sent, when, to whom and by which rule, and if not, why not.
//
// Plan is that answer as one pure function of one appointment's facts and an instant: pages, the plan command and the scheduler all ask it,
// so that what a practice reads is what happens. A due row is only a hint that something may have to be sent. It is written in the booking's
// own transaction (Refresh), and when its instant comes, Turn loads that day's facts and plans again: a message is queued only if the answer
// is still yes.
//
// Promises
//   - A line is one (appointment, attendee, recipient, channel, rule). With the appointment's generation it is the primary key of due, so
//     that nothing becomes two messages: not by two processes, a second import or a new plan.
//   - Days are calendar days on the location's wall; a clock time in a gap is the first instant after it, one that occurs twice the first.
//   - No reminder is sent in the quiet hours of its recipient's zone (the client's or contact's; when they have none, the location's), after
//     its appointment began, or for an instant before the booking. It moves earlier, to the last allowed minute, never later.
//   - What is late is sent while it is of use: a reminder until the next one of the same appointment falls due, at most until 15 minutes
//     before the start; a confirmation for a day; news of a change or cancellation until the start; after-care for three days. Late
//     reminders wait for the morning when it is night; if the morning is too late they are dropped, and that is said.
//   - Booked, changed and cancelled answer an act just done: e-mail goes at any hour; a text message waits for the end of quiet hours, unless
//     the appointment would be over by then and it was changed or cancelled: a message at night is better than a journey for nothing.
//   - Each recipient gets what they chose. There is no other channel unless the rule says so.
//
// It never reads an address or a name, except in Source, which is the courier's. It writes rule and due alone, and reads the tables of the
// packages below it (the house test lists which).
//
// A due row is open → sent (it became a message) | dropped (with the reason). A dropped row opens again when the facts change back; a sent one
// never does.
package plan

import (
	"encoding/binary"
	"hash/fnv"
	"time"

	"letterhead/zone"
)

// Verdict is what rule, status and consent say.
type Verdict string

// The verdicts.
const (
	Send Verdict = "send"
	Skip Verdict = "skip"
)

// Facts are all that Plan looks at: one appointment, and what its practice chose.
type Facts struct {
	Practice    *Practice
	Appointment Appointment
	Attendees   []Attendee
	Past        []Past // due rows of this appointment
}

// Practice is what a practice chose.
type Practice struct {
	Default Channel // for an empty preference; "" means none
	Quiet   Quiet
	Rules   []Rule // those that are on
}

// Appointment is what the calendar knows of it. Zero instants did not happen.
type Appointment struct {
	ID, External                    string
	Practitioner, Service, Location string
	Mode                            string
	Wall                            zone.Wall
	Zone                            *time.Location // of the location
	Starts                          time.Time
	Booking                         string
	Generation                      int64
	BookedAt                        time.Time // zero: imported
	MovedAt                         time.Time
	CancelledAt                     time.Time
	CancelReason                    string
	KnownAt                         time.Time // when its row was written
	Version                         int64     // of its row
}

// mark is one number for when, where, how and with whom: equal where a client would see no difference.
func (a *Appointment) mark() int64 {
	h := fnv.New64a()
	var starts [8]byte
	binary.BigEndian.PutUint64(starts[:], uint64(a.Starts.UnixMicro()))
	h.Write(starts[:])
	for _, part := range []string{a.Practitioner, a.Location, a.Service, a.Mode} {
		h.Write([]byte(part))
		h.Write([]byte{0})
	}
	return int64(h.Sum64() >> 1)
}

// Attendee is a client's place in the appointment.
type Attendee struct {
	ID                       string
	Confirmation, Attendance string
	Client                   Client
	Contacts                 []Recipient // those who receive something
}

// Client is the person cared for.
type Client struct {
	External string
	Archived bool
	Recipient
	NoEmail, NoSMS bool // consent withdrawn
	Version        int64
	Touched        int64 // counts the changes of contacts and consents
}

// Recipient is somebody who may be written to.
type Recipient struct {
	ID                      string
	Wants                   string         // email, sms, both, none; "" means the practice's default
	EmailState, MobileState string         // none, good, bad
	Zone                    *time.Location // nil: the location's
	Language                string
}

// Past is a due row.
type Past struct {
	Attendee, Recipient string
	Channel             Channel
	Rule                string
	Generation          int64
	Mark                int64 // of the appointment in that generation
	DueAt               time.Time
	State               string // open, sent, dropped
	Reason              Reason
	DecidedAt           time.Time
}

// Line is one thing that will or will not be sent.
type Line struct {
	Appointment, External  string // our id, and the one it was imported under
	Generation             int64
	Attendee               string
	Client, ClientExternal string
	Recipient              string // the client's id, or a contact's
	Language               string // the recipient's; "" means the practice's
	Channel                Channel
	Rule                   string
	Due                    time.Time // in the location's zone; zero: there is no instant, for nothing set it off here
	Zone                   string    // the location's
	Verdict                Verdict
	Reason                 Reason
	Next                   time.Time      // when it goes: Due, or later when that has passed
	Until                  time.Time      // of no use from then on
	Home                   *time.Location // by whose clock quiet hours are counted: the recipient's

	rule *Rule
}

const (
	margin       = 15 * time.Minute // a reminder later than this before the start helps nobody
	bookedUseful = 24 * time.Hour   // a confirmation
	afterUseful  = 72 * time.Hour   // after-care
	delayed      = 10 * time.Minute // from then on we call it late
)

// Plan answers for one appointment. It is pure.
func Plan(f Facts, now time.Time) []Line {
	p := planner{f: &f, now: now, lines: make([]Line, 0, len(f.Practice.Rules)*len(f.Attendees)+2)}
	for i := range f.Attendees {
		attendee := &f.Attendees[i]
		first := len(p.lines)
		p.recipient(attendee, &attendee.Client.Recipient, true)
		for c := range attendee.Contacts {
			p.recipient(attendee, &attendee.Contacts[c], false)
		}
		p.relate(p.lines[first:])
	}
	return p.lines
}

type planner struct {
	f     *Facts
	now   time.Time
	lines []Line
}

func (p *planner) recipient(attendee *Attendee, r *Recipient, own bool) {
	for i := range p.f.Practice.Rules {
		rule := &p.f.Practice.Rules[i]
		if !p.happened(rule.Trigger.Kind) {
			continue
		}
		blocked := p.status(rule, attendee)
		if blocked == "" {
			blocked = p.filtered(rule, attendee)
		}
		if blocked == "" && attendee.Client.Archived {
			blocked = Archived
		}
		for _, choice := range p.choose(rule, attendee, r, own) {
			if choice.channel != "" {
				p.line(rule, attendee, r, choice, blocked)
			}
		}
	}
}

// happened leaves out the lines of what never occurred: nothing was changed, nothing was cancelled.
func (p *planner) happened(k Kind) bool {
	a := &p.f.Appointment
	return (k != OnChanged || !a.MovedAt.IsZero()) && (k != OnCancelled || a.Booking == "cancelled")
}

// status is what the appointment and the client's place in it forbid.
func (p *planner) status(rule *Rule, attendee *Attendee) Reason {
	a := &p.f.Appointment
	if rule.Trigger.Kind == OnCancelled {
		if a.CancelReason == "died" {
			return Died
		}
		if a.CancelledAt.IsZero() {
			return Imported
		}
		if !p.now.Before(a.Starts) || !a.CancelledAt.Before(a.Starts) {
			return Started
		}
		return ""
	}
	switch a.Booking {
	case "cancelled":
		return Cancelled
	case "rescheduled":
		return Rescheduled
	case "entered in error":
		return InError
	}
	if rule.Trigger.Kind == DaysAfter {
		if attendee.Attendance == "no show" {
			return NotAttended
		}
		return ""
	}
	switch attendee.Attendance {
	case "no show":
		return NoShow
	case "arrived", "in session", "attended", "left":
		return Arrived
	}
	if attendee.Confirmation == "declined" {
		return Declined
	}
	if !p.now.Before(a.Starts) {
		return Started
	}
	return ""
}

// filtered is what the rule itself leaves out.
func (p *planner) filtered(rule *Rule, attendee *Attendee) Reason {
	a := &p.f.Appointment
	switch {
	case len(rule.Services) > 0 && !contains(rule.Services, a.Service):
		return OtherService
	case len(rule.Locations) > 0 && !contains(rule.Locations, a.Location):
		return OtherLocation
	case len(rule.Practitioners) > 0 && !contains(rule.Practitioners, a.Practitioner):
		return OtherPractitioner
	case len(rule.Statuses) > 0 && !contains(rule.Statuses, statusWord(a, attendee)):
		return OtherStatus
	case rule.OnlyUnconfirmed && attendee.Confirmation == "confirmed":
		return ConfirmedNow
	}
	return ""
}

// statusWord is what a member reads on the appointment.
func statusWord(a *Appointment, attendee *Attendee) string {
	switch {
	case a.Booking != "booked":
		return a.Booking
	case attendee.Attendance != "expected":
		return attendee.Attendance
	case attendee.Confirmation == "confirmed", attendee.Confirmation == "declined":
		return attendee.Confirmation
	}
	return "booked"
}

// choice is a channel for a recipient, or why it is not one.
type choice struct {
	channel Channel
	reason  Reason
	fell    bool
}

// choose returns the channels of one rule for one recipient: two at most.
func (p *planner) choose(rule *Rule, attendee *Attendee, r *Recipient, own bool) (out [2]choice) {
	wants := r.Wants
	if wants == "" {
		wants = string(p.f.Practice.Default)
	}
	if wants == "" {
		wants = "none"
	}
	reach := func(c Channel) choice { return p.reach(rule, attendee, r, own, c, wants) }
	fixed := Channel(rule.Channel)
	switch {
	case wants == "none" && rule.Channel == ByPreference:
		shown := p.f.Practice.Default
		if shown == "" {
			shown = Email
		}
		out[0] = choice{channel: shown, reason: WantsNone}
	case wants == "both" && rule.Channel == ByPreference:
		out[0], out[1] = reach(Email), reach(SMS)
	case rule.Channel == ByPreference:
		out[0] = reach(Channel(wants))
	case wants == "both" || wants == rule.Channel:
		out[0] = reach(fixed)
	case wants == "none":
		out[0] = choice{channel: fixed, reason: WantsNone}
	case wants == string(Email):
		out[0] = choice{channel: fixed, reason: WantsEmail}
	default:
		out[0] = choice{channel: fixed, reason: WantsSMS}
	}
	return out
}

// reach says whether a recipient can and may be reached by a channel they chose.
func (p *planner) reach(rule *Rule, attendee *Attendee, r *Recipient, own bool, c Channel, wants string) choice {
	withdrawn := func(c Channel) bool {
		return own && (c == Email && attendee.Client.NoEmail || c == SMS && attendee.Client.NoSMS)
	}
	if withdrawn(c) {
		return choice{channel: c, reason: Withdrawn}
	}
	problem := r.problem(c)
	if problem == "" {
		return choice{channel: c}
	}
	if o := c.other(); rule.FallBack && wants != "both" && r.problem(o) == "" && !withdrawn(o) {
		return choice{channel: o, fell: true}
	}
	return choice{channel: c, reason: problem}
}

func (r *Recipient) problem(c Channel) Reason {
	state, none, bad := r.EmailState, NoEmail, BadEmail
	if c == SMS {
		state, none, bad = r.MobileState, NoMobile, BadMobile
	}
	switch state {
	case "good":
		return ""
	case "bad":
		return bad
	}
	return none
}

func (p *planner) line(rule *Rule, attendee *Attendee, r *Recipient, c choice, blocked Reason) {
	a := &p.f.Appointment
	l := Line{
		Appointment: a.ID, External: a.External, Generation: a.Generation, Attendee: attendee.ID,
		Client: attendee.Client.ID, ClientExternal: attendee.Client.External, Recipient: r.ID, Language: r.Language,
		Channel: c.channel, Rule: rule.Key, Zone: a.Zone.String(), Verdict: Send, Reason: Planned, rule: rule,
	}
	if c.fell {
		l.Reason = FellBack
	}
	home := r.Zone
	if home == nil {
		home = a.Zone
	}
	l.Home = home
	quiet := p.f.Practice.Quiet
	if rule.quiet != nil {
		quiet = *rule.quiet
	}
	past := p.past(&l)
	var timing Reason
	if rule.Trigger.Kind.event() {
		timing = p.event(&l, quiet, home)
	} else {
		timing = p.clocked(&l, quiet, home, past != nil && past.State == "open")
	}
	switch {
	case past != nil && past.State == "sent":
		l.Due, l.Next, l.Reason = past.DueAt.In(a.Zone), past.DueAt, AlreadySent
	case blocked != "":
		l.Verdict, l.Reason = Skip, blocked
	case c.reason != "":
		l.Verdict, l.Reason = Skip, c.reason
	case timing != "":
		l.Verdict, l.Reason = Skip, timing
	}
	p.lines = append(p.lines, l)
}

// past returns the due row of a line.
func (p *planner) past(l *Line) *Past {
	for i := range p.f.Past {
		h := &p.f.Past[i]
		if h.Generation == l.Generation && h.Attendee == l.Attendee && h.Recipient == l.Recipient && h.Channel == l.Channel && h.Rule == l.Rule {
			return h
		}
	}
	return nil
}

// announced reports whether the booking's confirmation went to a line's recipient, in any generation or in this one alone.
func (p *planner) announced(l *Line, thisOne bool) bool {
	since := int64(0)
	if thisOne {
		since = p.f.Appointment.Generation
	}
	return p.went(OnBooked, l, since)
}

// went reports whether a rule of a kind has written to a line's recipient, in a generation or a later one.
func (p *planner) went(k Kind, l *Line, since int64) bool {
	for i := range p.f.Past {
		h := &p.f.Past[i]
		if h.State != "sent" || h.Recipient != l.Recipient || h.Attendee != l.Attendee || h.Generation < since {
			continue
		}
		for j := range p.f.Practice.Rules {
			if rule := &p.f.Practice.Rules[j]; rule.Key == h.Rule && rule.Trigger.Kind == k {
				return true
			}
		}
	}
	return false
}
