package clients

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"letterhead/client"
	"letterhead/fault"
	"letterhead/merge"
	"letterhead/store"
	"letterhead/web/page"
	"letterhead/web/story"
	"letterhead/web/ui"
)

// twice is where the other file of a person is looked for, and where the two are compared.
type twice struct {
	frame   ui.Frame
	visit   *page.Visit
	kept    client.Client
	view    merge.View
	find    string
	asked   bool
	others  []client.Client // whom the file may be made one with
	take    map[string]string
	problem string
}

func (t *twice) address() string { return "/clients/" + string(t.kept.ID) }

// same are clients of the same name and date of birth as this one, of whom nothing was decided.
func same(ctx context.Context, tx *store.Tx, c client.Client) ([]client.Client, error) {
	ids, err := client.Twins(ctx, tx, c)
	if err != nil {
		return nil, err
	}
	called, err := client.Called(ctx, tx, ids)
	var out []client.Client
	for _, id := range ids {
		if twin, seen := called[id]; seen {
			twin.Born = c.Born
			out = append(out, twin)
		}
	}
	return out, err
}

// ChooseTwin asks which other file is of the same person; what was searched for is posted.
func ChooseTwin(v *page.Visit) (page.Answer, error) {
	t := &twice{visit: v, find: v.Form("find")}
	t.asked = t.find != ""
	err := v.View(func(ctx context.Context, tx *store.Tx) error {
		keys, err := v.Keys(ctx, tx)
		if err != nil {
			return err
		}
		if t.kept, err = client.Find(ctx, tx, keys, client.ID(v.Path("id"))); err != nil {
			return err
		}
		if t.kept.MergedInto != "" {
			return client.ErrMerged
		}
		if !t.asked {
			t.others, err = same(ctx, tx, t.kept)
			return err
		}
		found, err := client.Search(ctx, tx, keys, client.Query{Text: t.find, Archived: true}, shown)
		t.others = slices.DeleteFunc(found.Clients, func(c client.Client) bool { return c.ID == t.kept.ID || c.MergedInto != "" })
		return err
	})
	if err != nil {
		problem := page.Problem(v.Text, err)
		if problem == nil || t.kept.ID == "" {
			return page.Answer{}, err
		}
		t.problem = problem.Say
	}
	t.frame = v.Frame(v.Say("merge.choose"), "/clients")
	return page.Show(showChoose(t))
}

// Compare shows two files side by side, and what making them one does.
func Compare(v *page.Visit) (page.Answer, error) {
	t := &twice{visit: v, take: map[string]string{}}
	if err := t.load(); err != nil {
		return page.Answer{}, err
	}
	for _, field := range t.view.Filled {
		t.take[field] = "gone"
	}
	return page.Show(showCompare(t))
}

func (t *twice) load() error {
	v := t.visit
	err := v.View(func(ctx context.Context, tx *store.Tx) error {
		keys, err := v.Keys(ctx, tx)
		if err != nil {
			return err
		}
		t.view, err = merge.Look(ctx, tx, keys, client.ID(v.Path("id")), client.ID(v.Path("other")))
		return err
	})
	t.kept = t.view.Kept
	t.frame = v.Frame(v.Say("merge.title"), "/clients")
	return err
}

// Merge makes one file of two.
func Merge(v *page.Visit) (page.Answer, error) {
	r := client.MergeRequest{Kept: client.ID(v.Path("id")), Gone: client.ID(v.Path("other")), KeptVersion: number(v.Form("kept")), GoneVersion: number(v.Form("gone")), Take: map[string]bool{}}
	chosen := map[string]string{}
	err := v.Change(func(ctx context.Context, tx *store.Tx) error {
		for _, field := range client.MergeFields() {
			if chosen[field] = v.Form("take_" + field); chosen[field] != "" && chosen[field] != "kept" && chosen[field] != "gone" {
				return fault.Field("take_"+field, "merge.take", "choose one of the two")
			}
			r.Take[field] = chosen[field] == "gone"
		}
		keys, err := v.Keys(ctx, tx)
		if err != nil {
			return err
		}
		_, err = merge.Do(ctx, tx, keys, r)
		return err
	})
	if err == nil {
		return page.Go("/clients/" + string(r.Kept) + "?did=client-merged")
	}
	problem := page.Problem(v.Text, story.Named(v, "client", err))
	if problem == nil {
		return page.Answer{}, err
	}
	t := &twice{visit: v, take: chosen, problem: problem.Say}
	if loaded := t.load(); loaded != nil {
		return page.Answer{}, loaded
	}
	return page.Again(showCompare(t), err)
}

