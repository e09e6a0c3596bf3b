package plan

import (
	"context"
	"fmt"
	"strings"
	"time"

	"letterhead/calendar"
	"letterhead/client"
	"letterhead/courier"
	"letterhead/message"
	"letterhead/practice"
	"letterhead/store"
	"letterhead/template"
	"letterhead/vault"
	"letterhead/wording"
	"letterhead/zone"
)

// Source is what the courier needs of the product: whether a message may still go, to whom, and with which values. It reads a practice's part of a
// batch as a set, and it is the one place where plan opens names and addresses.
type Source struct{ vault *vault.Keeper }

// NewSource returns a source that opens with these keys.
func NewSource(keeper *vault.Keeper) *Source { return &Source{keeper} }

var _ courier.Source = (*Source)(nil)

// Versions returns the canonical JSON of versions.
func (s *Source) Versions(ctx context.Context, tx *store.Tx, ids []string) (map[string][]byte, error) {
	list := make([]template.VersionID, len(ids))
	for i, id := range ids {
		list[i] = template.VersionID(id)
	}
	found, err := template.Content(ctx, tx, list)
	out := make(map[string][]byte, len(found))
	for id, content := range found {
		out[string(id)] = content
	}
	return out, err
}

// batch is what was read for the messages of one practice.
type batch struct {
	tx         *store.Tx
	keys       *vault.Keys
	of         *loader
	plans      map[string]*Facts
	entries    map[calendar.ID]calendar.Entry
	recipients map[string]client.Recipient
	locations  map[practice.LocationID]practice.Location
}

// Facts plans again what each message was for and returns today's facts, in the order of the batch.
func (s *Source) Facts(ctx context.Context, tx *store.Tx, messages []message.Message) ([]courier.Facts, error) {
	b, err := s.read(ctx, tx, messages)
	if err != nil {
		return nil, err
	}
	out := make([]courier.Facts, len(messages))
	for i := range messages {
		out[i] = b.facts(&messages[i])
	}
	return out, nil
}

func (s *Source) read(ctx context.Context, tx *store.Tx, messages []message.Message) (*batch, error) {
	b := &batch{tx: tx, plans: map[string]*Facts{}, locations: map[practice.LocationID]practice.Location{}}
	var err error
	if b.keys, err = s.vault.Keys(ctx, tx); err != nil {
		return nil, fmt.Errorf("open the practice's keys: %w", err)
	}
	if b.of, err = newLoader(ctx, tx); err != nil {
		return nil, err
	}
	var appointments []calendar.ID
	var people []string
	seen := map[string]bool{}
	for i := range messages {
		m := &messages[i]
		if m.Appointment != "" && !seen[m.Appointment] {
			seen[m.Appointment] = true
			appointments = append(appointments, calendar.ID(m.Appointment))
		}
		people = append(people, m.Recipient, m.Client)
	}
	facts, err := b.of.byID(ctx, tx, texts(appointments))
	if err != nil {
		return nil, err
	}
	for i := range facts {
		b.plans[facts[i].Appointment.ID] = &facts[i]
	}
	if b.entries, err = calendar.Entries(ctx, tx, appointments); err != nil {
		return nil, err
	}
	if b.recipients, err = client.Addresses(ctx, tx, b.keys, people); err != nil {
		return nil, err
	}
	all, err := practice.EveryLocation(ctx, tx)
	for _, l := range all {
		b.locations[l.ID] = l
	}
	return b, err
}

func (b *batch) facts(m *message.Message) courier.Facts {
	var f courier.Facts
	recipient, ok := b.recipients[m.Recipient]
	switch {
	case !b.of.of.ClosedAt.IsZero():
		f.Stop = string(PracticeClosed)
	case !ok || recipient.Ended:
		f.Stop = string(NoRecipient)
		if ok && recipient.Contact == "" {
			f.Stop = string(Archived)
		}
	case m.Kind == message.Rule:
		f.Stop, f.Wait = b.still(m)
	}
	if f.Stop != "" {
		return f
	}
	address, none, bad := recipient.Email, NoEmail, BadEmail
	if m.Channel == message.SMS {
		address, none, bad = recipient.Mobile, NoMobile, BadMobile
	}
	if address.State != client.Good {
		f.Stop = string(bad)
		if address.State == client.None {
			f.Stop = string(none)
		}
		return f
	}
	f.Address = address.Normal
	f.AddressIndex = client.AddressIndex(b.keys, practice.Channel(m.Channel), address)
	f.Language = recipient.Language
	b.fill(&f, m, recipient)
	return f
}

