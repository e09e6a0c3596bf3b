// Package team is the pages about who and what works at a practice: members and their roles, invitations, programs and their keys, and which
// members see a client that is kept to some.
//
// An invitation's link and a program's key are shown once, to whoever made them. What changes somebody's access asks for a fresh proof.
package team

import (
	"context"
	"slices"
	"time"

	"letterhead/fault"
	"letterhead/guard"
	"letterhead/store"
	"letterhead/web/page"
	"letterhead/web/ui"
)

type team struct {
	visit   *page.Visit
	frame   ui.Frame
	members []guard.Member
	invited map[store.MemberID]time.Time
	may     bool
}

// Show lists the team.
func Show(v *page.Visit) (page.Answer, error) {
	t := team{visit: v, frame: v.Frame(v.Say("place.team"), "/team"), may: v.May(guard.TeamChange)}
	err := v.View(func(ctx context.Context, tx *store.Tx) (err error) {
		if t.members, err = guard.Members(ctx, tx); err != nil {
			return err
		}
		t.invited, err = guard.Invited(ctx, tx)
		return err
	})
	if did := v.Query("did"); did == "ended" || did == "role" {
		t.frame.Flash = &ui.Flash{Kind: ui.Good, Say: v.Say("did.team-" + did)}
	}
	if err != nil {
		return page.Answer{}, err
	}
	return page.Show(show(t))
}

type form struct {
	visit    *page.Visit
	frame    ui.Frame
	member   guard.Member
	problems []ui.Problem
}

func (f form) errorOf(field string) string {
	for _, p := range f.problems {
		if p.Field == field {
			return p.Say
		}
	}
	return ""
}

// roles are those that the visitor may give.
func roles(v *page.Visit) []ui.Option {
	var out []ui.Option
	for _, role := range guard.Roles() {
		if v.Member.Role.Covers(role) {
			out = append(out, ui.Option{Value: string(role), Say: v.Say("role." + string(role)), Help: v.Say("role-help." + string(role))})
		}
	}
	return out
}

// New is the form of an invitation.
func New(v *page.Visit) (page.Answer, error) {
	return page.Show(showNew(form{visit: v, frame: v.Frame(v.Say("team.invite"), "/team"), member: guard.Member{Role: guard.FrontDesk}}))
}

// Invite adds a member and shows the link that makes somebody this member.
func Invite(v *page.Visit) (page.Answer, error) {
	m := guard.Member{Email: v.Form("email"), Name: v.Form("name"), Role: guard.Role(v.Form("role")), Sees: sees(v)}
	var token string
	err := v.Change(func(ctx context.Context, tx *store.Tx) error {
		if !v.Member.Role.Covers(m.Role) {
			return guard.ErrOver
		}
		added, err := guard.AddMember(ctx, tx, m)
		if err != nil {
			return err
		}
		m = added
		token, err = v.Door.Invite(ctx, tx, m.ID)
		return err
	})
	if problem := page.Problem(v.Text, err); problem != nil {
		return page.Again(showNew(form{visit: v, frame: v.Frame(v.Say("team.invite"), "/team"), member: m, problems: []ui.Problem{*problem}}), err)
	}
	if err != nil {
		return page.Answer{}, err
	}
	return link(v, m, token)
}

func sees(v *page.Visit) guard.Sees {
	if v.Form("own") == "yes" && guard.Role(v.Form("role")) == guard.Practitioner {
		return guard.SeesOwn
	}
	return guard.SeesAll
}

// Again makes another link: for somebody who has not come in yet, whose earlier one stops working, or for one who has lost every way in, whose
// sign-in here ends.
func Again(v *page.Visit) (page.Answer, error) {
	var m guard.Member
	var token string
	err := v.Change(func(ctx context.Context, tx *store.Tx) (err error) {
		if m, err = guard.Find(ctx, tx, store.MemberID(v.Path("member"))); err != nil {
			return err
		}
		if !v.Member.Role.Covers(m.Role) {
			return guard.ErrOver
		}
		if m.Person != "" {
			if err = guard.Detach(ctx, tx, v.Member, m.ID); err != nil {
				return err
			}
		}
		token, err = v.Door.Invite(ctx, tx, m.ID)
		return err
	})
	if err != nil {
		return page.Answer{}, err
	}
	return link(v, m, token)
}

func link(v *page.Visit, m guard.Member, token string) (page.Answer, error) {
	scheme := "http"
	if v.Request.TLS != nil || v.Secure {
		scheme = "https"
	}
	return page.Show(showLink(v, v.Frame(v.Say("team.invited"), "/team"), m, scheme+"://"+v.Request.Host+"/invitation/"+token))
}

