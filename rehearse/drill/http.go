package drill

import (
	"context"
	"encoding/base64"
	"fmt"
	"html"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"letterhead/approval"
	"letterhead/approval/assertion"
	"letterhead/courier/trust"
	"letterhead/guard"
	"letterhead/rehearse/drill/caller"
	"letterhead/store"
	"letterhead/testkit/key"
)

// overHTTP are attacks by whoever reaches the pages.
func overHTTP() []attack {
	return []attack{
		{name: "send-without-session", class: "A1", words: true, do: sendWithoutSession, tries: "the send request of 2024, at every place where one might be, by nobody"},
		{name: "send-from-other-practice", class: "A1", words: true, do: sendFromOther, tries: "the same with the session of another practice's owner, and with the victim's ids"},
		{name: "send-from-front-desk", class: "A1", words: true, do: sendFromDesk, tries: "the same with the session of the victim's front desk"},
		{name: "stolen-session", class: "A6", do: stolenSession, tries: "the owner's cookies, without a key: the send requests, a rule changed to write to everybody, the desk"},
		{name: "stolen-cookie", class: "A6", words: true, do: stolenCookie, tries: "the owner's session cookie alone, from another device: the pages, the send requests"},
		{name: "passkey-in-rows", class: "A6", words: true, do: passkeyInRows, tries: "the attacker's passkey in the owner's row: they sign in as the owner, and go on to the desk with it"},
		{name: "stolen-credential", class: "A6", words: true, do: stolenCredential, tries: "a program's key with every scope there is: the send requests, the pages, the desk"},
		{name: "desk-from-the-pages", class: "A2", words: true, do: deskFromPages, tries: "a script on the pages' origin (XSS) with all of the owner's cookies asks the desk for a list, a sheet, a signature"},
		{name: "sign-in-as-signature", class: "A13", do: signInAsSignature, tries: "the owner's passkey is asked, at the sign-in, for a challenge that is a sheet with other words; the answer goes into the chain"},
		{name: "public-forms", class: "A3", words: true, do: publicForms, tries: "sign-in, invitation, unsubscribe, links and hooks, each with a stranger's address and the words of 2024"},
	}
}

func sendWithoutSession(ctx context.Context, w *world) error { return w.TrySending(ctx, nil, nil) }

func sendFromOther(ctx context.Context, w *world) error {
	owner, err := w.OwnerOf(ctx, w.Other)
	if err != nil {
		return err
	}
	cookies, err := w.Session(ctx, w.Other, owner.ID)
	if err != nil {
		return err
	}
	if err := w.TrySending(ctx, cookies, nil); err != nil {
		return err
	}
	// What there is of the victim's, by its real ids.
	ids, err := w.ids(ctx)
	if err != nil {
		return err
	}
	for _, path := range []string{"/appointments/" + ids.appointment, "/clients/" + ids.client + "/reach"} {
		if err := w.Refused(ctx, caller.Ask{Method: http.MethodGet, To: w.Serving.Pages + path, Cookies: cookies}); err != nil {
			return err
		}
	}
	return w.Refused(ctx, caller.Ask{Method: http.MethodPost, To: w.Serving.Pages + "/appointments/" + ids.appointment + "/cancel", Cookies: cookies, Kind: caller.Form, Header: map[string]string{"Sec-Fetch-Site": "same-origin"}})
}

type ids struct{ appointment, client string }

func (w *world) ids(ctx context.Context) (found ids, err error) {
	err = w.DB.WholeView(ctx, "drill: ids", func(x *store.Wide) error {
		return x.Row(ctx, `SELECT appointment, client FROM attendee WHERE practice = $1 ORDER BY id LIMIT 1`, string(w.Victim)).Scan(&found.appointment, &found.client)
	})
	return found, err
}

func sendFromDesk(ctx context.Context, w *world) error {
	m, err := w.Member(ctx, w.Victim, guard.FrontDesk)
	if err != nil {
		return err
	}
	cookies, err := w.Session(ctx, w.Victim, m.ID)
	if err != nil {
		return err
	}
	return w.TrySending(ctx, cookies, nil)
}

func stolenSession(ctx context.Context, w *world) error {
	owner, err := w.OwnerOf(ctx, w.Victim)
	if err != nil {
		return err
	}
	cookies, err := w.Session(ctx, w.Victim, owner.ID)
	if err != nil {
		return err
	}
	if err := w.TrySending(ctx, cookies, nil); err != nil {
		return err
	}
	if err := w.atDesk(ctx, cookies, map[string]string{"Sec-Fetch-Site": "none"}); err != nil {
		return err
	}
	// The page of automatic messages is the owner's to change: what comes of it is not signed.
	return w.changeRule(ctx, cookies, "reminder-2-days")
}

