package web

import (
	"context"
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"letterhead/client"
	"letterhead/guard"
	"letterhead/letter"
	"letterhead/message"
	"letterhead/store"
	"letterhead/testkit"
	"letterhead/testkit/browser"
)

// The page that erases somebody, where that may be done and where it may not, on a desk in light and on a phone in dark: no barrier that axe knows of.
func TestErasingHasNoBarrier(t *testing.T) {
	t.Parallel()
	folder := os.Getenv("LETTERHEAD_PICTURES")
	w := newWorld(t, testkit.SQLite)
	costa := "/clients/" + string(w.one.clients["Costa"])
	w.goes(w.post(costa+"/archive", "version", "1", "coming", "cancel"), costa)
	site, tab := w.site(), browser.Open(t)
	if err := chromedp.Do(tab, chromedp.Navigate(site+"/enter")); err != nil {
		t.Fatal(err)
	}
	for name, path := range map[string]string{"erase": costa + "/erase", "erase-not": "/clients/" + string(w.one.clients["Haddad"]) + "/erase"} {
		for wide, scheme := range map[int64]string{1280: "light", 390: "dark"} {
			if err := chromedp.Do(tab, chromedp.EmulateViewport(wide, 900), chromedp.Navigate(site+path), chromedp.Evaluate[chromedp.Void](`document.documentElement.style.colorScheme="`+scheme+`"; undefined`)); err != nil {
				t.Fatal(err)
			}
			for _, barrier := range browser.Barriers(t, tab) {
				t.Errorf("%s, %d wide: %s", path, wide, barrier)
			}
			if fits, err := chromedp.Run(tab, chromedp.Evaluate[bool](`document.documentElement.scrollWidth <= document.documentElement.clientWidth`)); err != nil || !fits {
				t.Errorf("%s scrolls sideways at %d: %v", path, wide, err)
			}
			if shot, err := chromedp.Run(tab, chromedp.FullScreenshot(100)); err != nil {
				t.Fatal(err)
			} else if folder != "" {
				if err := os.WriteFile(filepath.Join(folder, name+"-"+scheme+".png"), shot, 0o600); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
}

// Who is erased is out of everything that says who they were; what is left is that there was somebody.
func TestAClientIsErased(t *testing.T) {
	t.Parallel()
	each(t, func(w *world) {
		id := w.one.clients["Costa"]
		path := "/clients/" + string(id)
		sent := w.left(w.one, "Costa", message.Email, "João")
		w.says(w.post(path+"/erase", "version", "1", "sure", "yes"), 409, "An appointment is to come")
		w.goes(w.post(path+"/archive", "version", "1", "coming", "cancel"), path)
		w.says(w.get(path+"/erase"), 200, "Erase João Costa for good", "This cannot be taken back")
		w.says(w.post(path+"/erase", "version", "2"), 422, "Say that this file may go")
		w.says(w.post(path+"/erase", "version", "1", "sure", "yes"), 409, "This client was changed")
		desk := w.as(w.one, "rosa@example.org", guard.FrontDesk)
		w.says(w.askAs(desk, "POST", path+"/erase", url.Values{"version": {"2"}, "sure": {"yes"}}), 403)
		w.says(w.askAs(w.as(w.two, "theirs@example.org", guard.Owner), "POST", path+"/erase", url.Values{"version": {"2"}, "sure": {"yes"}}), 404)
		w.goes(w.post(path+"/erase", "version", "2", "sure", "yes"), path)
		after := w.get(path + "?did=client-erased")
		w.says(after, 200, "Nothing on file says who this was", "Erased on")
		w.silent(after, "Costa", "João", "joao@", "0491", "Inês", "Bring back", "Erase for good")
		for typed := range map[string]bool{"costa": true, "0156": true, "joao@example.org": true} {
			w.silent(w.post("/clients", "find", typed, "archived", "yes"), "Costa", "Erased")
		}
		w.silent(w.get("/messages/"+string(sent)), "João", "Costa")
		w.silent(w.get("/appointments/"+string(w.one.appointments["Costa"])), "João", "Costa")
		w.says(w.post(path+"/restore", "version", "3"), 409, "This file was erased")
		w.says(w.post(path+"/erase", "version", "3", "sure", "yes"), 409, "This file was erased")
		// Of another practice, nothing; and what was sealed is gone from the rows, not only from the pages.
		w.change(w.one, func(ctx context.Context, tx *store.Tx) error {
			raw, err := message.Sealed(ctx, tx, sent)
			if len(raw) != 0 {
				t.Error("what a message said is still there")
			}
			if err != nil {
				return err
			}
			keys, err := w.keeper.Keys(ctx, tx)
			if err != nil {
				return err
			}
			c, err := client.Find(ctx, tx, keys, id)
			if c.Email.Written != "" || c.Mobile.Written != "" || c.Born != "" || c.External != "" || strings.Contains(c.Name(), "Costa") {
				t.Errorf("%+v", c)
			}
			return err
		})
	})
}

// What came from the person's own number goes too, though it answered nothing; not what came from a number that somebody else on file has.
func TestTextsOfWhoIsErasedGo(t *testing.T) {
	t.Parallel()
	each(t, func(w *world) {
		path := "/clients/" + string(w.one.clients["Costa"])
		w.goes(w.post("/clients/"+string(w.one.clients["Reid"])+"/change", "version", "1", "first_name", "Oscar", "last_name", "Reid", "email", "oscar@example.org", "mobile", "0491 570 157"), "/clients/")
		w.goes(w.post(path+"/contacts/new", "name", "Rui Costa", "relation", "father", "receives", "none", "mobile", "0491 570 157"), path)
		w.change(w.one, func(ctx context.Context, tx *store.Tx) error {
			texts := letter.Texts{Keeper: w.keeper}
			return errors.Join(texts.Keep(ctx, tx, message.Message{}, "texts 1", "+61491570156", "It is João, I am ill"), texts.Keep(ctx, tx, message.Message{}, "texts 2", "+61491570157", "Oscar here"))
		})
		w.says(w.get("/messages/answers"), 200, "It is João, I am ill", "Oscar here")
		w.goes(w.post(path+"/archive", "version", "1", "coming", "cancel"), path)
		w.goes(w.post(path+"/erase", "version", "2", "sure", "yes"), path)
		after := w.get("/messages/answers")
		w.says(after, 200, "Oscar here")
		w.silent(after, "João", "0156")
	})
}

// Two files that were made one go together; the part alone is refused.
func TestFilesThatAreOneAreErasedTogether(t *testing.T) {
	t.Parallel()
	each(t, func(w *world) {
		added := w.post("/clients/new", "first_name", "Elif", "last_name", "Twin", "email", "twin@example.org")
		gone, _, _ := strings.Cut(added.Header().Get("Location"), "?")
		kept := "/clients/" + string(w.one.clients["Öztürk"])
		w.goes(w.post(kept+"/merge/"+strings.TrimPrefix(gone, "/clients/"), "kept", "1", "gone", "1"), kept)
		w.says(w.post(gone+"/erase", "version", "2", "sure", "yes"), 409, "This file is part of another")
		w.says(w.post(kept+"/erase", "version", "2", "sure", "yes"), 409, "An appointment is to come")
		w.goes(w.post(kept+"/archive", "version", "2", "coming", "cancel"), kept)
		w.goes(w.post(kept+"/erase", "version", "3", "sure", "yes"), kept)
		for _, path := range []string{kept, gone} {
			w.silent(w.get(path), "Elif", "Twin", "Öztürk")
		}
	})
}
