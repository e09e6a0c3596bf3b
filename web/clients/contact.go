package clients

import (
	"context"
	"strconv"

	"letterhead/client"
	"letterhead/plan"
	"letterhead/store"
	"letterhead/vault"
	"letterhead/web/page"
	"letterhead/web/ui"
)

// NewContact is the form of somebody linked to a client.
func NewContact(v *page.Visit) (page.Answer, error) { return contactForm(v, "") }

// EditContact is the form of one who is there.
func EditContact(v *page.Visit) (page.Answer, error) {
	return contactForm(v, client.ContactID(v.Path("contact")))
}

func contactForm(v *page.Visit, id client.ContactID) (page.Answer, error) {
	f := &form{visit: v}
	if err := f.loadContact(id); err != nil {
		return page.Answer{}, err
	}
	return page.Show(showContact(f))
}

func (f *form) loadContact(id client.ContactID) error {
	if err := f.load(); err != nil {
		return err
	}
	f.fresh = id == ""
	f.to, f.contact.Receives = f.back+"/contacts/new", client.NoReminders
	f.frame = f.visit.Frame(f.visit.Say("contacts.new"), "/clients")
	if f.fresh {
		return nil
	}
	f.to = f.back + "/contacts/" + string(id)
	f.frame = f.visit.Frame(f.visit.Say("contacts.change"), "/clients")
	return f.visit.View(func(ctx context.Context, tx *store.Tx) error {
		keys, err := f.visit.Keys(ctx, tx)
		if err != nil {
			return err
		}
		f.contact, err = contactOf(ctx, tx, keys, f.client.ID, id)
		f.version = strconv.FormatInt(f.contact.Version, 10)
		return err
	})
}

// contactOf finds a contact of this client, and of no other.
func contactOf(ctx context.Context, tx *store.Tx, keys *vault.Keys, of client.ID, id client.ContactID) (client.Contact, error) {
	all, err := client.Contacts(ctx, tx, keys, of)
	if err != nil {
		return client.Contact{}, err
	}
	for _, c := range all {
		if c.ID == id {
			return c, nil
		}
	}
	return client.Contact{}, client.ErrNoContact
}

// SaveContact writes a new contact, or one who is there.
func SaveContact(v *page.Visit) (page.Answer, error) {
	of, id := client.ID(v.Path("id")), client.ContactID(v.Path("contact"))
	err := v.Change(func(ctx context.Context, tx *store.Tx) error {
		keys, err := v.Keys(ctx, tx)
		if err != nil {
			return err
		}
		c := client.Contact{Client: of}
		save := client.AddContact
		if id != "" {
			if c, err = contactOf(ctx, tx, keys, of, id); err != nil {
				return err
			}
			if c.Version, err = strconv.ParseInt(v.Form("version"), 10, 64); err != nil {
				c.Version = -1 // no reading has this number
			}
			save = client.ChangeContact
		}
		typedContact(v, &c)
		if _, err := save(ctx, tx, keys, c); err != nil {
			return err
		}
		return plan.RefreshClient(ctx, tx, of)
	})
	if err == nil {
		return page.Go("/clients/" + string(of) + "?did=contact-saved")
	}
	f := &form{visit: v}
	if err := f.loadContact(id); err != nil {
		return page.Answer{}, err
	}
	typedContact(v, &f.contact)
	return f.refused(showContact, err)
}

func typedContact(v *page.Visit, c *client.Contact) {
	c.Name, c.Relation, c.Receives, c.Language = v.Form("name"), v.Form("relation"), client.Reminders(v.Form("receives")), v.Form("language")
	c.Email, c.Mobile = client.Address{Written: v.Form("email")}, client.Address{Written: v.Form("mobile")}
}

// EndContact unlinks somebody.
func EndContact(v *page.Visit) (page.Answer, error) {
	of, id := client.ID(v.Path("id")), client.ContactID(v.Path("contact"))
	err := v.Change(func(ctx context.Context, tx *store.Tx) error {
		keys, err := v.Keys(ctx, tx)
		if err != nil {
			return err
		}
		if _, err := contactOf(ctx, tx, keys, of, id); err != nil {
			return err
		}
		if err := client.EndContact(ctx, tx, id); err != nil {
			return err
		}
		return plan.RefreshClient(ctx, tx, of)
	})
	if err != nil {
		return page.Answer{}, err
	}
	return page.Go("/clients/" + string(of) + "?did=contact-ended")
}

func (f *form) receiving() []ui.Option {
	var options []ui.Option
	for _, word := range []string{"none", "email", "sms", "both"} {
		options = append(options, ui.Option{Value: word, Say: f.visit.Say("contacts.receives-" + word)})
	}
	return options
}
