package settings

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"letterhead/approval"
	"letterhead/fault"
	"letterhead/guard"
	"letterhead/plan"
	"letterhead/plan/trial"
	"letterhead/practice"
	"letterhead/store"
	"letterhead/template"
	"letterhead/web/page"
	"letterhead/web/ui"
)

// form is the form of one automatic message.
type form struct {
	frame     ui.Frame
	visit     *page.Visit
	rule      plan.Rule // as it is stored; of a new one, without key
	values    map[string]string
	lists     map[string][]string
	choices   map[string][]ui.Option
	wordings  []ui.Option
	ver       string
	problems  []ui.Problem
	may       bool
	trial     *trial.Result
	wants     bool // a signature, if it is saved as it stands
	people    map[string]string
	numbering string // the field that number fills: days, hours, minutes
}

// The fields of the form, by how many values they take.
var (
	single = []string{"name", "on", "kind", "number", "at", "channel", "wording", "fall_back", "only_unconfirmed", "quiet_from", "quiet_to"}
	many   = []string{"services", "locations", "practitioners", "statuses"}
)

var kinds = []plan.Kind{plan.DaysBefore, plan.HoursBefore, plan.DaysAfter, plan.OnBooked, plan.OnChanged, plan.OnCancelled}

// Rule is the form with what is stored.
func Rule(v *page.Visit) (page.Answer, error) {
	f := form{visit: v}
	if err := f.read(); err != nil {
		return page.Answer{}, err
	}
	f.fill()
	return page.Show(showRule(f))
}

// fill takes what is stored into the form.
func (f *form) fill() {
	r := &f.rule
	f.ver = strconv.FormatInt(r.Version, 10)
	f.values = map[string]string{"name": r.Name, "on": yes(r.Enabled), "kind": string(r.Trigger.Kind), "number": strconv.Itoa(*f.counted(&r.Trigger)), "at": r.Trigger.At, "channel": r.Channel,
		"wording": r.Wording, "fall_back": yes(r.FallBack), "only_unconfirmed": yes(r.OnlyUnconfirmed), "quiet_from": r.QuietFrom, "quiet_to": r.QuietTo}
	f.lists = map[string][]string{"services": r.Services, "locations": r.Locations, "practitioners": r.Practitioners, "statuses": r.Statuses}
}

// NewRule is the form of a new one: a reminder a day before.
func NewRule(v *page.Visit) (page.Answer, error) {
	f := form{visit: v}
	if err := f.read(); err != nil {
		return page.Answer{}, err
	}
	f.rule = plan.Rule{Enabled: true, Content: plan.Content{Trigger: plan.Trigger{Kind: plan.DaysBefore, Days: 1, At: "10:00"}, Channel: plan.ByPreference}}
	f.fill()
	return page.Show(showRule(f))
}

// typed is what was posted.
func typed(v *page.Visit) form {
	f := form{visit: v, values: map[string]string{}, lists: map[string][]string{}, ver: v.Form("version")}
	for _, name := range single {
		f.values[name] = v.Form(name)
	}
	for _, name := range many {
		for _, value := range v.Request.PostForm[name] {
			if len(value) <= 64 && len(f.lists[name]) <= 200 {
				f.lists[name] = append(f.lists[name], value)
			}
		}
	}
	return f
}

// Change changes an automatic message, or tries the change.
func Change(v *page.Visit) (page.Answer, error) {
	f := typed(v)
	return f.keep(func(ctx context.Context, tx *store.Tx) (plan.Rule, error) {
		r, err := find(ctx, tx, v.Path("rule"))
		if err != nil {
			return r, err
		}
		f.rule = r
		if n, err := strconv.ParseInt(f.ver, 10, 64); err != nil || n != r.Version {
			return r, plan.ErrChanged
		}
		return f.apply(r)
	}, plan.ChangeRule)
}

// AddRule adds one, or tries it.
func AddRule(v *page.Visit) (page.Answer, error) {
	f := typed(v)
	return f.keep(func(ctx context.Context, tx *store.Tx) (plan.Rule, error) {
		rules, err := plan.Rules(ctx, tx)
		if err != nil {
			return plan.Rule{}, err
		}
		return f.apply(plan.Rule{Key: freeKey(rules, f.values["name"])})
	}, plan.AddRule)
}

