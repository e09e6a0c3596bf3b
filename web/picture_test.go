package web

import (
	"bytes"
	"context"
	"image"
	"image/color"
	"image/png"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"letterhead/guard"
	"letterhead/message"
	"letterhead/practice"
	"letterhead/store"
	"letterhead/template"
	"letterhead/testkit"
	"letterhead/testkit/browser"
)

// emblem is a logo: a disc and a bar.
func emblem(t testing.TB, wide, high int) []byte {
	t.Helper()
	m := image.NewRGBA(image.Rect(0, 0, wide, high))
	r := high/2 - 2
	for y := range high {
		for x := range wide {
			dx, dy := x-high/2, y-high/2
			if dx*dx+dy*dy < r*r || x > high+high/8 && x < wide-4 && y > high/3 && y < 2*high/3 {
				m.Set(x, y, color.RGBA{31, 78, 121, 255})
			}
		}
	}
	var out bytes.Buffer
	if err := png.Encode(&out, m); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// hand posts a form with a file.
func (w *world) hand(who []*http.Cookie, path string, file []byte, pairs ...string) answer {
	w.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	part, err := form.CreateFormFile("picture", "logo.png")
	if err == nil {
		_, err = part.Write(file)
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		if err == nil {
			err = form.WriteField(pairs[i], pairs[i+1])
		}
	}
	if err != nil || form.Close() != nil {
		w.Fatal(err)
	}
	request := httptest.NewRequest("POST", "http://"+host+path, &body)
	request.Host = host
	request.Header.Set("Content-Type", form.FormDataContentType())
	for _, cookie := range who {
		request.AddCookie(cookie)
	}
	recorder := httptest.NewRecorder()
	w.pages.ServeHTTP(recorder, request)
	return answer{recorder, unpack(w.TB, recorder)}
}

// A picture is handed in, described and used; what is refused names the field, and the picture that was good is not to be chosen again. Another
// practice's is not there.
func TestPicturesOfMessages(t *testing.T) {
	t.Parallel()
	each(t, func(w *world) {
		const home = "/settings/pictures"
		w.says(w.get("/settings/messages"), 200, "Logo and pictures")
		w.says(w.get(home), 200, "No pictures yet")
		logo := emblem(w, 480, 112)
		w.says(w.hand(w.mine, home, nil, "alt", "x"), 422, "Choose a picture")
		w.says(w.hand(w.mine, home, []byte("<svg>"), "alt", "A leaf"), 422, "not a PNG or JPEG picture")
		silent := w.hand(w.mine, home, logo, "logo", "yes")
		w.says(silent, 422, "Say in words what the picture shows")
		kept := regexp.MustCompile(`name="kept" value="([^"]+)"`).FindStringSubmatch(silent.body)
		if kept == nil || !strings.Contains(silent.body, `src="data:image/png;base64,`) || !strings.Contains(silent.body, "checked") {
			t.Fatalf("what was good is lost: %s", shortened(silent.body))
		}
		w.says(w.hand(w.mine, home, logo, "alt", "win at evil.example"), 422, "evil.example")
		w.says(w.goes(w.hand(w.mine, home, nil, "kept", kept[1], "alt", "Our leaf", "logo", "yes"), home+"?did=changed"), 200, "templates have new versions", "Our leaf", "480 × 112 pixels", "Take the logo away")
		var digest string
		w.view(w.one, func(ctx context.Context, tx *store.Tx) error {
			found, err := practice.Logo(ctx, tx)
			if err != nil {
				return err
			}
			digest = found.SHA256
			current, err := template.CurrentVersions(ctx, tx)
			for _, v := range current {
				read, err := template.Read(ctx, tx, v.ID)
				if err != nil {
					return err
				}
				if read.Branding.Logo == nil || read.Branding.Logo.SHA256 != digest || read.Branding.Logo.Alt != "Our leaf" {
					w.Errorf("a template without the logo: %+v", read.Branding)
				}
			}
			return err
		})
		file := w.get(home + "/" + digest)
		if file.Code != 200 || file.Header().Get("Content-Type") != "image/png" || file.Header().Get("Content-Security-Policy") != "default-src 'none'; sandbox" || !strings.HasPrefix(file.body, "\x89PNG") {
			w.Errorf("the file: %d %v", file.Code, file.Header())
		}
		theirs := w.as(w.two, "mere@example.org", guard.Owner)
		if answer := w.askAs(theirs, "GET", home+"/"+digest, nil); answer.Code != 404 {
			w.Errorf("another practice's picture: %d", answer.Code)
		}
		if answer := w.askAs(theirs, "POST", home+"/"+digest, map[string][]string{"as": {"logo"}}); answer.Code != 422 {
			w.Errorf("another practice's picture as a logo: %d", answer.Code)
		}
		// A mail with it shows it, from the bytes that are kept.
		id := w.left(w.one, "Haddad", message.Email, "Fatima")
		w.says(w.get("/messages/"+string(id)), 200, "What it said")
		if framed := w.get("/messages/" + string(id) + "/html"); !strings.Contains(framed.body, "data:image/png;base64,") || strings.Contains(framed.body, "cid:") {
			w.Error("the mail's picture is not shown")
		}
		w.says(w.post(home+"/"+digest, "template", "nothing"), 422, "Choose one of your templates")
		var reminder template.ID
		w.view(w.one, func(ctx context.Context, tx *store.Tx) error {
			byKey, err := template.ByKey(ctx, tx)
			reminder = byKey["reminder-2-days"]
			return err
		})
		w.says(w.goes(w.post(home+"/"+digest, "template", string(reminder)), home+"?did=changed&n=1"), 200, "One template has a new version")
		w.says(w.goes(w.post(home+"/"+digest, "as", "none"), home+"?did=changed"), 200, "templates have new versions", "Make it the logo")
		// Who may not write templates hands nothing in; a file comes to no other form, and none is larger than is said.
		desk := w.as(w.one, "front@example.org", guard.FrontDesk)
		if answer := w.hand(desk, home, logo, "alt", "x"); answer.Code != 403 {
			w.Errorf("the front desk hands in: %d", answer.Code)
		}
		if answer := w.hand(w.mine, "/stop", logo, "what", "practice", "reason", "x"); answer.Code == 200 || answer.Code == 303 {
			w.Errorf("a file to another form: %d", answer.Code)
		}
		if answer := w.hand(w.mine, home, make([]byte, 7<<20), "alt", "x"); answer.Code != 413 {
			w.Errorf("too large a form: %d", answer.Code)
		}
	})
}

// Both sizes, looked at in Chromium.
func TestThePagesOfPicturesFit(t *testing.T) {
	t.Parallel()
	w := newWorld(t, testkit.SQLite)
	w.hand(w.mine, "/settings/pictures", emblem(t, 480, 112), "alt", "Wattle Street Physiotherapy: a blue leaf", "logo", "yes")
	w.hand(w.mine, "/settings/pictures", emblem(t, 300, 300), "alt", "The new treatment room")
	logo := filepath.Join(t.TempDir(), "room.png")
	if err := os.WriteFile(logo, emblem(t, 400, 400), 0o600); err != nil {
		t.Fatal(err)
	}
	site := w.site()
	tab := browser.Open(t)
	do := func(steps ...chromedp.Action[chromedp.Void]) {
		t.Helper()
		if err := chromedp.Do(tab, steps...); err != nil {
			t.Fatal(err)
		}
	}
	do(chromedp.Navigate(site + "/enter"))
	for _, width := range []int64{1280, 390} {
		do(chromedp.EmulateViewport(width, 900), chromedp.Navigate(site+"/settings/pictures"), chromedp.SetUploadFiles("input[type=file]", []string{logo}), chromedp.Click("button.primary"), chromedp.WaitVisible(".summary"))
		wide, err := chromedp.Run(tab, chromedp.Evaluate[bool](`document.documentElement.scrollWidth > document.documentElement.clientWidth`))
		if err != nil || wide {
			t.Errorf("at %d px it scrolls sideways (%v)", width, err)
		}
		shot, err := chromedp.Run(tab, chromedp.FullScreenshot(100))
		if err != nil {
			t.Fatal(err)
		}
		if folder := os.Getenv("LETTERHEAD_SHOTS"); folder != "" {
			if err := os.WriteFile(filepath.Join(folder, "pictures-"+strconv.FormatInt(width, 10)+".png"), shot, 0o600); err != nil {
				t.Error(err)
			}
		}
		if found := browser.Violations(t, tab); len(found) > 0 {
			t.Errorf("against the policy at %d px: %v", width, found)
		}
		if found := browser.Barriers(t, tab); len(found) > 0 {
			t.Errorf("barriers at %d px: %v", width, found)
		}
	}
	id := w.left(w.one, "Haddad", message.Email, "Fatima")
	for _, scheme := range []string{"light", "dark"} {
		for _, width := range []int64{320, 800} {
			do(preferring(scheme), chromedp.EmulateViewport(width, 700), chromedp.Navigate(site+"/messages/"+string(id)+"/html"))
			loaded, err := chromedp.Run(tab, chromedp.Evaluate[bool](`[...document.images].length == 1 && [...document.images].every(i => i.complete && i.naturalWidth == 480)`))
			if err != nil || !loaded {
				t.Errorf("%s, %d px: the logo is not shown (%v)", scheme, width, err)
			}
			shot, err := chromedp.Run(tab, chromedp.FullScreenshot(100))
			if err != nil {
				t.Fatal(err)
			}
			if folder := os.Getenv("LETTERHEAD_SHOTS"); folder != "" {
				if err := os.WriteFile(filepath.Join(folder, "mail-"+scheme+"-"+strconv.FormatInt(width, 10)+".png"), shot, 0o600); err != nil {
					t.Error(err)
				}
			}
		}
	}
}

// preferring has pages shown to somebody who prefers light or dark.
func preferring(scheme string) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, tab *chromedp.Target) error {
		_, err := cdp.Call(ctx, tab, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}})
		return err
	})
}
