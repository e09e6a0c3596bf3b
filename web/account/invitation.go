package account

import (
	"letterhead/fault"
	"letterhead/guard"
	"letterhead/practice"
	"letterhead/store"
	"letterhead/web/page"
	"letterhead/web/ui"
)

// invitation is the page of somebody who was invited.
type invitation struct {
	visit     *page.Visit
	frame     ui.Frame
	token     string
	guest     guard.Invitation
	practice  practice.Practice
	challenge guard.Challenge
	setup     guard.CodeSetup
	problems  []ui.Problem
	open      bool // the password's part
}

func invited(v *page.Visit) (*invitation, error) {
	i := &invitation{visit: v, token: v.Path("token")}
	var err error
	if i.guest, err = v.Door.Invitation(v.Context(), v.Browser, i.token); err != nil {
		return nil, err
	}
	err = v.DB.View(v.Context(), store.Actor{Practice: i.guest.Practice, Member: i.guest.Member.ID}, func(tx *store.Tx) error {
		i.practice, err = practice.Find(v.Context(), tx)
		return err
	})
	if err == nil && !i.practice.ClosedAt.IsZero() {
		return nil, practice.ErrNotFound
	}
	i.frame = ui.Frame{Text: v.Text, Title: v.Say("invite.title", i.practice.Name), Accent: ui.Nearest(i.practice.Accent)}
	return i, err
}

func (i *invitation) ask(state string) error {
	v := i.visit
	i.challenge = v.Door.AskJoin(v.Browser, i.guest)
	if state != "" {
		if again, err := v.Door.AgainCodes(v.Browser, i.guest.ID, i.guest.Member.Email, state); err == nil {
			i.setup = again
			return nil
		}
	}
	i.setup = v.Door.NewCodes(v.Browser, i.guest.ID, i.guest.Member.Email)
	return nil
}

// Invitation shows what somebody is invited to, and the ways to accept. Looking uses nothing up.
func Invitation(v *page.Visit) (page.Answer, error) {
	i, err := invited(v)
	if err != nil {
		return page.Answer{}, err
	}
	if err := i.ask(""); err != nil {
		return page.Answer{}, err
	}
	return page.Show(showInvitation(*i))
}

func (i *invitation) again(err error, state string) (page.Answer, error) {
	f := fault.As(err)
	if f == nil || (f.Kind != fault.Invalid && f.Kind != fault.Conflict && f.Kind != fault.TooMany && f.Kind != fault.Denied) {
		return page.Answer{}, err
	}
	i.problems = []ui.Problem{{Field: f.Field, Say: page.Sentence(i.visit.Text, f)}}
	i.open = state != ""
	if wrong := i.ask(state); wrong != nil {
		return page.Answer{}, wrong
	}
	return page.Again(showInvitation(*i), err)
}

// AcceptPasskey accepts with a new passkey.
func AcceptPasskey(v *page.Visit) (page.Answer, error) {
	i, err := invited(v)
	if err != nil {
		return page.Answer{}, err
	}
	proof, err := v.Door.JoinWithPasskey(v.Context(), v.Browser, i.token, v.Form("state"), []byte(v.Long("answer")), v.Form("name"))
	if err != nil {
		return i.again(err, "")
	}
	return enterAt(v, proof, i.guest.Practice, "/")
}

// AcceptPassword accepts with a new password and one-time codes, and shows the recovery codes, once.
func AcceptPassword(v *page.Visit) (page.Answer, error) {
	i, err := invited(v)
	if err != nil {
		return page.Answer{}, err
	}
	proof, codes, err := v.Door.JoinWithPassword(v.Context(), v.Browser, i.token, v.Form("setup"), v.Secret("password"), v.Form("code"))
	if err != nil {
		return i.again(err, v.Form("setup"))
	}
	answer, err := enterAt(v, proof, i.guest.Practice, "/")
	if err != nil {
		return answer, err
	}
	i.frame.Title = v.Say("recovery.title")
	answer.To, answer.Status, answer.Body = "", 200, showRecoveries(*i, codes)
	return answer, nil
}

// Accept accepts as who is signed in.
func Accept(v *page.Visit) (page.Answer, error) {
	i, err := invited(v)
	if err != nil {
		return page.Answer{}, err
	}
	proof, err := v.Door.JoinAs(v.Context(), v.Browser, i.token, v.Session)
	if err != nil {
		return i.again(err, "")
	}
	return enterAt(v, proof, i.guest.Practice, "/")
}

func (i invitation) errorOf(field string) string { return door{problems: i.problems}.errorOf(field) }
