package web

import (
	"context"
	"encoding/csv"
	"errors"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"letterhead/app/planner"
	"letterhead/guard"
	"letterhead/message"
	"letterhead/order"
	"letterhead/plan"
	"letterhead/store"
	"letterhead/testkit"
	"letterhead/testkit/browser"
	"letterhead/vault"
	"letterhead/web/ui/text"
)

// looks are the rows of a practice's log by people and programs, the latest first.
func (w *world) looks(h home) (out []vault.Look) {
	w.Helper()
	w.view(h, func(ctx context.Context, tx *store.Tx) error {
		found, err := vault.Looked(ctx, tx, vault.Asked{}, vault.MostLooks)
		out = slices.DeleteFunc(found.Looks, func(l vault.Look) bool { return l.Agent == "test" })
		return err
	})
	return out
}

// whom are the clients of a row.
func (w *world) whom(h home, id string) (out []string) {
	w.Helper()
	w.view(h, func(ctx context.Context, tx *store.Tx) error {
		_, seen, err := vault.FindLook(ctx, tx, id)
		for _, s := range seen {
			out = append(out, s.Client)
		}
		return err
	})
	return out
}

// addresses are those of a practice's pages, with real things behind them.
func (w *world) addresses(h home) map[string][]string {
	left := string(w.left(h, "Haddad", message.Email, "Fatima"))
	out := map[string][]string{}
	for _, route := range (&server{}).routes() {
		method, path := filled(w, h, route.Pattern())
		if route.Permission() == "" || method != http.MethodGet || path == "/design" || strings.Contains(path, "{") && !strings.Contains(path, "{look}") {
			continue
		}
		if path == "/messages/"+messageOf(w, h)+"/html" {
			path = "/messages/" + left + "/html"
		}
		out[route.Pattern()] = append(out[route.Pattern()], path)
	}
	out["GET /messages/{id}"] = append(out["GET /messages/{id}"], "/messages/"+left)
	return out
}

// Every page that names somebody has written who was shown, to whom, and by which way; and every such page has words for it.
func TestWhoeverIsNamedOnAPageIsOnTheLog(t *testing.T) {
	t.Parallel()
	w := newWorld(t, testkit.SQLite)
	session := w.looks(w.one)
	if len(session) != 0 {
		t.Fatalf("before anybody looked: %+v", session)
	}
	named := 0
	for pattern, paths := range w.addresses(w.one) {
		for _, path := range paths {
			w.clock.Pass(vault.Together + time.Minute)
			w.mine = w.as(w.one, "petra@example.org", guard.Owner)
			before := len(w.looks(w.one))
			if latest := w.looks(w.one); before > 0 && strings.Contains(path, "{look}") {
				path = "/looked/" + latest[0].ID
			}
			answer := w.get(path)
			if answer.Code != 200 {
				continue
			}
			shown := map[string]bool{}
			for name, id := range w.one.clients {
				if strings.Contains(strings.ReplaceAll(answer.words(), "Costa Rica", ""), name) || strings.Contains(answer.body, strings.ToLower(name)+"@") {
					shown[string(id)] = true
				}
			}
			after := w.looks(w.one)
			if len(shown) == 0 {
				continue
			}
			named++
			if len(after) == before {
				t.Errorf("%s names %d clients and left no row", path, len(shown))
				continue
			}
			for _, l := range after[:len(after)-before] {
				for _, id := range w.whom(w.one, l.ID) {
					delete(shown, id)
				}
				if l.Route != pattern || l.Session == "" || l.Address == "" || string(l.Member) != w.owners[w.one.id] || l.Purpose != vault.Read && l.Purpose != vault.Search {
					t.Errorf("%s: the row says %+v", path, l)
				}
				if !text.For("en").Known("looked.at." + l.Route) {
					t.Errorf("no words for %s", l.Route)
				}
			}
			if len(shown) > 0 {
				t.Errorf("%s names clients that are in no row: %v", path, shown)
			}
		}
	}
	if named < 14 {
		t.Errorf("%d pages named somebody", named)
	}
	if other := w.looks(w.two); len(other) != 0 {
		t.Errorf("the other practice's log: %+v", other)
	}
}

