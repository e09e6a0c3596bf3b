package app

import (
	"context"

	"letterhead/app/outside"
	"letterhead/courier"
	"letterhead/practice"
	"letterhead/store"
	"letterhead/template"
)

// ownDomain gives a new practice its subdomain of the platform's, and the platform its keys.
func (i *installation) ownDomain(p practice.Practice) error {
	domains := courier.NewDomains(courierFolder(i.folder), i.config.Platform())
	if _, err := domains.Add(i.config.Platform(), "", i.db.Now()); err != nil {
		return err
	}
	_, err := domains.Add(p.Label+"."+i.config.Platform(), p.ID, i.db.Now())
	return err
}

// sendFrom makes a domain the practice's From domain, in new versions of all its wordings.
func (i *installation) sendFrom(ctx context.Context, actor store.Actor, domain string) error {
	return i.db.Change(ctx, actor, func(tx *store.Tx) error {
		p, err := practice.Find(ctx, tx)
		if err != nil {
			return err
		}
		if p.Domain = domain; domain == p.Label+"."+i.config.Platform() {
			p.Domain = ""
		}
		if _, err := practice.Change(ctx, tx, p); err != nil {
			return err
		}
		_, err = template.Rebrand(ctx, tx, i.config.Platform())
		return err
	})
}

// rebrand carries what an import brought (a phone, a website) into the practice's wordings.
func (i *installation) rebrand(ctx context.Context, actor store.Actor) error {
	return i.db.Change(ctx, actor, func(tx *store.Tx) error {
		_, err := template.Rebrand(ctx, tx, i.config.Platform())
		return err
	})
}

func (i *installation) outside() outside.Of {
	return outside.Of{DB: i.db, Keeper: i.keeper, Folder: courierFolder(i.folder), Config: i.config.Carrying()}
}
