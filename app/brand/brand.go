// Package brand is what the commands do with the domains that practices send from, and with wordings that carry what a practice changed.
package brand

import (
	"context"
	"net"
	"time"

	"letterhead/courier/sender"
	"letterhead/practice"
	"letterhead/store"
	"letterhead/template"
	"letterhead/web/page"
)

// Of is the installation that is meant.
type Of struct {
	DB       *store.DB
	Folder   string // the courier's
	Platform string // domain
	Relay    string // the host that mail leaves from

	Texting func(store.PracticeID) string // the sender id of a practice's text messages
}

// OwnDomain gives a new practice its subdomain of the platform's, and the platform its keys.
func (o Of) OwnDomain(p practice.Practice) error {
	domains := sender.New(o.Folder, o.Platform)
	if _, err := domains.Add(o.Platform, "", o.DB.Now()); err != nil {
		return err
	}
	_, err := domains.Add(p.Label+"."+o.Platform, p.ID, o.DB.Now())
	return err
}

// SendFrom makes a domain the practice's From domain, in new versions of all its wordings.
func (o Of) SendFrom(ctx context.Context, actor store.Actor, domain string) error {
	return o.DB.Change(ctx, actor, func(tx *store.Tx) error {
		p, err := practice.Find(ctx, tx)
		if err != nil {
			return err
		}
		if p.Domain = domain; domain == p.Label+"."+o.Platform {
			p.Domain = ""
		}
		if _, err := practice.Change(ctx, tx, p); err != nil {
			return err
		}
		_, err = template.Rebrand(ctx, tx, o.Platform)
		return err
	})
}

// Rebrand carries what an import brought (a phone, a website) into the practice's wordings.
func (o Of) Rebrand(ctx context.Context, actor store.Actor) error {
	return o.DB.Change(ctx, actor, func(tx *store.Tx) error {
		_, err := template.Rebrand(ctx, tx, o.Platform)
		return err
	})
}

// Records are what the DNS must say of a domain; with check, whether it does.
func (o Of) Records(ctx context.Context, domain string, check bool) ([]page.SenderRecord, error) {
	domains := sender.New(o.Folder, o.Platform)
	records, err := domains.Records(domain, o.Relay)
	if err != nil {
		return nil, err
	}
	out := make([]page.SenderRecord, len(records))
	for i, r := range records {
		out[i] = page.SenderRecord{Type: r.Type, Name: r.Name, Value: r.Value, Why: r.Why}
	}
	if !check {
		return out, nil
	}
	ctx, cancel := context.WithTimeout(ctx, longestCheck)
	defer cancel()
	findings, err := domains.Check(ctx, net.DefaultResolver, domain, o.Relay)
	if err != nil {
		return nil, err
	}
	out = out[:0]
	for _, f := range findings {
		out = append(out, page.SenderRecord{Type: f.Type, Name: f.Name, Value: f.Value, Why: f.Why, Checked: true, Good: f.Good, Say: f.Say})
	}
	return out, nil
}

// longestCheck is how long a page waits for the DNS.
const longestCheck = 10 * time.Second

// Texts is the sender id of a practice's text messages, "" when it has none.
func (o Of) Texts(id store.PracticeID) string { return o.Texting(id) }
