package web

import (
	"context"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"letterhead/plan"
	"letterhead/plan/trial"
	"letterhead/store"
	"letterhead/testkit"
	"letterhead/testkit/browser"
)

// try is what a change of a rule would do, by the trial and by saving it.
func (w *world) try(r plan.Rule) trial.Result {
	w.Helper()
	var found trial.Result
	where, err := time.LoadLocation("Australia/Melbourne")
	if err != nil {
		w.Fatal(err)
	}
	w.view(w.one, func(ctx context.Context, tx *store.Tx) (err error) {
		found, err = trial.Run(ctx, tx, r, where)
		return err
	})
	return found
}

// goes counts the messages of the next 30 days as they are planned.
func (w *world) planned() (n int) {
	w.Helper()
	w.view(w.one, func(ctx context.Context, tx *store.Tx) error {
		return plan.Lines(ctx, tx, plan.Filter{}, func(l plan.Line) error {
			if l.Verdict == plan.Send && l.Reason != plan.AlreadySent && !l.Next.Before(tx.Now) && l.Next.Before(tx.Now.AddDate(0, 0, trial.Days)) {
				n++
			}
			return nil
		})
	})
	return n
}

// What the trial says is what saving does: other days, off, another channel, another service, quiet hours, a new one.
func TestATrialSaysWhatSavingDoes(t *testing.T) {
	t.Parallel()
	each(t, func(w *world) {
		for _, at := range []string{"2026-12-08T09:00", "2026-12-10T11:00", "2026-12-16T18:30", "2026-12-22T07:30"} {
			w.book(&w.one, "Costa", "Liam Nguyen", at)
			w.book(&w.one, "Brennan", "Petra Schäfer", at)
		}
		stirred := 0
		for name, change := range map[string]func(*plan.Rule){
			"nothing": func(*plan.Rule) {}, "off": func(r *plan.Rule) { r.Enabled = false }, "3 days": func(r *plan.Rule) { r.Trigger.Days = 3 }, "40 days": func(r *plan.Rule) { r.Trigger.Days = 40 },
			"by text": func(r *plan.Rule) { r.Channel = string(plan.SMS) }, "another service": func(r *plan.Rule) { r.Services = []string{"none"} }, "quiet": func(r *plan.Rule) { r.QuietFrom, r.QuietTo = "09:00", "23:00" },
			"confirmed alone": func(r *plan.Rule) { r.Statuses = []string{"confirmed"} }, "after": func(r *plan.Rule) { r.Trigger = plan.Trigger{Kind: plan.DaysAfter, Days: 2, At: "10:00"} },
		} {
			r := w.rule(w.one, "reminder-2-days")
			was := r
			change(&r)
			before := w.planned()
			said := w.try(r)
			if said.Before != before || said.Cut || said.Before != said.Same+said.Changed+said.Vanish || said.After != said.Same+said.Changed+said.Appear {
				w.Errorf("%s: %+v, before %d", name, said, before)
			}
			stirred += said.Appear + said.Vanish + said.Changed
			w.change(w.one, func(ctx context.Context, tx *store.Tx) error { _, err := plan.ChangeRule(ctx, tx, r); return err })
			if after := w.planned(); said.After != after {
				w.Errorf("%s: it says %d, and %d are planned", name, said.After, after)
			}
			was.Version = w.rule(w.one, "reminder-2-days").Version
			w.change(w.one, func(ctx context.Context, tx *store.Tx) error { _, err := plan.ChangeRule(ctx, tx, was); return err })
		}
		if stirred < 20 {
			w.Errorf("%d messages were stirred in all", stirred)
		}
	})
}

