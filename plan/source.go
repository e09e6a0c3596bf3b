package plan

import (
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
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

// Directory returns the canonical JSON of the practice's own texts that was kept under a digest (hex).
func (s *Source) Directory(ctx context.Context, tx *store.Tx, digest string) ([]byte, error) {
	return practice.DirectoryOf(ctx, tx, digest)
}

// Pictures returns the bytes of pictures by their digests (hex).
func (s *Source) Pictures(ctx context.Context, tx *store.Tx, digests []string) (map[string][]byte, error) {
	return practice.Pictures(ctx, tx, digests)
}

// batch is what was read for the messages of one practice.
type batch struct {
	tx         *store.Tx
	of         *loader
	keys       *vault.Keys
	places     map[string]seat // by attendee
	plans      map[string]*Facts
	recipients map[string]client.Recipient
	digests    map[string][sha256.Size]byte // of the rules of this batch, by key
}

// seat is an attendee's place in an appointment, with what a message shows of it.
type seat struct {
	wording.Values
	appointment string
	version     int64
	client      string
	starts      time.Time
	home        *time.Location
}

// Facts returns today's facts of what each message was for, in the order of the batch. What has changed since it was planned is planned again.
func (s *Source) Facts(ctx context.Context, tx *store.Tx, messages []message.Message) ([]courier.Facts, error) {
	b, err := s.read(ctx, tx, messages)
	if err != nil {
		return nil, err
	}
	var changed []string
	seen := map[string]bool{}
	for i := range messages {
		if m := &messages[i]; m.Kind == message.Rule && !b.same(m) && !seen[m.Appointment] {
			seen[m.Appointment] = true
			changed = append(changed, m.Appointment)
		}
	}
	facts, err := b.of.byID(ctx, tx, changed)
	if err != nil {
		return nil, err
	}
	for i := range facts {
		b.plans[facts[i].Appointment.ID] = &facts[i]
	}
	out := make([]courier.Facts, len(messages))
	for i := range messages {
		out[i] = b.facts(&messages[i])
	}
	return out, nil
}

func (s *Source) read(ctx context.Context, tx *store.Tx, messages []message.Message) (*batch, error) {
	b := &batch{tx: tx, plans: map[string]*Facts{}, digests: map[string][sha256.Size]byte{}}
	var err error
	if b.keys, err = s.vault.Merging(ctx, tx); err != nil {
		return nil, fmt.Errorf("open the practice's keys: %w", err)
	}
	if b.of, err = newLoader(ctx, tx); err != nil {
		return nil, err
	}
	var people, attendees []string
	for i := range messages {
		m := &messages[i]
		if people = append(people, m.Recipient); m.Client != m.Recipient {
			people = append(people, m.Client)
		}
		if m.Attendee != "" {
			attendees = append(attendees, m.Attendee)
		}
	}
	if b.places, err = b.of.seats(ctx, tx, attendees); err != nil {
		return nil, err
	}
	b.recipients, err = client.Addresses(ctx, tx, b.keys, people)
	return b, err
}

// seats reads attendees with their appointments. The first visit is told by whether an earlier one was kept.
func (l *loader) seats(ctx context.Context, tx *store.Tx, attendees []string) (map[string]seat, error) {
	slices.Sort(attendees)
	out := make(map[string]seat, len(attendees))
	err := store.Chunks(slices.Compact(attendees), 2, func(list string, args []any) error {
		rows, err := tx.Query(ctx, seatsQuery(list), args...)
		_, err = store.Collect(rows, err, func(r *store.Rows) (none struct{}, err error) {
			var c seat
			var id, confirmation, on, mode string
			var starts, ends int64
			if err := r.Scan(&id, &c.client, &confirmation, &c.appointment, &c.version, &on, &c.Zone, &starts, &ends, &c.Minutes, &mode, &c.PlaceID,
				&c.ServiceID, &c.PractitionerID, &c.FirstVisit); err != nil {
				return none, err
			}
			if c.home, err = l.zone(c.Zone); err != nil {
				return none, err
			}
			written, err := zone.ParseWall(on)
			c.Start, c.End, c.starts = wall(written), wall(zone.WallOf(store.Instant(ends).In(c.home))), store.Instant(starts)
			c.Confirmed, c.Mode = confirmation == string(calendar.Confirmed), modes[practice.Mode(mode)]
			out[id] = c
			return none, err
		})
		return err
	})
	return out, wrapped("read what messages are about", err)
}

// CROSS JOIN and the conditions' order keep both engines at looking up by keys.
func seatsQuery(list string) string {
	return `SELECT t.id, t.client, t.confirmation, a.id, a.version, a.wall, a.zone, a.starts, a.ends, a.minutes, a.mode, a.location, a.service, a.practitioner,
		NOT EXISTS (SELECT 1 FROM attendee o CROSS JOIN appointment e WHERE o.practice = $1 AND o.client = t.client AND o.attendance <> 'no show'
			AND e.practice = $1 AND e.id = o.appointment AND e.booking = 'booked' AND e.starts < a.starts)
		FROM attendee t CROSS JOIN appointment a WHERE t.practice = $1 AND t.id IN (` + list + `) AND a.practice = $1 AND a.id = t.appointment`
}

// same reports whether nothing has changed since a rule's message was planned.
func (b *batch) same(m *message.Message) bool {
	at, ok := b.places[m.Attendee]
	if !ok || m.Basis == "" || at.appointment != m.Appointment || at.client != m.Client {
		return false
	}
	c := b.recipients[m.Client]
	return m.Basis == b.of.basis(at.version, c.Version, c.Touched) && !b.quiet(m, at.home)
}

// quiet reports whether it is night for the recipient, or where the appointment is: then what waits is planned.
func (b *batch) quiet(m *message.Message, home *time.Location) bool {
	quiet := b.of.practice.Quiet
	for i := range b.of.practice.Rules {
		if r := &b.of.practice.Rules[i]; r.Key == m.Rule && r.quiet != nil {
			quiet = *r.quiet
		}
	}
	if quiet.quietAt(b.tx.Now, home) {
		return true
	}
	name := b.recipients[m.Recipient].Zone
	if name == "" {
		return false
	}
	theirs, err := b.of.zone(name)
	return err != nil || quiet.quietAt(b.tx.Now, theirs)
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
	case m.Kind == message.Rule && !b.same(m):
		f.Stop, f.Wait = b.still(m)
	}
	if f.Stop != "" {
		return f
	}
	if recipient.Unreadable {
		f.Hold = message.ReasonKeys
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
	if m.Kind == message.Rule {
		f.Rule = b.rule(m.Rule)
	}
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
	at, ok := b.places[m.Attendee]
	if ok {
		f.Values = at.Values
	}
	v := &f.Values
	v.Recipient = called(recipient)
	if m.Recipient != m.Client {
		v.ForOther, v.Attendee = true, called(b.recipients[m.Client])
	}
	if !ok {
		return
	}
	f.Starts = at.starts
	v.ZoneDiffers = b.differs(recipient.Zone, at.home, at.starts)
}

// rule returns the digest of a rule as it is now: what it was signed by. Zero: there is none, or it is off.
func (b *batch) rule(key string) (digest [sha256.Size]byte) {
	if known, ok := b.digests[key]; ok {
		return known
	}
	for i := range b.of.practice.Rules {
		if r := &b.of.practice.Rules[i]; r.Key == key {
			digest, _ = r.Digest() // of what cannot be written down: zero, which nobody signed
		}
	}
	b.digests[key] = digest
	return digest
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