// Apart makes two files of one again.
func Apart(v *page.Visit) (page.Answer, error) {
	did := "client-apart"
	err := v.Change(func(ctx context.Context, tx *store.Tx) error {
		keys, err := v.Keys(ctx, tx)
		if err != nil {
			return err
		}
		_, whole, err := merge.Apart(ctx, tx, keys, v.Form("merge"))
		if !whole {
			did = "client-apart-changed"
		}
		return err
	})
	if err != nil {
		return page.Answer{}, err
	}
	return page.Go("/clients/" + v.Path("id") + "?did=" + did)
}

// number is a version that a form carries; one that is none has never been read.
func number(text string) int64 {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return -1
	}
	return n
}

// value is a field of a file as people read it.
func (t *twice) value(c client.Client, field string) string {
	v := t.visit
	value := merge.Value(c, field)
	switch field {
	case "name":
		parts := []string{c.Title, client.FullName(c.FirstName, c.LastName, "")}
		if c.PreferredName != "" {
			parts = append(parts, "(“"+c.PreferredName+"”)")
		}
		return strings.TrimSpace(strings.Join(parts, " "))
	case "born":
		return bornOn(v, value)
	case "reminders":
		return v.Say("wants." + wanted(c.Reminders))
	case "zone":
		return v.Text.Place(value)
	}
	return value
}

// agreed are the fields in which there is nothing to choose.
func (t *twice) agreed() (out []ui.Fact) {
	for _, field := range client.MergeFields() {
		if !slices.Contains(t.view.Differing, field) && !slices.Contains(t.view.Filled, field) && merge.Value(t.view.Kept, field) != "" {
			out = append(out, ui.Fact{Name: t.visit.Say(fieldName(field)), Value: t.value(t.view.Kept, field)})
		}
	}
	return out
}

// choices are the others.
func (t *twice) choices() []string {
	return slices.DeleteFunc(client.MergeFields(), func(field string) bool {
		return !slices.Contains(t.view.Differing, field) && !slices.Contains(t.view.Filled, field)
	})
}

func (t *twice) chosen(field string) string {
	if t.take[field] == "gone" {
		return "gone"
	}
	return "kept"
}

func (t *twice) options(field string) []ui.Option {
	kept := t.value(t.view.Kept, field)
	if merge.Value(t.view.Kept, field) == "" {
		kept = t.visit.Say("merge.nothing")
	}
	return []ui.Option{{Value: "kept", Say: kept, Help: t.visit.Say("merge.from-kept")}, {Value: "gone", Say: t.value(t.view.Gone, field), Help: t.visit.Say("merge.from-gone")}}
}

func fieldName(field string) string {
	return map[string]string{"name": "merge.name", "born": "merge.born", "email": "form.email", "mobile": "form.mobile", "reminders": "reach.wants", "language": "clients.language", "zone": "clients.zone", "alert": "clients.alert"}[field]
}

// effect says in lines what becomes of the file that goes.
func (t *twice) effect() []string {
	v := t.visit
	var out []string
	for _, each := range []struct {
		key string
		n   int
	}{{"merge.moves-coming", t.view.Coming}, {"merge.moves-past", t.view.Past}, {"merge.moves-contacts", t.view.Contacts}, {"merge.moves-waiting", t.view.Waiting}} {
		if each.n > 0 {
			out = append(out, v.Count(each.key, each.n))
		}
	}
	return append(out, v.Say("merge.moves-refusals"), v.Say("merge.stays"))
}

// doubles is the list of those who seem to be on file twice.
type doubles struct {
	frame  ui.Frame
	visit  *page.Visit
	groups [][]client.Client
	more   bool
}

// mostDoubles bounds the page.
const mostDoubles = 50

// Doubles lists clients of the same name and date of birth.
func Doubles(v *page.Visit) (page.Answer, error) {
	d := &doubles{visit: v, frame: v.Frame(v.Say("merge.doubles"), "/clients")}
	err := v.View(func(ctx context.Context, tx *store.Tx) error {
		groups, err := client.Duplicates(ctx, tx, mostDoubles+1)
		if err != nil {
			return err
		}
		if len(groups) > mostDoubles {
			groups, d.more = groups[:mostDoubles], true
		}
		called, err := client.Called(ctx, tx, slices.Concat(groups...))
		for _, group := range groups {
			var one []client.Client
			for _, id := range group {
				if c, seen := called[id]; seen {
					one = append(one, c)
				}
			}
			if len(one) > 1 {
				d.groups = append(d.groups, one)
			}
		}
		return err
	})
	if err != nil {
		return page.Answer{}, err
	}
	return page.Show(showDoubles(d))
}