// still plans again what a rule's message was for: why it must not go any more, or until when it has to wait.
func (b *batch) still(m *message.Message) (stop string, wait time.Time) {
	f, ok := b.plans[m.Appointment]
	if !ok {
		return string(Gone), time.Time{}
	}
	row := Past{Attendee: m.Attendee, Recipient: m.Recipient, Channel: Channel(m.Channel), Rule: m.Rule, Generation: m.Generation, State: "open"}
	// As the plan saw it before it became this message: its own row must not answer "already sent".
	again := *f
	again.Past = make([]Past, 0, len(f.Past)+1)
	for _, p := range f.Past {
		if p.Attendee == row.Attendee && p.Recipient == row.Recipient && p.Channel == row.Channel && p.Rule == row.Rule && p.Generation == row.Generation {
			row.DueAt = p.DueAt
			continue
		}
		again.Past = append(again.Past, p)
	}
	again.Past = append(again.Past, row)
	lines := Plan(again, b.tx.Now)
	if reason := again.ended(&row, lines); reason != "" {
		return string(reason), time.Time{}
	}
	if next := find(lines, &row).Next; next.After(b.tx.Now) {
		return "", next
	}
	return "", time.Time{}
}

// fill sets the values that merge.
func (b *batch) fill(f *courier.Facts, m *message.Message, recipient client.Recipient) {
	v := &f.Values
	v.Recipient = called(recipient)
	attendee := b.recipients[m.Client]
	if m.Recipient != m.Client {
		v.ForOther, v.Attendee = true, called(attendee)
	}
	e, ok := b.entries[calendar.ID(m.Appointment)]
	if !ok {
		return
	}
	start := e.Wall
	v.Start = wall(start)
	v.Minutes = e.Minutes
	v.Zone = e.Zone
	v.Service, v.Practitioner = e.ServiceName, e.PractitionerName
	v.Mode = modes[e.Mode]
	if home, err := b.of.zone(e.Zone); err == nil {
		v.End = wall(zone.WallOf(e.Ends.In(home)))
		v.ZoneDiffers = b.differs(recipient.Zone, home, e.Starts)
	}
	for i := range e.People {
		if p := &e.People[i]; string(p.ID) == m.Attendee {
			v.FirstVisit, v.Confirmed = p.FirstVisit, p.Confirmation == calendar.Confirmed
		}
	}
	l := b.locations[e.Location]
	v.Location = wording.Place{Name: l.Name, Address: strings.ReplaceAll(l.Address, "\n", ", "), Phone: l.Phone, Directions: strings.ReplaceAll(l.Directions, "\n", " ")}
	if f.ReplyTo = l.ReplyTo; f.ReplyTo == "" {
		f.ReplyTo = b.of.of.Email
	}
}

// differs reports whether the recipient's clock shows another time than the location's when the appointment begins.
func (b *batch) differs(name string, home *time.Location, starts time.Time) bool {
	if name == "" {
		return false
	}
	theirs, err := b.of.zone(name)
	if err != nil {
		return false
	}
	_, here := starts.In(home).Zone()
	_, there := starts.In(theirs).Zone()
	return here != there
}

// called is what a message calls somebody. A contact has one name: its first word.
func called(r client.Recipient) wording.Person {
	if r.Contact != "" {
		first, _, _ := strings.Cut(r.Name, " ")
		return wording.Person{First: first}
	}
	return wording.Person{First: r.FirstName, Preferred: r.PreferredName}
}

func wall(w zone.Wall) wording.Wall {
	return wording.Wall{Year: w.Date.Year, Month: int(w.Date.Month), Day: w.Date.Day, Hour: w.Minute / 60, Minute: w.Minute % 60}
}

var modes = map[practice.Mode]wording.Mode{
	practice.InPerson: wording.ModeInPerson, practice.Video: wording.ModeTelehealth, practice.Phone: wording.ModePhone, practice.Home: wording.ModeHomeVisit,
}
