package team

import (
	"context"
	"strconv"

	"letterhead/fault"
	"letterhead/grant"
	"letterhead/guard"
	"letterhead/store"
	"letterhead/template"
	"letterhead/web/page"
	"letterhead/web/ui"
)

// given is a grant as the page of programs lists it.
type given struct {
	grant.Grant
	title, line string
}

// grants reads what programs may send, and whether any program could be let.
func (p *programs) grants(ctx context.Context, tx *store.Tx) error {
	open, err := grant.Open(ctx, tx)
	if err != nil {
		return err
	}
	names, err := names(ctx, tx)
	if err != nil {
		return err
	}
	v, who := p.visit, map[string]string{}
	for _, c := range p.credentials {
		who[c.ID] = c.Name
		p.sender = p.sender || c.May(guard.MessageSend)
	}
	for _, g := range open {
		if who[g.Credential] == "" {
			continue // its key was taken back: nothing goes by it
		}
		p.given = append(p.given, given{Grant: g, title: v.Say("grants.may", who[g.Credential], names[g.Wording]),
			line: v.Count("grants.day", int(g.Day)) + " · " + v.Say("programs.until", v.Text.Moment(g.ExpiresAt.In(v.Location), v.Now.In(v.Location)))})
	}
	return nil
}

func names(ctx context.Context, tx *store.Tx) (map[template.ID]string, error) {
	out := map[template.ID]string{}
	all, err := template.List(ctx, tx)
	for _, w := range all {
		out[w.ID] = w.Name
	}
	return out, err
}

// signing leads to the desk while something waits there; nil when nothing does, or nobody said where it is.
func (p programs) signing() *ui.Flash {
	v := p.visit
	for _, g := range p.given {
		if g.SignedAt.IsZero() {
			flash := &ui.Flash{Kind: ui.Wait, Say: v.Say("grants.unsigned")}
			if v.Desk != "" {
				flash.Link, flash.Action = v.Desk+"/p/"+string(v.Practice.ID), v.Say("messages.desk")
			}
			return flash
		}
	}
	return nil
}

// granting is the form of a grant.
type granting struct {
	visit                              *page.Visit
	frame                              ui.Frame
	who, what                          []ui.Option
	credential, wording, day, lifetime string
	problems                           []ui.Problem
}

func (g granting) errorOf(field string) string {
	for _, p := range g.problems {
		if p.Field == field {
			return p.Say
		}
	}
	return ""
}

func (g *granting) read() error {
	v := g.visit
	g.frame = v.Frame(v.Say("grants.new"), "/team")
	return v.View(func(ctx context.Context, tx *store.Tx) error {
		credentials, err := guard.Credentials(ctx, tx)
		if err != nil {
			return err
		}
		for _, c := range credentials {
			if c.May(guard.MessageSend) && c.ExpiresAt.After(v.Now) {
				g.who = append(g.who, ui.Option{Value: c.ID, Say: c.Name + " (" + c.Prefix + "…)"})
			}
		}
		wordings, err := template.List(ctx, tx)
		for _, w := range wordings {
			g.what = append(g.what, ui.Option{Value: string(w.ID), Say: w.Name})
		}
		return err
	})
}

// NewGrant is the form of what a program is to be let send.
func NewGrant(v *page.Visit) (page.Answer, error) {
	g := granting{visit: v, day: "20", lifetime: "3"}
	if err := g.read(); err != nil {
		return page.Answer{}, err
	}
	return page.Show(showGranting(g))
}

// AddGrant writes it down, to be signed at the desk.
func AddGrant(v *page.Visit) (page.Answer, error) {
	g := granting{visit: v, credential: v.Form("credential"), wording: v.Form("wording"), day: v.Form("day"), lifetime: v.Form("months")}
	err := v.Change(func(ctx context.Context, tx *store.Tx) error {
		day, err := strconv.ParseInt(g.day, 10, 64)
		if err != nil {
			day = 0 // refused by grant.Prepare
		}
		_, err = grant.Prepare(ctx, tx, grant.Grant{Credential: g.credential, Wording: template.ID(g.wording), Day: day, ExpiresAt: tx.Now.AddDate(0, months[g.lifetime], 0)})
		return err
	})
	if err == nil {
		return page.Go("/programs")
	}
	problem := page.Problem(v.Text, err)
	if problem == nil && fault.KindOf(err) == fault.NotFound {
		problem = &ui.Problem{Field: "credential", Say: v.Say("grants.no-program")}
	}
	if problem == nil {
		return page.Answer{}, err
	}
	g.problems = []ui.Problem{*problem}
	if err := g.read(); err != nil {
		return page.Answer{}, err
	}
	return page.Again(showGranting(g), err)
}

// EndGrant takes it back, at once.
func EndGrant(v *page.Visit) (page.Answer, error) {
	err := v.Change(func(ctx context.Context, tx *store.Tx) error { return grant.End(ctx, tx, grant.ID(v.Path("key"))) })
	if err != nil {
		return page.Answer{}, err
	}
	return page.Go("/programs?did=grant")
}