func stolenCookie(ctx context.Context, w *world) error {
	owner, err := w.OwnerOf(ctx, w.Victim)
	if err != nil {
		return err
	}
	b, err := w.Browser(ctx, w.Victim, owner.ID)
	if err != nil {
		return err
	}
	alone := slices.DeleteFunc(slices.Clone(b.Cookies), func(c *http.Cookie) bool { return c.Name != "letterhead" })
	if len(alone) != 1 {
		return fmt.Errorf("%d cookies of a session", len(alone))
	}
	for _, path := range []string{"/", "/stop", "/settings/messages"} {
		if err := w.Refused(ctx, caller.Ask{Method: http.MethodGet, To: w.Serving.Pages + path, Cookies: alone}); err != nil {
			return err
		}
	}
	return w.TrySending(ctx, alone, nil)
}

// passkeyInRows also shows that a passkey of the members' pages opens no desk, whoever's it is said to be.
func passkeyInRows(ctx context.Context, w *world) error {
	owner, err := w.OwnerOf(ctx, w.Victim)
	if err != nil {
		return err
	}
	if _, err := w.Browser(ctx, w.Victim, owner.ID); err != nil { // the owner has one of their own
		return err
	}
	clerk, err := w.Member(ctx, w.Other, guard.FrontDesk)
	if err != nil {
		return err
	}
	thief, err := w.Browser(ctx, w.Other, clerk.ID)
	if err != nil {
		return err
	}
	err = w.Exec(ctx, `UPDATE passkey SET person = (SELECT person FROM member WHERE practice = $1 AND id = $2) WHERE person = (SELECT person FROM member WHERE practice = $3 AND id = $4)`,
		string(w.Victim), string(owner.ID), string(w.Other), string(clerk.ID))
	if err != nil {
		return err
	}
	if err := thief.SignIn(ctx); err != nil {
		w.Answers.Add("signing in: "+err.Error(), 1)
	}
	if err := w.TrySending(ctx, thief.Cookies, nil); err != nil {
		return err
	}
	if err := w.atDesk(ctx, thief.Cookies, map[string]string{"Sec-Fetch-Site": "none"}); err != nil {
		return err
	}
	desk, err := trust.Desk(w.CourierFolder())
	if err != nil {
		return err
	}
	d := &caller.Desk{Home: w.Serving.Desk + "/p/" + string(w.Victim), Key: thief.As(desk)}
	if err := d.Unlock(ctx); err == nil {
		w.Wrong("a passkey for signing in opened the desk")
	} else {
		w.Answers.Add(err.Error(), 1)
	}
	return nil
}

// What a browser would send of a form: fields with a value, of choices the chosen ones.
var (
	input  = regexp.MustCompile(`<input[^>]*>`)
	choice = regexp.MustCompile(`(?s)<select[^>]*name="([^"]*)"[^>]*>(.*?)</select>`)
	picked = regexp.MustCompile(`<option value="([^"]*)"[^>]* selected`)
	named  = regexp.MustCompile(` name="([^"]*)"`)
	valued = regexp.MustCompile(` value="([^"]*)"`)
)

// filled reads the fields of a page's form.
func filled(page string) (pairs [][2]string) {
	for _, tag := range input.FindAllString(page, -1) {
		name, value := named.FindStringSubmatch(tag), valued.FindStringSubmatch(tag)
		chooses := strings.Contains(tag, `type="radio"`) || strings.Contains(tag, `type="checkbox"`)
		if name != nil && value != nil && (!chooses || strings.Contains(tag, " checked")) {
			pairs = append(pairs, [2]string{html.UnescapeString(name[1]), html.UnescapeString(value[1])})
		}
	}
	for _, c := range choice.FindAllStringSubmatch(page, -1) {
		if option := picked.FindStringSubmatch(c[2]); option != nil {
			pairs = append(pairs, [2]string{html.UnescapeString(c[1]), html.UnescapeString(option[1])})
		}
	}
	return pairs
}

