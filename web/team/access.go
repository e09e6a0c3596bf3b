package team

import (
	"context"

	"letterhead/client"
	"letterhead/guard"
	"letterhead/message"
	"letterhead/store"
	"letterhead/web/page"
	"letterhead/web/ui"
)

type access struct {
	visit   *page.Visit
	frame   ui.Frame
	client  client.Client
	members []guard.Member
	kept    map[store.MemberID]bool
}

// Access is who sees a client.
func Access(v *page.Visit) (page.Answer, error) {
	a := access{visit: v}
	err := v.View(func(ctx context.Context, tx *store.Tx) error {
		keys, err := v.Keys(ctx, tx)
		if err != nil {
			return err
		}
		if a.client, err = client.Find(ctx, tx, keys, client.ID(v.Path("id"))); err != nil {
			return err
		}
		if a.kept, err = client.Keepers(ctx, tx, a.client.ID); err != nil {
			return err
		}
		a.members, err = guard.Members(ctx, tx)
		return err
	})
	if err != nil {
		return page.Answer{}, err
	}
	a.frame = v.Frame(v.Say("access.title"), "")
	if v.Query("did") == "kept" {
		a.frame.Flash = &ui.Flash{Kind: ui.Good, Say: v.Say("did.access-kept")}
	}
	return page.Show(showAccess(a))
}

// SetAccess keeps a client to the members that were chosen. Whoever chooses without themself does not see the client any more.
func SetAccess(v *page.Visit) (page.Answer, error) {
	id := client.ID(v.Path("id"))
	err := v.Change(func(ctx context.Context, tx *store.Tx) error {
		members, err := guard.Members(ctx, tx)
		if err != nil {
			return err
		}
		var chosen []store.MemberID
		for _, m := range members { // what is no member here is passed over
			for _, word := range v.Request.PostForm["member"] {
				if string(m.ID) == word {
					chosen = append(chosen, m.ID)
				}
			}
		}
		return client.KeepTo(ctx, tx, id, chosen)
	})
	if err != nil {
		return page.Answer{}, err
	}
	hidden := false
	err = v.View(func(ctx context.Context, tx *store.Tx) error {
		gone, err := client.Hidden(ctx, tx, []client.ID{id})
		hidden = gone[id]
		return err
	})
	if err != nil {
		return page.Answer{}, err
	}
	if hidden {
		return page.Go("/")
	}
	return page.Go("/clients/" + string(id) + "/access?did=kept")
}

// Seen answers with a message's page where the visitor sees its client.
func Seen(then page.Handler) page.Handler {
	return func(v *page.Visit) (page.Answer, error) {
		err := v.View(func(ctx context.Context, tx *store.Tx) error {
			m, err := message.Find(ctx, tx, message.ID(v.Path("id")))
			if err != nil || m.Client == "" {
				return err
			}
			hidden, err := client.Hidden(ctx, tx, []client.ID{client.ID(m.Client)})
			if err == nil && hidden[client.ID(m.Client)] {
				return client.ErrNotFound
			}
			return err
		})
		if err != nil {
			return page.Answer{}, err
		}
		return then(v)
	}
}
