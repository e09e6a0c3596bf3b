package web

import (
	"context"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"letterhead/guard"
	"letterhead/practice"
	"letterhead/store"
	"letterhead/template"
	"letterhead/testkit"
	"letterhead/testkit/browser"
)

// typedIn reads a form's fields as a browser would send them.
func typedIn(a answer) url.Values {
	form := url.Values{}
	start := strings.Index(a.body, `name="version"`)
	body := a.body[max(start-200, 0):]
	if end := strings.Index(body, "</form>"); end > 0 {
		body = body[:end]
	}
	for _, tag := range regexp.MustCompile(`<input[^>]*>`).FindAllString(body, -1) {
		value := func(name string) string {
			found := regexp.MustCompile(` ` + name + `="([^"]*)"`).FindStringSubmatch(tag)
			if found == nil {
				return ""
			}
			return strings.NewReplacer("&#39;", "'", "&#34;", `"`, "&amp;", "&").Replace(found[1])
		}
		if kind := value("type"); (kind == "checkbox" || kind == "radio") && !strings.Contains(tag, " checked") {
			continue
		}
		form.Add(value("name"), value("value"))
	}
	for _, found := range regexp.MustCompile(`(?s)<textarea[^>]* name="([^"]*)"[^>]*>(.*?)</textarea>`).FindAllStringSubmatch(body, -1) {
		form.Set(found[1], found[2])
	}
	for _, found := range regexp.MustCompile(`(?s)<select[^>]* name="([^"]*)"[^>]*>(.*?)</select>`).FindAllStringSubmatch(body, -1) {
		if chosen := regexp.MustCompile(`value="([^"]*)" selected`).FindStringSubmatch(found[2]); chosen != nil {
			form.Set(found[1], chosen[1])
		}
	}
	return form
}

// with changes some fields of a form.
func with(form url.Values, pairs ...string) url.Values {
	out := url.Values{}
	for name, values := range form {
		out[name] = slices.Clone(values)
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		out.Set(pairs[i], pairs[i+1])
	}
	return out
}

// The practice's details: what is wrong is marked and kept, what is right reaches the templates' next versions, and is taken back.
func TestPracticeDetails(t *testing.T) {
	t.Parallel()
	each(t, func(w *world) {
		const path = "/settings/practice"
		form := typedIn(w.get(path))
		if form.Get("name") != "Wattle Street Physiotherapy" || form.Get("country") != "AU" || form.Get("zone") != "Australia/Melbourne" {
			w.Fatalf("the form holds %v", form)
		}
		for _, c := range []struct{ field, value, says string }{
			{"name", "", "This is needed; fill it in"}, {"phone", "ring us", "phone"}, {"email", "hello at clinic", "This is no e-mail address"}, {"zone", "Melbourne", "No such time zone"},
			{"country", "ZZ", "No such country"}, {"accent", "blue", "Write the colour as #1f5f8b"}, {"website", "not a site", "clinic.example"}, {"language", "xx-yy-zz-1", "No such language"},
		} {
			refused := w.ask("POST", path, with(form, c.field, c.value, "address", "99 Kept Street"))
			w.says(refused, 422, c.says, "99 Kept Street")
			if !strings.Contains(refused.body, `aria-invalid="true"`) {
				w.Errorf("%s is not marked", c.field)
			}
		}
		versions := func() (n int) {
			w.view(w.one, func(ctx context.Context, tx *store.Tx) error {
				byKey, err := template.ByKey(ctx, tx)
				if err != nil {
					return err
				}
				all, err := template.Versions(ctx, tx, byKey["booked"])
				n = len(all)
				return err
			})
			return n
		}
		before := versions()
		saved := w.goes(w.ask("POST", path, with(form, "phone", "(03) 5550 0142", "name", "Wattle Street Physio")), path)
		w.says(saved, 200, "Saved.", "Undo", "name, phone", "Petra Schäfer, Tue 1 Dec, 10:38")
		if after := versions(); after != before+1 {
			w.Errorf("the booking confirmation has %d versions, it had %d", after, before)
		}
		if n := w.replan(); n != 1 {
			w.Errorf("%d jobs ended", n)
		}
		late := w.ask("POST", path, with(form, "name", "Old window"))
		w.says(late, 409, "This was changed by you, in another window")
		if typedIn(late).Get("name") != "Old window" {
			w.Error("what was typed in an old window is lost")
		}
		undo := regexp.MustCompile(`/settings/edits/[0-9a-f-]{36}/undo`).FindString(saved.body)
		if answer := w.askAs(w.as(w.two, "mere@example.org", guard.Owner), "POST", undo, url.Values{}); answer.Code != 404 {
			w.Errorf("another practice undoes: %d", answer.Code)
		}
		w.says(w.goes(w.post(undo), path), 200, "Undone.")
		w.says(w.post(undo), 409, "This was changed again since")
		if now := typedIn(w.get(path)); now.Get("name") != form.Get("name") || now.Get("phone") != form.Get("phone") {
			w.Errorf("after undoing: %v", now)
		}
		w.view(w.two, func(ctx context.Context, tx *store.Tx) error {
			p, err := practice.Find(ctx, tx)
			if p.Name != "Rimu Road Podiatry" {
				w.Errorf("the other practice is %s", p.Name)
			}
			return err
		})
	})
}

