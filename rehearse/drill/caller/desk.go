package caller

import (
	"context"
	"encoding/json"
	"fmt"
	"html"
	"net/http"
	"regexp"
	"strings"

	"letterhead/testkit/key"
)

// Desk is a browser at the signing desk with a signing key, whoever's.
type Desk struct {
	Home string // https://DESK/p/PRACTICE
	Key  *key.Key

	cookies []*http.Cookie
}

// Item is something on the list that waits for a signature.
type Item struct{ ID, Title string }

// touch is what the desk asks of the key.
type touch struct {
	Options json.RawMessage `json:"options"`
	To      string          `json:"to"`
	Go      string          `json:"go"`
	Say     string          `json:"say"`
}

func (d *Desk) post(ctx context.Context, path string, body any) (touch, error) {
	raw, err := json.Marshal(body)
	if err != nil {
		return touch{}, err
	}
	a, err := Ask{Method: http.MethodPost, To: d.Home + path, Body: string(raw), Kind: JSON, Header: own, Cookies: d.cookies}.Send(ctx)
	if err != nil {
		return touch{}, err
	}
	if len(a.Cookies) > 0 {
		d.cookies = a.Cookies
	}
	var t touch
	if err := json.Unmarshal([]byte(a.Text), &t); err != nil {
		return t, fmt.Errorf("the desk answered %s with %d", path, a.Status)
	}
	if a.Status != http.StatusOK {
		return t, fmt.Errorf("the desk answered %s with %d: %s", path, a.Status, t.Say)
	}
	return t, nil
}

// answer has the key answer what the desk asks.
func (d *Desk) answer(ctx context.Context, t touch) error {
	asked, err := read(string(t.Options))
	if err != nil {
		return err
	}
	s := d.Key.Sign(asked.challenge)
	_, path, _ := strings.Cut(t.To, "/p/")
	_, path, _ = strings.Cut(path, "/")
	_, err = d.post(ctx, "/"+path, map[string]string{"key": s.Key, "authenticator_data": encode(s.AuthenticatorData), "client_data": encode(s.ClientData), "signature": encode(s.Signature)})
	return err
}

// Unlock opens the desk.
func (d *Desk) Unlock(ctx context.Context) error {
	t, err := d.post(ctx, "/ask", map[string]string{"for": "unlock"})
	if err != nil {
		return err
	}
	return d.answer(ctx, t)
}

var item = regexp.MustCompile(`name="item" value="([^"]*)"[^>]*>\s*<span><span class="kind">([^<]*)</span><span class="title"><bdi>([^<]*)</bdi>`)

// Waits lists what may be signed.
func (d *Desk) Waits(ctx context.Context) ([]Item, error) {
	a, err := Ask{Method: http.MethodGet, To: d.Home, Cookies: d.cookies}.Send(ctx)
	if err != nil {
		return nil, err
	}
	if a.Status != http.StatusOK {
		return nil, fmt.Errorf("the desk's list was answered %d", a.Status)
	}
	var out []Item
	for _, m := range item.FindAllStringSubmatch(a.Text, -1) {
		out = append(out, Item{ID: html.UnescapeString(m[1]), Title: html.UnescapeString(m[2] + ": " + m[3])})
	}
	return out, nil
}

// Sign signs some of the list.
func (d *Desk) Sign(ctx context.Context, items ...Item) error {
	ids := []string{}
	for _, i := range items {
		ids = append(ids, i.ID)
	}
	t, err := d.post(ctx, "/sheet", map[string][]string{"items": ids})
	if err != nil {
		return err
	}
	return d.answer(ctx, t)
}

// Compose puts a statement of one's own on the list.
func (d *Desk) Compose(ctx context.Context, pairs ...string) error {
	a, err := Ask{Method: http.MethodPost, To: d.Home + "/compose", Body: Fields(pairs...), Kind: Form, Header: own, Cookies: d.cookies}.Send(ctx)
	if err == nil && a.Status >= 400 {
		err = fmt.Errorf("the desk answered %d", a.Status)
	}
	return err
}