// changeRule saves a rule's page with another hour, as a browser would.
func (w *world) changeRule(ctx context.Context, cookies []*http.Cookie, rule string) error {
	to := w.Serving.Pages + "/settings/messages/rules/" + rule
	status, page, _, err := w.Ask(ctx, caller.Ask{Method: http.MethodGet, To: to, Cookies: cookies})
	if err != nil {
		return err
	}
	if status != http.StatusOK {
		return fmt.Errorf("the page of a rule was answered %d", status)
	}
	pairs := []string{"do", "save"}
	for _, field := range filled(page) {
		if field[0] == "at" {
			field[1] = "09:00"
		}
		pairs = append(pairs, field[0], field[1])
	}
	status, _, _, err = w.Ask(ctx, caller.Ask{Method: http.MethodPost, To: to, Body: caller.Fields(pairs...), Kind: caller.Form, Cookies: cookies, Header: map[string]string{"Sec-Fetch-Site": "same-origin"}})
	if err == nil {
		w.Answers.Add(fmt.Sprintf("rule saved: %d", status), 1)
	}
	return err
}

func stolenCredential(ctx context.Context, w *world) error {
	owner, err := w.OwnerOf(ctx, w.Victim)
	if err != nil {
		return err
	}
	door, err := w.Door()
	if err != nil {
		return err
	}
	var text string
	err = w.DB.Change(ctx, store.Actor{Practice: w.Victim, Member: owner.ID}, func(tx *store.Tx) (err error) {
		text, _, err = door.AddCredential(ctx, tx, owner, "stolen", guard.Scopes(), tx.Now.Add(24*time.Hour))
		return err
	})
	if err != nil {
		return err
	}
	header := map[string]string{"Authorization": "Bearer " + text, "X-Api-Key": text}
	if err := w.TrySending(ctx, nil, header); err != nil {
		return err
	}
	return w.atDesk(ctx, nil, header)
}

// atDesk asks the desk for everything that needs a key.
func (w *world) atDesk(ctx context.Context, cookies []*http.Cookie, header map[string]string) error {
	home := w.Serving.Desk + "/p/" + string(w.Victim)
	asks := []caller.Ask{
		{Method: http.MethodPost, To: home + "/sheet", Body: `{"items":["x"]}`, Kind: caller.JSON},
		{Method: http.MethodPost, To: home + "/sign/x", Body: `{"key":"x"}`, Kind: caller.JSON},
		{Method: http.MethodPost, To: home + "/unlock", Body: `{"key":"x","client_data":"e30","authenticator_data":"","signature":""}`, Kind: caller.JSON},
		{Method: http.MethodPost, To: home + "/first", Body: `{"secret":"x"}`, Kind: caller.JSON},
		{Method: http.MethodPost, To: home + "/compose", Body: caller.Fields("kind", "hosts", "hosts", evil), Kind: caller.Form},
		{Method: http.MethodPost, To: home + "/invite", Body: caller.Fields("member", "x"), Kind: caller.Form},
		{Method: http.MethodGet, To: home + "/keys"}, {Method: http.MethodGet, To: home + "/keep"},
	}
	for _, a := range asks {
		a.Cookies = cookies
		for _, c := range cookies { // the name of the desk's own cookie too
			a.Cookies = append(a.Cookies, &http.Cookie{Name: "desk", Value: c.Value})
		}
		a.Header = header
		if err := w.Refused(ctx, a); err != nil {
			return err
		}
	}
	return nil
}

func deskFromPages(ctx context.Context, w *world) error {
	owner, err := w.OwnerOf(ctx, w.Victim)
	if err != nil {
		return err
	}
	cookies, err := w.Session(ctx, w.Victim, owner.ID)
	if err != nil {
		return err
	}
	// What a browser says of a request that a script, a form, a frame or an image of the pages' origin makes: another port is the same site.
	for _, mode := range [][2]string{{"cors", "empty"}, {"no-cors", "empty"}, {"no-cors", "image"}, {"navigate", "iframe"}} {
		header := map[string]string{"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": mode[0], "Sec-Fetch-Dest": mode[1], "Origin": w.Serving.Pages}
		if err := w.atDesk(ctx, cookies, header); err != nil {
			return err
		}
		home := w.Serving.Desk + "/p/" + string(w.Victim)
		if err := w.Refused(ctx, caller.Ask{Method: http.MethodGet, To: home, Cookies: cookies, Header: header}); err != nil {
			return err
		}
		if err := w.Refused(ctx, caller.Ask{Method: http.MethodPost, To: home + "/ask", Body: `{"for":"unlock"}`, Kind: caller.JSON, Cookies: cookies, Header: header}); err != nil {
			return err
		}
		_, _, got, err := w.Ask(ctx, caller.Ask{Method: http.MethodGet, To: home, Cookies: cookies, Header: header})
		if err != nil {
			return err
		}
		if got.Get("Access-Control-Allow-Origin") != "" {
			w.Wrong("the desk lets another origin read")
		}
	}
	return nil
}

