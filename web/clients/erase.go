package clients

import (
	"context"

	"letterhead/client"
	"letterhead/erase"
	"letterhead/fault"
	"letterhead/guard"
	"letterhead/store"
	"letterhead/web/page"
	"letterhead/web/story"
)

// erasable tells whether the file is one that this visitor may erase.
func (f *file) erasable() bool {
	return f.visit.May(guard.ClientErase) && !f.client.ArchivedAt.IsZero() && f.client.ErasedAt.IsZero() && f.client.MergedInto == ""
}

// ShowErase says what goes and what stays.
func ShowErase(v *page.Visit) (page.Answer, error) { return erasing(v, nil) }

func erasing(v *page.Visit, refused error) (page.Answer, error) {
	f := file{visit: v}
	if err := v.View(f.read); err != nil {
		return page.Answer{}, err
	}
	if refused == nil {
		return page.Show(showErase(&f))
	}
	problem := page.Problem(v.Text, story.Named(v, "client", refused))
	switch {
	case problem == nil:
		return page.Answer{}, refused
	case problem.Field == "sure":
		f.unsure = problem.Say
	default:
		f.problem = problem.Say
	}
	return page.Again(showErase(&f), refused)
}

// Erase takes the person out, for good.
func Erase(v *page.Visit) (page.Answer, error) {
	id := client.ID(v.Path("id"))
	err := v.Change(func(ctx context.Context, tx *store.Tx) error {
		if v.Form("sure") != "yes" {
			return fault.Field("sure", "erase.unsure", "say that this file may go")
		}
		keys, err := v.Keys(ctx, tx)
		if err != nil {
			return err
		}
		return erase.Do(ctx, tx, keys, id, number(v.Form("version")))
	})
	if err != nil {
		return erasing(v, err)
	}
	return page.Go("/clients/" + string(id) + "?did=client-erased")
}
