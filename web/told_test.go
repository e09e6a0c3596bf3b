package web

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"letterhead/guard"
	"letterhead/message"
	"letterhead/notice"
	"letterhead/store"
	"letterhead/testkit"
	"letterhead/testkit/browser"
)

// noticed queues what a member is told.
func (w *world) noticed(h home, member, key string) {
	w.Helper()
	w.change(h, func(ctx context.Context, tx *store.Tx) error {
		_, err := message.Queue(ctx, tx, []message.Intent{{Kind: message.System, Channel: message.Email, Purpose: message.Appointments, Version: notice.Prefix + key, Digest: strings.Repeat("d", 64), Language: "en",
			Recipient: member, Turn: tx.Now, NotAfter: tx.Now.AddDate(0, 0, 1)}})
		return err
	})
}

// Who was told what, and what became of it, is a page: nobody's address stands on it, nothing else of Letterhead's messages, and nothing of another practice.
func TestWhatTheTeamWasToldIsAPage(t *testing.T) {
	t.Parallel()
	each(t, func(w *world) {
		w.says(w.get("/team/told"), 200, "Nothing was told yet")
		owner := w.owners[w.one.id]
		w.noticed(w.one, owner, "stopped-breaker-host")
		w.noticed(w.one, owner, "key-added")
		w.noticed(w.one, "somebody-of-before", "device")
		w.noticed(w.two, w.owners[w.two.id], "unsigned-few")
		page := w.get("/team/told")
		w.says(page, 200, "Sending was stopped", "A signing key was added", "A sign-in from another device", "Petra Schäfer", "A former team member", "E-mail")
		w.silent(page, "Messages wait for a signature", "@")
		w.says(w.get("/team"), 200, "What the team was told")
		w.says(w.askAs(w.as(w.one, "desk@example.org", guard.FrontDesk), "GET", "/team/told", nil), 403)
	})
}

// The page, wide and narrow, for who wants to see it (LETTERHEAD_PICTURES), and without barriers.
func TestWhatTheTeamWasToldHasNoBarrier(t *testing.T) {
	t.Parallel()
	w := newWorld(t, testkit.SQLite)
	for _, key := range []string{"invitation", "asked", "begins", "key-added", "stopped-person-practice", "unsigned-many", "device", "changed"} {
		w.noticed(w.one, w.owners[w.one.id], key)
	}
	site := w.site()
	tab := browser.Open(t)
	if err := chromedp.Do(tab, chromedp.Navigate(site+"/enter")); err != nil {
		t.Fatal(err)
	}
	for _, wide := range []int64{1280, 390} {
		if err := chromedp.Do(tab, chromedp.EmulateViewport(wide, 900), chromedp.Navigate(site+"/team/told")); err != nil {
			t.Fatal(err)
		}
		shot, err := chromedp.Run(tab, chromedp.FullScreenshot(100))
		if folder := os.Getenv("LETTERHEAD_PICTURES"); err == nil && folder != "" {
			err = os.WriteFile(filepath.Join(folder, "told-"+map[int64]string{1280: "wide", 390: "phone"}[wide]+".png"), shot, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, barrier := range browser.Barriers(t, tab) {
			t.Errorf("%d wide: %s", wide, barrier)
		}
	}
}
