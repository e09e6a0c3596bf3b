// Package security is the pages on which members look after their own sign-in: passkeys, password and codes, sessions, practices.
//
// What changes a way to sign in asks for a fresh proof first (the route says so), and ends the person's other sessions. Recovery codes and the
// secret of one-time codes are shown once.
package security

import (
	"letterhead/fault"
	"letterhead/guard"
	"letterhead/store"
	"letterhead/web/account"
	"letterhead/web/page"
	"letterhead/web/ui"
)

type mine struct {
	visit     *page.Visit
	frame     ui.Frame
	ways      guard.Ways
	sessions  []guard.Session
	practices map[store.PracticeID]string
}

// Show is everything about one's own sign-in.
func Show(v *page.Visit) (page.Answer, error) {
	m := mine{visit: v, frame: v.Frame(v.Say("security.title"), "/security")}
	var err error
	if m.ways, err = v.Door.Ways(v.Context(), v.Session.Person); err != nil {
		return page.Answer{}, err
	}
	if m.sessions, err = v.Door.Sessions(v.Context(), v.Session.Person); err != nil {
		return page.Answer{}, err
	}
	if m.practices, err = account.Practices(v.Context(), v); err != nil {
		return page.Answer{}, err
	}
	if did := v.Query("did"); did == "added" || did == "removed" || did == "ended" {
		m.frame.Flash = &ui.Flash{Kind: ui.Good, Say: v.Say("did.security-" + did)}
	}
	return page.Show(show(m))
}

func done(did string, err error) (page.Answer, error) {
	if err != nil {
		return page.Answer{}, err
	}
	return page.Go("/security?did=" + did)
}

type form struct {
	visit     *page.Visit
	frame     ui.Frame
	challenge guard.Challenge
	setup     guard.CodeSetup
	name      string
	problems  []ui.Problem
}

func (f *form) refuse(err error) error {
	wrong := fault.As(err)
	if wrong == nil || (wrong.Kind != fault.Invalid && wrong.Kind != fault.Conflict && wrong.Kind != fault.TooMany && wrong.Kind != fault.Denied) {
		return err
	}
	f.problems = []ui.Problem{{Field: wrong.Field, Say: page.Sentence(f.visit.Text, wrong)}}
	return nil
}

func (f form) errorOf(field string) string {
	for _, p := range f.problems {
		if p.Field == field {
			return p.Say
		}
	}
	return ""
}

// NewPasskey is the form of another passkey.
func NewPasskey(v *page.Visit) (page.Answer, error) {
	return passkeyForm(&form{visit: v}, nil)
}

func passkeyForm(f *form, refused error) (page.Answer, error) {
	v := f.visit
	var err error
	f.frame = v.Frame(v.Say("security.new-passkey"), "/security")
	if f.challenge, err = v.Door.AskEnrol(v.Context(), v.Browser, v.Session); err != nil {
		return page.Answer{}, err
	}
	if refused != nil {
		return page.Again(showPasskey(*f), refused)
	}
	return page.Show(showPasskey(*f))
}

// AddPasskey takes the new passkey.
func AddPasskey(v *page.Visit) (page.Answer, error) {
	err := v.Door.Enrol(v.Context(), v.Browser, v.Session, v.Form("state"), []byte(v.Long("answer")), v.Form("name"))
	if err == nil {
		return done("added", nil)
	}
	f := &form{visit: v, name: v.Form("name")}
	if other := f.refuse(err); other != nil {
		return page.Answer{}, other
	}
	return passkeyForm(f, err)
}

// RemovePasskey removes one.
func RemovePasskey(v *page.Visit) (page.Answer, error) {
	return done("removed", v.Door.RemovePasskey(v.Context(), v.Session, v.Path("key")))
}

// Password is the form of a password with one-time codes, the first or another.
func Password(v *page.Visit) (page.Answer, error) {
	f := &form{visit: v, frame: v.Frame(v.Say("security.password"), "/security")}
	f.setup = v.Door.NewCodes(v.Browser, v.Session.ID, v.Session.Login)
	return page.Show(showPassword(*f))
}

// SetPassword sets it, and shows the recovery codes.
func SetPassword(v *page.Visit) (page.Answer, error) {
	codes, err := v.Door.SetPassword(v.Context(), v.Browser, v.Session, v.Form("setup"), v.Secret("password"), v.Form("code"))
	if err == nil {
		return page.Show(showRecoveries(v.Frame(v.Say("recovery.title"), "/security"), v, codes))
	}
	f := &form{visit: v, frame: v.Frame(v.Say("security.password"), "/security")}
	if other := f.refuse(err); other != nil {
		return page.Answer{}, other
	}
	if f.setup, err = v.Door.AgainCodes(v.Browser, v.Session.ID, v.Session.Login, v.Form("setup")); err != nil {
		f.setup = v.Door.NewCodes(v.Browser, v.Session.ID, v.Session.Login)
	}
	return page.Again(showPassword(*f), fault.New(fault.Invalid, "", ""))
}

// RemovePassword removes the password and its codes.
func RemovePassword(v *page.Visit) (page.Answer, error) {
	return done("removed", v.Door.RemovePassword(v.Context(), v.Session))
}

// NewRecoveries makes new recovery codes and shows them, once.
func NewRecoveries(v *page.Visit) (page.Answer, error) {
	codes, err := v.Door.NewRecoveries(v.Context(), v.Session)
	if err != nil {
		return page.Answer{}, err
	}
	return page.Show(showRecoveries(v.Frame(v.Say("recovery.title"), "/security"), v, codes))
}

// EndSession ends one session, or all others.
func EndSession(v *page.Visit) (page.Answer, error) {
	id := v.Form("session")
	if id == v.Session.ID {
		return account.SignOut(v)
	}
	return done("ended", v.Door.EndSession(v.Context(), v.Session.Person, id, v.Session.ID))
}
