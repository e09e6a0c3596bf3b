// Package order sends one message to many: a version of a wording, an audience, a cap and a window.
//
//	draft → fixing → asked → signed → going → done | stopped | expired
//
// A draft can be changed. Asking for approval fixes its audience: clients that its filter finds, less those who are not reachable, did not
// consent, or are suppressed, each once and each address once, bound by a tree whose root people sign (package approval/audience). From then
// on nothing about it changes any more but that it becomes less: consent withdrawn, archived, suppressed, another address. Once its statement
// counts it is queued in bounded batches, planned from that day's facts; a recipient's row becomes at most one message, in one transaction.
//
// States: fixing is the work of a job; asked lacks a signature; signed has all and waits for its time; going is being queued or delivered; done
// has nothing left to come; stopped was taken back by somebody; expired was not signed in its window.
//
// It promises: whom the page counts is whom the job fixes, by one condition; no recipient is queued twice or lost, whatever instant a process is
// killed at; what is left out says why. A row that says something else than what was signed changes nothing: the courier asks the chain.
//
// It never: sends; opens an address; adds a recipient to what was fixed; believes that it is signed because a row says so.
package order

import (
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"letterhead/approval"
	"letterhead/fault"
	"letterhead/message"
	"letterhead/template"
	"letterhead/wording"
)

// ID names an order. UUIDv7.
type ID string

// State is where an order is.
type State string

// The states.
const (
	Draft   State = "draft"
	Fixing  State = "fixing"
	Asked   State = "asked"
	Signed  State = "signed"
	Going   State = "going"
	Done    State = "done"
	Stopped State = "stopped"
	Expired State = "expired"
)

// Ended tells whether nothing more will leave of an order in this state.
func (s State) Ended() bool { return s == Done || s == Stopped || s == Expired }

// Bounds.
const (
	MostRecipients = 100_000
	MostName       = 80 // characters
	LongestWindow  = 31 * 24 * time.Hour
	LatestBegin    = 93 * 24 * time.Hour // from now on
	mostOpen       = 100                 // orders of a practice that are not over
)

// Order is a bulk message.
type Order struct {
	ID          ID
	Name        string // for the practice's own lists; never sent
	Wording     template.ID
	Version     template.VersionID
	Digest      string // of that version, hex
	Channel     message.Channel
	Purpose     message.Purpose
	Filter      Filter
	Most        int64 // messages at most; 0: all recipients
	From, Until time.Time
	State       State
	Edition     int64

	Root       approval.Digest // of the fixed audience
	Recipients int64           // of it
	Active     int64           // clients of the practice when it was fixed
	Queued     int64           // recipients that became a message
	LeftOut    int64           // recipients that became none, for a reason of that day

	MadeBy, AskedBy, EndedBy           string
	MadeAt, AskedAt, CountsAt, BeganAt time.Time
	EndedAt                            time.Time // stopped: when the last of what was queued had been taken back
	run                                string
	seenAt, beforeAt                   time.Time
	seen, before                       int64
}

// Cap is how many messages the order may come to.
func (o *Order) Cap() int64 {
	if o.Most > 0 {
		return min(o.Most, o.Recipients)
	}
	return o.Recipients
}

// Request is what a person says of an order.
type Request struct {
	Name        string
	Wording     template.ID
	Channel     string // email, sms, or preference: each one's own, which makes two orders
	Filter      Filter
	Most        int64
	From, Until time.Time
}

// ByPreference is the channel of a request for two orders: by e-mail to those who prefer it, and by text message.
const ByPreference = "preference"

// The errors of this package.
var (
	ErrNotFound = fault.New(fault.NotFound, "order.not_found", "no such bulk message")
	ErrChanged  = fault.New(fault.Conflict, "order.changed", "somebody changed this bulk message meanwhile; look at it again")
	ErrFixed    = fault.New(fault.Conflict, "order.fixed", "its recipients are fixed; make a copy to change something")
	ErrEnded    = fault.New(fault.Conflict, "order.ended", "this bulk message is over")
	ErrEmpty    = fault.New(fault.Conflict, "order.empty", "nobody can be reached with this choice; choose others, or another way")
	ErrLarge    = fault.New(fault.TooMany, "order.large", "a bulk message goes to at most 100,000 recipients; choose fewer")
	ErrOpen     = fault.New(fault.TooMany, "order.open", "a practice can have 100 bulk messages that are not over; stop some")
)

func bad(field, key, say string) error { return fault.Field(field, "order."+key, "%s", say) }

// check names the first field that is wrong.
func (r *Request) check(now time.Time) error {
	r.Name = strings.Join(strings.Fields(r.Name), " ")
	switch {
	case r.Name == "":
		return bad("name", "name", "give it a name, by which you find it again")
	case utf8.RuneCountInString(r.Name) > MostName:
		return bad("name", "name_long", "a name has at most 80 characters")
	case r.Wording == "":
		return bad("wording", "wording", "choose a template")
	case r.Channel != string(message.Email) && r.Channel != string(message.SMS) && r.Channel != ByPreference:
		return bad("channel", "channel", "choose e-mail, text message, or as each client prefers")
	case r.Most < 0 || r.Most > MostRecipients:
		return bad("most", "most", "give a number up to 100,000, or leave it empty for all")
	case r.From.IsZero():
		return bad("from", "from", "say from when on it may leave")
	case r.Until.IsZero() || !r.Until.After(r.From):
		return bad("until", "until", "say until when it is of use: after it begins")
	case !r.Until.After(now):
		return bad("until", "until_past", "this is over already; choose a later end")
	case r.Until.Sub(r.From) > LongestWindow:
		return bad("until", "until_long", "from its beginning to its end there are at most 31 days")
	case r.From.After(now.Add(LatestBegin)):
		return bad("from", "from_late", "it begins within three months")
	}
	return r.Filter.check()
}

// Fit tells whether a wording's version can be sent as an order by a channel: it speaks of no appointment, and it has a text message where that is
// wanted. The error names what is wrong with it.
func Fit(v *wording.Version, channel message.Channel) error {
	for i := range v.Languages {
		l := &v.Languages[i]
		compiled, err := wording.Compile(v, l.Tag)
		if err != nil {
			return err
		}
		about := func(f wording.Field) bool {
			part, _, _ := strings.Cut(string(f), ".")
			return part == "appointment" || part == "attendee" || part == "location"
		}
		if slices.ContainsFunc(compiled.Uses(), about) {
			return bad("wording", "wording_appointment", "this template speaks of an appointment, which a bulk message is not about; choose another")
		}
		if channel == message.SMS && len(l.SMS) == 0 {
			return bad("wording", "wording_sms", "this template has no text message in each of its languages; choose another, or e-mail")
		}
	}
	return nil
}

func purposeOf(v *wording.Version) message.Purpose {
	if v.Purpose == wording.Marketing {
		return message.Marketing
	}
	return message.Appointments
}
