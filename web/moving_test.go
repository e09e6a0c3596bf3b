package web

import (
	"archive/zip"
	"bytes"
	"context"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"letterhead/client"
	"letterhead/guard"
	"letterhead/store"
	"letterhead/testkit"
	"letterhead/testkit/browser"
)

// handIn posts files by the names of their fields.
func (w *world) handIn(who []*http.Cookie, files ...string) answer {
	w.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	for i := 0; i+1 < len(files); i += 2 {
		part, err := form.CreateFormFile(files[i], "x")
		if err == nil {
			_, err = part.Write([]byte(files[i+1]))
		}
		if err != nil {
			w.Fatal(err)
		}
	}
	if err := form.Close(); err != nil {
		w.Fatal(err)
	}
	request := httptest.NewRequest("POST", "http://"+host+"/settings/import", &body)
	request.Host = host
	request.Header.Set("Content-Type", form.FormDataContentType())
	for _, cookie := range who {
		request.AddCookie(cookie)
	}
	recorder := httptest.NewRecorder()
	w.pages.ServeHTTP(recorder, request)
	return answer{recorder, unpack(w.TB, recorder)}
}

func sample(t testing.TB, name string) (clients, appointments, details string) {
	t.Helper()
	for i, file := range []string{"clients.csv", "appointments.csv", "practice.json"} {
		raw, err := os.ReadFile(filepath.Join("../transfer/testdata/exports", name, file))
		if err != nil {
			t.Fatal(err)
		}
		*[]*string{&clients, &appointments, &details}[i] = string(raw)
	}
	return clients, appointments, details
}

// An export is handed in, its columns are guessed, it is checked, comes in and is taken back, without a script; nobody else sees what stands in it.
func TestAnExportComesInByTheBrowser(t *testing.T) {
	t.Parallel()
	each(t, func(w *world) {
		work := func() {
			w.Helper()
			if err := w.uploads.Work(context.Background()); err != nil {
				w.Fatal(err)
			}
		}
		clients, appointments, details := sample(w, "wharf")
		clients = strings.Replace(clients, "Client ID", "Patient No", 1) // a heading of another system
		w.says(w.get("/settings"), 200, "Import")
		w.says(w.get("/settings/import"), 200, "Hand an export in", "No import yet")
		w.says(w.handIn(w.mine, "clients", clients), 422, "Choose the file of appointments")
		w.says(w.handIn(w.mine, "zip", "no zip"), 422, "This is no zip file that can be read")
		one := w.handIn(w.mine, "clients", clients, "appointments", appointments, "practice", details)
		shown := w.goes(one, "/settings/import/")
		path := one.Header().Get("Location")
		w.says(shown, 200, "Say which column is what", "43 rows", "Client’s number")
		if !strings.Contains(shown.body, `<option value="0" selected>Patient No`) {
			t.Error("the heading of another system was not guessed")
		}

		// Nobody else: a manager of the practice, somebody at the front desk, another practice's owner.
		for who, status := range map[string]int{"manager@example.org": 404, "desk@example.org": 403} {
			role := map[string]guard.Role{"manager@example.org": guard.Manager, "desk@example.org": guard.FrontDesk}[who]
			for _, part := range []string{"", "/progress", "/remarks"} {
				if a := w.askAs(w.as(w.one, who, role), "GET", path+part, nil); a.Code != status {
					t.Errorf("%s asks %s: %d, not %d", who, part, a.Code, status)
				}
			}
		}
		if a := w.askAs(w.as(w.two, "mere@example.org", guard.Owner), "GET", path, nil); a.Code != 404 {
			t.Errorf("another practice: %d", a.Code)
		}

		form := func(do string) []string {
			pairs := []string{"do", do}
			for _, line := range strings.Split(shown.body, "<select")[1:] {
				name, rest, _ := strings.Cut(line[strings.Index(line, `name="`)+6:], `"`)
				if at := strings.Index(rest, " selected>"); at >= 0 {
					value := rest[strings.LastIndex(rest[:at], `value="`)+7 : at-1]
					pairs = append(pairs, name, value)
				}
			}
			return pairs
		}
		before := w.people()
		w.says(w.goes(w.post(path, form("check")...), path), 200, "Checking", "You may leave this page")
		w.says(w.get(path+"/progress"), 200, "0 of ")
		work()
		w.says(w.get(path), 200, "Something has to be mended first", "practice.json names a practice of another country")
		w.goes(w.post(path, append(form("check"), "other", "yes")...), path)
		work()
		checked := w.get(path)
		w.says(checked, 200, "Nothing has changed yet", "What would happen", "Words that are not known", "no such day", "Bring it in")
		w.says(w.get(path+"?show=refused"), 200, "refused")
		if w.people() != before {
			t.Error("a check changed clients")
		}
		w.says(w.goes(w.post(path, "do", "words", "status", "Dreaming", "status_to", "booked"), path), 200, "Checking")
		work()
		file := w.get(path + "/remarks")
		if file.Header().Get("Content-Type") != "text/csv; charset=utf-8" || !strings.Contains(file.body, "clients.csv,") || !strings.Contains(file.body, ",refused,date_impossible,") {
			t.Errorf("remarks: %s", shortened(file.body))
		}
		w.says(w.goes(w.post(path+"/bring"), path), 200, "Coming in")
		w.says(w.post(path+"/bring"), 409, "another step")
		work()
		w.says(w.get(path), 200, "It is in", "The files are deleted", "Take back")
		if w.people() == before {
			t.Error("nobody came in")
		}
		w.says(w.get("/settings/import"), 200, "clients new", "Petra Schäfer, ")
		w.says(w.goes(w.post(path+"/undo"), path), 200, "Being taken back")
		work()
		w.says(w.get(path), 200, "Taken back")
		if w.people() != before {
			t.Error("it was not taken back")
		}

		// Who has not shown lately that it is them is asked to, and nothing is taken.
		w.clock.Pass(11 * time.Minute)
		for method, where := range map[string]string{"GET": "/settings/import", "POST": path + "/bring"} {
			if a := w.ask(method, where, nil, "Content-Type", "application/x-www-form-urlencoded"); a.Code != 303 || !strings.HasPrefix(a.Header().Get("Location"), "/prove") {
				t.Errorf("%s %s without a fresh proof: %d to %q", method, where, a.Code, a.Header().Get("Location"))
			}
		}
		if a := w.handIn(w.mine, "clients", clients, "appointments", appointments); !strings.HasPrefix(a.Header().Get("Location"), "/prove") {
			t.Errorf("handed in without a fresh proof: %d", a.Code)
		}
	})
}

