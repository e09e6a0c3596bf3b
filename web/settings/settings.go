// Package settings is the pages on which a practice says how it works. Today: its automatic messages, quiet hours and usual channel.
//
// It promises: whatever changes what will be sent opens the job that plans again, in the same transaction, and the page shows how far that is;
// a change made on an old reading is refused and nothing of what was typed is lost. It writes no rule's wording and approves nothing.
package settings

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/a-h/templ"

	"letterhead/fault"
	"letterhead/guard"
	"letterhead/job"
	"letterhead/plan"
	"letterhead/practice"
	"letterhead/store"
	"letterhead/template"
	"letterhead/web/page"
	"letterhead/web/ui"
)

const home = "/settings/messages"

// recent is how long the end of a job is still shown.
const recent = 10 * time.Minute

// errStale refuses practice settings that were made on an old reading.
var errStale = fault.New(fault.Conflict, "settings.changed", "these settings were changed meanwhile; look at them again and repeat what you wanted")

// overview lists the automatic messages, and the settings that all of them share.
type overview struct {
	frame    ui.Frame
	visit    *page.Visit
	rules    []plan.Rule
	wordings []template.Wording
	unsent   string // why no sample was sent
	jobs     []job.Job
	from, to string // quiet hours
	channel  string
	ver      string
	problems []ui.Problem
	may      bool
	unsigned map[string]bool // rules that wait for a signature, by key
}

// Messages is the page.
func Messages(v *page.Visit) (page.Answer, error) {
	o := overview{visit: v}
	if err := o.read(); err != nil {
		return page.Answer{}, err
	}
	o.from, o.to, o.channel, o.ver = clock(v.Practice.QuietFrom), clock(v.Practice.QuietTo), string(v.Practice.DefaultChannel), reading(v.Practice)
	if did := v.Query("did"); did == "rule" || did == "settings" || did == "sample" {
		o.frame.Flash = &ui.Flash{Kind: ui.Good, Say: v.Say("did." + did)}
	}
	return page.Show(show(o))
}

// Progress is how far planning again is; a script asks for it while it runs.
func Progress(v *page.Visit) (page.Answer, error) {
	o := overview{visit: v}
	if err := o.read(); err != nil {
		return page.Answer{}, err
	}
	return page.Show(progress(o))
}

func (o *overview) read() error {
	o.may = o.visit.May(guard.SettingsChange)
	o.frame = o.visit.Frame(o.visit.Say("automatic.title"), "/messages")
	return o.visit.View(func(ctx context.Context, tx *store.Tx) error {
		var err error
		if o.rules, err = plan.Rules(ctx, tx); err != nil {
			return err
		}
		o.unsigned = map[string]bool{}
		for _, r := range o.rules {
			wants, err := unsigned(ctx, tx, o.visit, r)
			if err != nil {
				return err
			}
			if wants {
				o.unsigned[r.Key] = true
			}
		}
		if o.wordings, err = template.List(ctx, tx); err != nil {
			return err
		}
		o.jobs, err = job.List(ctx, tx)
		o.jobs = slices.DeleteFunc(o.jobs, func(j job.Job) bool {
			return j.Kind != plan.ReplanJob || j.State != "open" && tx.Now.Sub(j.Finished) > recent
		})
		return err
	})
}

// reading names what the page showed of the practice's settings.
func reading(p practice.Practice) string {
	return fmt.Sprintf("%d-%d-%s", p.QuietFrom, p.QuietTo, p.DefaultChannel)
}

// Save changes quiet hours and the usual channel, and has everything to come planned again.
func Save(v *page.Visit) (page.Answer, error) {
	o := overview{visit: v, from: v.Form("quiet_from"), to: v.Form("quiet_to"), channel: v.Form("default_channel"), ver: v.Form("version")}
	err := v.Change(func(ctx context.Context, tx *store.Tx) error {
		p, err := practice.Find(ctx, tx)
		if err != nil {
			return err
		}
		if reading(p) != o.ver {
			return errStale
		}
		before := p
		if p.QuietFrom, err = minute("quiet_from", o.from); err != nil {
			return err
		}
		if p.QuietTo, err = minute("quiet_to", o.to); err != nil {
			return err
		}
		if p.DefaultChannel = practice.Channel(o.channel); p == before {
			return nil
		}
		if _, err = practice.Change(ctx, tx, p); err != nil {
			return err
		}
		// A subject of its own: a job that is under way may have passed by what this changes.
		return job.Add(ctx, tx, plan.ReplanJob, "settings "+strconv.FormatInt(store.Micro(tx.Now), 10), tx.Now)
	})
	if err == nil {
		return page.Go(home + "?did=settings")
	}
	problem := page.Problem(v.Text, err)
	if problem == nil {
		return page.Answer{}, err
	}
	o.problems = []ui.Problem{*problem}
	if err := o.read(); err != nil {
		return page.Answer{}, err
	}
	return page.Again(show(o), err)
}

func clock(minute int) string { return fmt.Sprintf("%02d:%02d", minute/60, minute%60) }

func minute(field, typed string) (int, error) {
	at, err := time.Parse("15:04", typed)
	if err != nil {
		return 0, fault.Field(field, "settings.clock", "give a time, such as 20:00")
	}
	return at.Hour()*60 + at.Minute(), nil
}

func errorOf(problems []ui.Problem, field string) string {
	for _, problem := range problems {
		if problem.Field == field {
			return problem.Say
		}
	}
	return ""
}

// when says a rule's trigger in words.
func when(v *page.Visit, r plan.Rule) string {
	t := r.Trigger
	say := v.Say("automatic.on-" + string(t.Kind))
	switch t.Kind {
	case plan.DaysBefore, plan.DaysAfter:
		say = v.Count("automatic."+string(t.Kind), t.Days) + ", " + t.At
	case plan.HoursBefore:
		say = v.Count("automatic.hours before", t.Hours)
	default:
		say += ", " + v.Text.Minutes(t.Minutes)
	}
	say += " · " + v.Say("automatic.by-"+r.Channel)
	if r.OnlyUnconfirmed {
		say += " · " + v.Say("automatic.unconfirmed")
	}
	return say
}

// latest is the job that says most: one under way, or else the last that ended.
func (o overview) latest() []job.Job {
	for _, j := range o.jobs {
		if j.State == "open" {
			return []job.Job{j}
		}
	}
	return o.jobs[:min(len(o.jobs), 1)]
}

// again makes the part ask for itself while something is under way.
func (o overview) again(ctx context.Context) templ.Attributes {
	if latest := o.latest(); len(latest) == 0 || latest[0].State != "open" {
		return nil
	}
	return ui.Hx(ctx, "get", home+"/progress", "trigger", "every 2s", "swap", "outerHTML")
}
