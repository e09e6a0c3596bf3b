package draft_test

import (
	"context"
	"errors"
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"letterhead/fault"
	"letterhead/practice"
	"letterhead/store"
	"letterhead/template"
	"letterhead/template/draft"
	"letterhead/testkit"
	"letterhead/wording"
)

// clinic is a practice with its starter set, seen by one of its members.
type clinic struct {
	*testing.T
	db    *store.DB
	actor store.Actor
	id    template.ID
}

func open(t *testing.T, db *store.DB, practiceID string) *clinic {
	t.Helper()
	c := &clinic{T: t, db: db, actor: store.Actor{Practice: store.PracticeID(practiceID), Member: store.NewID[store.MemberID]()}}
	c.change(func(ctx context.Context, tx *store.Tx) error {
		p := practice.New("Wattle Street Physiotherapy", "AU", "Australia/Melbourne")
		p.ID, p.Phone, p.Website = c.actor.Practice, "(03) 5550 0142", "wattle.example"
		if _, err := practice.Add(ctx, tx, p); err != nil {
			return err
		}
		if err := template.AddStarter(ctx, tx, "mail.example"); err != nil {
			return err
		}
		ids, err := template.ByKey(ctx, tx)
		c.id = ids["reminder-2-days"]
		return err
	})
	return c
}

func (c *clinic) try(fn func(ctx context.Context, tx *store.Tx) error) error {
	ctx := context.Background()
	return c.db.Change(ctx, c.actor, func(tx *store.Tx) error { return fn(ctx, tx) })
}

func (c *clinic) change(fn func(ctx context.Context, tx *store.Tx) error) {
	c.Helper()
	if err := c.try(fn); err != nil {
		c.Fatal(err)
	}
}

func (c *clinic) draft() *draft.Draft {
	c.Helper()
	var d *draft.Draft
	c.change(func(ctx context.Context, tx *store.Tx) (err error) { d, err = draft.Open(ctx, tx, c.id); return err })
	return d
}

func (c *clinic) edit(change func(*draft.Draft) error) error {
	return c.try(func(ctx context.Context, tx *store.Tx) error {
		_, err := draft.Change(ctx, tx, c.id, change)
		return err
	})
}

const en = "en-AU"

func words(d *draft.Draft, i int) string {
	return d.Version.Languages[0].Blocks[i].Paragraphs[0].Content[0].Text
}

func TestTwoPeopleChangeADraft(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, db *store.DB) {
		c := open(t, db, "0190aaaa-0000-7000-8000-000000000001")
		other := open(t, db, "0190aaaa-0000-7000-8000-000000000002")
		first := c.draft()
		if first.Edition != 0 || first.Undo || len(first.Parts[0].Blocks) != len(first.Version.Languages[0].Blocks) {
			t.Fatalf("untouched: %+v", first)
		}
		second, third := first.Parts[0].Blocks[1].ID, first.Parts[0].Blocks[2].ID
		put := func(id int, read int64, text string) error {
			return c.edit(func(d *draft.Draft) error {
				return d.SetBlock(draft.At{Language: en, ID: id, Read: read}, wording.Text(text))
			})
		}
		if err := put(second, 0, "By the first."); err != nil {
			t.Fatal(err)
		}
		// The other has read the draft before: another block stands beside it, the same one is told.
		if err := put(third, 0, "Beside it."); err != nil {
			t.Error(err)
		}
		if err := put(second, 0, "By the second."); !errors.Is(err, draft.ErrMeanwhile) {
			t.Errorf("the same block on an old reading: %v", err)
		}
		if err := c.edit(func(d *draft.Draft) error { return d.RemoveBlock(draft.At{Language: en, ID: second, Read: 0}) }); !errors.Is(err, draft.ErrMeanwhile) {
			t.Errorf("removed on an old reading: %v", err)
		}
		if d := c.draft(); d.Edition != 2 || words(d, 1) != "By the first." || words(d, 2) != "Beside it." || d.By != c.actor.Who() {
			t.Errorf("kept: %+v", d)
		}
		if err := put(second, 2, "By the second."); err != nil {
			t.Error(err)
		}
		if err := c.edit(func(d *draft.Draft) error { return d.RemoveBlock(draft.At{Language: en, ID: second, Read: 3}) }); err != nil {
			t.Error(err)
		}
		if err := put(second, 4, "Too late."); !errors.Is(err, draft.ErrGone) {
			t.Errorf("a block that is gone: %v", err)
		}
		// Taken back, and again.
		undo := func(edition int64) error {
			return c.try(func(ctx context.Context, tx *store.Tx) error { return draft.Undo(ctx, tx, c.id, edition) })
		}
		if err := undo(3); !errors.Is(err, draft.ErrMeanwhile) {
			t.Errorf("undone on an old reading: %v", err)
		}
		if err := undo(4); err != nil || words(c.draft(), 1) != "By the second." {
			t.Errorf("undone: %v", err)
		}
		if err := put(second, 4, "Read before it was taken back."); !errors.Is(err, draft.ErrMeanwhile) {
			t.Errorf("after undo: %v", err)
		}
		if err := undo(5); err != nil || words(c.draft(), 1) != "Beside it." {
			t.Errorf("made again: %v", err)
		}
		// Nobody else's.
		if o := other.draft(); o.Edition != 0 {
			t.Error("the other practice has a draft")
		}
		other.id = c.id
		for name, do := range map[string]func(ctx context.Context, tx *store.Tx) error{
			"change": func(ctx context.Context, tx *store.Tx) error {
				_, err := draft.Change(ctx, tx, c.id, func(d *draft.Draft) error { return d.SetDefault(en) })
				return err
			},
			"drop": func(ctx context.Context, tx *store.Tx) error { return draft.Drop(ctx, tx, c.id, 6) },
			"finish": func(ctx context.Context, tx *store.Tx) error {
				_, err := draft.Finish(ctx, tx, c.id, 6, true)
				return err
			},
		} {
			if err := other.try(do); fault.KindOf(err) != fault.NotFound {
				t.Errorf("another practice, %s: %v", name, err)
			}
		}
	})
}

