// Package account is the pages by which people come in: sign in, choose a practice, accept an invitation, show anew who they are, sign out.
//
// They are open to anybody and tell nobody who signs in here: an unknown address gets the words of a wrong password. A session begins with a
// token of its own each time, and the one that the browser had before ends, so that at a shared computer the next person signs in on top and
// stays on the page. Where to go after is a path of ours, never another site's.
//
// What stands between two steps (a challenge, a right password, a proof) is sealed in the form, for this browser alone; package guard says how.
package account

import (
	"context"
	"errors"
	"net/url"
	"strings"

	"letterhead/fault"
	"letterhead/guard"
	"letterhead/practice"
	"letterhead/store"
	"letterhead/web/page"
	"letterhead/web/ui"
)

// door is a page with ways in: of a stranger, or of somebody who shows anew that it is them.
type door struct {
	visit     *page.Visit
	frame     ui.Frame
	next      string
	email     string
	challenge guard.Challenge
	problems  []ui.Problem
	prove     bool   // somebody is signed in and shows that it is them
	base      string // "/sign-in" or "/prove"
	half      string // a right password that waits for its code
	choice    string // a proof that waits for a practice
	places    []place
}

type place struct {
	id   store.PracticeID
	name string
}

// Next is where to go after: a path of ours. Everything else is the first page.
func Next(wanted string) string {
	u, err := url.Parse(wanted)
	bad := err != nil || u.Scheme != "" || u.Host != "" || u.Opaque != "" || !strings.HasPrefix(wanted, "/") || strings.HasPrefix(wanted, "//") || strings.ContainsAny(wanted, "\\\r\n\t") || len(wanted) > 500
	if bad || strings.HasPrefix(u.Path, "/sign-") || strings.HasPrefix(u.Path, "/prove") {
		return "/"
	}
	return wanted
}

func at(v *page.Visit) *door {
	d := &door{visit: v, base: "/sign-in", next: Next(v.Form("next"))}
	if v.Request.Method == "GET" {
		d.next = Next(v.Query("next"))
	}
	d.frame = ui.Frame{Text: v.Text, Title: v.Say("account.sign-in")}
	return d
}

func proving(v *page.Visit) *door {
	d := at(v)
	d.prove, d.base, d.email = true, "/prove", v.Session.Login
	d.frame.Title = v.Say("account.prove")
	return d
}

// of is the session that is being proven, nil where somebody comes in.
func (d *door) of() *guard.Session {
	if d.prove {
		return &d.visit.Session
	}
	return nil
}

// demo says that the person came in by the demonstration's link and may have no other way.
func (d door) demo() bool { return d.visit.Session.Way == guard.ByLink }

func (d *door) ask() (page.Answer, error) {
	d.challenge = d.visit.Door.AskPasskey(d.visit.Browser, d.of())
	return page.Show(show(*d))
}

// again shows the form once more with what was wrong.
func (d *door) again(err error) (page.Answer, error) {
	f := fault.As(err)
	if f == nil || f.Kind == fault.Internal || f.Kind == fault.Unavailable {
		return page.Answer{}, err
	}
	d.problems = []ui.Problem{{Field: f.Field, Say: page.Sentence(d.visit.Text, f)}}
	d.challenge = d.visit.Door.AskPasskey(d.visit.Browser, d.of())
	return page.Again(show(*d), err)
}

// SignIn is where everybody comes in.
func SignIn(v *page.Visit) (page.Answer, error) { return at(v).ask() }

// Prove is where somebody who is signed in shows that it is them.
func Prove(v *page.Visit) (page.Answer, error) { return proving(v).ask() }

// SignInPasskey and the others take what the page sends; each exists for a stranger and for a proof.
func SignInPasskey(v *page.Visit) (page.Answer, error) { return at(v).passkey() }

// ProvePasskey is SignInPasskey for a proof.
func ProvePasskey(v *page.Visit) (page.Answer, error) { return proving(v).passkey() }

// SignInPassword takes an address and a password.
func SignInPassword(v *page.Visit) (page.Answer, error) { return at(v).password() }

// ProvePassword takes the password of who is signed in.
func ProvePassword(v *page.Visit) (page.Answer, error) { return proving(v).password() }

// SignInCode takes a one-time code, after a right password.
func SignInCode(v *page.Visit) (page.Answer, error) { return at(v).code() }

// ProveCode is SignInCode for a proof.
func ProveCode(v *page.Visit) (page.Answer, error) { return proving(v).code() }

func (d *door) passkey() (page.Answer, error) {
	v := d.visit
	proof, err := v.Door.Passkey(v.Context(), v.Browser, d.of(), v.Form("state"), []byte(v.Long("answer")))
	if err != nil {
		return d.again(err)
	}
	return d.proven(proof)
}

func (d *door) password() (page.Answer, error) {
	v := d.visit
	if !d.prove {
		d.email = v.Form("email")
	}
	half, err := v.Door.Password(v.Context(), v.Browser, d.of(), d.email, v.Secret("password"))
	if err != nil {
		return d.again(err)
	}
	d.half = half
	d.frame.Title = v.Say("account.code")
	return page.Show(showCode(*d))
}

