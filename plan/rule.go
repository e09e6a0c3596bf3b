package plan

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"letterhead/fault"
	"letterhead/wording/strict"
)

// Channel is a way to reach somebody.
type Channel string

// The channels.
const (
	Email Channel = "email"
	SMS   Channel = "sms"
)

func (c Channel) other() Channel {
	if c == Email {
		return SMS
	}
	return Email
}

// Kind is what sets a rule off.
type Kind string

// The triggers. Days are calendar days at a clock time in the location's zone; hours are true hours.
const (
	OnBooked    Kind = "booked"
	OnChanged   Kind = "changed"
	OnCancelled Kind = "cancelled"
	DaysBefore  Kind = "days before"
	HoursBefore Kind = "hours before"
	DaysAfter   Kind = "days after"
)

func (k Kind) event() bool    { return k == OnBooked || k == OnChanged || k == OnCancelled }
func (k Kind) reminder() bool { return k == DaysBefore || k == HoursBefore }

// ByPreference as a rule's channel means each recipient's own choice.
const ByPreference = "preference"

// Bounds of a rule.
const (
	maxDays       = 365
	maxHours      = 24 * 14
	maxDelay      = 24 * 60 // minutes
	maxFilter     = 100
	maxContent    = 16 << 10
	maxRules      = 50
	maxKey        = 60
	defaultDelay  = 3 // minutes: an undone drag sends nothing
	minutesOfADay = 24 * 60
)

// Trigger is when a rule acts.
type Trigger struct {
	Kind    Kind   `json:"kind"`
	Days    int    `json:"days,omitempty"`    // days before, days after
	At      string `json:"at,omitempty"`      // clock time of them, 10:00
	Hours   int    `json:"hours,omitempty"`   // hours before
	Minutes int    `json:"minutes,omitempty"` // delay of booked, changed, cancelled; 0 means three

	minute int // At, in minutes since midnight
}

// Quiet is a time of day in which nothing is sent, on the recipient's wall. From equal to To means that there is none.
type Quiet struct {
	From int // minutes since midnight: the first that is quiet
	To   int // the first that is not
}

// Content is what a rule says, as its row keeps it.
type Content struct {
	Trigger         Trigger  `json:"trigger"`
	Channel         string   `json:"channel"`                    // preference, email, sms
	FallBack        bool     `json:"fall_back,omitempty"`        // the other channel where this one has no address
	Services        []string `json:"services,omitempty"`         // ids; none means all
	Locations       []string `json:"locations,omitempty"`        //
	Practitioners   []string `json:"practitioners,omitempty"`    //
	Statuses        []string `json:"statuses,omitempty"`         // words of Statuses; none means the trigger's usual ones
	OnlyUnconfirmed bool     `json:"only_unconfirmed,omitempty"` //
	QuietFrom       string   `json:"quiet_from,omitempty"`       // 20:00; both or none; none means the practice's
	QuietTo         string   `json:"quiet_to,omitempty"`

	quiet *Quiet
}

// Rule is an automatic message: on this trigger, this wording, to these.
type Rule struct {
	ID      string
	Key     string // stable
	Name    string
	Wording string // id
	Enabled bool
	Version int64
	Changed time.Time // a reminder that fell due before is not made up for
	Content
}

// Statuses are the words a rule may filter by, each what a member reads on the appointment.
func Statuses() []string {
	return []string{"booked", "confirmed", "declined", "arrived", "in session", "attended", "no show", "left", "cancelled"}
}

// ParseContent reads a rule's JSON strictly and checks it.
func ParseContent(raw []byte) (Content, error) {
	var c Content
	if len(raw) > maxContent {
		return c, fault.Field("rule", "plan.rule_long", "the rule is longer than %d bytes; use fewer filters", maxContent)
	}
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&c); err != nil {
		return c, fault.Field("rule", "plan.rule_json", "%s", explain(err))
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return c, fault.Field("rule", "plan.rule_json", "there is something after the closing brace; remove it")
	}
	return c, c.check()
}

// explain says what is wrong with the JSON in our words: the library's may quote the input.
func explain(err error) string {
	var wrong *json.UnmarshalTypeError
	if errors.As(err, &wrong) {
		return fmt.Sprintf("%s needs a %s", wrong.Field, wrong.Type.Kind())
	}
	if text, found := strings.CutPrefix(err.Error(), "json: unknown field "); found {
		if name, err := strconv.Unquote(text); err == nil && len(name) <= 40 {
			return fmt.Sprintf("there is no field %q; see docs/rules.md", name)
		}
		return "there is an unknown field; see docs/rules.md"
	}
	return "this is no JSON object; see docs/rules.md"
}

