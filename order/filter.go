package order

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"letterhead/client"
	"letterhead/message"
	"letterhead/practice"
	"letterhead/store"
	"letterhead/zone"
)

// Filter says whom an order is for; what is empty does not narrow. Days are the practice's, written 2026-12-05.
//
// Practitioner, location and service are of one appointment: of one in the days that are named, else of any.
type Filter struct {
	Practitioner practice.PractitionerID `json:"practitioner,omitempty"`
	Location     practice.LocationID     `json:"location,omitempty"`
	Service      practice.ServiceID      `json:"service,omitempty"`
	SeenSince    string                  `json:"seen_since,omitempty"`     // had an appointment on that day or later
	NotSeenSince string                  `json:"not_seen_since,omitempty"` // had one, and none on that day or later
	BookedFrom   string                  `json:"booked_from,omitempty"`    // has one to come, from that day on
	BookedTo     string                  `json:"booked_to,omitempty"`      // until that day, included
	Language     string                  `json:"language,omitempty"`       // of the client: this one or a variant of it
	Prefer       bool                    `json:"prefer,omitempty"`         // only those who prefer the order's channel
}

func (f *Filter) check() error {
	for _, d := range []struct{ field, day string }{{"seen_since", f.SeenSince}, {"not_seen_since", f.NotSeenSince}, {"booked_from", f.BookedFrom}, {"booked_to", f.BookedTo}} {
		if d.day == "" {
			continue
		}
		if _, err := time.Parse(time.DateOnly, d.day); err != nil {
			return bad(d.field, "day", "give a day, such as 2026-12-05")
		}
	}
	switch {
	case f.BookedTo != "" && f.BookedFrom == "":
		return bad("booked_from", "booked_from", "say from which day on the appointment is")
	case f.BookedTo != "" && f.BookedTo < f.BookedFrom:
		return bad("booked_to", "booked_to", "the last day is not before the first")
	case f.SeenSince != "" && f.NotSeenSince != "" && f.NotSeenSince <= f.SeenSince:
		return bad("not_seen_since", "not_seen_since", "this day is after the one since when they were seen, or nobody is left")
	case len(f.Language) > 35 || strings.ContainsAny(f.Language, "%_' "):
		return bad("language", "language", "choose a language from the list")
	case len(f.Practitioner)+len(f.Location)+len(f.Service) > 3*64:
		return bad("practitioner", "thing", "choose from the list")
	}
	return nil
}

func (f Filter) text() string {
	raw, err := json.Marshal(f)
	if err != nil {
		return "{}" // strings and a bool: it cannot be
	}
	return string(raw)
}

// Reasons why a client whom the filter finds gets no message; docs/reasons.md explains each.
const (
	NoEmail    = "no-email-address"
	BadEmail   = "bad-email-address"
	NoMobile   = "no-mobile-number"
	BadMobile  = "bad-mobile-number"
	WantsNone  = "prefers-none"
	WantsOther = "prefers-other"
	NotAgreed  = "no-consent"
	Withdrawn  = "consent-withdrawn"
	Suppressed = message.ReasonSuppressed
	Shared     = "shared-address"

	// Of what was fixed, and does not go any more.
	Archived   = "client-archived"
	NewAddress = "address-changed"
	OverCap    = "over-cap"
	TooLate    = message.ReasonLate
	Gone       = "order-gone"
	Over       = "order-stopped"
)

// query is a SELECT of clients put together of constant pieces; values stand behind $1 in their order.
type query struct {
	text strings.Builder
	args []any
}

// at adds a value and returns its placeholder.
func (q *query) at(value any) string {
	q.args = append(q.args, value)
	return "$" + strconv.Itoa(len(q.args)+1)
}

func (q *query) add(format string, values ...any) {
	marks := make([]any, len(values))
	for i, v := range values {
		marks[i] = q.at(v)
	}
	fmt.Fprintf(&q.text, format, marks...)
}

// where is what the audience depends on beside clients.
type where struct {
	practice practice.Practice
	home     *time.Location
	now      time.Time
}

func whereOf(ctx context.Context, tx *store.Tx) (where, error) {
	p, err := practice.Find(ctx, tx)
	if err != nil {
		return where{}, err
	}
	home, err := zone.Load(p.Zone)
	return where{p, home, tx.Now}, err
}

// day is when a day begins in the practice's zone, plus some days: where the clocks skip midnight, the instant after it.
func (w where) day(text string, plus int) int64 {
	d, err := zone.ParseDate(text)
	if err != nil {
		return 0 // was checked when it was written
	}
	return store.Micro(zone.At(zone.Wall{Date: d.Add(plus)}, w.home))
}