// Locations, services and practitioners: added, mended, changed, taken out of use and back; what is refused keeps what was typed.
func TestWhatAPracticeOffers(t *testing.T) {
	t.Parallel()
	each(t, func(w *world) {
		for _, c := range []struct {
			kind   string
			good   []string
			bad    [][3]string // field, value, what it says
			says   []string    // of the list, once added
			change [2]string
		}{
			{"locations", []string{"name", "Harbour Rooms", "from_5", "09:00", "to_5", "12:00", "mode", "video"},
				[][3]string{{"name", "", "fill it in"}, {"zone", "Nowhere", "No such time zone"}, {"reply_to", "x", "no e-mail address"}, {"to_5", "08:00", "It closes later than it opens"}, {"from_0", "25:00", "Give a time"},
					{"mode", "pigeon", "Choose in person"}, {"name", "Wattle Street Physiotherapy", "There is one of this name already"}, {"name", "Win at evil.example", "could not show"}},
				[]string{"Mon to Fri 9:00–17:00, Sat 9:00–12:00"}, [2]string{"directions", "Up the stairs"}},
			{"services", []string{"name", "First visit", "minutes", "60", "price", "120.50", "colour", "teal", "sensitive", "yes"},
				[][3]string{{"name", "", "fill it in"}, {"minutes", "soon", "whole number"}, {"minutes", "0", "1 to 1440 minutes"}, {"price", "a lot", "Write a price"}, {"price", "1.234", "Write a price"}, {"colour", "pink", "Choose a colour"}, {"mode", "pigeon", "Choose in person"},
					{"name", "Standard", "There is one of this name already"}},
				[]string{"1 h · in person · 120.50 AUD · not named in messages"}, [2]string{"price", "130"}},
			{"practitioners", []string{"name", "Ada Okafor", "title", "Dr", "services", string(w.one.service)},
				[][3]string{{"name", "", "fill it in"}, {"title", strings.Repeat("x", 21), "too long"}, {"member", w.owners[w.two.id], "Choose a team member"}, {"services", string(w.two.service), "Choose services and locations from the list"},
					{"name", "Liam Nguyen", "There is one of this name already"}},
				[]string{"Dr Ada Okafor no team member"}, [2]string{"title", "Prof"}},
		} {
			list := "/settings/" + c.kind
			blank := typedIn(w.get(list + "/new"))
			for _, bad := range c.bad {
				refused := w.ask("POST", list+"/new", with(with(blank, c.good...), bad[0], bad[1]))
				w.says(refused, refused.Code, bad[2])
				if refused.Code != 422 && refused.Code != 409 {
					w.Errorf("%s, %s: %d", c.kind, bad[0], refused.Code)
				}
				if kept := typedIn(refused); bad[0] != "name" && kept.Get("name") != c.good[1] {
					w.Errorf("%s: what was typed is lost: %v", c.kind, kept)
				}
				if !strings.Contains(refused.body, `aria-invalid="true"`) && bad[0] != "services" {
					w.Errorf("%s: %s is not marked", c.kind, bad[0])
				}
			}
			added := w.ask("POST", list+"/new", with(blank, c.good...))
			w.says(w.goes(added, list+"/"), 200, "Added.", c.good[1])
			path := strings.TrimSuffix(added.Header().Get("Location"), "?did=added")
			w.says(w.get(list), 200, c.says...)
			form := typedIn(w.get(path))
			w.says(w.goes(w.ask("POST", path, with(form, c.change[0], c.change[1])), path), 200, "Saved.", "What was changed", "Undo")
			w.says(w.ask("POST", path, with(form, "name", "Late")), 409, "was changed by you")
			theirs := w.as(w.two, "mere@example.org", guard.Owner)
			for _, method := range []string{"GET", "POST"} {
				if answer := w.askAs(theirs, method, path, with(form)); answer.Code != 404 && answer.Code != 405 {
					w.Errorf("another practice: %s %s: %d", method, path, answer.Code)
				}
			}
			w.says(w.goes(w.post(path+"/use", "do", "archive"), list), 200, "Taken out of use", "One out of use")
			w.says(w.get(path), 200, "This is out of use")
			w.says(w.goes(w.post(path+"/use", "do", "restore"), list), 200, "In use again.")
			desk := w.as(w.one, "front@example.org", guard.FrontDesk)
			if answer := w.askAs(desk, "POST", path, with(form)); answer.Code != 403 {
				w.Errorf("the front desk changes %s: %d", c.kind, answer.Code)
			}
		}
		w.says(w.post("/settings/locations/"+string(w.one.location)+"/use", "do", "archive"), 303)
	})
}

