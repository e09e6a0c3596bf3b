package siege

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"letterhead/guard"
	"letterhead/rehearse/drill/caller"
	"letterhead/rehearse/drill/received"
	"letterhead/store"
)

// Ask sends a request to the running program.
func (w *World) Ask(ctx context.Context, a caller.Ask) (status int, text string, header http.Header, err error) {
	answer, err := a.Send(ctx)
	return answer.Status, answer.Text, answer.Header, err
}

// Refused sends a request that must be refused, or led to the sign-in, and notes what was answered.
func (w *World) Refused(ctx context.Context, a caller.Ask) error {
	status, text, header, err := w.Ask(ctx, a)
	if err != nil {
		return err
	}
	said := fmt.Sprintf("answered %d", status)
	signIn := status == http.StatusSeeOther && strings.HasPrefix(header.Get("Location"), "/sign-in")
	if signIn {
		said += " to the sign-in"
	}
	w.Answers.Add(said, 1)
	if status < 400 && !signIn || status >= 500 {
		w.Wrong("%s %s was answered %d", a.Method, pathOf(a.To), status)
	}
	if strings.Contains(text, received.Mark) || strings.Contains(text, received.Evil) {
		w.Wrong("%s %s echoed what it was given", a.Method, pathOf(a.To))
	}
	return nil
}

func pathOf(address string) string {
	if u, err := url.Parse(address); err == nil {
		return u.Path
	}
	return address
}

// Member adds somebody to a practice.
func (w *World) Member(ctx context.Context, practice store.PracticeID, role guard.Role) (guard.Member, error) {
	var m guard.Member
	err := w.DB.Change(ctx, store.Actor{Practice: practice, Agent: "drill"}, func(tx *store.Tx) (err error) {
		m, err = guard.AddMember(ctx, tx, guard.Member{Email: strings.ReplaceAll(string(role), " ", "") + "@staff.example", Name: "Sam Park", Role: role})
		return err
	})
	return m, err
}

// OwnerOf is a practice's owner.
func (w *World) OwnerOf(ctx context.Context, practice store.PracticeID) (m guard.Member, err error) {
	err = w.DB.View(ctx, store.Actor{Practice: practice, Agent: "drill"}, func(tx *store.Tx) (err error) {
		m, err = guard.OwnerOf(ctx, tx)
		return err
	})
	return m, err
}

// Door is the program's.
func (w *World) Door() (*guard.Door, error) {
	return guard.NewDoor(w.DB, w.Open.Keeper(), "localhost", w.Serving.Pages)
}

// Browser is somebody who accepted their invitation and is signed in, as at home.
func (w *World) Browser(ctx context.Context, practice store.PracticeID, member store.MemberID) (*caller.Member, error) {
	door, err := w.Door()
	if err != nil {
		return nil, err
	}
	var token string
	err = w.DB.Change(ctx, store.Actor{Practice: practice, Agent: "drill"}, func(tx *store.Tx) (err error) {
		token, err = door.Invite(ctx, tx, member)
		return err
	})
	if err != nil {
		return nil, err
	}
	return caller.Accept(ctx, w.Serving.Pages, token)
}

// Session is all that a browser keeps of somebody who signed in: what a thief of cookies has.
func (w *World) Session(ctx context.Context, practice store.PracticeID, member store.MemberID) ([]*http.Cookie, error) {
	b, err := w.Browser(ctx, practice, member)
	if err != nil {
		return nil, err
	}
	_, err = b.Get(ctx, "/") // else the attack would show nothing
	return b.Cookies, err
}

// TrySending tries every plausible send request with what the attacker has.
func (w *World) TrySending(ctx context.Context, cookies []*http.Cookie, header map[string]string) error {
	from := map[string]string{"Sec-Fetch-Site": "same-origin", "Origin": w.Serving.Pages}
	for name, value := range header {
		from[name] = value
	}
	for _, path := range caller.SendPaths() {
		for _, kind := range []string{caller.Form, caller.JSON} {
			for _, method := range []string{http.MethodPost, http.MethodPut} {
				if err := w.Refused(ctx, caller.Ask{Method: method, To: w.Serving.Pages + path, Body: caller.Payload(kind, string(w.Victim)), Kind: kind, Cookies: cookies, Header: from}); err != nil {
					return err
				}
			}
		}
	}
	return nil
}