func (w *world) people() (n int64) {
	w.Helper()
	w.view(w.one, func(ctx context.Context, tx *store.Tx) (err error) { n, err = client.CountActive(ctx, tx); return err })
	return n
}

// picture keeps what a page looks like where somebody wants to see it.
func (w *world) picture(tab context.Context, name string, wide int64) {
	w.Helper()
	if err := chromedp.Do(tab, chromedp.EmulateViewport(wide, 900)); err != nil {
		w.Fatal(err)
	}
	sideways, err := chromedp.Run(tab, chromedp.Evaluate[bool](`document.documentElement.scrollWidth > innerWidth`))
	if err != nil || sideways {
		w.Errorf("%s at %d scrolls sideways (%v)", name, wide, err)
	}
	folder := os.Getenv("LETTERHEAD_PICTURES")
	if folder == "" {
		return
	}
	shot, err := chromedp.Run(tab, chromedp.FullScreenshot(100))
	if err == nil {
		err = os.WriteFile(filepath.Join(folder, name+"-"+strconv.FormatInt(wide, 10)+".png"), shot, 0o600)
	}
	if err != nil {
		w.Fatal(err)
	}
}

// The pages of an import in a real browser, with its progress.
func TestAnImportInChromium(t *testing.T) {
	t.Parallel()
	w := newWorld(t, testkit.SQLite)
	site := w.site()
	tab := browser.Open(t)
	clients, appointments, details := sample(t, "wharf")
	folder := t.TempDir()
	var names []string
	for name, content := range map[string]string{"clients.csv": clients, "appointments.csv": appointments, "practice.json": details} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		names = append(names, name)
	}
	if err := chromedp.Do(tab, chromedp.Navigate(site+"/enter"), chromedp.Navigate(site+"/settings/import")); err != nil {
		t.Fatal(err)
	}
	see := func(name string) {
		for _, wide := range []int64{1280, 390} {
			w.picture(tab, name, wide)
			for _, barrier := range browser.Barriers(t, tab) {
				t.Errorf("%s at %d: %s", name, wide, barrier)
			}
		}
	}
	see("import-start")
	for _, name := range names {
		field := strings.TrimSuffix(strings.TrimSuffix(name, ".csv"), ".json")
		if err := chromedp.Do(tab, chromedp.SetUploadFiles(`#f-`+field, []string{filepath.Join(folder, name)})); err != nil {
			t.Fatal(err)
		}
	}
	if err := chromedp.Do(tab, chromedp.Click("main button.primary"), chromedp.WaitVisible(`button[value="check"]`)); err != nil {
		t.Fatal(err)
	}
	see("import-choose")
	if err := chromedp.Do(tab, chromedp.Click(`#f-other`), chromedp.Click(`button[value="check"]`), chromedp.WaitVisible(`progress`)); err != nil {
		t.Fatal(err)
	}
	see("import-checking")
	if err := w.uploads.Work(context.Background()); err != nil {
		t.Fatal(err)
	}
	if err := chromedp.Do(tab, chromedp.WaitVisible(`form[action$="/bring"]`)); err != nil {
		t.Fatal("the page did not go on by itself:", err)
	}
	see("import-checked")
}

// Everything of a practice is for its owner alone, with a fresh proof, and taking it stands in the access log.
func TestAnOwnerTakesEverythingAway(t *testing.T) {
	t.Parallel()
	each(t, func(w *world) {
		const path = "/settings/export"
		if a := w.askAs(w.as(w.one, "manager@example.org", guard.Manager), "POST", path, nil, "Content-Type", "application/x-www-form-urlencoded"); a.Code != 403 {
			t.Errorf("a manager: %d", a.Code)
		}
		w.says(w.get("/settings"), 200, "Take everything with you")
		w.says(w.get(path), 200, "Whoever has this file reads all of it")
		a := w.post(path)
		archive, err := zip.NewReader(strings.NewReader(a.body), int64(len(a.body)))
		if err != nil || a.Header().Get("Content-Type") != "application/zip" {
			t.Fatalf("%d %v", a.Code, err)
		}
		in, err := archive.Open("tables/client.jsonl")
		if err != nil {
			t.Fatal(err)
		}
		raw, err := io.ReadAll(in)
		if err != nil || !strings.Contains(string(raw), "fatima@example.org") || strings.Count(string(raw), "\n") != len(w.one.clients) {
			t.Errorf("clients: %s %v", raw, err)
		}
		w.says(w.get("/looked"), 200, "export")
		w.clock.Pass(11 * time.Minute)
		if a := w.post(path); a.Code != 303 || !strings.HasPrefix(a.Header().Get("Location"), "/prove") {
			t.Errorf("without a fresh proof: %d", a.Code)
		}
	})
}