// A search is one row with how many it found and whom; a form that is refused leaves a row although its change was rolled back.
func TestASearchAndARefusedFormAreOnTheLog(t *testing.T) {
	t.Parallel()
	each(t, func(w *world) {
		w.says(w.post("/appointments/find", "find", "Costa"), 200, "Costa")
		rows := w.looks(w.one)
		search := slices.IndexFunc(rows, func(l vault.Look) bool { return l.Purpose == vault.Search })
		if len(rows) != 1 || search < 0 || rows[search].Shown != 1 || !slices.Equal(w.whom(w.one, rows[search].ID), []string{string(w.one.clients["Costa"])}) {
			w.Errorf("a search: %+v", rows)
		}
		w.clock.Pass(time.Hour)
		w.mine = w.as(w.one, "petra@example.org", guard.Owner)
		path := "/clients/" + string(w.one.clients["Costa"]) + "/reach"
		refused := w.post(path, "email", "no address", "mobile", "", "reminders", "email", "version", "1")
		w.says(refused, 422, "João Costa")
		rows = w.looks(w.one)
		if len(rows) != 2 && len(rows) != 3 || !slices.ContainsFunc(rows, func(l vault.Look) bool {
			return l.Purpose == vault.Change && l.Route == "POST /clients/{id}/reach" && l.Shown == 1
		}) {
			w.Errorf("a refused form: %+v", rows)
		}
	})
}

// The page answers by member, session, address and client; its file is on the log; nobody without the permission, and nothing of another practice.
func TestWhoLookedIsAPage(t *testing.T) {
	t.Parallel()
	each(t, func(w *world) {
		costa := string(w.one.clients["Costa"])
		w.change(w.one, func(ctx context.Context, tx *store.Tx) error { // what the test's own making of it left
			for more := true; more; {
				var err error
				if more, err = vault.Forget(ctx, tx, tx.Now, 1000); err != nil {
					return err
				}
			}
			return nil
		})
		w.says(w.get("/looked"), 200, "Who looked", "Nobody looked")
		w.says(w.get("/clients/"+costa+"/reach"), 200, "João Costa")
		desk := w.as(w.one, "desk@example.org", guard.FrontDesk)
		w.clock.Pass(time.Minute)
		w.askAs(desk, "GET", "/", nil)
		w.says(w.get("/looked"), 200, "Petra Schäfer", "desk@example.org", "How a client is reached", "Today", "5 clients", "name, date of birth, appointments", "2 looks, at 5 clients, by 2 team members")
		w.silent(w.get("/looked"), "Costa", "Haddad", "joao@")
		rows := w.looks(w.one)
		session := rows[len(rows)-1].Session
		only := w.get("/looked?session=" + session)
		w.says(only, 200, "Of session "+session[len(session)-6:]+" alone", "How a client is reached")
		w.silent(only, "desk@example.org</a>", "Cancelled")
		w.says(w.get("/looked?member="+w.owners[w.one.id]+"&from=2026-12-01T10:00&to=2026-12-01T10:39"), 200, "1 look, at 1 client, by 1 team member")
		w.says(w.get("/looked?from=yesterday"), 200, "Write a day and a time")
		w.says(w.get("/looked?member=nobody"), 200, "Nobody looked")
		found := w.post("/looked", "address", "192.0.2.1")
		if to := found.Header().Get("Location"); found.Code != 303 || strings.Contains(to, "192.0.2") || !strings.Contains(to, "address="+rows[0].Address) {
			w.Errorf("an address leads to %q, its rows are of %q", to, rows[0].Address)
		}
		w.says(w.goes(found, "/looked?address="), 200, "From network")
		w.says(w.post("/looked", "address", "next door"), 422, "Write a network address")
		entry := w.get("/looked/" + rows[0].ID)
		w.says(entry, 200, "One look", "Fatima Haddad", "Today")
		w.says(w.get("/clients/"+costa+"/looked"), 200, "Every look at what the practice knows of João Costa", "How a client is reached", "Petra Schäfer")
		w.says(w.get("/clients/"+costa), 200, "Who looked", "Petra Schäfer Tue 1 Dec, 10:38 · How a client is reached")
		w.silent(w.askAs(desk, "GET", "/clients/"+costa, nil), "Who looked")
		file := w.get("/looked/export")
		lines, err := csv.NewReader(strings.NewReader(file.body)).ReadAll()
		if err != nil || len(lines) < 3 || !strings.HasPrefix(file.Header().Get("Content-Type"), "text/csv") || strings.Contains(file.body, "Costa") {
			w.Errorf("the file: %v %v", err, lines)
		}
		if last := w.looks(w.one)[0]; last.Purpose != vault.Export || last.Shown != int64(len(lines)-1) {
			w.Errorf("the file is on the log as %+v", last)
		}
		w.says(w.askAs(desk, "GET", "/looked", nil), 403)
		w.says(w.askAs(desk, "GET", "/clients/"+costa+"/looked", nil), 403)
		theirs := w.as(w.two, "mere@example.org", guard.Owner)
		w.says(w.askAs(theirs, "GET", "/looked/"+rows[0].ID, nil), 404)
		w.says(w.askAs(theirs, "GET", "/clients/"+costa+"/looked", nil), 404)
		w.says(w.askAs(theirs, "GET", "/looked?client="+costa, nil), 200, "Nobody looked")
		w.says(w.askAs(theirs, "GET", "/looked?session="+session, nil), 200, "Nobody looked")
	})
}