// A service that is not to be named is in no directory; a practitioner is booked for what they do, where they work.
func TestWhatIsSetIsKept(t *testing.T) {
	t.Parallel()
	each(t, func(w *world) {
		form := typedIn(w.get("/settings/services/" + string(w.one.service)))
		named := func() (names []string) {
			w.view(w.one, func(ctx context.Context, tx *store.Tx) error {
				d, _, err := practice.Directory(ctx, tx)
				for _, s := range d.Services {
					names = append(names, s.Name)
				}
				for _, p := range d.Practitioners {
					names = append(names, p.Name)
				}
				return err
			})
			return names
		}
		if !slices.Contains(named(), "Standard") {
			w.Errorf("the directory names %v", named())
		}
		w.goes(w.ask("POST", "/settings/services/"+string(w.one.service), with(form, "sensitive", "yes")), "/settings/services/")
		if slices.Contains(named(), "Standard") {
			w.Error("a service that is not to be named is in the directory")
		}
		liam := "/settings/practitioners/" + string(w.one.practitioners["Liam Nguyen"])
		other := w.ask("POST", "/settings/services/new", with(typedIn(w.get("/settings/services/new")), "name", "Massage"))
		massage := regexp.MustCompile(`/settings/services/([0-9a-f-]{36})`).FindStringSubmatch(other.Header().Get("Location"))[1]
		w.goes(w.ask("POST", liam, with(typedIn(w.get(liam)), "services", massage, "title", "Dr")), liam)
		if !slices.Contains(named(), "Dr Liam Nguyen") {
			w.Errorf("the directory names %v", named())
		}
		slot := []string{"service", string(w.one.service), "practitioner", string(w.one.practitioners["Liam Nguyen"]), "location", string(w.one.location), "date", "2026-12-03", "time", "16:00", "client", string(w.one.clients["Reid"])}
		w.says(w.post("/appointments/new", slot...), 422, "This practitioner does not do this service")
		w.goes(w.post("/appointments/new", append(slot, "service", massage)...), "/appointments/")
	})
}

// The sender's page says what mails come from; what stands before the @ is held to what an address may be.
func TestTheSendersPage(t *testing.T) {
	t.Parallel()
	each(t, func(w *world) {
		const path = "/settings/sender"
		shown := w.get(path)
		w.says(shown, 200, "Wattle Street Physiotherapy <appointments@", "No sender of text messages")
		form := typedIn(shown)
		w.says(w.ask("POST", path, with(form, "sender_local", "hello there")), 422, "Write what stands before the @")
		preview := "/templates/" + w.wording(w.one, "reminder-2-days") + "/preview?view=sms"
		w.says(w.get(preview), 200, "price not known")
		refused := w.ask("POST", path, with(form, "sms_price", "eight cents"))
		w.says(refused, 422, "Write what one part costs, such as 0.08")
		if !strings.Contains(refused.body, `value="eight cents"`) {
			w.Error("what was typed is lost")
		}
		w.says(w.goes(w.ask("POST", path, with(form, "sender_local", "hello", "sms_services", "yes", "sms_price", "0.079")), path), 200, "Saved.", "<hello@", "services in text messages")
		w.says(w.get(preview), 200, "1 part", "0.079 AUD")
		w.says(w.get("/settings"), 200, "Practice details", "Locations", "Services", "Practitioners", "Sender", "Team", "Who looked", "quiet from 20:00 to 08:00")
	})
}