// candidates selects id, address index and why not ("" for those who get it) of clients: of all that the filter finds and
// the actor sees, or, without a sight, of any.
func (q *query) candidates(w where, o *Order, seen *client.Sight) {
	index, state, none, invalid := "c.email_index", "c.email_state", NoEmail, BadEmail
	if o.Channel == message.SMS {
		index, state, none, invalid = "c.mobile_index", "c.mobile_state", NoMobile, BadMobile
	}
	q.text.WriteString(`SELECT c.id AS id, ` + index + ` AS ix, CASE WHEN c.archived_at <> 0 THEN '` + Archived + `'`)
	q.wants(w, o)
	q.text.WriteString(` WHEN ` + state + ` = 'none' THEN '` + none + `' WHEN ` + state + ` <> 'good' THEN '` + invalid + `'`)
	q.consent(o)
	q.add(` WHEN EXISTS (SELECT 1 FROM suppression s WHERE s.practice = $1 AND s.channel = %s AND s.address_index = `+index+` AND (s.purpose = 'all'`, string(o.Channel))
	if o.Purpose == message.Marketing {
		q.text.WriteString(` OR s.purpose = 'marketing'`)
	}
	q.text.WriteString(`)) THEN '` + Suppressed + `' ELSE '' END AS why FROM client c WHERE c.practice = $1`)
	if seen == nil {
		return
	}
	q.text.WriteString(` AND c.archived_at = 0`)
	if condition, viewer := seen.Condition("c.id", len(q.args)+2); condition != "" {
		q.text.WriteString(" AND " + condition)
		q.args = append(q.args, viewer)
	}
	q.filter(w, &o.Filter)
}

// wants leaves out those who chose no messages and, where the order is for those who prefer its channel, the others.
func (q *query) wants(w where, o *Order) {
	q.text.WriteString(` WHEN c.reminders = 'none' THEN '` + WantsNone + `'`)
	if !o.Filter.Prefer {
		return
	}
	usual := string(w.practice.DefaultChannel)
	if w.practice.DefaultChannel == practice.NoChannel {
		q.text.WriteString(` WHEN c.reminders = '' THEN '` + WantsNone + `'`)
	}
	// Who wants both gets the e-mail, and not the same twice.
	wants := ` WHEN NOT (c.reminders = 'sms' OR c.reminders = '' AND %s = 'sms') THEN '` + WantsOther + `'`
	if o.Channel == message.Email {
		wants = ` WHEN NOT (c.reminders = 'email' OR c.reminders = 'both' OR c.reminders = '' AND %s = 'email') THEN '` + WantsOther + `'`
	}
	q.add(wants, usual)
}

// consent subtracts by category: marketing goes to those who agreed, the rest to those who did not refuse.
func (q *query) consent(o *Order) {
	q.add(` WHEN coalesce((SELECT CASE WHEN k.given THEN 1 ELSE 0 END FROM consent k WHERE k.practice = $1 AND k.client = c.id AND k.category = %s AND k.channel = %s
		ORDER BY k.at DESC, k.id DESC LIMIT 1), -1)`, string(o.Purpose), string(o.Channel))
	q.text.WriteString(` = 0 THEN '` + Withdrawn + `'`)
	if o.Purpose == message.Marketing {
		q.add(` WHEN NOT EXISTS (SELECT 1 FROM consent k WHERE k.practice = $1 AND k.client = c.id AND k.category = %s AND k.channel = %s) THEN '`+NotAgreed+`'`, string(o.Purpose), string(o.Channel))
	}
}

func (q *query) filter(w where, f *Filter) {
	now := store.Micro(w.now)
	if f.Language != "" {
		own := q.at(w.practice.Language)
		q.add(` AND (CASE WHEN c.language = '' THEN `+own+` ELSE c.language END = %s OR CASE WHEN c.language = '' THEN `+own+` ELSE c.language END LIKE %s)`, f.Language, f.Language+"-%")
	}
	times := 0
	if f.SeenSince != "" {
		times++
		q.appointment("EXISTS", f, ` AND t.attendance <> 'no show' AND a.starts >= %s AND a.starts < %s`, w.day(f.SeenSince, 0), now)
	}
	if f.NotSeenSince != "" {
		times++
		q.appointment("EXISTS", f, ` AND t.attendance <> 'no show' AND a.starts < %s AND a.starts < %s`, w.day(f.NotSeenSince, 0), now)
		q.appointment("NOT EXISTS", &Filter{}, ` AND t.attendance <> 'no show' AND a.starts >= %s AND a.starts < %s`, w.day(f.NotSeenSince, 0), now)
	}
	if f.BookedFrom != "" {
		times++
		until := int64(1<<53 - 1)
		if f.BookedTo != "" {
			until = w.day(f.BookedTo, 1)
		}
		q.appointment("EXISTS", f, ` AND a.starts >= %s AND a.starts < %s`, max(now, w.day(f.BookedFrom, 0)), until)
	}
	if times == 0 && (f.Practitioner != "" || f.Location != "" || f.Service != "") {
		q.appointment("EXISTS", f, "")
	}
}

// appointment is the condition that there is one, or none. CROSS JOIN keeps both engines at looking up by the client.
func (q *query) appointment(exists string, f *Filter, more string, values ...any) {
	q.text.WriteString(` AND ` + exists + ` (SELECT 1 FROM attendee t CROSS JOIN appointment a WHERE t.practice = $1 AND t.client = c.id AND a.practice = $1 AND a.id = t.appointment AND a.booking = 'booked'`)
	for _, e := range []struct{ column, value string }{{"a.practitioner", string(f.Practitioner)}, {"a.location", string(f.Location)}, {"a.service", string(f.Service)}} {
		if e.value != "" {
			q.add(` AND `+e.column+` = %s`, e.value)
		}
	}
	q.add(more, values...)
	q.text.WriteString(`)`)
}
