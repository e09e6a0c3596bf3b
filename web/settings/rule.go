package settings

import (
	"context"
	"errors"
	"slices"
	"strconv"

	"letterhead/fault"
	"letterhead/guard"
	"letterhead/plan"
	"letterhead/store"
	"letterhead/web/page"
	"letterhead/web/ui"
)

// form is the form of one automatic message.
type form struct {
	frame     ui.Frame
	visit     *page.Visit
	rule      plan.Rule
	name      string
	on, only  bool
	number    string // of days, hours or minutes
	at        string
	channel   string
	ver       string
	problems  []ui.Problem
	may       bool
	numbering string // the field that number fills: days, hours, minutes
}

// Rule is the form with what is stored.
func Rule(v *page.Visit) (page.Answer, error) {
	f := form{visit: v}
	if err := f.read(); err != nil {
		return page.Answer{}, err
	}
	r := f.rule
	f.name, f.on, f.only, f.channel, f.ver, f.at = r.Name, r.Enabled, r.OnlyUnconfirmed, r.Channel, strconv.FormatInt(r.Version, 10), r.Trigger.At
	f.number = strconv.Itoa(*f.counted(&r.Trigger))
	return page.Show(showRule(f))
}

// Change changes it, and has everything to come planned again.
func Change(v *page.Visit) (page.Answer, error) {
	f := form{visit: v, name: v.Form("name"), on: v.Form("on") == "yes", only: v.Form("only_unconfirmed") == "yes", number: v.Form("number"), at: v.Form("at"),
		channel: v.Form("channel"), ver: v.Form("version")}
	err := v.Change(func(ctx context.Context, tx *store.Tx) error {
		r, err := find(ctx, tx, v.Path("rule"))
		if err != nil {
			return err
		}
		f.rule = r
		if r.Version, err = strconv.ParseInt(f.ver, 10, 64); err != nil || r.Version != f.rule.Version {
			return plan.ErrChanged
		}
		r.Name, r.Enabled, r.Channel = f.name, f.on, f.channel
		n, err := strconv.Atoi(f.number)
		if err != nil {
			return fault.Field("number", "settings.number", "give a whole number")
		}
		*f.counted(&r.Trigger) = n
		if r.Trigger.At != "" {
			r.Trigger.At = f.at
		}
		if before(r) {
			r.OnlyUnconfirmed = f.only
		}
		_, err = plan.ChangeRule(ctx, tx, r)
		return err
	})
	if err == nil {
		return page.Go(home + "?did=rule")
	}
	problem := page.Problem(v.Text, err)
	if problem == nil {
		return page.Answer{}, err
	}
	switch problem.Field {
	case "trigger.days", "trigger.hours", "trigger.minutes":
		problem.Field = "number"
	case "trigger.at":
		problem.Field = "at"
	}
	f.problems = []ui.Problem{*problem}
	if err := f.read(); err != nil {
		return page.Answer{}, err
	}
	if errors.Is(err, plan.ErrChanged) {
		f.problems[0].Say = v.Say("automatic.changed", v.Text.Moment(f.rule.Changed.In(v.Location), v.Now.In(v.Location)))
	}
	return page.Again(showRule(f), err)
}

func (f *form) read() error {
	f.may = f.visit.May(guard.SettingsChange)
	err := f.visit.View(func(ctx context.Context, tx *store.Tx) (err error) {
		f.rule, err = find(ctx, tx, f.visit.Path("rule"))
		return err
	})
	f.counted(&f.rule.Trigger)
	f.frame = f.visit.Frame(f.rule.Name, "/messages")
	return err
}

func find(ctx context.Context, tx *store.Tx, key string) (plan.Rule, error) {
	rules, err := plan.Rules(ctx, tx)
	if err != nil {
		return plan.Rule{}, err
	}
	i := slices.IndexFunc(rules, func(r plan.Rule) bool { return r.Key == key })
	if i < 0 {
		return plan.Rule{}, plan.ErrNoRule
	}
	return rules[i], nil
}

// counted is what the trigger counts: days, hours, or the minutes that it waits.
func (f *form) counted(t *plan.Trigger) *int {
	switch t.Kind {
	case plan.DaysBefore, plan.DaysAfter:
		f.numbering = "days"
		return &t.Days
	case plan.HoursBefore:
		f.numbering = "hours"
		return &t.Hours
	}
	f.numbering = "minutes"
	return &t.Minutes
}

// before tells a reminder: one that asks who has not confirmed yet.
func before(r plan.Rule) bool {
	return r.Trigger.Kind == plan.DaysBefore || r.Trigger.Kind == plan.HoursBefore
}

func yes(is bool) string {
	if is {
		return "yes"
	}
	return ""
}