func TestARuleIsTriedAndAdded(t *testing.T) {
	t.Parallel()
	each(t, func(w *world) {
		w.book(&w.one, "Costa", "Liam Nguyen", "2026-12-10T11:00")
		path := "/settings/messages/rules/reminder-2-days"
		form := []string{"version", "1", "name", "Reminder", "on", "yes", "number", "3", "at", "10:00", "channel", "preference", "do", "try"}
		tried := w.post(path, form...)
		w.says(tried, 200, "What it would do", "Goes Tue 8 Dec, 10:00; would go Mon 7 Dec, 10:00", "João Costa", "As it is")
		if !strings.Contains(tried.body, `value="Reminder"`) || w.rule(w.one, "reminder-2-days").Version != 1 {
			w.Error("what was typed is lost, or it was saved")
		}
		w.says(w.post(path, append(form, "on", "")...), 200, "would not go")
		w.says(w.post(path, append(form, "number", "many")...), 422, "Give a whole number")
		w.says(w.post(path, append(form, "quiet_from", "20:00")...), 422, "Write the time as 10:00")
		news := w.wording(w.one, "reminder-7-days")
		added := []string{"version", "0", "name", "The day before", "on", "yes", "kind", "days before", "number", "1", "at", "16:00", "channel", "email", "wording", news, "do", "try"}
		w.says(w.get("/settings/messages/rules/new"), 200, "New automatic message", "Days before the appointment", "Only for some appointments")
		w.says(w.post("/settings/messages/rules/new", added...), 200, "Would go Wed 9 Dec, 16:00")
		w.says(w.post("/settings/messages/rules/new", append(added, "wording", w.wording(w.two, "booked"))...), 422, "No such template")
		w.says(w.post("/settings/messages/rules/new", append(added, "do", "save", "wording", w.wording(w.two, "booked"))...), 422, "No such template")
		w.says(w.post("/settings/messages/rules/new", append(added, "name", "")...), 200, "Would go")
		w.says(w.post("/settings/messages/rules/new", append(added, "do", "save", "name", "")...), 422, "fill it in")
		w.says(w.goes(w.post("/settings/messages/rules/new", append(added, "do", "save")...), "/settings/messages"), 200, "The day before", "1 day before, 16:00 · by e-mail")
		values := url.Values{}
		for i := 0; i+1 < len(added); i += 2 {
			values.Set(added[i], added[i+1])
		}
		values["services"] = []string{string(w.one.service), "0190"}
		values.Set("version", "1")
		values.Set("do", "save")
		w.goes(w.ask("POST", "/settings/messages/rules/the-day-before", values), "/settings/messages")
		if r := w.rule(w.one, "the-day-before"); len(r.Services) != 2 || r.Wording != news || r.Trigger.Days != 1 {
			w.Errorf("%+v", r)
		}
	})
}

func TestRulesHaveNoBarrier(t *testing.T) {
	t.Parallel()
	w := newWorld(t, testkit.SQLite)
	for _, at := range []string{"2026-12-08T09:00", "2026-12-10T11:00", "2026-12-16T18:30"} {
		w.book(&w.one, "Costa", "Liam Nguyen", at)
		w.book(&w.one, "Brennan", "Petra Schäfer", at)
	}
	site := w.site()
	tab, cancel := context.WithTimeout(browser.Open(t), 90*time.Second)
	t.Cleanup(cancel)
	if err := chromedp.Do(tab, chromedp.Navigate(site+"/enter")); err != nil {
		t.Fatal(err)
	}
	for name, wide := range map[string]int64{"rule": 1280, "rule-phone": 390} {
		steps := []chromedp.Action[chromedp.Void]{chromedp.EmulateViewport(wide, 900), chromedp.Navigate(site + "/settings/messages/rules/reminder-2-days"), chromedp.SetValue("#f-number", "4"), chromedp.Click("button[value=try]"), chromedp.WaitVisible(".plot")}
		if err := chromedp.Do(tab, steps...); err != nil {
			t.Fatal(err)
		}
		for _, barrier := range browser.Barriers(t, tab) {
			t.Errorf("%s: %s", name, barrier)
		}
		if sideways, err := chromedp.Run(tab, chromedp.Evaluate[bool](`document.documentElement.scrollWidth > document.documentElement.clientWidth`)); err != nil || sideways {
			t.Errorf("%s scrolls sideways (%v)", name, err)
		}
		picture(t, tab, name)
	}
}