func (d *door) code() (page.Answer, error) {
	v := d.visit
	proof, err := v.Door.Code(v.Context(), v.Browser, d.of(), v.Form("half"), v.Form("code"))
	if f := fault.As(err); f != nil && (f.Kind == fault.Invalid || f.Kind == fault.TooMany) {
		d.half, d.problems = v.Form("half"), []ui.Problem{{Field: "code", Say: page.Sentence(v.Text, f)}}
		d.frame.Title = v.Say("account.code")
		return page.Again(showCode(*d), err)
	}
	if err != nil {
		return d.again(err)
	}
	return d.proven(proof)
}

// proven goes on with somebody who has shown who they are.
func (d *door) proven(proof guard.Proof) (page.Answer, error) {
	v := d.visit
	if !d.prove {
		return d.enter(proof)
	}
	token, err := v.Door.Proved(v.Context(), v.Session, proof)
	if err != nil {
		return page.Answer{}, err
	}
	return entered(v, token, proof, d.next)
}

// enter begins a session: at the one practice, at the one that this browser was at, or at the one that is chosen.
func (d *door) enter(proof guard.Proof) (page.Answer, error) {
	v := d.visit
	memberships, err := v.Door.Memberships(v.Context(), proof.Person)
	if err != nil {
		return page.Answer{}, err
	}
	if d.places, err = names(v, memberships); err != nil {
		return page.Answer{}, err
	}
	switch len(d.places) {
	case 0:
		return d.again(fault.New(fault.Denied, "guard.nowhere", "you are in no practice's team any more; ask the practice for an invitation"))
	case 1:
		return enterAt(v, proof, d.places[0].id, d.next)
	}
	// At a shared computer the page of a practice goes on for the next person who works there.
	if v.Session.ID != "" {
		for _, p := range d.places {
			if p.id == v.Session.Practice {
				return enterAt(v, proof, p.id, d.next)
			}
		}
	}
	d.choice, d.frame.Title = v.Door.Choice(proof, v.Browser), v.Say("account.choose")
	return page.Show(choose(*d))
}

// names are the open practices among memberships.
func names(v *page.Visit, memberships []guard.Membership) ([]place, error) {
	var out []place
	for _, m := range memberships { // at most 100, nearly always one
		err := v.DB.View(v.Context(), store.Actor{Practice: m.Practice, Member: m.Member}, func(tx *store.Tx) error {
			p, err := practice.Find(v.Context(), tx)
			if err == nil && p.ClosedAt.IsZero() {
				out = append(out, place{id: p.ID, name: p.Name})
			}
			return err
		})
		if err != nil && !errors.Is(err, practice.ErrNotFound) {
			return nil, err
		}
	}
	return out, nil
}

// Choose enters the practice that was chosen.
func Choose(v *page.Visit) (page.Answer, error) {
	d := at(v)
	proof, err := v.Door.Choose(v.Form("choice"), v.Browser)
	if err != nil {
		return d.again(err)
	}
	return enterAt(v, proof, store.PracticeID(v.Form("practice")), "/")
}

// Other goes to another practice of the same person. The proof is as old as it was.
func Other(v *page.Visit) (page.Answer, error) {
	s := v.Session
	return enterAt(v, guard.Proof{Person: s.Person, Email: s.Login, Way: s.Way, At: s.ProvedAt}, store.PracticeID(v.Form("practice")), "/")
}

func enterAt(v *page.Visit, proof guard.Proof, id store.PracticeID, next string) (page.Answer, error) {
	token, err := v.Door.Enter(v.Context(), proof, id, v.Browser, v.Token)
	if err != nil {
		return page.Answer{}, err
	}
	return entered(v, token, proof, next)
}

func entered(v *page.Visit, token string, proof guard.Proof, next string) (page.Answer, error) {
	known := v.Door.Remembered(v.Browser, proof.Email)
	answer, err := page.Go(next)
	answer.Enter, answer.Known = token, &known
	return answer, err
}

// SignOut ends the session.
func SignOut(v *page.Visit) (page.Answer, error) {
	if err := v.Door.Leave(v.Context(), v.Token); err != nil {
		return page.Answer{}, err
	}
	answer, err := page.Go("/sign-in")
	answer.Leave = true
	return answer, err
}

// Practices are those of a person, for whoever shows them.
func Practices(ctx context.Context, v *page.Visit) (map[store.PracticeID]string, error) {
	memberships, err := v.Door.Memberships(ctx, v.Session.Person)
	if err != nil {
		return nil, err
	}
	places, err := names(v, memberships)
	out := map[store.PracticeID]string{}
	for _, p := range places {
		out[p.id] = p.name
	}
	return out, err
}

func (d door) errorOf(field string) string {
	for _, p := range d.problems {
		if p.Field == field {
			return p.Say
		}
	}
	return ""
}
