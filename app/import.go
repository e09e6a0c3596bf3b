package app

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"os"
	"strings"

	"letterhead/app/remarks"
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
				return c.undoImport(ctx, i, actor, transfer.BatchID(batch))
			}
			return c.runImport(ctx, i, actor, transfer.Source{Dir: from}, mapping, noted, transfer.Options{DryRun: dry, OtherPractice: other, Actor: actor})
		})
	}
	return cmd
}

func (c *call) runImport(ctx context.Context, i *installation, actor store.Actor, from transfer.Source, mapping, noted string, options transfer.Options) error {
	if mapping != "" {
		file, err := os.Open(mapping)
		if err != nil {
			return fault.Field("--mapping", "import.mapping", "the file cannot be read")
		}
		defer file.Close()
		if options.Mapping, err = transfer.ReadMapping(file); err != nil {
			return err
		}
	}
	if noted != "" {
		file, err := os.OpenFile(noted, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
		if err != nil {
			return fault.Field("--remarks", "import.remarks", "the file cannot be written")
		}
		defer file.Close()
		out := bufio.NewWriter(file)
		defer out.Flush()
		options.Remarks = out
	}
	if terminal(c.errs) {
		options.Progress = func(p transfer.Progress) { fmt.Fprintf(c.errs, "\r%-14s %9d rows", p.Step, p.Rows) }
	}
	report, err := transfer.Import(ctx, i.db, i.keeper, actor.Practice, from, options)
	if terminal(c.errs) {
		fmt.Fprintf(c.errs, "\r%30s\r", "")
	}
	if err != nil {
		return err
	}
	if !options.DryRun {
		if err := i.brand().Rebrand(ctx, actor); err != nil {
			return err
		}
		if err := i.rehearsed(ctx, actor.Practice); err != nil {
			return err
		}
	}
	return c.printReport(report)
}

func (c *call) undoImport(ctx context.Context, i *installation, actor store.Actor, batch transfer.BatchID) error {
	report, err := transfer.Undo(ctx, i.db, i.keeper, actor.Practice, batch, transfer.Options{Actor: actor})
	if err != nil {
		return err
	}
	if err := i.rehearsed(ctx, actor.Practice); err != nil {
		return err
	}
	return c.printReport(report)
}

func (c *call) printReport(report *transfer.Report) error {
	if c.json {
		return printJSON(c, report)
	}
	fmt.Fprint(c.out, report.Summary())
	remarks.Say(c.out, report)
	if report.Undoes == "" && !report.DryRun {
		fmt.Fprintf(c.out, "import %s; letterhead import --practice ID --undo takes it back\n", report.Batch)
	}
	return nil
}

// terminal reports whether somebody watches.
func terminal(out any) bool {
	file, ok := out.(*os.File)
	if !ok {
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
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
