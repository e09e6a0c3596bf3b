package app

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"letterhead/app/desk"
	"letterhead/app/people"
	"letterhead/app/record"
	"letterhead/app/setting"
	"letterhead/courier/journal"
	"letterhead/courier/trust"
	"letterhead/fault"
	"letterhead/guard"
	"letterhead/ledger"
	"letterhead/plan"
	"letterhead/practice"
	"letterhead/store"
	"letterhead/template"
	"letterhead/vault"
)

// addPractice makes a practice with everything that it needs on its first day: keys, an owner, the starter wordings and rules. link is the owner's
// invitation.
func (i *installation) addPractice(ctx context.Context, n people.New) (p practice.Practice, link string, err error) {
	p = n.Practice()
	p.ID = store.NewID[store.PracticeID]()
	err = i.db.Change(ctx, store.Actor{Practice: p.ID, Agent: "command"}, func(tx *store.Tx) error {
		added, err := practice.Add(ctx, tx, p)
		if err != nil {
			return err
		}
		if _, err := i.keeper.Keys(ctx, tx); err != nil {
			return err
		}
		owner, err := guard.AddMember(ctx, tx, n.Member())
		if err != nil {
			return err
		}
		if link, err = i.invite(ctx, tx, owner.ID); err != nil {
			return err
		}
		if err := template.AddStarter(ctx, tx, i.config.Platform()); err != nil {
			return err
		}
		if err := plan.AddStarter(ctx, tx); err != nil {
			return err
		}
		p = added
		return nil
	})
	if err != nil {
		return p, "", err
	}
	if err := i.brand().OwnDomain(p); err != nil {
		return p, "", err
	}
	if i.trust.Mark != trust.Real && !n.ByHand {
		err = i.rehearse(ctx, p.ID)
	}
	return p, link, err
}

// made is what init and practice add print with --json.
type made struct {
	Practice     store.PracticeID `json:"practice"`
	Name         string           `json:"name"`
	Label        string           `json:"label"`
	Folder       string           `json:"folder,omitempty"`
	Installation string           `json:"installation,omitempty"`
	KeyFile      string           `json:"key_file,omitempty"`
	LogKey       string           `json:"log_key,omitempty"`   // the verifier key of the record of messages
	Invitation   string           `json:"invitation"`          // the owner's link
	FirstKey     string           `json:"first_key,omitempty"` // the link to the ceremony of the first signing key
}

func initCommand() command {
	cmd := command{
		name: "init", summary: "make a data folder with its keys, database and first practice",
		examples: []string{
			`init --name "Wattle Street Physiotherapy" --country AU --zone Australia/Melbourne --owner petra@wattlestreet.example`,
			`init --name "Hudson Hand Therapy" --country US --zone America/New_York --owner pat@hudson.example --database postgres://letterhead@/letterhead --json`,
		},
	}
	cmd.run = func(ctx context.Context, c *call) error {
		var n people.New
		var database string
		var test bool
		err := c.parse(cmd, func(f *flag.FlagSet) {
			n.Flags(f)
			f.StringVar(&database, "database", c.env["LETTERHEAD_DATABASE"], "`address` of a PostgreSQL database; a SQLite file in the folder when empty")
			f.BoolVar(&test, "test", false, "mark the root as a test: it hands off to loopback only and tick may be given another now; it stays so")
			f.BoolVar(&c.json, "json", false, "print JSON")
		})
		if err != nil {
			return err
		}
		if err := n.Check(); err != nil {
			return err
		}
		i, err := makeInstallation(ctx, c, database, markOf(test))
		if err != nil {
			return err
		}
		defer i.Close()
		log, err := ledger.OpenKey(courierFolder(c.folder), i.trust.Installation, i.trust.Epoch)
		if err != nil {
			return err
		}
		p, link, err := i.addPractice(ctx, n)
		if err != nil {
			return err
		}
		key, err := i.firstKey(p.ID)
		if err != nil {
			return err
		}
		m := made{Invitation: link, FirstKey: key, Practice: p.ID, Name: p.Name, Label: p.Label, Folder: c.folder, Installation: i.trust.Installation, KeyFile: i.config.KeyFile, LogKey: log.Text}
		if c.json {
			return printJSON(c, m)
		}
		fmt.Fprintf(c.out, "Made %s for %s.\n\n  practice  %s\n  key       %s\n\n", c.folder, p.Name, p.ID, i.config.KeyFile)
		fmt.Fprintf(c.out, "Keep a copy of the key apart from the backups: without it, contact details cannot be read by anybody.\n\n")
		fmt.Fprintf(c.out, record.KeySays, ledger.KeyFile(courierFolder(c.folder), i.trust.Epoch), log.Text)
		fmt.Fprintf(c.out, "The owner's invitation, for nobody else; it works once, within 7 days (letterhead member invite makes another):\n\n  %s\n\n", link)
		if key != "" {
			fmt.Fprintf(c.out, firstKeySays, key)
		}
		fmt.Fprintf(c.out, "Next: letterhead import --practice %s --from DIR --dry-run, then letterhead serve.\n", p.ID)
		return nil
	}
	return cmd
}