// A manager who sees their own clients alone reads of others' neither the file nor the name, and their messages' words are not found.
func TestWhoLookedNamesNobodyWhoIsHidden(t *testing.T) {
	t.Parallel()
	each(t, func(w *world) {
		costa := string(w.one.clients["Costa"])
		w.says(w.get("/clients/"+costa+"/reach"), 200, "João Costa")
		row := w.looks(w.one)[0].ID
		path := "/messages/" + string(w.left(w.one, "Haddad", message.Email, "Fatima"))
		own := w.as(w.one, "own@example.org", guard.Manager)
		w.change(w.one, func(ctx context.Context, tx *store.Tx) error {
			_, err := tx.Exec(ctx, `UPDATE member SET sees = 'own' WHERE practice = $1 AND email = 'own@example.org'`)
			return err
		})
		w.says(w.askAs(own, "GET", "/clients/"+costa+"/looked", nil), 404)
		w.says(w.askAs(own, "GET", "/looked?client="+costa, nil), 404)
		w.says(w.askAs(own, "GET", path, nil), 404)
		w.says(w.askAs(own, "GET", path+"/html", nil), 404)
		entry := w.askAs(own, "GET", "/looked/"+row, nil)
		w.says(entry, 200, "And 1 client more, who is not named here")
		w.silent(entry, "Costa")
		for _, l := range w.looks(w.one) {
			if string(l.Member) != w.owners[w.one.id] && l.Shown > 0 && l.Purpose != vault.Export {
				w.Errorf("what was not found is on the log: %+v", l)
			}
		}
		reader := w.as(w.one, "reader@example.org", guard.ReadOnly)
		w.says(w.askAs(reader, "GET", "/clients/"+costa+"/reach", nil), 200, "João Costa")
		if l := w.looks(w.one)[0]; l.Route != "GET /clients/{id}/reach" || string(l.Member) == w.owners[w.one.id] {
			w.Errorf("who may only read is on the log as %+v", l)
		}
	})
}