// check holds a rule to its bounds and works out what Plan needs.
func (c *Content) check() error {
	if err := c.Trigger.check(); err != nil {
		return err
	}
	switch c.Channel {
	case ByPreference, string(Email), string(SMS):
	default:
		return fault.Field("channel", "plan.channel", "choose preference, email or sms")
	}
	for name, list := range map[string][]string{"services": c.Services, "locations": c.Locations, "practitioners": c.Practitioners, "statuses": c.Statuses} {
		if len(list) > maxFilter {
			return fault.Field(name, "plan.filter_long", "%d entries are too many; use at most %d", len(list), maxFilter)
		}
	}
	for _, s := range c.Statuses {
		if !contains(Statuses(), s) {
			return fault.Field("statuses", "plan.status", "there is no such status; choose from %s", strings.Join(Statuses(), ", "))
		}
		if (s == "cancelled") != (c.Trigger.Kind == OnCancelled) {
			return fault.Field("statuses", "plan.status_never", "%s never holds for this trigger; remove it", s)
		}
	}
	return c.checkQuiet()
}

func (c *Content) checkQuiet() error {
	c.quiet = nil
	if c.QuietFrom == "" && c.QuietTo == "" {
		return nil
	}
	from, err := clock("quiet_from", c.QuietFrom)
	if err != nil {
		return err
	}
	to, err := clock("quiet_to", c.QuietTo)
	if err != nil {
		return err
	}
	c.quiet = &Quiet{From: from, To: to}
	return nil
}

func (t *Trigger) check() error {
	within := func(name string, value, low, high int) error {
		if value < low || value > high {
			return fault.Field("trigger."+name, "plan.trigger", "%d is out of range; choose from %d to %d", value, low, high)
		}
		return nil
	}
	unused := func(name string, set bool) error {
		if set {
			return fault.Field("trigger."+name, "plan.trigger", "this means nothing for the trigger %q; remove it", string(t.Kind))
		}
		return nil
	}
	var problems []error
	switch t.Kind {
	case OnBooked, OnChanged, OnCancelled:
		problems = []error{within("minutes", t.Minutes, 0, maxDelay), unused("days", t.Days != 0), unused("at", t.At != ""), unused("hours", t.Hours != 0)}
		if t.Minutes == 0 {
			t.Minutes = defaultDelay
		}
	case DaysBefore, DaysAfter:
		least := 0 // on the day itself
		if t.Kind == DaysAfter {
			least = 1
		}
		var err error
		t.minute, err = clock("trigger.at", t.At)
		problems = []error{within("days", t.Days, least, maxDays), err, unused("hours", t.Hours != 0), unused("minutes", t.Minutes != 0)}
	case HoursBefore:
		problems = []error{within("hours", t.Hours, 1, maxHours), unused("days", t.Days != 0), unused("at", t.At != ""), unused("minutes", t.Minutes != 0)}
	default:
		return fault.Field("trigger.kind", "plan.trigger", "choose booked, changed, cancelled, days before, hours before or days after")
	}
	for _, err := range problems {
		if err != nil {
			return err
		}
	}
	return nil
}

// clock reads 10:00 as minutes since midnight.
func clock(field, text string) (int, error) {
	t, err := time.Parse("15:04", text)
	if err != nil || len(text) != 5 {
		return 0, fault.Field(field, "plan.clock", "write the time as 10:00")
	}
	return t.Hour()*60 + t.Minute(), nil
}

// JSON is the rule's content as its row keeps it.
func (c Content) JSON() string {
	raw, err := json.Marshal(c)
	if err != nil {
		panic("plan: a rule of plain values is always JSON: " + err.Error())
	}
	return string(raw)
}

// Canonical is what people sign of a rule, RFC 8785: its key, its wording and all of its content. What it is called and whether it is on is not among it.
func (r *Rule) Canonical() ([]byte, error) {
	return strict.Canonical(struct {
		Content Content `json:"content"`
		Key     string  `json:"key"`
		Wording string  `json:"wording"`
	}{r.Content, r.Key, r.Wording})
}

// Digest is SHA-256 over Canonical.
func (r *Rule) Digest() (digest [sha256.Size]byte, err error) {
	text, err := r.Canonical()
	if err != nil {
		return digest, fmt.Errorf("write the rule %s: %w", r.Key, err)
	}
	return sha256.Sum256(text), nil
}

func contains(list []string, value string) bool {
	for _, v := range list {
		if v == value {
			return true
		}
	}
	return false
}

// Starter is the rules of a new practice. Each sends the starter wording whose key is the same.
func Starter() []Rule {
	rule := func(key, name string, t Trigger, channel string) Rule {
		r := Rule{Key: key, Name: name, Enabled: true, Version: 1, Content: Content{Trigger: t, Channel: channel}}
		if err := r.check(); err != nil {
			panic("plan: a starter rule is wrong: " + err.Error())
		}
		return r
	}
	return []Rule{
		rule("booked", "Booking confirmation", Trigger{Kind: OnBooked, Minutes: 3}, ByPreference),
		rule("changed", "Change of appointment", Trigger{Kind: OnChanged, Minutes: 3}, ByPreference),
		rule("cancelled", "Cancellation", Trigger{Kind: OnCancelled, Minutes: 3}, ByPreference),
		rule("reminder-7-days", "Reminder 7 days before", Trigger{Kind: DaysBefore, Days: 7, At: "10:00"}, string(Email)),
		rule("reminder-2-days", "Reminder 2 days before", Trigger{Kind: DaysBefore, Days: 2, At: "10:00"}, ByPreference),
	}
}