// keep reads the rule that the form makes, and saves it; with do=try it says what saving would do.
func (f *form) keep(make func(context.Context, *store.Tx) (plan.Rule, error), save func(context.Context, *store.Tx, plan.Rule) (plan.Rule, error)) (page.Answer, error) {
	v := f.visit
	var err error
	if v.Form("do") == "try" {
		err = v.View(func(ctx context.Context, tx *store.Tx) error {
			r, err := make(ctx, tx)
			if err != nil {
				return err
			}
			return f.try(ctx, tx, r)
		})
	} else {
		err = v.Change(func(ctx context.Context, tx *store.Tx) error {
			r, err := make(ctx, tx)
			if err == nil {
				_, err = save(ctx, tx, r)
			}
			return err
		})
		if err == nil {
			return page.Go(home + "?did=rule")
		}
	}
	problem := page.Problem(v.Text, err)
	if err != nil && problem == nil {
		return page.Answer{}, err
	}
	if problem != nil {
		problem.Field = strings.TrimPrefix(problem.Field, "trigger.")
		if slices.Contains([]string{"days", "hours", "minutes"}, problem.Field) {
			problem.Field = "number"
		}
		f.problems = []ui.Problem{*problem}
	}
	stored := f.rule
	if err := f.read(); err != nil {
		return page.Answer{}, err
	}
	if f.trial != nil && v.Path("rule") == "" {
		f.rule = stored
	}
	if errors.Is(err, plan.ErrChanged) {
		f.problems[0].Say = v.Say("automatic.changed", v.Text.Moment(f.rule.Changed.In(v.Location), v.Now.In(v.Location)))
	}
	if err == nil {
		return page.Show(showRule(*f))
	}
	return page.Again(showRule(*f), err)
}

// apply puts what was typed into a rule.
func (f *form) apply(r plan.Rule) (plan.Rule, error) {
	v := f.values
	r.Name, r.Enabled, r.Channel, r.FallBack = v["name"], v["on"] == "yes", v["channel"], v["fall_back"] == "yes"
	if v["kind"] != "" && v["kind"] != string(r.Trigger.Kind) {
		r.Trigger = plan.Trigger{Kind: plan.Kind(v["kind"])}
	}
	n, err := strconv.Atoi(v["number"])
	if err != nil {
		return r, fault.Field("number", "settings.number", "give a whole number")
	}
	*f.counted(&r.Trigger) = n
	if r.Trigger.At = ""; r.Trigger.Kind == plan.DaysBefore || r.Trigger.Kind == plan.DaysAfter {
		r.Trigger.At = v["at"]
	}
	r.OnlyUnconfirmed = before(r) && v["only_unconfirmed"] == "yes"
	if v["wording"] != "" || r.Wording == "" {
		r.Wording = v["wording"]
	}
	r.Services, r.Locations, r.Practitioners, r.Statuses = f.lists["services"], f.lists["locations"], f.lists["practitioners"], f.lists["statuses"]
	r.QuietFrom, r.QuietTo = v["quiet_from"], v["quiet_to"]
	_, err = plan.ParseContent([]byte(r.JSON()))
	return r, err
}

// try says what a rule would do.
func (f *form) try(ctx context.Context, tx *store.Tx, r plan.Rule) error {
	all, err := template.List(ctx, tx)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(all, func(w template.Wording) bool { return string(w.ID) == r.Wording }) {
		return fault.Field("wording", "plan.wording", "no such template; choose one of the list")
	}
	result, err := trial.Run(ctx, tx, r, f.visit.Location)
	if err != nil {
		return err
	}
	f.trial = &result
	f.wants, err = unsigned(ctx, tx, f.visit, r)
	if err != nil || !f.visit.May(guard.ClientRead) {
		return err
	}
	f.people, err = f.named(ctx, tx, result.Samples)
	return err
}

// unsigned tells whether a rule needs a signature before anything of it is sent.
func unsigned(ctx context.Context, tx *store.Tx, v *page.Visit, r plan.Rule) (wants bool, err error) {
	if v.Signed == nil || !r.Enabled {
		return false, nil
	}
	digest, err := r.Digest()
	if err != nil {
		return false, err
	}
	err = v.Signed(ctx, tx, func(s *approval.State) error {
		_, unsigned := s.Allows(approval.KindRule, r.Key, approval.Digest(digest), tx.Now)
		wants = unsigned != nil
		return nil
	})
	return wants, err
}

