// Package caller is somebody at the members' pages and at the signing desk who has HTTP and nothing else: people as a browser would do it, and
// thieves with what they stole. What a page does not say, a caller does not know.
package caller

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"letterhead/approval/assertion"
	"letterhead/testkit/key"
)

// The kinds of bodies.
const (
	Form = "application/x-www-form-urlencoded"
	JSON = "application/json"
)

// Fields writes a form.
func Fields(pairs ...string) string {
	v := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		v.Add(pairs[i], pairs[i+1])
	}
	return v.Encode()
}

// Ask is one request.
type Ask struct {
	Method, To string // an address
	Body, Kind string
	Cookies    []*http.Cookie
	Header     map[string]string
}

// Answer is what came of it.
type Answer struct {
	Status  int
	Text    string
	Header  http.Header
	Cookies []*http.Cookie
}

// mostText bounds what is read of an answer.
const mostText = 4 << 20

var client = &http.Client{Timeout: 15 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}

// Send sends it; redirects are not followed.
func (a Ask) Send(ctx context.Context) (Answer, error) {
	request, err := http.NewRequestWithContext(ctx, a.Method, a.To, strings.NewReader(a.Body))
	if err != nil {
		return Answer{}, err
	}
	if a.Kind != "" {
		request.Header.Set("Content-Type", a.Kind)
	}
	for name, value := range a.Header {
		request.Header.Set(name, value)
	}
	for _, c := range a.Cookies {
		request.AddCookie(c)
	}
	answer, err := client.Do(request)
	if err != nil {
		return Answer{}, err
	}
	defer answer.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(answer.Body, mostText))
	return Answer{answer.StatusCode, string(raw), answer.Header, answer.Cookies()}, err
}

// Member is a browser at the members' pages: an origin, its cookies, a passkey.
type Member struct {
	Pages   string
	Cookies []*http.Cookie
	key     *key.Key
}

// own is what a browser says of what its own page sends.
var own = map[string]string{"Sec-Fetch-Site": "same-origin"}

var errPage = errors.New("the page is not as it was")

// Get gets a page, which has to be there.
func (m *Member) Get(ctx context.Context, path string) (string, error) {
	a, err := m.send(ctx, Ask{Method: http.MethodGet, To: m.Pages + path})
	if err == nil && a.Status != http.StatusOK {
		err = fmt.Errorf("%s was answered %d", path, a.Status)
	}
	return a.Text, err
}

// Post sends a form, which has to be taken.
func (m *Member) Post(ctx context.Context, path string, pairs ...string) (Answer, error) {
	a, err := m.send(ctx, Ask{Method: http.MethodPost, To: m.Pages + path, Body: Fields(pairs...), Kind: Form, Header: own})
	if err == nil && a.Status >= 400 {
		err = fmt.Errorf("%s was answered %d", path, a.Status)
	}
	return a, err
}

func (m *Member) send(ctx context.Context, a Ask) (Answer, error) {
	a.Cookies = m.Cookies
	answer, err := a.Send(ctx)
	for _, c := range answer.Cookies {
		kept := []*http.Cookie{c}
		for _, old := range m.Cookies {
			if old.Name != c.Name {
				kept = append(kept, old)
			}
		}
		m.Cookies = kept
	}
	return answer, err
}

var (
	options = regexp.MustCompile(`data-options="([^"]*)"`)
	state   = regexp.MustCompile(`name="state" value="([^"]*)"`)
)

func part(page string, of *regexp.Regexp) (string, error) {
	found := of.FindStringSubmatch(page)
	if found == nil {
		return "", fmt.Errorf("%w: no %s", errPage, of)
	}
	return html.UnescapeString(found[1]), nil
}

// Accept accepts an invitation with a new passkey, and is signed in after it.
func Accept(ctx context.Context, pages, token string) (*Member, error) {
	m := &Member{Pages: pages}
	page, err := m.Get(ctx, "/invitation/"+token)
	if err != nil {
		return nil, err
	}
	text, err := part(page, options)
	if err != nil {
		return nil, err
	}
	form, err := part(page, state)
	if err != nil {
		return nil, err
	}
	asked, err := read(text)
	if err != nil {
		return nil, err
	}
	m.key = key.New(assertion.Party{Origin: pages, RPID: asked.RP.ID})
	object, data := m.key.Create(asked.challenge[:])
	answer, err := json.Marshal(map[string]any{"id": m.key.Subject(), "rawId": m.key.Subject(), "type": "public-key",
		"response": map[string]string{"attestationObject": encode(object), "clientDataJSON": encode(data)}})
	if err != nil {
		return nil, err
	}
	_, err = m.Post(ctx, "/invitation/"+token+"/passkey", "state", form, "answer", string(answer))
	return m, err
}

// SignIn signs in with the passkey.
func (m *Member) SignIn(ctx context.Context) error {
	page, err := m.Get(ctx, "/sign-in")
	if err != nil {
		return err
	}
	text, err := part(page, options)
	if err != nil {
		return err
	}
	form, err := part(page, state)
	if err != nil {
		return err
	}
	asked, err := read(text)
	if err != nil {
		return err
	}
	s := m.key.Sign(asked.challenge)
	answer, err := json.Marshal(map[string]any{"id": s.Key, "rawId": s.Key, "type": "public-key",
		"response": map[string]string{"authenticatorData": encode(s.AuthenticatorData), "clientDataJSON": encode(s.ClientData), "signature": encode(s.Signature)}})
	if err != nil {
		return err
	}
	_, err = m.Post(ctx, "/sign-in/passkey", "state", form, "answer", string(answer))
	return err
}

// As is the member's passkey, used at another party.
func (m *Member) As(party assertion.Party) *key.Key {
	k := *m.key
	k.Party = party
	return &k
}

// asked is what a page or the desk wants a passkey to do.
type asked struct {
	Challenge string `json:"challenge"`
	RP        struct {
		ID string `json:"id"`
	} `json:"rp"`
	challenge [32]byte
}

func read(text string) (asked, error) {
	var a asked
	if err := json.Unmarshal([]byte(text), &a); err != nil {
		return a, fmt.Errorf("%w: %w", errPage, err)
	}
	raw, err := base64.RawURLEncoding.DecodeString(a.Challenge)
	if err != nil || len(raw) != len(a.challenge) {
		return a, fmt.Errorf("%w: a challenge of %d bytes", errPage, len(raw))
	}
	a.challenge = [32]byte(raw)
	return a, nil
}

func encode(raw []byte) string { return base64.RawURLEncoding.EncodeToString(raw) }