func signInAsSignature(ctx context.Context, w *world) error {
	// The sign-in's page does not say what is signed there: a sheet is put in the place of its challenge. Even where the passkey is the one that
	// signs, its answer says where it was given.
	o, err := w.Signer(ctx, w.Victim)
	if err != nil {
		return err
	}
	mine := *o.Key
	mine.Party = assertion.Party{Origin: w.Serving.Pages, RPID: "localhost"}
	content, digest, subject, err := w.Forge(ctx, w.Victim, w.Victim, nil)
	if err != nil {
		return err
	}
	if err := w.Plant(ctx, w.Victim, subject, content, digest); err != nil {
		return err
	}
	if err := w.SlipIn(ctx, w.Victim, &mine, func(s *approval.State) *approval.Statement {
		x := s.Draft(approval.KindWording, subject, o.Member)
		x.Digest, x.Body.Wording = digest, &approval.WordingBody{Purpose: "appointments"}
		return x
	}); err != nil {
		return err
	}
	// And the other way round: the answer to a sign-in's challenge does not unlock the desk.
	return w.unlockWith(ctx, &mine)
}

var options = regexp.MustCompile(`challenge&#34;:&#34;([A-Za-z0-9_-]+)`)

// unlockWith answers the desk with an assertion over the sign-in's challenge.
func (w *world) unlockWith(ctx context.Context, k *key.Key) error {
	_, page, _, err := w.Ask(ctx, caller.Ask{Method: http.MethodGet, To: w.Serving.Pages + "/sign-in"})
	if err != nil {
		return err
	}
	found := options.FindStringSubmatch(page)
	if found == nil {
		return fmt.Errorf("the sign-in's page has no challenge")
	}
	raw, err := base64.RawURLEncoding.DecodeString(found[1])
	if err != nil {
		return err
	}
	s := k.Sign([32]byte(append(raw, make([]byte, 32)...)[:32]))
	encode := base64.RawURLEncoding.EncodeToString
	body := fmt.Sprintf(`{"key":%q,"authenticator_data":%q,"client_data":%q,"signature":%q}`, s.Key, encode(s.AuthenticatorData), encode(s.ClientData), encode(s.Signature))
	return w.Refused(ctx, caller.Ask{Method: http.MethodPost, To: w.Serving.Desk + "/p/" + string(w.Victim) + "/unlock", Body: body, Kind: caller.JSON})
}

var value = regexp.MustCompile(` value="[^"<>]*"`)

func publicForms(ctx context.Context, w *world) error {
	stranger := `"><b>` + mark + `</b>@` + evil
	fields := caller.Fields("email", stranger, "address", stranger, "name", mark, "username", stranger, "password", mark, "state", mark, "answer", mark, "code", mark, "text", mark, "reason", mark)
	for _, path := range []string{"/sign-in/passkey", "/sign-in/password", "/sign-in/code", "/sign-in/practice", "/invitation/" + mark + "/passkey", "/invitation/" + mark + "/password",
		"/unsubscribe/" + mark, "/hooks/sms/" + mark, "/hooks/mail/sink", "/hooks/mail/" + mark, "/l/" + mark + "/1"} {
		for _, header := range []map[string]string{{"Sec-Fetch-Site": "same-origin"}, {"Sec-Fetch-Site": "cross-site", "Origin": "https://" + evil}, {}} {
			for _, method := range []string{http.MethodPost, http.MethodGet} {
				a := caller.Ask{Method: method, To: w.Serving.Pages + path, Header: header}
				if method == http.MethodPost {
					a.Body, a.Kind = fields, caller.Form
				} else {
					a.To += "?" + fields
				}
				status, text, _, err := w.Ask(ctx, a)
				if err != nil {
					return err
				}
				w.Answers.Add(fmt.Sprintf("answered %d", status), 1)
				if status >= 500 {
					w.Wrong("%s %s was answered %d", method, path, status)
				}
				// A form is shown again with what was typed into it, as its value and escaped.
				if text = value.ReplaceAllString(text, ""); strings.Contains(text, mark) || strings.Contains(text, evil) {
					w.Wrong("%s %s echoed what it was given", method, path)
				}
			}
		}
	}
	return nil
}
