package letter

import (
	"context"
	"errors"
	"fmt"
	"time"

	"letterhead/approval"
	"letterhead/client"
	"letterhead/courier"
	"letterhead/fault"
	"letterhead/guard"
	"letterhead/message"
	"letterhead/plan"
	"letterhead/practice"
	"letterhead/store"
	"letterhead/template"
	"letterhead/wording"
)

// A sample is a wording's version, signed or not, sent to the very member who asks for it, with example values: nobody's data. It goes to the
// address alone that the member's signed statement commits to; the courier asks the chain for it.

// ErrNoSample is returned to a member whose own address nobody signed.
var ErrNoSample = fault.New(fault.Conflict, "letter.no_address",
	"your own e-mail address is not signed yet, and samples go to a signed address alone; sign it at the signing desk, or ask an owner to give you a role there")

// sampleLife is how long a sample waits for what stands in its way.
const sampleLife = time.Hour

// CheckSample tells whether samples to a member would go.
func CheckSample(ctx context.Context, tx *store.Tx, s *approval.State, id store.MemberID) error {
	m, err := guard.Find(ctx, tx, id)
	if err != nil {
		return err
	}
	x, err := s.Current(approval.KindMember, string(id), tx.Now)
	if refused := new(approval.Refused); errors.As(err, &refused) {
		return ErrNoSample.With(err)
	}
	if err != nil {
		return err
	}
	if b := x.Statement.Body.Member; b.Channel != string(message.Email) || b.Address != approval.Commit(x.Statement.Nonce, m.Email) {
		return ErrNoSample
	}
	return nil
}

// Sample queues a sample of a version to the acting member.
func Sample(ctx context.Context, tx *store.Tx, s *approval.State, id template.VersionID) (message.ID, error) {
	if err := CheckSample(ctx, tx, s, tx.Actor.Member); err != nil {
		return "", err
	}
	v, err := template.Read(ctx, tx, id)
	if err != nil {
		return "", err
	}
	digest, err := v.Digest()
	if err != nil {
		return "", err
	}
	purpose := message.Appointments
	if v.Purpose == wording.Marketing {
		purpose = message.Marketing
	}
	made, err := message.Queue(ctx, tx, []message.Intent{{Kind: message.Test, Channel: message.Email, Purpose: purpose, Version: string(id), Digest: digest.String(),
		Language: v.DefaultLanguage, Recipient: string(tx.Actor.Member), Turn: tx.Now, NotAfter: tx.Now.Add(sampleLife)}})
	if err != nil {
		return "", err
	}
	return made[0], nil
}

// samples fills the facts of samples.
func (s *Source) samples(ctx context.Context, tx *store.Tx, batch []message.Message, out []courier.Facts) error {
	keys, err := s.vault.Merging(ctx, tx)
	if err != nil {
		return fmt.Errorf("open the practice's keys: %w", err)
	}
	team, err := guard.Members(ctx, tx)
	if err != nil {
		return err
	}
	emails := map[string]string{}
	for _, m := range team {
		emails[string(m.ID)] = m.Email
	}
	values, err := example(ctx, tx)
	if err != nil {
		return err
	}
	for i := range batch {
		m := &batch[i]
		if m.Kind != message.Test {
			continue
		}
		email, there := emails[m.Recipient]
		if !there || m.Channel != message.Email {
			out[i] = courier.Facts{Stop: string(plan.NoRecipient)}
			continue
		}
		address := client.Address{Written: email, Normal: email, State: client.Good}
		out[i] = courier.Facts{Address: email, AddressIndex: client.AddressIndex(keys, practice.Email, address), Values: values}
	}
	return nil
}

// example are values that belong to nobody: an appointment in a week, at the practice's first location.
func example(ctx context.Context, tx *store.Tx) (wording.Values, error) {
	p, err := practice.Find(ctx, tx)
	if err != nil {
		return wording.Values{}, err
	}
	day := tx.Now.AddDate(0, 0, 7)
	at := wording.Wall{Year: day.Year(), Month: int(day.Month()), Day: day.Day(), Hour: 10}
	end := at
	end.Minute = 45
	out := wording.Values{Recipient: wording.Person{First: "Fatima"}, Start: at, End: end, Minutes: 45, Zone: p.Zone, Mode: wording.ModeInPerson, FirstVisit: true}
	places, err := practice.Locations(ctx, tx)
	if err != nil {
		return out, err
	}
	services, err := practice.Services(ctx, tx)
	if err != nil {
		return out, err
	}
	people, err := practice.Practitioners(ctx, tx)
	if len(places) > 0 {
		out.PlaceID = string(places[0].ID)
	}
	if len(services) > 0 {
		out.ServiceID = string(services[0].ID)
	}
	if len(people) > 0 {
		out.PractitionerID = string(people[0].ID)
	}
	return out, err
}
