package public_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"

	"letterhead/public"
	"letterhead/store"
	"letterhead/template"
	"letterhead/wording"
)

// linkWorld is the world with a version in practice a and one that nobody approved in b.
type linkWorld struct {
	*world
	digest, evil wording.Digest
	approved     map[wording.Digest]store.PracticeID
	stopped      map[string]bool // hosts and addresses
	broken       error
}

func linkVersion(name, address string) *wording.Version {
	host, _, _ := strings.Cut(strings.TrimPrefix(address, "https://"), "/")
	return &wording.Version{
		Format: wording.Format, Purpose: wording.Transactional, Sender: wording.Sender{Name: name, Local: "hello", Domain: "wattle.example"},
		Branding: wording.Branding{Name: name, Accent: "#1f4e79", Phone: &wording.Phone{Display: "(03) 5550 0142", Number: "+61355500142"}}, Hosts: []string{host}, DefaultLanguage: "en",
		Languages: []wording.Language{{Tag: "en", Subject: wording.Say("News"), Blocks: []wording.Block{
			wording.Button("How to find us", wording.Target{Kind: wording.ToURL, URL: address}),
			wording.Footer(wording.Join(wording.Say("See "), wording.Link("the price list", wording.Target{Kind: wording.ToURL, URL: address + "?list=1"}))),
		}}},
	}
}

func newLinkWorld(t *testing.T, w *world) *linkWorld {
	t.Helper()
	l := &linkWorld{world: w, approved: map[wording.Digest]store.PracticeID{}, stopped: map[string]bool{}}
	add := func(p store.PracticeID, v *wording.Version) wording.Digest {
		w.change(p, func(tx *store.Tx) error {
			_, _, err := template.New(context.Background(), tx, "News", v)
			return err
		})
		digest, err := v.Digest()
		if err != nil {
			t.Fatal(err)
		}
		return digest
	}
	l.digest = add("a", linkVersion("Physio & more", "https://wattle.example/find-us"))
	l.evil = add("b", linkVersion("Wattle Street", "https://evil.example/prize"))
	l.approved[l.digest] = "a"
	links := public.StoredLinks{DB: w.db,
		Approved: func(_ context.Context, p store.PracticeID, d wording.Digest) (bool, error) {
			return l.approved[d] == p, l.broken
		},
		Stopped: func(_ context.Context, _ store.PracticeID, _ wording.Digest, address, host string) (bool, error) {
			return l.stopped[host] || l.stopped[address], nil
		}}
	var err error
	if w.handler, err = public.New(public.Parts{DB: w.db, Inbound: w.in, Links: links, Log: w.log()}); err != nil {
		t.Fatal(err)
	}
	return l
}

// get follows a link and returns the status and where it leads.
func (l *linkWorld) get(path string) (status int, to string) {
	l.Helper()
	answer := l.do("GET", path, "", nil)
	if h := answer.Header(); h.Get("Set-Cookie") != "" || h.Get("Referrer-Policy") != "no-referrer" || h.Get("Cache-Control") != "no-store" {
		l.Errorf("%s: headers %v", path, h)
	}
	return answer.Code, answer.Header().Get("Location")
}