// makeInstallation makes the data folder. A folder that holds an installation already, or that a failed init left incomplete in a way that cannot
// be told apart from one, is refused.
func makeInstallation(ctx context.Context, c *call, database string, mark trust.Mark) (*installation, error) {
	if err := os.MkdirAll(c.folder, 0o700); err != nil {
		return nil, fmt.Errorf("make the data folder: %w", err)
	}
	if _, err := os.Stat(filepath.Join(c.folder, setting.File)); errors.Is(err, os.ErrNotExist) {
		if err := setting.Write(c.folder, database); err != nil {
			return nil, fmt.Errorf("write %s: %w", setting.File, err)
		}
	}
	config, err := setting.Read(c.folder, c.env)
	if err != nil {
		return nil, err
	}
	if _, err := store.Migrate(ctx, store.Config{URL: config.Database}); err != nil {
		return nil, err
	}
	if _, err := os.Stat(config.KeyFile); errors.Is(err, os.ErrNotExist) {
		if err := vault.CreateKEK(config.KeyFile); err != nil {
			return nil, err
		}
	}
	t, err := trust.Create(courierFolder(c.folder), mark)
	if err != nil {
		return nil, err
	}
	if err := journal.Create(journalFolder(c.folder), t.Installation, t.Epoch); err != nil {
		return nil, err
	}
	if err := desk.Settle(courierFolder(c.folder), config); err != nil {
		return nil, err
	}
	if _, err := ledger.MakeKey(courierFolder(c.folder), t.Installation, t.Epoch); err != nil {
		return nil, err
	}
	return c.open(ctx, nil)
}

func printJSON(c *call, v any) error {
	encoder := json.NewEncoder(c.out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(v)
}

func practiceCommand() command {
	cmd := command{
		name: "practice", argument: "add|list|key|close", summary: "add a practice, list them, make the link to its first signing key, or close one",
		examples: []string{
			`practice add --name "Lee Valley Psychology" --country IE --zone Europe/Dublin --owner aoife@leevalley.example`,
			"practice list --json", "practice key --practice ID", "practice close --practice ID",
		},
	}
	cmd.run = func(ctx context.Context, c *call) error {
		var n people.New
		var id string
		err := c.parse(cmd, func(f *flag.FlagSet) {
			n.Flags(f)
			f.StringVar(&id, "practice", "", "the `id` of the practice to make the key of, or to close")
			f.BoolVar(&c.json, "json", false, "print JSON")
		})
		if err != nil {
			return err
		}
		verb := ""
		if len(c.args) == 1 {
			verb = c.args[0]
		}
		switch verb {
		case "add":
			if err := n.Check(); err != nil {
				return err
			}
			return c.inFolder(ctx, func(i *installation) error { return practiceAdd(ctx, c, i, n) })
		case "list":
			return c.inFolder(ctx, func(i *installation) error { return practiceList(ctx, c, i) })
		case "key":
			return c.inFolder(ctx, func(i *installation) error { return practiceKey(ctx, c, i, id) })
		case "close":
			return c.inFolder(ctx, func(i *installation) error { return practiceClose(ctx, c, i, id) })
		}
		return fault.Field("practice", "command.verb", "say add, list, key or close")
	}
	return cmd
}

func practiceAdd(ctx context.Context, c *call, i *installation, n people.New) error {
	p, link, err := i.addPractice(ctx, n)
	if err != nil {
		return err
	}
	key, err := i.firstKey(p.ID)
	if err != nil {
		return err
	}
	if c.json {
		return printJSON(c, made{Practice: p.ID, Name: p.Name, Label: p.Label, Invitation: link, FirstKey: key})
	}
	fmt.Fprintf(c.out, "Added %s: %s\nThe owner's invitation: %s\n", p.Name, p.ID, link)
	if key != "" {
		fmt.Fprintf(c.out, firstKeySays, key)
	}
	return nil
}

func practiceList(ctx context.Context, c *call, i *installation) error {
	rows, err := people.Practices(ctx, i.db)
	if err != nil {
		return err
	}
	if c.json {
		return printJSON(c, rows)
	}
	return people.PrintPractices(c.out, rows)
}

func practiceClose(ctx context.Context, c *call, i *installation, id string) error {
	actor, err := i.practice(ctx, id)
	if err != nil {
		return err
	}
	err = i.db.Change(ctx, actor, func(tx *store.Tx) error { return practice.Close(ctx, tx) })
	if err != nil {
		return err
	}
	if c.json {
		return printJSON(c, map[string]string{"practice": id, "state": "closed"})
	}
	fmt.Fprintf(c.out, "Closed %s. Its messages stop; its data stays until it is erased.\n", id)
	return nil
}

func markOf(test bool) trust.Mark {
	if test {
		return trust.Test
	}
	return trust.Real
}

func migrateCommand() command {
	cmd := command{
		name: "migrate", summary: "bring the database's schema to this version, with the owner's role for PostgreSQL",
		examples: []string{"migrate --database postgres://letterhead_owner@/letterhead"},
	}
	cmd.run = func(ctx context.Context, c *call) error {
		var database string
		err := c.parse(cmd, func(f *flag.FlagSet) {
			f.StringVar(&database, "database", "", "the database's `address` for its owner; the configured one when empty")
			f.BoolVar(&c.json, "json", false, "print JSON")
		})
		if err != nil {
			return err
		}
		if database == "" {
			config, err := setting.Read(c.folder, c.env)
			if err != nil {
				return err
			}
			database = config.Database
		}
		applied, err := store.Migrate(ctx, store.Config{URL: database})
		if err != nil {
			return err
		}
		if c.json {
			return printJSON(c, map[string]any{"applied": append([]string{}, applied...)})
		}
		if len(applied) == 0 {
			fmt.Fprintln(c.out, "The schema is current.")
			return nil
		}
		fmt.Fprintf(c.out, "Applied:\n  %s\n", strings.Join(applied, "\n  "))
		return nil
	}
	return cmd
}