// Edit is the form of a member's role.
func Edit(v *page.Visit) (page.Answer, error) {
	f := form{visit: v, frame: v.Frame(v.Say("team.role"), "/team")}
	err := v.View(func(ctx context.Context, tx *store.Tx) (err error) {
		f.member, err = guard.Find(ctx, tx, store.MemberID(v.Path("member")))
		return err
	})
	if err != nil {
		return page.Answer{}, err
	}
	if !f.member.EndedAt.IsZero() {
		return page.Answer{}, store.ErrNone
	}
	return page.Show(showEdit(f))
}

// SetRole gives a member another role.
func SetRole(v *page.Visit) (page.Answer, error) {
	err := v.Change(func(ctx context.Context, tx *store.Tx) error {
		return guard.SetRole(ctx, tx, v.Member, store.MemberID(v.Path("member")), guard.Role(v.Form("role")), sees(v))
	})
	if err != nil {
		return page.Answer{}, err
	}
	return page.Go("/team?did=role")
}

// End takes a member's access away.
func End(v *page.Visit) (page.Answer, error) {
	err := v.Change(func(ctx context.Context, tx *store.Tx) error {
		return guard.EndBy(ctx, tx, v.Member, store.MemberID(v.Path("member")))
	})
	if err != nil {
		return page.Answer{}, err
	}
	return page.Go("/team?did=ended")
}

// stateOf is what a member is, with its colour.
func (t team) stateOf(m guard.Member) (ui.Kind, string) {
	switch {
	case m.Person != "":
		return ui.Good, "team.active"
	case !t.invited[m.ID].IsZero():
		return ui.Wait, "team.waiting"
	}
	return ui.Plain, "team.expired"
}

// --- programs

type programs struct {
	visit       *page.Visit
	frame       ui.Frame
	credentials []guard.Credential
	given       []given
	sender      bool // a program has a key with which it could send
	problems    []ui.Problem
	name        string
	life        string          // of a new key, in months
	chosen      map[string]bool // what it is to be allowed
}

// Programs lists the keys of programs.
func Programs(v *page.Visit) (page.Answer, error) {
	p := programs{visit: v, frame: v.Frame(v.Say("programs.title"), "/team")}
	err := v.View(func(ctx context.Context, tx *store.Tx) (err error) {
		if p.credentials, err = guard.Credentials(ctx, tx); err != nil {
			return err
		}
		return p.grants(ctx, tx)
	})
	switch v.Query("did") {
	case "ended":
		p.frame.Flash = &ui.Flash{Kind: ui.Good, Say: v.Say("did.programs-ended")}
	case "grant":
		p.frame.Flash = &ui.Flash{Kind: ui.Good, Say: v.Say("did.grants-ended")}
	default:
		p.frame.Flash = p.signing()
	}
	if err != nil {
		return page.Answer{}, err
	}
	return page.Show(showPrograms(p))
}

// NewProgram is the form of a program's key.
func NewProgram(v *page.Visit) (page.Answer, error) {
	return page.Show(showNewProgram(programs{visit: v, frame: v.Frame(v.Say("programs.new"), "/team"), life: "3"}))
}

// AddProgram makes a key and shows it, once.
func AddProgram(v *page.Visit) (page.Answer, error) {
	var key string
	var made guard.Credential
	err := v.Change(func(ctx context.Context, tx *store.Tx) error {
		scopes, err := scopes(v)
		if err != nil {
			return err
		}
		key, made, err = v.Door.AddCredential(ctx, tx, v.Member, v.Form("name"), scopes, tx.Now.AddDate(0, months[v.Form("months")], 0))
		return err
	})
	if problem := page.Problem(v.Text, err); problem != nil {
		p := programs{visit: v, frame: v.Frame(v.Say("programs.new"), "/team"), problems: []ui.Problem{*problem}, name: v.Form("name"), life: v.Form("months"), chosen: map[string]bool{}}
		for _, s := range guard.Scopes() {
			p.chosen[s.String()] = slices.Contains(v.Request.PostForm["scope"], s.String())
		}
		return page.Again(showNewProgram(p), err)
	}
	if err != nil {
		return page.Answer{}, err
	}
	return page.Show(showKey(v, v.Frame(v.Say("programs.made"), "/team"), made, key))
}

var months = map[string]int{"1": 1, "3": 3, "12": 12}

func scopes(v *page.Visit) ([]guard.Scope, error) {
	var out []guard.Scope
	if len(v.Request.PostForm["scope"]) > len(guard.Scopes()) {
		return nil, fault.Field("scopes", "guard.scope", "choose each permission once")
	}
	for _, word := range v.Request.PostForm["scope"] {
		s, err := guard.ScopeOf(guard.Permission(word))
		if err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	return out, nil
}

// EndProgram takes a key back.
func EndProgram(v *page.Visit) (page.Answer, error) {
	err := v.Change(func(ctx context.Context, tx *store.Tx) error { return guard.EndCredential(ctx, tx, v.Path("key")) })
	if err != nil {
		return page.Answer{}, err
	}
	return page.Go("/programs?did=ended")
}
