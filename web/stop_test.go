package web

import (
	"context"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"letterhead/guard"
	"letterhead/message"
	"letterhead/store"
	"letterhead/template"
	"letterhead/testkit"
	"letterhead/testkit/browser"
	"letterhead/wording"
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
		w.says(w.post("/stop", "what", "host", "reason", "a prize"), 422, "Write the site")
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
			err := message.PutStops(context.Background(), tx, message.Stop{ID: "everything", Scope: message.StopPlatform, Reason: "a drill", Who: "command", At: tx.Now})
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
	w.linked(w.one, "wattle.example", 12, 431)
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
		do(chromedp.EmulateViewport(width, 900), chromedp.Navigate(site+"/stop?what=link&site=https://wattle.example/find-us"), chromedp.WaitVisible("textarea[name=reason]"),
			chromedp.Click("button[name=look]"), chromedp.WaitVisible("[role=status]"))
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

// linked gives a practice a template with a link, and messages of it: some wait, some left. It returns the version's digest.
func (w *world) linked(h home, host string, waits, leaves int) string {
	w.Helper()
	v := &wording.Version{Format: wording.Format, Purpose: wording.Transactional, Sender: wording.Sender{Name: "Wattle", Local: "hello", Domain: "wattle.example"},
		Branding: wording.Branding{Name: "Wattle", Accent: "#1f4e79"}, Hosts: []string{host}, DefaultLanguage: "en",
		Languages: []wording.Language{{Tag: "en", Subject: wording.Say("How to find " + host), Blocks: []wording.Block{
			wording.Button("How to find us", wording.Target{Kind: wording.ToURL, URL: "https://" + host + "/find-us"}), wording.Footer(wording.Say("Ring us."))}}}}
	var digest string
	w.change(h, func(ctx context.Context, tx *store.Tx) error {
		_, made, err := template.New(ctx, tx, "Finding "+host, v)
		if err != nil {
			return err
		}
		digest = made.Digest
		intents := make([]message.Intent, waits+leaves)
		for i := range intents {
			intents[i] = message.Intent{Kind: message.Rule, Channel: message.Email, Purpose: message.Appointments, Rule: "finding", Version: string(made.ID), Digest: digest, Language: "en",
				Client: string(h.clients["Haddad"]), Recipient: string(h.clients["Haddad"]), Turn: tx.Now, NotAfter: tx.Now.Add(24 * time.Hour)}
		}
		ids, err := message.Queue(ctx, tx, intents)
		for _, id := range ids[waits:] {
			if _, err := tx.Exec(ctx, `UPDATE message SET state = 'sent', left_at = $3 WHERE practice = $1 AND id = $2`, string(id), store.Micro(tx.Now)); err != nil {
				return err
			}
		}
		return err
	})
	return digest
}

// One link and one text are stopped from a message, from the list, or as they were copied, with their effect in words before and after; what only
// another practice has is nobody's here.
func TestALinkAndATextAreStopped(t *testing.T) {
	t.Parallel()
	each(t, func(w *world) {
		digest := w.linked(w.one, "wattle.example", 2, 3)
		w.linked(w.one, "other.example", 5, 7)
		theirs := w.linked(w.two, "rimu.example", 1, 1)
		const address = "https://wattle.example/find-us"
		two, three := "2 messages wait with it", "3 messages had left with it, in the last 30 days"
		for _, c := range []struct{ what, site string }{{"link", address}, {"link", " https://portal.example/l/" + digest[:24] + "/1 "}, {"host", "Wattle.example"}} {
			w.says(w.post("/stop", "what", c.what, "site", c.site, "look", "1"), 200, two, three)
		}
		for _, site := range []string{"", "https://wattle.example/find", "https://rimu.example/find-us", "https://portal.example/l/" + theirs[:24] + "/1", "https://portal.example/l/" + digest[:24] + "/2", "%", "javascript:alert(1)"} {
			w.says(w.post("/stop", "what", "link", "site", site, "reason", "x"), 422, "None of your templates has this link")
		}
		w.says(w.post("/stop", "what", "practice", "look", "1"), 200, "messages wait with it", "had left with it")
		if open := w.frozen(w.one); len(open) != 0 {
			t.Fatalf("stopped by looking, or by what was refused: %v", open)
		}
		var id message.ID
		w.view(w.one, func(ctx context.Context, tx *store.Tx) error {
			return tx.Row(ctx, `SELECT min(id) FROM message WHERE practice = $1 AND digest = $2`, digest).Scan(&id)
		})
		shown := w.get("/messages/" + string(id))
		w.says(shown, 200, "Stop everything with this text", "Stop the link "+address)
		w.silent(w.askAs(w.as(w.one, "ro@example.org", guard.ReadOnly), "GET", "/messages/"+string(id), nil), "/stop?")
		text := regexp.MustCompile(`/stop\?what=(text:[0-9a-f]+)`).FindStringSubmatch(shown.body)
		if text == nil {
			t.Fatal("no way to stop the text")
		}
		chosen := w.get("/stop?what=" + text[1])
		w.says(chosen, 200, "Everything with the text of: Finding wattle.example")
		if !strings.Contains(chosen.body, `value="`+text[1]+`" selected`) {
			t.Errorf("it is not chosen: %s", shortened(chosen.body))
		}
		w.says(w.goes(w.post("/stop", "what", text[1], "reason", "not ours"), "/stop?did="), 200, two, three, "Everything with the text of: Finding wattle.example", "not ours")
		w.says(w.goes(w.post("/stop", "what", "link", "site", "https://portal.example/l/"+digest[:24]+"/1", "reason", "taken over"), "/stop?did="), 200, two, three, "Messages with the link "+address)
		w.says(w.post("/stop", "what", "text:"+strings.Repeat("0", 32), "reason", "x"), 422, "Choose what is to stop from the list")
		if open := strings.Join(w.frozen(w.one), "; "); open != "messages of the "+strings.Replace(text[1], ":", " ", 1)+": not ours; messages with the link "+address+": taken over" {
			t.Errorf("open: %s", open)
		}
		if open := w.frozen(w.two); len(open) != 0 {
			t.Errorf("the other practice's: %v", open)
		}
	})
}
