package template_test

import (
	"context"
	"testing"

	"letterhead/practice"
	"letterhead/store"
	"letterhead/template"
	"letterhead/testkit"
)

// A practice that tells its phone later has it in all its wordings, and what people wrote themselves stays.
func TestRebrandCarriesWhatChanged(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, db *store.DB) {
		ids := made(t, db)
		person := store.Actor{Practice: actor.Practice, Member: store.NewID[store.MemberID]()}
		if err := db.Change(context.Background(), person, func(tx *store.Tx) error {
			current, err := template.CurrentVersions(context.Background(), tx)
			if err != nil {
				return err
			}
			v, err := template.Read(context.Background(), tx, current[ids["booked"]].ID)
			if err != nil {
				return err
			}
			v.Languages[0].Subject[0].Text = "Our own subject "
			_, err = template.NewVersion(context.Background(), tx, ids["booked"], current[ids["booked"]].ID, v)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		if err := change(t, db, func(ctx context.Context, tx *store.Tx) error {
			p, err := practice.Find(ctx, tx)
			if err != nil {
				return err
			}
			p.Phone, p.Website, p.Accent = "(03) 5550 0199", "new.example", "#7a2f5f"
			if _, err = practice.Change(ctx, tx, p); err != nil {
				return err
			}
			n, err := template.Rebrand(ctx, tx, "mail.example")
			if n != len(ids) {
				t.Errorf("%d of %d wordings changed", n, len(ids))
			}
			if err != nil {
				return err
			}
			current, err := template.CurrentVersions(ctx, tx)
			if err != nil {
				return err
			}
			for key, id := range ids {
				v, err := template.Read(ctx, tx, current[id].ID)
				if err != nil {
					return err
				}
				if v.Branding.Phone == nil || v.Branding.Phone.Display != "(03) 5550 0199" || v.Branding.Accent != "#7a2f5f" || v.Hosts[0] != "new.example" {
					t.Errorf("%s: %+v %v", key, v.Branding, v.Hosts)
				}
				if own := v.Languages[0].Subject[0].Text == "Our own subject "; own != (key == "booked") {
					t.Errorf("%s: subject %q", key, v.Languages[0].Subject[0].Text)
				}
			}
			if n, err = template.Rebrand(ctx, tx, "mail.example"); n != 0 {
				t.Errorf("a second time %d changed", n)
			}
			return err
		}); err != nil {
			t.Fatal(err)
		}
	})
}
