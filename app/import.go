package app

import (
	"context"
	"flag"
	"fmt"
	"strings"

	"letterhead/app/moving"
	"letterhead/app/operate"
	"letterhead/app/watch"
	"letterhead/fault"
	"letterhead/store"
	"letterhead/transfer"
)

func importCommand() command {
	cmd := command{
		name: "import", summary: "take over clients and appointments from another system's export: all or nothing",
		examples: []string{
			"import --practice ID --from export/ --dry-run", "import --practice ID --from export/ --json",
			"import --practice ID --from export/ --mapping headings.toml --remarks remarks.jsonl", "import --practice ID --undo",
			"import --practice ID --undo --batch BATCH",
		},
	}
	cmd.run = func(ctx context.Context, c *call) error {
		var id, from, mapping, noted, batch string
		var dry, undo, other bool
		err := c.parse(cmd, func(f *flag.FlagSet) {
			f.StringVar(&id, "practice", "", "the practice's `id`")
			f.StringVar(&from, "from", "", "the `folder` with clients.csv, appointments.csv and practice.json")
			f.StringVar(&mapping, "mapping", "", "a `file` that says which heading is what; docs/import.md shows one")
			f.StringVar(&noted, "remarks", "", "a `file` to write every remark to, as JSON lines; it names rows, and values where they help")
			f.BoolVar(&other, "other-practice", false, "bring it in although practice.json names a practice of another country")
			f.BoolVar(&dry, "dry-run", false, "say what would happen and change nothing")
			f.BoolVar(&undo, "undo", false, "take the last import back, apart from what was changed here since")
			f.StringVar(&batch, "batch", "", "with --undo: take this `import` back instead of the last; its report names it")
			f.BoolVar(&c.json, "json", false, "print the report as JSON")
		})
		if err != nil {
			return err
		}
		if !undo {
			if err := required("from", from); err != nil {
				return err
			}
		}
		if batch != "" && !undo {
			return fault.Field("--batch", "import.batch", "it belongs to --undo")
		}
		return c.inFolder(ctx, func(i *installation) error {
			actor, err := i.practice(ctx, id)
			if err != nil {
				return err
			}
			actor.Agent = "import"
			if undo {
				return i.moving(c).Undo(ctx, actor, transfer.BatchID(batch))
			}
			return i.moving(c).Import(ctx, actor, transfer.Source{Dir: from}, mapping, noted, transfer.Options{DryRun: dry, OtherPractice: other, Actor: actor})
		})
	}
	return cmd
}

// moveCommand takes a whole practice out, or brings one in.
func moveCommand() command {
	cmd := command{
		name: "move", argument: "out|in", summary: "take everything of a practice out into one file, or bring such a file into another installation",
		examples: []string{"move out --practice ID --file practice.zip", "move in --file practice.zip"},
	}
	cmd.run = func(ctx context.Context, c *call) error {
		var id, file string
		err := c.parse(cmd, func(f *flag.FlagSet) {
			f.StringVar(&id, "practice", "", "with out: the practice's `id`")
			f.StringVar(&file, "file", "", "the `file`; out makes it")
			f.BoolVar(&c.json, "json", false, "print JSON")
		})
		if err != nil {
			return err
		}
		if err := required("file", file); err != nil {
			return err
		}
		return c.inFolder(ctx, func(i *installation) error {
			switch strings.Join(c.args, " ") {
			case "out":
				actor, err := i.practice(ctx, id)
				if err != nil {
					return err
				}
				return i.moving(c).MoveOut(ctx, actor, file, i.recordHost())
			case "in":
				return i.moving(c).MoveIn(ctx, file, i.brand().OwnDomain)
			}
			return fault.Field("move", "command.verb", "say out or in")
		})
	}
	return cmd
}

// operatorCommand serves the pages of who runs the installation, while it runs.
func operatorCommand() command {
	cmd := command{name: "operator", summary: "serve the operator's pages on this machine alone: practices, health, queues and stops, nothing of a person", examples: []string{"operator", "operator --listen 127.0.0.1:8099"}}
	cmd.run = func(ctx context.Context, c *call) error {
		var listen string
		if err := c.parse(cmd, func(f *flag.FlagSet) { f.StringVar(&listen, "listen", "127.0.0.1:8099", "loopback `address` and port") }); err != nil {
			return err
		}
		return c.inFolder(ctx, func(i *installation) error {
			return operate.Run(ctx, i.db, watch.New(watch.Of{DB: i.db, Journal: journalFolder(i.folder), Trust: i.trust}), listen, c.out)
		})
	}
	return cmd
}

// moving brings in and takes out; what came in is branded, and signed where a rehearsal signs.
func (i *installation) moving(c *call) moving.Of {
	of := moving.Of{DB: i.db, Keeper: i.keeper, After: i.moved}
	if c != nil {
		of.Out, of.Errs, of.JSON = c.out, c.errs, c.json
	}
	return of
}

func (i *installation) moved(ctx context.Context, actor store.Actor) error {
	if err := i.brand().Rebrand(ctx, actor); err != nil {
		return err
	}
	return i.rehearsed(ctx, actor.Practice)
}

func bounceCommand() command {
	cmd := command{
		name: "bounce", argument: "< MAIL", summary: "take a mail that came back, as a mail server pipes it, and note what it says",
		examples: []string{"bounce --recipient b-…@bounce.wattlestreet.example < mail   (Postfix: a pipe transport for the return path's domain)"},
	}
	cmd.run = func(ctx context.Context, c *call) error {
		var recipient string
		err := c.parse(cmd, func(f *flag.FlagSet) {
			f.StringVar(&recipient, "recipient", "", "the `address` that it was sent to, as the server knows it")
			f.BoolVar(&c.json, "json", false, "print JSON")
		})
		if err != nil {
			return err
		}
		return c.inFolder(ctx, func(i *installation) error {
			// What is no report, or carries no token of ours, is no error: the server must not send it back.
			did, err := i.outside().Inbound().Piped(ctx, c.in, recipient)
			if err != nil {
				return err
			}
			if c.json {
				return printJSON(c, did)
			}
			fmt.Fprintln(c.out, strings.TrimSpace(did.Did+" "+did.Why))
			return nil
		})
	}
	return cmd
}
