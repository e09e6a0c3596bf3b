package drill

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"letterhead/guard"
	"letterhead/store"
)

// ask is one request to the running program.
type ask struct {
	method, to string // an address
	body, kind string
	cookies    []*http.Cookie
	header     map[string]string
}

var client = &http.Client{Timeout: 15 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}

// ask sends it and reads the answer.
func (w *world) ask(ctx context.Context, a ask) (status int, text string, header http.Header, err error) {
	request, err := http.NewRequestWithContext(ctx, a.method, a.to, strings.NewReader(a.body))
	if err != nil {
		return 0, "", nil, err
	}
	if a.kind != "" {
		request.Header.Set("Content-Type", a.kind)
	}
	for name, value := range a.header {
		request.Header.Set(name, value)
	}
	for _, c := range a.cookies {
		request.AddCookie(c)
	}
	answer, err := client.Do(request)
	if err != nil {
		return 0, "", nil, err
	}
	defer answer.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(answer.Body, 4<<20))
	return answer.StatusCode, string(raw), answer.Header, err
}

// refused sends a request that must be refused, or led to the sign-in, and notes what was answered.
func (w *world) refused(ctx context.Context, a ask) error {
	status, text, header, err := w.ask(ctx, a)
	if err != nil {
		return err
	}
	said := fmt.Sprintf("answered %d", status)
	signIn := status == http.StatusSeeOther && strings.HasPrefix(header.Get("Location"), "/sign-in")
	if signIn {
		said += " to the sign-in"
	}
	w.answers.add(said, 1)
	if status < 400 && !signIn || status >= 500 {
		w.wrong("%s %s was answered %d", a.method, pathOf(a.to), status)
	}
	if strings.Contains(text, mark) || strings.Contains(text, evil) {
		w.wrong("%s %s echoed what it was given", a.method, pathOf(a.to))
	}
	return nil
}

func pathOf(address string) string {
	if u, err := url.Parse(address); err == nil {
		return u.Path
	}
	return address
}

// member adds somebody to a practice.
func (w *world) member(ctx context.Context, practice store.PracticeID, role guard.Role) (guard.Member, error) {
	var m guard.Member
	err := w.db.Change(ctx, store.Actor{Practice: practice, Agent: "drill"}, func(tx *store.Tx) (err error) {
		m, err = guard.AddMember(ctx, tx, guard.Member{Email: strings.ReplaceAll(string(role), " ", "") + "@staff.example", Name: "Sam Park", Role: role})
		return err
	})
	return m, err
}

func (w *world) owner(ctx context.Context, practice store.PracticeID) (m guard.Member, err error) {
	err = w.db.View(ctx, store.Actor{Practice: practice, Agent: "drill"}, func(tx *store.Tx) (err error) {
		m, err = guard.OwnerOf(ctx, tx)
		return err
	})
	return m, err
}

func (w *world) door() (*guard.Door, error) {
	return guard.NewDoor(w.db, w.opened.Keeper(), "localhost", w.serving.Pages)
}

// session is all that a browser keeps of somebody who signed in: what a thief of cookies has.
func (w *world) session(ctx context.Context, practice store.PracticeID, member store.MemberID) ([]*http.Cookie, error) {
	door, err := w.door()
	if err != nil {
		return nil, err
	}
	proof, err := door.Vouch(ctx, practice, member)
	if err != nil {
		return nil, err
	}
	b := door.Remembered(door.Browser("", "127.0.0.1", "Chrome/140 Linux"), proof.Email)
	token, err := door.Enter(ctx, proof, practice, b, "")
	if err != nil {
		return nil, err
	}
	cookies := []*http.Cookie{{Name: "letterhead", Value: token}, {Name: "letterhead-device", Value: door.DeviceCookie(b)}}
	status, _, _, err := w.ask(ctx, ask{method: http.MethodGet, to: w.serving.Pages + "/", cookies: cookies})
	if err == nil && status != http.StatusOK {
		err = fmt.Errorf("the session that is stolen does not open the first page: %d", status) // the attack would show nothing
	}
	return cookies, err
}

func form(pairs ...string) string {
	v := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		v.Add(pairs[i], pairs[i+1])
	}
	return v.Encode()
}

const formKind, jsonKind = "application/x-www-form-urlencoded", "application/json"

// payload is what the mails of 2024 said, in a body.
func payload(kind string, practice store.PracticeID) string {
	if kind == jsonKind {
		return fmt.Sprintf(`{"practice":%q,"to":"all","recipients":["c1@wattle.example"],"subject":"You have won","body":"%s https://%s/","template":"reminder-2-days"}`, practice, mark, evil)
	}
	return form("practice", string(practice), "to", "all", "recipients", "c1@wattle.example", "subject", "You have won", "body", mark+" https://"+evil+"/", "template", "reminder-2-days")
}

// sendPaths are where a send request might be, as it was in 2024 and is elsewhere.
var sendPaths = []string{
	"/send", "/email/send", "/emails/send", "/messages/send", "/messages", "/messages/new", "/messages/test", "/messages/all/send", "/bulk", "/bulk/send", "/communications", "/communications/send",
	"/communication/sendemail", "/templates/send", "/templates/1/send", "/wordings/1/send", "/orders", "/orders/new", "/letters", "/letters/new", "/campaigns", "/broadcast", "/notify", "/sms/send",
	"/clients/all/message", "/api/send", "/api/v1/messages", "/api/v1/emails", "/api/v1/send", "/api/tx", "/api/campaigns", "/v2/notifications/email", "/internal/send", "/admin/send", "/hooks/send",
	"/settings/messages/send", "/settings/messages/test", "/settings/messages/rules/reminder-2-days/send",
}

// trySending tries every plausible send request with what the attacker has.
func (w *world) trySending(ctx context.Context, cookies []*http.Cookie, header map[string]string) error {
	from := map[string]string{"Sec-Fetch-Site": "same-origin", "Origin": w.serving.Pages}
	for name, value := range header {
		from[name] = value
	}
	for _, path := range sendPaths {
		for _, kind := range []string{formKind, jsonKind} {
			for _, method := range []string{http.MethodPost, http.MethodPut} {
				if err := w.refused(ctx, ask{method: method, to: w.serving.Pages + path, body: payload(kind, w.victim), kind: kind, cookies: cookies, header: from}); err != nil {
					return err
				}
			}
		}
	}
	return nil
}
