package web

import (
	"context"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"letterhead/guard"
	"letterhead/message"
	"letterhead/store"
	"letterhead/testkit"
	"letterhead/testkit/browser"
)

func (w *world) frozen(h home) (out []string) {
	w.Helper()
	w.view(h, func(ctx context.Context, tx *store.Tx) error {
		open, err := message.Frozen(ctx, tx)
		out = nil
		for _, o := range open {
			out = append(out, o.Words()+": "+o.Reason)
		}
		return err
	})
	return out
}

// Anybody at work stops sending, with a reason; the page says what it did, what had begun, and how it ends. It never lifts.
func TestSendingIsStopped(t *testing.T) {
	t.Parallel()
	each(t, func(w *world) {
		w.says(w.get("/messages"), 200, "Stop sending")
		w.says(w.get("/stop"), 200, "Stop now", "In doubt, everything.", "Automatic message: Reminder 2 days before", "Team member: what")
		w.says(w.post("/stop", "what", "practice", "reason", " "), 422, "Say why, in one line")
		w.says(w.post("/stop", "what", "host", "reason", "a prize"), 422, "Which site")
		w.says(w.post("/stop", "what", "letter:x", "reason", "y"), 422, "Choose what is to stop from the list")
		if open := w.frozen(w.one); len(open) != 0 {
			t.Fatalf("stopped by what was refused: %v", open)
		}
		desk := w.as(w.one, "front@example.org", guard.FrontDesk)
		page := w.askAs(desk, "GET", "/stop", nil)
		w.says(page, 200, "Stop now")
		w.silent(page, "Team member:", "Program:")
		if answer := w.askAs(desk, "POST", "/stop", url.Values{"what": {"member:" + w.memberOf(w.one)}, "reason": {"x"}}); answer.Code != 422 {
			t.Errorf("the front desk stops a member: %d", answer.Code)
		}
		w.says(w.goes(w.post("/stop", "what", "rule:reminder-2-days", "reason", "wrong time"), "/stop?did="), 200, "Automatic message: Reminder 2 days before", "wrong time", "No message had begun to leave")
		w.says(w.get("/"), 200, "A part of what is sent is stopped since", "What is stopped")
		answer := w.askAs(desk, "POST", "/stop", url.Values{"what": {"practice"}, "reason": {"prize-draw mails"}})
		if answer.Code != 303 {
			t.Fatalf("the front desk stops: %d", answer.Code)
		}
		w.says(w.get("/"), 200, "Sending is stopped since")
		w.says(w.goes(w.post("/stop", "what", "host", "site", "https://Prize.example/", "reason", "a prize"), "/stop?did="), 200, "Messages with links to prize.example")
		if open := strings.Join(w.frozen(w.one), "; "); open != "messages of the rule reminder-2-days: wrong time; all messages of the practice: prize-draw mails; messages with links to prize.example: a prize" {
			t.Errorf("open: %s", open)
		}
		if open := w.frozen(w.two); len(open) != 0 {
			t.Errorf("the other practice's: %v", open)
		}
	})
}

// The platform's stop is said on every practice's pages, and not by whom a practice could end it.
func TestThePlatformsStopIsSaid(t *testing.T) {
	t.Parallel()
	each(t, func(w *world) {
		err := w.db.Whole(context.Background(), "test", func(tx *store.Wide) error {
			_, err := message.FreezePlatform(context.Background(), tx, "command", "a drill")
			return err
		})
		if err != nil {
			w.Fatal(err)
		}
		for _, path := range []string{"/", "/stop"} {
			w.says(w.get(path), 200, "Sending is stopped for every practice since")
			w.silent(w.get(path), "a drill")
		}
	})
}

// A stopped member is signed out, and may not be stopped by somebody who could not take their access away.
func TestAStoppedMemberIsSignedOut(t *testing.T) {
	t.Parallel()
	w := newWorld(t, testkit.SQLite)
	liam := w.as(w.one, "liam@example.org", guard.FrontDesk)
	var id string
	w.view(w.one, func(ctx context.Context, tx *store.Tx) error {
		all, err := guard.Members(ctx, tx)
		for _, m := range all {
			if m.Role == guard.FrontDesk {
				id = string(m.ID)
			}
		}
		return err
	})
	if answer := w.askAs(liam, "GET", "/", nil); answer.Code != 200 {
		t.Fatalf("liam before: %d", answer.Code)
	}
	manager := w.as(w.one, "mia@example.org", guard.Manager)
	if answer := w.askAs(manager, "POST", "/stop", url.Values{"what": {"member:" + w.memberOf(w.one)}, "reason": {"x"}}); answer.Code == 303 && w.memberOf(w.one) != id {
		t.Errorf("a manager stopped %d", answer.Code)
	}
	w.says(w.goes(w.post("/stop", "what", "member:"+id, "reason", "a stolen laptop"), "/stop?did="), 200, "a stolen laptop")
	if answer := w.askAs(liam, "GET", "/", nil); answer.Code != 303 {
		t.Errorf("liam after: %d", answer.Code)
	}
}

// Both sizes, looked at in Chromium.
func TestTheStopPageFits(t *testing.T) {
	t.Parallel()
	w := newWorld(t, testkit.SQLite)
	w.post("/stop", "what", "practice", "reason", "prize-draw mails in our name")
	w.post("/stop", "what", "rule:reminder-2-days", "reason", "wrong time")
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
		do(chromedp.EmulateViewport(width, 900), chromedp.Navigate(site+"/stop"), chromedp.WaitVisible("textarea[name=reason]"))
		wide, err := chromedp.Run(tab, chromedp.Evaluate[bool](`document.documentElement.scrollWidth > document.documentElement.clientWidth`))
		if err != nil || wide {
			t.Errorf("at %d px it scrolls sideways (%v)", width, err)
		}
		shot, err := chromedp.Run(tab, chromedp.FullScreenshot(100))
		if err != nil {
			t.Fatal(err)
		}
		if folder := os.Getenv("LETTERHEAD_SHOTS"); folder != "" {
			if err := os.WriteFile(filepath.Join(folder, "stop-"+strconv.FormatInt(width, 10)+".png"), shot, 0o600); err != nil {
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
}
