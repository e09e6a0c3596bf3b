// Package visitor signs people in for tests: in this process, with cookies for a request, or over HTTP with a client that keeps them.
package visitor

import (
	"context"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"letterhead/guard"
	"letterhead/store"
	"letterhead/testkit/softkey"
	"letterhead/vault"
)

// Door is the door of an installation at http://localhost:8080, as tests have it.
func Door(t testing.TB, db *store.DB, keeper *vault.Keeper, origins ...string) *guard.Door {
	t.Helper()
	door, err := guard.NewDoor(db, keeper, "localhost", append(origins, "http://localhost:8080")...)
	if err != nil {
		t.Fatal(err)
	}
	return door
}

// Cookies signs a member in who was added to a practice, and returns what their browser keeps.
func Cookies(t testing.TB, door *guard.Door, practice store.PracticeID, member store.MemberID) []*http.Cookie {
	t.Helper()
	ctx := context.Background()
	proof, err := door.Vouch(ctx, practice, member)
	if err != nil {
		t.Fatal(err)
	}
	b := door.Remembered(door.Browser("", "192.0.2.1", "Chrome/140 Linux"), proof.Email)
	token, err := door.Enter(ctx, proof, practice, b, "")
	if err != nil {
		t.Fatal(err)
	}
	return []*http.Cookie{{Name: "letterhead", Value: token, Path: "/"}, {Name: "letterhead-device", Value: door.DeviceCookie(b), Path: "/"}}
}

// Client is a browser without a screen: it keeps cookies and sends forms as its own site's.
type Client struct {
	*http.Client
	t      testing.TB
	Origin string // http://localhost:PORT
	Key    *softkey.Key
}

// New is a client of pages at an origin.
func New(t testing.TB, origin string) *Client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &Client{Client: &http.Client{Jar: jar}, t: t, Origin: strings.TrimSuffix(origin, "/"), Key: softkey.New(t, strings.TrimSuffix(origin, "/"))}
}

// Ask gets a page and returns its status and text; redirects are followed.
func (c *Client) Ask(path string) (int, string) {
	c.t.Helper()
	request, err := http.NewRequest(http.MethodGet, c.Origin+path, nil)
	if err != nil {
		c.t.Fatal(err)
	}
	return c.do(request)
}

// Send posts a form.
func (c *Client) Send(path string, pairs ...string) (int, string) {
	c.t.Helper()
	form := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		form.Add(pairs[i], pairs[i+1])
	}
	request, err := http.NewRequest(http.MethodPost, c.Origin+path, strings.NewReader(form.Encode()))
	if err != nil {
		c.t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("Sec-Fetch-Site", "same-origin")
	return c.do(request)
}

func (c *Client) do(request *http.Request) (int, string) {
	c.t.Helper()
	answer, err := c.Do(request)
	if err != nil {
		c.t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, 4<<20))
	if err != nil {
		c.t.Fatal(err)
	}
	return answer.StatusCode, string(body)
}

var attribute = map[string]*regexp.Regexp{
	"options": regexp.MustCompile(`data-options="([^"]*)"`),
	"state":   regexp.MustCompile(`name="state" value="([^"]*)"`),
}

// Part reads what a page gives to a browser: "options" or "state".
func Part(t testing.TB, page, name string) string {
	t.Helper()
	found := attribute[name].FindStringSubmatch(page)
	if found == nil {
		t.Fatalf("the page has no %s: %s", name, page[:min(len(page), 1500)])
	}
	return html.UnescapeString(found[1])
}

// Accept accepts an invitation's link with a new passkey and is signed in after it.
func (c *Client) Accept(link string) {
	c.t.Helper()
	_, token, found := strings.Cut(link, "/invitation/")
	if !found {
		c.t.Fatalf("%q is no invitation", link)
	}
	path := "/invitation/" + token
	status, page := c.Ask(path)
	if status != http.StatusOK {
		c.t.Fatalf("%s: %d", path, status)
	}
	answer := c.Key.Create(c.t, Part(c.t, page, "options"))
	if status, page = c.Send(path+"/passkey", "state", Part(c.t, page, "state"), "answer", string(answer)); status != http.StatusOK {
		c.t.Fatalf("accepting: %d %s", status, page)
	}
}

// SignIn signs in with the client's passkey, and returns the page that it came to.
func (c *Client) SignIn() (int, string) {
	c.t.Helper()
	_, page := c.Ask("/sign-in")
	answer := c.Key.Get(c.t, Part(c.t, page, "options"))
	return c.Send("/sign-in/passkey", "state", Part(c.t, page, "state"), "answer", string(answer))
}