// read reads what the form offers, and the rule as it is stored.
func (f *form) read() error {
	v := f.visit
	f.may = v.May(guard.SettingsChange)
	err := v.View(func(ctx context.Context, tx *store.Tx) (err error) {
		if key := v.Path("rule"); key != "" {
			if f.rule, err = find(ctx, tx, key); err != nil {
				return err
			}
		}
		return f.offer(ctx, tx)
	})
	f.counted(&f.rule.Trigger)
	title := f.rule.Name
	if v.Path("rule") == "" {
		title = v.Say("automatic.new")
	}
	f.frame = v.Frame(title, "/messages")
	return err
}

// offer reads services, locations, practitioners and templates; archived ones where the rule names them.
func (f *form) offer(ctx context.Context, tx *store.Tx) error {
	f.choices = map[string][]ui.Option{}
	add := func(list, id, name string, archived time.Time) {
		if archived.IsZero() || slices.Contains(f.rule.Services, id) || slices.Contains(f.rule.Locations, id) || slices.Contains(f.rule.Practitioners, id) {
			f.choices[list] = append(f.choices[list], ui.Option{Value: id, Say: name})
		}
	}
	services, err := practice.EveryService(ctx, tx)
	for _, s := range services {
		add("services", string(s.ID), s.Name, s.ArchivedAt)
	}
	if err != nil {
		return err
	}
	locations, err := practice.EveryLocation(ctx, tx)
	for _, l := range locations {
		add("locations", string(l.ID), l.Name, l.ArchivedAt)
	}
	if err != nil {
		return err
	}
	practitioners, err := practice.EveryPractitioner(ctx, tx)
	for _, p := range practitioners {
		add("practitioners", string(p.ID), p.Name, p.ArchivedAt)
	}
	if err != nil {
		return err
	}
	for _, s := range plan.Statuses() {
		f.choices["statuses"] = append(f.choices["statuses"], ui.Option{Value: s, Say: f.visit.Say("automatic.status-" + s)})
	}
	all, err := template.List(ctx, tx)
	for _, w := range all {
		f.wordings = append(f.wordings, ui.Option{Value: string(w.ID), Say: w.Name})
	}
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

// freeKey makes a key of a name that no rule has yet.
func freeKey(rules []plan.Rule, name string) string {
	key := strings.Trim(strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return '-'
	}, strings.ToLower(name)), "-")
	if key = key[:min(len(key), 40)]; key == "" {
		key = "message"
	}
	for n := 2; slices.ContainsFunc(rules, func(r plan.Rule) bool { return r.Key == key }); n++ {
		key = strings.TrimRight(key, "0123456789") + strconv.Itoa(n)
	}
	return key
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

// to is where the form is posted.
func (f form) to() string {
	if key := f.visit.Path("rule"); key != "" {
		return home + "/rules/" + key
	}
	return home + "/rules/new"
}

// line says when it is sent, as it is stored.
func (f form) line() string {
	if f.visit.Path("rule") == "" {
		return f.visit.Say("automatic.new-line")
	}
	return when(f.visit, f.rule)
}

func (f form) field(name string, more ui.Field) ui.Field {
	more.Name, more.Value, more.Error = name, f.values[name], errorOf(f.problems, name)
	return more
}

func (f form) kinds() []ui.Option {
	var out []ui.Option
	for _, k := range kinds {
		out = append(out, ui.Option{Value: string(k), Say: f.visit.Say("automatic.kind-" + string(k))})
	}
	return out
}

// numberLabel says what the number counts, for the kind that is chosen.
func (f form) numberLabel() string {
	if label := "automatic.number-" + f.values["kind"]; f.visit.Text.Known(label) {
		return f.visit.Say(label)
	}
	return f.visit.Say("automatic.number-" + string(f.rule.Trigger.Kind))
}

// narrowed tells that it is not for everybody.
func (f form) narrowed() bool {
	for _, name := range many {
		if len(f.lists[name]) > 0 || errorOf(f.problems, name) != "" {
			return true
		}
	}
	return false
}