// What would not be fit to be sent never becomes part of a draft, and the error names the block.
func TestADraftCanAlwaysBeSent(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, db *store.DB) {
		c := open(t, db, "0190aaaa-0000-7000-8000-000000000001")
		d := c.draft()
		at := draft.At{Language: en, ID: d.Parts[0].Blocks[1].ID}
		footer := draft.At{Language: en, ID: d.Parts[0].Blocks[len(d.Parts[0].Blocks)-1].ID}
		for name, change := range map[string]func(*draft.Draft) error{
			"an unknown field": func(d *draft.Draft) error { return d.SetBlock(at, wording.Text("{client.password}")) },
			"a foreign link": func(d *draft.Draft) error {
				return d.SetBlock(at, wording.Rich(wording.Link("win", wording.Target{Kind: wording.ToURL, URL: "https://evil.example/"})))
			},
			"no footer": func(d *draft.Draft) error { return d.RemoveBlock(footer) },
			"a long text": func(d *draft.Draft) error {
				_, err := d.AddSentence(draft.At{Language: en}, wording.SMS(string(make([]byte, 3000)))[0])
				return err
			},
			"the default": func(d *draft.Draft) error { return d.RemoveLanguage(en, 0) },
		} {
			if err := c.edit(change); fault.KindOf(err) != fault.Invalid || fault.As(err).Field == "" {
				t.Errorf("%s: %v", name, err)
			}
		}
		if d := c.draft(); d.Edition != 0 {
			t.Error("something was kept")
		}
	})
}