func TestALinkLeadsOnlyWhereASignedVersionSays(t *testing.T) {
	t.Parallel()
	each(t, func(w *world) {
		l := newLinkWorld(t, w)
		first, second := "/l/"+wording.LinkToken(l.digest)+"/1", "/l/"+wording.LinkToken(l.digest)+"/2"
		for path, want := range map[string]string{first: "https://wattle.example/find-us", second: "https://wattle.example/find-us?list=1"} {
			if status, to := l.get(path); status != http.StatusFound || to != want {
				t.Errorf("%s: %d %q", path, status, to)
			}
		}
		token := wording.LinkToken(l.digest)
		for _, path := range []string{
			"/l/" + token + "/0", "/l/" + token + "/3", "/l/" + token + "/01", "/l/" + token + "/1x", "/l/" + token + "/-1", "/l/" + token + "/99999999999999999999", "/l/" + token[:23] + "/1", "/l/" + token + "0/1",
			"/l/" + strings.ToUpper(token) + "/1", "/l/" + strings.Repeat("0", 24) + "/1", "/l/%25" + token[1:] + "/1", "/l/" + token[:23] + "_/1",
			"/l/" + wording.LinkToken(l.evil) + "/1", // a row that nobody approved
			first + "?to=https://evil.example",
		} {
			status, to := l.get(path)
			if strings.HasPrefix(path, first+"?") {
				if to != "https://wattle.example/find-us" {
					t.Errorf("%s leads to %q", path, to)
				}
				continue
			}
			if status != http.StatusNotFound && status != http.StatusTooManyRequests || to != "" {
				t.Errorf("%s: %d %q", path, status, to)
			}
		}
		if to := l.do("GET", "/l//evil.example/1", "", nil).Header().Get("Location"); !strings.HasPrefix(to, "/l/") { // the mux tidies the path
			t.Errorf("a path with two slashes leads to %q", to)
		}
		if strings.Contains(w.logs.String(), token) || strings.Contains(w.logs.String(), "192.0.2.1") {
			t.Errorf("the log holds a token or an address:\n%s", w.logs.String())
		}
	})
}

// A row changed behind the program's back leads nowhere: its digest is another one.
func TestASwappedVersionLeadsNowhere(t *testing.T) {
	t.Parallel()
	each(t, func(w *world) {
		l := newLinkWorld(t, w)
		other := linkVersion("Wattle Street", "https://evil.example/prize")
		forged, err := other.Canonical()
		if err != nil {
			t.Fatal(err)
		}
		approved, err := other.Digest() // even where that one was approved, once, for something else
		if err != nil {
			t.Fatal(err)
		}
		l.approved[approved] = "a"
		w.change("a", func(tx *store.Tx) error {
			_, err := tx.Exec(context.Background(), `UPDATE wording_version SET content = $3 WHERE practice = $1 AND digest = $2`, l.digest.String(), forged)
			return err
		})
		if status, to := l.get("/l/" + wording.LinkToken(l.digest) + "/1"); status != http.StatusNotFound || to != "" {
			t.Errorf("%d %q", status, to)
		}
	})
}

func TestALinkIsSwitchedOffAfterDelivery(t *testing.T) {
	t.Parallel()
	each(t, func(w *world) {
		l := newLinkWorld(t, w)
		path := "/l/" + wording.LinkToken(l.digest) + "/"
		l.stopped["https://wattle.example/find-us"] = true
		if status, to := l.get(path + "1"); status != http.StatusGone || to != "" {
			t.Errorf("switched off: %d %q", status, to)
		}
		if page := l.do("GET", path+"1", "", nil).Body.String(); !strings.Contains(page, "Physio &amp; more") || !strings.Contains(page, "(03) 5550 0142") || strings.Contains(page, "find-us") {
			t.Errorf("the page is\n%s", page)
		}
		if status, _ := l.get(path + "2"); status != http.StatusFound {
			t.Errorf("the other link: %d", status)
		}
		delete(l.stopped, "https://wattle.example/find-us")
		if status, _ := l.get(path + "1"); status != http.StatusFound {
			t.Errorf("on again: %d", status)
		}
		l.stopped["wattle.example"] = true
		if status, _ := l.get(path + "2"); status != http.StatusGone {
			t.Errorf("a stopped host: %d", status)
		}
		l.stopped, l.broken = map[string]bool{}, errors.New("the journal cannot be read")
		if status, to := l.get(path + "2"); status < 500 || to != "" {
			t.Errorf("when nobody knows: %d %q", status, to)
		}
		bare, err := public.New(public.Parts{DB: w.db, Inbound: w.in, Log: w.log(), Links: public.StoredLinks{DB: w.db, Approved: func(context.Context, store.PracticeID, wording.Digest) (bool, error) { return true, nil }}})
		if err != nil {
			w.Fatal(err)
		}
		w.handler = bare
		if status, to := l.get(path + "1"); status < 500 || to != "" {
			t.Errorf("where nobody tells what is stopped: %d %q", status, to)
		}
	})
}