// looking opens pages at both widths, keeps pictures of them where LETTERHEAD_SHOTS says, and fails for what scrolls sideways, breaks the policy or is
// a barrier.
func looking(t *testing.T, w *world, paths map[string]string) {
	t.Helper()
	site, tab := w.site(), browser.Open(t)
	do := func(steps ...chromedp.Action[chromedp.Void]) {
		t.Helper()
		if err := chromedp.Do(tab, steps...); err != nil {
			t.Fatal(err)
		}
	}
	do(chromedp.Navigate(site + "/enter"))
	for _, width := range []int64{1280, 390} {
		for name, path := range paths {
			do(chromedp.EmulateViewport(width, 900), chromedp.Navigate(site+path))
			wide, err := chromedp.Run(tab, chromedp.Evaluate[bool](`document.documentElement.scrollWidth > document.documentElement.clientWidth`))
			if err != nil || wide {
				t.Errorf("%s at %d px scrolls sideways (%v)", path, width, err)
			}
			if folder := os.Getenv("LETTERHEAD_SHOTS"); folder != "" {
				shot, err := chromedp.Run(tab, chromedp.FullScreenshot(100))
				if err == nil {
					err = os.WriteFile(filepath.Join(folder, name+"-"+strconv.FormatInt(width, 10)+".png"), shot, 0o600)
				}
				if err != nil {
					t.Error(err)
				}
			}
			for _, found := range append(browser.Violations(t, tab), browser.Barriers(t, tab)...) {
				t.Errorf("%s at %d px: %s", path, width, found)
			}
		}
	}
}

func TestTheSettingsPagesFit(t *testing.T) {
	t.Parallel()
	w := newWorld(t, testkit.SQLite)
	liam := "/settings/practitioners/" + string(w.one.practitioners["Liam Nguyen"])
	w.goes(w.ask("POST", liam, with(typedIn(w.get(liam)), "title", "Dr")), liam)
	looking(t, w, map[string]string{"start": "/start", "settings": "/settings", "practice": "/settings/practice", "sender": "/settings/sender", "locations": "/settings/locations", "location": "/settings/locations/" + string(w.one.location),
		"services": "/settings/services", "service": "/settings/services/new", "practitioners": "/settings/practitioners", "practitioner": liam + "?did=saved"})
}

// The first hour: each step is done when the practice's rows say so, and what is left is said on Today until nothing is.
func TestGettingStarted(t *testing.T) {
	t.Parallel()
	each(t, func(w *world) {
		w.says(w.get("/"), 200, "2 steps left until you are set up", "Go on with Getting started")
		w.says(w.get("/start"), 200, "Say who you are Address, phone and e-mail: they stand in every message. To do", "Say what can be booked Such as a first visit of 60 minutes. Done", "Bring your clients")
		form := typedIn(w.get("/settings/practice"))
		w.goes(w.ask("POST", "/settings/practice", with(form, "address", "12 Wattle Street", "phone", "(03) 5550 0142", "email", "hello@wattle.example")), "/settings/practice")
		w.says(w.get("/start"), 200, "One step left until you are set up", "they stand in every message. Done")
		place := "/settings/locations/" + string(w.one.location)
		w.goes(w.ask("POST", place, with(typedIn(w.get(place)), "from_0", "09:00", "to_0", "17:00")), place)
		w.says(w.get("/start"), 200, "You are set up")
		w.silent(w.get("/"), "Getting started")
		desk := w.as(w.two, "front@example.org", guard.FrontDesk)
		if answer := w.askAs(desk, "GET", "/", nil); strings.Contains(answer.body, "Getting started") {
			w.Error("the front desk is told of the owner's first hour")
		}
	})
}
