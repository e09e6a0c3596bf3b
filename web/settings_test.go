package web

import (
	"context"
	"strconv"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"letterhead/job"
	"letterhead/plan"
	"letterhead/practice"
	"letterhead/store"
	"letterhead/testkit"
	"letterhead/testkit/browser"
)

func (w *world) rule(h home, key string) plan.Rule {
	w.Helper()
	var found plan.Rule
	w.view(h, func(ctx context.Context, tx *store.Tx) error {
		rules, err := plan.Rules(ctx, tx)
		for _, r := range rules {
			if r.Key == key {
				found = r
			}
		}
		return err
	})
	return found
}

// replan runs the jobs that plan again, as the program does, and returns how many ended.
func (w *world) replan() int {
	w.Helper()
	runner := job.NewRunner(w.db, map[string]job.Handler{plan.ReplanJob: func(ctx context.Context, j job.Job) (job.Progress, error) {
		var done plan.Replanned
		err := w.db.Change(ctx, store.Actor{Practice: j.Practice, Agent: "job"}, func(tx *store.Tx) (err error) {
			done, err = plan.Replan(ctx, tx, j.Cursor, 500)
			return err
		})
		return job.Progress{Cursor: done.Next, Done: j.Done + int64(done.Done), Total: int64(done.Total), Ended: done.Next == ""}, err
	}})
	ended, err := runner.RunDue(context.Background())
	if err != nil {
		w.Fatal(err)
	}
	return ended
}

// An automatic message is changed, everything to come is planned again, and the page says how far that is.
func TestChangingAnAutomaticMessage(t *testing.T) {
	t.Parallel()
	each(t, func(w *world) {
		w.book(&w.one, "Costa", "Liam Nguyen", "2026-12-10T11:00")
		costa := "/appointments/" + string(w.one.appointments["Costa"])
		w.says(w.get(costa), 200, "Will be sent Tue 8 Dec, 10:00")
		w.says(w.get("/messages"), 200, "Automatic messages")
		w.says(w.get("/settings/messages"), 200, "Reminder 2 days before", "2 days before, 10:00 · as the client chose", "After booking, 3 min", "Quiet from", "By the recipient’s own clock")
		path := "/settings/messages/rules/reminder-2-days"
		w.says(w.get(path), 200, "Days before", "Only to those who have not confirmed")
		good := []string{"version", "1", "name", "Reminder", "on", "yes", "number", "3", "at", "09:15", "channel", "email", "only_unconfirmed", "yes"}
		for _, c := range []struct{ field, value, says string }{
			{"number", "soon", "Give a whole number"}, {"number", "400", "out of range"}, {"at", "25:00", "Write the time as 10:00"}, {"channel", "pigeon", "Choose preference, email or sms"}, {"name", "", "fill it in"},
		} {
			refused := w.post(path, append(good, c.field, c.value)...)
			w.says(refused, 422, c.says)
			if !strings.Contains(refused.body, `aria-invalid="true"`) && c.field != "channel" || c.field != "name" && !strings.Contains(refused.body, `value="Reminder"`) {
				w.Errorf("%s: the field is not marked, or what was typed is lost", c.field)
			}
		}
		if n := w.replan(); n != 0 {
			w.Errorf("%d jobs after refusals", n)
		}
		w.says(w.goes(w.post(path, good...), "/settings/messages"), 200, "3 days before, 09:15 · by e-mail · only if not confirmed", "Messages to come are planned anew in a moment")
		if r := w.rule(w.one, "reminder-2-days"); r.Version != 2 || r.Trigger.Days != 3 || !r.OnlyUnconfirmed || !r.Enabled {
			w.Errorf("stored: %+v", r)
		}
		if r := w.rule(w.two, "reminder-2-days"); r.Version != 1 {
			w.Error("the other practice's rule was changed")
		}
		w.says(w.get("/settings/messages/progress"), 200, "planned anew in a moment")
		if n := w.replan(); n != 1 {
			w.Errorf("%d jobs ended", n)
		}
		w.says(w.get("/settings/messages/progress"), 200, "All messages to come were planned anew at 10:38")
		w.says(w.get(costa), 200, "Will be sent Mon 7 Dec, 9:15")
		w.says(w.post(path, good...), 409, "This automatic message was changed meanwhile, on Tue 1 Dec, 10:38")
		w.goes(w.post(path, append(good, "version", "2", "on", "")...), "/settings/messages")
		w.silent(w.get(costa), "Mon 7 Dec, 9:15")
		w.says(w.get("/settings/messages/rules/nothing"), 404)
		w.says(w.post("/settings/messages/rules/nothing", good...), 404)
	})
}

func TestQuietHoursAndTheUsualWay(t *testing.T) {
	t.Parallel()
	each(t, func(w *world) {
		form := []string{"version", "1200-480-email", "quiet_from", "21:30", "quiet_to", "07:00", "default_channel", "sms"}
		for _, c := range []struct {
			field, value string
			status       int
			says         string
		}{
			{"quiet_from", "late", 422, "Give a time, such as 20:00"}, {"quiet_to", "24:10", 422, "Give a time"}, {"default_channel", "pigeon", 422, "Choose email, sms or none"}, {"version", "0-0-email", 409, "These settings were changed meanwhile"},
		} {
			w.says(w.post("/settings/messages", append(form, c.field, c.value)...), c.status, c.says)
		}
		w.says(w.goes(w.post("/settings/messages", form...), "/settings/messages"), 200, "Saved. Messages to come are planned anew.")
		w.view(w.one, func(ctx context.Context, tx *store.Tx) error {
			p, err := practice.Find(ctx, tx)
			if p.QuietFrom != 21*60+30 || p.QuietTo != 7*60 || p.DefaultChannel != practice.SMS {
				w.Errorf("stored: %s to %s by %s", strconv.Itoa(p.QuietFrom), strconv.Itoa(p.QuietTo), p.DefaultChannel)
			}
			return err
		})
		if n := w.replan(); n != 1 {
			w.Errorf("%d jobs ended", n)
		}
	})
}

// The page follows the job by itself, twice over, and keeps its policy.
func TestProgressIsFollowedInABrowser(t *testing.T) {
	t.Parallel()
	w := newWorld(t, testkit.SQLite)
	site, tab := w.site(), browser.Open(t)
	do := func(steps ...chromedp.Action[chromedp.Void]) {
		t.Helper()
		if err := chromedp.Do(tab, steps...); err != nil {
			t.Fatal(err)
		}
	}
	do(chromedp.EmulateViewport(390, 844), chromedp.Navigate(site+"/enter"), chromedp.Navigate(site+"/settings/messages/rules/reminder-2-days"), chromedp.SetValue("#f-number", "3"), chromedp.Click("button.primary"), chromedp.WaitVisible("#progress"))
	do(chromedp.Evaluate[chromedp.Void](`document.querySelector("#progress .notice").id = "first"; undefined`), chromedp.WaitNotPresent("#first"),
		chromedp.Evaluate[chromedp.Void](`document.querySelector("#progress .notice").id = "second"; undefined`))
	if n := w.replan(); n != 1 {
		t.Fatalf("%d jobs ended", n)
	}
	do(chromedp.WaitNotPresent("#second"))
	if said, err := chromedp.Run(tab, chromedp.Text("#progress")); err != nil || !strings.Contains(said, "were planned anew at") {
		t.Errorf("it says %q (%v)", said, err)
	}
	if found := browser.Violations(t, tab); len(found) > 0 {
		t.Errorf("against the policy: %s", strings.Join(found, "; "))
	}
}