func TestADraftBecomesAVersion(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, db *store.DB) {
		c := open(t, db, "0190aaaa-0000-7000-8000-000000000001")
		finish := func(edition int64, mine bool) (v template.Version, err error) {
			err = c.try(func(ctx context.Context, tx *store.Tx) error {
				v, err = draft.Finish(ctx, tx, c.id, edition, mine)
				return err
			})
			return v, err
		}
		if _, err := finish(0, false); !errors.Is(err, draft.ErrNothing) {
			t.Errorf("nothing changed: %v", err)
		}
		head := func(text string) func(*draft.Draft) error {
			return func(d *draft.Draft) error { return d.SetHead(draft.At{Language: en, Read: 99}, wording.Say(text), nil) }
		}
		if err := c.edit(head("Before the move")); err != nil {
			t.Fatal(err)
		}
		// The practice's details change meanwhile: the draft keeps its words and gets the new letterhead.
		move := func(website string) {
			c.change(func(ctx context.Context, tx *store.Tx) error {
				p, err := practice.Find(ctx, tx)
				if err != nil {
					return err
				}
				p.Website, p.Phone = website, ""
				if _, err := practice.Change(ctx, tx, p); err != nil {
					return err
				}
				current, err := template.CurrentVersions(ctx, tx)
				if err != nil {
					return err
				}
				v, err := template.Read(ctx, tx, current[c.id].ID)
				if err != nil {
					return err
				}
				v.Hosts, v.Branding.Website = []string{website}, "https://"+website+"/"
				_, err = template.NewVersion(ctx, tx, c.id, current[c.id].ID, v)
				return err
			})
		}
		move("new.example")
		d := c.draft()
		if d.Behind || !reflect.DeepEqual(d.Version.Hosts, []string{"new.example"}) || d.Version.Languages[0].Subject[0].Text != "Before the move" {
			t.Errorf("after the practice's details changed: %v %v", d.Behind, d.Version.Hosts)
		}
		v, err := finish(1, false)
		if err != nil || v.Number != 3 {
			t.Fatalf("version %d, %v", v.Number, err)
		}
		if d := c.draft(); d.Edition != 0 || d.Version.Languages[0].Subject[0].Text != "Before the move" {
			t.Error("the draft is still there, or its words are lost")
		}
		// Other words meanwhile: a person says which stay.
		if err := c.edit(head("Mine")); err != nil {
			t.Fatal(err)
		}
		c.change(func(ctx context.Context, tx *store.Tx) error {
			now, err := template.Read(ctx, tx, v.ID)
			if err != nil {
				return err
			}
			now.Languages[0].Subject = wording.Say("Theirs")
			_, err = template.NewVersion(ctx, tx, c.id, v.ID, now)
			return err
		})
		if _, err := finish(1, false); !errors.Is(err, draft.ErrBehind) {
			t.Errorf("other words: %v", err)
		}
		if v, err := finish(1, true); err != nil || v.Number != 5 || c.draft().Version.Languages[0].Subject[0].Text != "Mine" {
			t.Errorf("mine stay: %v, version %d", err, v.Number)
		}
	})
}

// However a draft is changed, each part keeps its name, no name is there twice, and the footer stays the last.
func TestPartsKeepTheirNames(t *testing.T) {
	t.Parallel()
	db := testkit.Open(t, testkit.SQLite, testkit.NewClock(t, "2026-11-17T03:00:00Z"))
	c := open(t, db, "0190aaaa-0000-7000-8000-000000000001")
	began := c.draft()
	rapid.Check(t, func(t *rapid.T) {
		var d *draft.Draft
		if err := db.View(context.Background(), c.actor, func(tx *store.Tx) (err error) {
			d, err = draft.Open(context.Background(), tx, began.Wording)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		known := map[int]string{}
		pick := func(parts []draft.Part) int { return rapid.SampledFrom(parts).Draw(t, "part").ID }
		for range rapid.IntRange(1, 25).Draw(t, "changes") {
			_ = d.Try(func(d *draft.Draft) error {
				_, p, err := d.In(en)
				if err != nil {
					return err
				}
				at := draft.At{Language: en, ID: pick(p.Blocks), Read: d.Edition}
				switch rapid.IntRange(0, 3).Draw(t, "what") {
				case 0:
					b := wording.Text(rapid.StringMatching(`[a-z]{3,9}`).Draw(t, "text"))
					id, err := d.AddBlock(at, b)
					known[id] = b.Paragraphs[0].Content[0].Text
					return err
				case 1:
					return d.MoveBlock(at, rapid.IntRange(-3, 3).Draw(t, "by"))
				case 2:
					if l, _, _ := d.In(en); at.ID != p.Blocks[len(l.Blocks)-1].ID {
						delete(known, at.ID)
						return d.RemoveBlock(at)
					}
				case 3:
					if len(p.Sentences) > 1 {
						return d.MoveSentence(draft.At{Language: en, ID: pick(p.Sentences)}, rapid.IntRange(-3, 3).Draw(t, "by"))
					}
				}
				return nil
			})
			l, p, _ := d.In(en)
			seen := map[int]bool{}
			for i, part := range p.Blocks {
				if seen[part.ID] {
					t.Fatalf("%d is there twice", part.ID)
				}
				seen[part.ID] = true
				if want := known[part.ID]; want != "" && l.Blocks[i].Paragraphs[0].Content[0].Text != want {
					t.Fatalf("%d says %q, not %q", part.ID, l.Blocks[i].Paragraphs[0].Content[0].Text, want)
				}
			}
			if len(p.Blocks) != len(l.Blocks) || len(p.Sentences) != len(l.SMS) || l.Blocks[len(l.Blocks)-1].Kind != wording.FooterBlock {
				t.Fatalf("%d names for %d blocks", len(p.Blocks), len(l.Blocks))
			}
		}
	})
}
