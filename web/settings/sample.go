package settings

import (
	"context"

	"letterhead/approval"
	"letterhead/letter"
	"letterhead/store"
	"letterhead/template"
	"letterhead/web/page"
)

// Sample sends a template as it stands now, signed or not, to the member who asks, with example values.
func Sample(v *page.Visit) (page.Answer, error) {
	err := v.Change(func(ctx context.Context, tx *store.Tx) error {
		w, err := template.Find(ctx, tx, template.ID(v.Path("id")))
		if err != nil {
			return err
		}
		if v.Signed == nil {
			return letter.ErrNoSample
		}
		return v.Signed(ctx, tx, func(s *approval.State) error {
			_, err := letter.Sample(ctx, tx, s, w.Current)
			return err
		})
	})
	if err == nil {
		return page.Go(home + "?did=sample")
	}
	problem := page.Problem(v.Text, err)
	if problem == nil {
		return page.Answer{}, err
	}
	o := overview{visit: v, unsent: problem.Say}
	if err := o.read(); err != nil {
		return page.Answer{}, err
	}
	o.from, o.to, o.channel, o.ver = clock(v.Practice.QuietFrom), clock(v.Practice.QuietTo), string(v.Practice.DefaultChannel), reading(v.Practice)
	return page.Again(show(o), err)
}