// Ordering, asking, stopping, ticking and planning open nothing: they work the same where nothing that is sealed can be opened any more, and leave no row.
func TestOrderingAndTickingOpenNothing(t *testing.T) {
	t.Parallel()
	each(t, func(w *world) {
		w.change(w.one, func(ctx context.Context, tx *store.Tx) error {
			for _, statement := range []string{`UPDATE client SET sealed = $2 WHERE practice = $1`, `UPDATE contact SET sealed = $2 WHERE practice = $1`} {
				if _, err := tx.Exec(ctx, statement, []byte("nobody opens this")); err != nil {
					return err
				}
			}
			return nil
		})
		made := w.ask("POST", "/orders/new", w.formOf())
		path, _, _ := strings.Cut(made.Header().Get("Location"), "?")
		if made.Code != 303 {
			w.Fatalf("ordering: %d", made.Code)
		}
		for _, step := range []struct {
			path string
			form url.Values
		}{{path + "/ask", url.Values{"edition": {"1"}}}, {path + "/pause", url.Values{"reason": {"wait"}}}, {path + "/stop", url.Values{}}, {"/stop", url.Values{"what": {"practice"}, "reason": {"a test"}}}} {
			if answer := w.ask("POST", step.path, step.form); answer.Code != 303 {
				w.Errorf("%s: %d %s", step.path, answer.Code, shortened(answer.words()))
			}
			if err := order.Fix(context.Background(), w.db, w.one.id, order.ID(strings.TrimPrefix(path, "/orders/"))); err != nil && !errors.Is(err, order.ErrFixed) {
				w.Log(err)
			}
		}
		w.clock.Pass(24 * time.Hour)
		if err := w.db.Change(context.Background(), store.Actor{Practice: w.one.id, Agent: "tick"}, func(tx *store.Tx) error {
			_, err := plan.Turn(context.Background(), tx, plan.TurnLimit)
			return err
		}); err != nil {
			w.Error(err)
		}
		if _, err := (planner.Of{DB: w.db, Keeper: w.keeper}).DoJobs(context.Background()); err != nil {
			w.Error(err)
		}
		w.view(w.one, func(ctx context.Context, tx *store.Tx) error {
			found, err := vault.Looked(ctx, tx, vault.Asked{}, vault.MostLooks)
			for _, l := range found.Looks {
				if l.Agent != "test" {
					w.Errorf("somebody looked: %+v", l)
				}
			}
			return err
		})
	})
}

// The pages, wide and narrow, for who wants to see them (LETTERHEAD_PICTURES), and without barriers.
func TestWhoLookedHasNoBarrier(t *testing.T) {
	t.Parallel()
	folder := os.Getenv("LETTERHEAD_PICTURES")
	w := newWorld(t, testkit.SQLite)
	site := w.site()
	tab := browser.Open(t)
	if err := chromedp.Do(tab, chromedp.Navigate(site+"/enter")); err != nil {
		t.Fatal(err)
	}
	costa := string(w.one.clients["Costa"])
	w.get("/clients/" + costa + "/reach")
	w.get("/clients/" + string(w.one.clients["Haddad"]) + "/messages")
	w.post("/appointments/find", "find", "a")
	w.askAs(w.as(w.one, "liam@example.org", guard.Practitioner), "GET", "/", nil)
	row := w.looks(w.one)[0].ID
	for name, path := range map[string]string{"looked": "/looked", "looked-client": "/clients/" + costa + "/looked", "looked-entry": "/looked/" + row, "looked-none": "/looked?member=x", "file": "/clients/" + costa} {
		for _, wide := range []int64{1280, 390} {
			if err := chromedp.Do(tab, chromedp.EmulateViewport(wide, 900), chromedp.Navigate(site+path)); err != nil {
				t.Fatal(err)
			}
			shot, err := chromedp.Run(tab, chromedp.FullScreenshot(100))
			if err == nil && folder != "" {
				err = os.WriteFile(filepath.Join(folder, name+"-"+map[int64]string{1280: "wide", 390: "phone"}[wide]+".png"), shot, 0o600)
			}
			if err != nil {
				t.Fatal(err)
			}
			for _, barrier := range browser.Barriers(t, tab) {
				t.Errorf("%s, %d wide: %s", path, wide, barrier)
			}
		}
	}
}
