// Package moving brings a practice's data in from files and takes it out into files, for the commands that do so.
package moving

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"

	"letterhead/app/remarks"
	"letterhead/fault"
	"letterhead/store"
	"letterhead/transfer"
	"letterhead/transfer/words"
	"letterhead/vault"
)

// Of is the installation it is done in, and where it is said.
type Of struct {
	DB        *store.DB
	Keeper    *vault.Keeper
	After     func(context.Context, store.Actor) error // when something came in or went
	Out, Errs io.Writer
	JSON      bool
}

// Import brings an export in; mapping and noted are paths, or empty.
func (o Of) Import(ctx context.Context, actor store.Actor, from transfer.Source, mapping, noted string, options transfer.Options) error {
	if mapping != "" {
		file, err := os.Open(mapping)
		if err != nil {
			return fault.Field("--mapping", "import.mapping", "the file cannot be read")
		}
		defer file.Close()
		if options.Mapping, err = words.ReadMapping(file); err != nil {
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
	if terminal(o.Errs) {
		options.Progress = func(p transfer.Progress) { fmt.Fprintf(o.Errs, "\r%-14s %9d rows", p.Step, p.Rows) }
	}
	report, err := transfer.Import(ctx, o.DB, o.Keeper, actor.Practice, from, options)
	if terminal(o.Errs) {
		fmt.Fprintf(o.Errs, "\r%30s\r", "")
	}
	if err != nil {
		return err
	}
	if !options.DryRun {
		if err := o.After(ctx, actor); err != nil {
			return err
		}
	}
	return o.print(report)
}

// Undo takes an import back.
func (o Of) Undo(ctx context.Context, actor store.Actor, batch transfer.BatchID) error {
	report, err := transfer.Undo(ctx, o.DB, o.Keeper, actor.Practice, batch, transfer.Options{Actor: actor})
	if err != nil {
		return err
	}
	if err := o.After(ctx, actor); err != nil {
		return err
	}
	return o.print(report)
}

func (o Of) print(report *transfer.Report) error {
	if o.JSON {
		encoder := json.NewEncoder(o.Out)
		encoder.SetIndent("", "  ")
		return encoder.Encode(report)
	}
	fmt.Fprint(o.Out, report.Summary())
	remarks.Say(o.Out, report)
	if report.Undoes == "" && !report.DryRun {
		fmt.Fprintf(o.Out, "import %s; letterhead import --practice ID --undo takes it back\n", report.Batch)
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
