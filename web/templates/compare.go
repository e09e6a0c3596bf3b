package templates

import (
	"context"
	"strconv"

	"letterhead/store"
	"letterhead/template"
	"letterhead/template/compare"
	"letterhead/template/draft"
	"letterhead/web/page"
	"letterhead/web/ui"
	"letterhead/wording"
)

// difference is the page of what two versions say otherwise.
type difference struct {
	frame    ui.Frame
	visit    *page.Visit
	id       template.ID
	name     string
	from, to string // numbers, or "draft"
	choices  []ui.Option
	compare.Comparison
}

// asDraft stands for the draft among the versions' numbers.
const asDraft = "draft"

// Compare is the page. ?from= and ?to= name versions by number; without them it is the latest two, or the latest and the draft.
func Compare(v *page.Visit) (page.Answer, error) {
	d := difference{visit: v, id: template.ID(v.Path("id")), from: v.Query("from"), to: v.Query("to")}
	err := v.View(func(ctx context.Context, tx *store.Tx) error {
		w, err := template.Find(ctx, tx, d.id)
		if err != nil {
			return err
		}
		d.name = w.Name
		versions, err := template.Versions(ctx, tx, d.id)
		if err != nil {
			return err
		}
		says := map[string]*wording.Version{}
		if w.Archived.IsZero() {
			changed, err := draft.Open(ctx, tx, d.id)
			if err != nil {
				return err
			}
			if changed.Edition > 0 {
				says[asDraft] = changed.Version
				d.choices = append(d.choices, ui.Option{Value: asDraft, Say: v.Say("templates.draft")})
			}
		}
		for _, each := range versions {
			d.choices = append(d.choices, ui.Option{Value: strconv.Itoa(each.Number), Say: v.Say("templates.number", each.Number)})
		}
		d.choose()
		for _, each := range versions {
			if n := strconv.Itoa(each.Number); n == d.from || n == d.to {
				if says[n], err = template.Read(ctx, tx, each.ID); err != nil {
					return err
				}
			}
		}
		was, now := says[d.from], says[d.to]
		if was == nil || now == nil {
			return template.ErrNotFound
		}
		d.Comparison = compare.Versions(was, now)
		return nil
	})
	if err != nil {
		return page.Answer{}, err
	}
	d.frame = v.Frame(v.Say("templates.compare"), home)
	return page.Show(showDifference(d))
}

// choose fills in what the address does not say: the latest, and the one before it.
func (d *difference) choose() {
	if d.to == "" {
		d.to = d.choices[0].Value
	}
	if d.from == "" {
		d.from = d.choices[len(d.choices)-1].Value
		for i, c := range d.choices {
			if c.Value == d.to && i+1 < len(d.choices) {
				d.from = d.choices[i+1].Value
			}
		}
	}
}

// part names a part of a template in words.
func part(v *page.Visit, name string) string { return v.Say("words.part-" + name) }

// when says conditions in words.
func when(v *page.Visit, all []wording.Condition) string {
	out := ""
	for i, c := range all {
		if i > 0 {
			out += v.Say("templates.and")
		}
		out += v.Say("words.when-" + string(c))
	}
	return out
}
