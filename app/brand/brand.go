// Package brand is what the commands do with the domains that practices send from, and with wordings that carry what a practice changed.
package brand

import (
	"context"

	"letterhead/courier/sender"
	"letterhead/practice"
	"letterhead/store"
	"letterhead/template"
)

// Of is the installation that is meant.
type Of struct {
	DB       *store.DB
	Folder   string // the courier's
	Platform string // domain
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
