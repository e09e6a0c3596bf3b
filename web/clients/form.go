package clients

import (
	"context"
	"strconv"

	"github.com/a-h/templ"

	"letterhead/client"
	"letterhead/plan"
	"letterhead/store"
	"letterhead/web/page"
	"letterhead/web/story"
	"letterhead/web/ui"
)

// form is what a person may say of a client, or of a contact.
type form struct {
	frame    ui.Frame
	visit    *page.Visit
	to, back string
	of       string // whose name leads back
	client   client.Client
	contact  client.Contact
	fresh    bool
	version  string
	problems []ui.Problem
}

func (f *form) errorOf(field string) string {
	for _, problem := range f.problems {
		if problem.Field == field {
			return problem.Say
		}
	}
	return ""
}

// refused shows a form again with what was typed, or gives the error to the error page.
func (f *form) refused(shown func(*form) templ.Component, err error) (page.Answer, error) {
	err = story.Named(f.visit, "client", err)
	problem := page.Problem(f.visit.Text, err)
	if problem == nil {
		return page.Answer{}, err
	}
	f.problems = []ui.Problem{*problem}
	return page.Again(shown(f), err)
}

// New is the form of a new client.
func New(v *page.Visit) (page.Answer, error) {
	f := &form{visit: v}
	f.frameNew()
	return page.Show(showForm(f))
}

func (f *form) frameNew() {
	f.fresh, f.to, f.back = true, "/clients/new", "/clients"
	f.frame = f.visit.Frame(f.visit.Say("clients.new"), "/clients")
}

// typed puts what was typed into a client.
func typed(v *page.Visit, c *client.Client) {
	c.Title, c.FirstName, c.LastName, c.PreferredName = v.Form("title"), v.Form("first_name"), v.Form("last_name"), v.Form("preferred_name")
	c.Born, c.Language, c.Alert = v.Form("born"), v.Form("language"), v.Form("alert")
	c.Email, c.Mobile = client.Address{Written: v.Form("email")}, client.Address{Written: v.Form("mobile")}
}

// Add writes a new client.
func Add(v *page.Visit) (page.Answer, error) {
	f := &form{visit: v}
	typed(v, &f.client)
	f.frameNew()
	var id client.ID
	err := v.Change(func(ctx context.Context, tx *store.Tx) error {
		keys, err := v.Keys(ctx, tx)
		if err != nil {
			return err
		}
		made, err := client.Add(ctx, tx, keys, f.client)
		id = made.ID
		return err
	})
	if err != nil {
		return f.refused(showForm, err)
	}
	return page.Go("/clients/" + string(id) + "?did=client-added")
}

// Edit is the form of a client who is there.
func Edit(v *page.Visit) (page.Answer, error) {
	f := &form{visit: v}
	if err := f.load(); err != nil {
		return page.Answer{}, err
	}
	return page.Show(showForm(f))
}

func (f *form) load() error {
	return f.visit.View(func(ctx context.Context, tx *store.Tx) error {
		keys, err := f.visit.Keys(ctx, tx)
		if err != nil {
			return err
		}
		f.client, err = client.Find(ctx, tx, keys, client.ID(f.visit.Path("id")))
		f.version, f.of = strconv.FormatInt(f.client.Version, 10), f.client.Name()
		f.back = "/clients/" + string(f.client.ID)
		f.to = f.back + "/change"
		f.frame = f.visit.Frame(f.visit.Say("clients.change"), "/clients")
		return err
	})
}

// Change writes it.
func Change(v *page.Visit) (page.Answer, error) {
	id, read := client.ID(v.Path("id")), v.Form("version")
	err := v.Change(func(ctx context.Context, tx *store.Tx) error {
		keys, err := v.Keys(ctx, tx)
		if err != nil {
			return err
		}
		c, err := client.Find(ctx, tx, keys, id)
		if err != nil {
			return err
		}
		typed(v, &c)
		if c.Version, err = strconv.ParseInt(read, 10, 64); err != nil {
			c.Version = -1 // no reading has this number
		}
		if _, err = client.Change(ctx, tx, keys, c); err != nil {
			return err
		}
		return plan.RefreshClient(ctx, tx, id)
	})
	if err == nil {
		return page.Go("/clients/" + string(id) + "?did=client-changed")
	}
	f := &form{visit: v}
	if err := f.load(); err != nil {
		return page.Answer{}, err
	}
	typed(v, &f.client)
	return f.refused(showForm, err)
}
