// Package record is the commands about the record of messages: to verify an evidence file, to write one, and to be a witness.
//
// verify and witness need no data folder, and nothing of the installation but what its owner holds on paper: whoever runs them may be somebody
// else on another machine. export reads rows and the log's key.
package record

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"letterhead/courier/trust"
	"letterhead/fault"
	"letterhead/ledger"
	"letterhead/ledger/evidence"
	"letterhead/store"
	"letterhead/vault"
)

// Host is the installation that a command works on.
type Host struct {
	DB     *store.DB
	Keeper *vault.Keeper
	Folder string // the courier's
	Trust  trust.File
}

// Call is one run of a command.
type Call struct {
	Args []string
	Out  io.Writer
	Errs io.Writer
	// Open opens the data folder for a function.
	Open func(ctx context.Context, do func(Host) error) error
}

// Command is one of the room's commands.
type Command struct {
	Name, Argument, Summary string
	Examples                []string
	Flags                   func(*flag.FlagSet)
	Run                     func(ctx context.Context, c Call) error
}

// KeySays tells whoever makes a log where its key lies, and which key others check it with.
const KeySays = `The key of the record of messages is %s; backups have it.
Whoever checks what was sent needs its public half, from you and on paper, not from a file that they check:

  %s

`

// Commands are the room's commands.
func Commands() []Command { return []Command{verifyCommand(), exportCommand(), witnessCommand()} }

// many is a flag that may be given more than once.
type many []string

func (m *many) String() string     { return strings.Join(*m, ", ") }
func (m *many) Set(v string) error { *m = append(*m, v); return nil }

func verifyCommand() Command {
	var expect evidence.Expect
	var asJSON bool
	return Command{
		Name: "verify", Argument: "FILE", Summary: "verify an evidence file, offline: is it all that was sent in the practice's name, and who approved it",
		Examples: []string{`verify evidence.txt --root "ABCD EFGH …" --log-key letterhead/…+…`, "verify FILE --root FINGERPRINT --log-key KEY --witness KEY --auditor KEY --json"},
		Flags: func(f *flag.FlagSet) {
			f.StringVar(&expect.Root, "root", "", "the `fingerprint` of the practice's first signing key, from its owner's paper")
			f.StringVar(&expect.LogKey, "log-key", "", "the log's verifier `key`, from somewhere else than the file")
			f.Var((*many)(&expect.Witnesses), "witness", "the verifier `key` of a witness whom you trust; may be given more than once")
			f.Var((*many)(&expect.Auditors), "auditor", "the verifier `key` of an auditor whom you trust; may be given more than once")
			f.BoolVar(&asJSON, "json", false, "print JSON")
		},
		Run: func(_ context.Context, c Call) error {
			if len(c.Args) != 1 {
				return fault.Field("FILE", "verify.file", "name the evidence file")
			}
			return verify(c, expect, asJSON)
		},
	}
}

func verify(c Call, expect evidence.Expect, asJSON bool) error {
	file, err := os.Open(c.Args[0])
	if err != nil {
		return fault.Field("FILE", "verify.file", "the file cannot be read").With(err)
	}
	defer file.Close()
	r, err := evidence.Verify(file, expect)
	p, wrong := evidence.ErrWrong(err)
	switch {
	case err != nil && !wrong:
		return err
	case asJSON:
		answer := map[string]any{"complete": err == nil}
		if wrong {
			answer["problem"] = p
		} else {
			answer["report"] = r
		}
		return errors.Join(printJSON(c.Out, answer), err)
	case wrong:
		fmt.Fprintf(c.Out, "DOES NOT HOLD, line %d: %s (%s)\n\nNothing that stands behind this line was looked at.\n", p.Line, p.Say, p.Code)
		return err
	}
	evidence.Say(c.Out, r)
	return nil
}

func printJSON(out io.Writer, v any) error {
	e := json.NewEncoder(out)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

func exportCommand() Command {
	var practice string
	var size int64
	return Command{
		Name: "export", Argument: "evidence|entries [FILE]", Summary: "write a practice's evidence file (evidence), or every leaf of the log for an auditor (entries)",
		Examples: []string{"export evidence evidence.txt --practice ID", "export evidence --practice ID > evidence.txt", "export evidence FILE --practice ID --checkpoint 12345", "export entries entries.txt"},
		Flags: func(f *flag.FlagSet) {
			f.StringVar(&practice, "practice", "", "the practice's `id`")
			f.Int64Var(&size, "checkpoint", 0, "as of the last checkpoint of at most so many `leaves`; 0 for now")
		},
		Run: func(ctx context.Context, c Call) error {
			if len(c.Args) < 1 || len(c.Args) > 2 || c.Args[0] != "evidence" && c.Args[0] != "entries" {
				return fault.Field("FILE", "export.file", "say evidence or entries, and name the file to write; without one it is printed")
			}
			if c.Args[0] == "evidence" && practice == "" {
				return fault.Field("--practice", "flag.missing", "is needed; see --help")
			}
			return c.Open(ctx, func(h Host) error { return h.export(ctx, c, store.PracticeID(practice), size) })
		},
	}
}

// export writes the file under another name first: a file that is there is whole. Without a name it is printed, and the key goes to the errors.
func (h Host) export(ctx context.Context, c Call, practice store.PracticeID, size int64) error {
	key, err := ledger.OpenKey(h.Folder, h.Trust.Installation, h.Trust.Epoch)
	if err != nil {
		return err
	}
	if size == 0 {
		if _, err := ledger.Checkpoint(ctx, h.DB, key); err != nil {
			return err
		}
	}
	write := func(out io.Writer) error {
		if c.Args[0] == "entries" {
			return ledger.WriteEntries(ctx, h.DB, key.Verifier, size, out)
		}
		return h.evidence(ctx, key, practice, size, out)
	}
	told := c.Errs
	if len(c.Args) == 1 {
		err = write(c.Out)
	} else {
		told, err = c.Out, whole(c.Args[1], write)
	}
	if err != nil {
		return err
	}
	if len(c.Args) == 2 {
		fmt.Fprintf(told, "Wrote %s.\n", c.Args[1])
	}
	fmt.Fprintf(told, "The log's key, for whoever verifies (give it to them apart from the file):\n\n  %s\n", key.Text)
	return nil
}

// whole writes a file under another name first.
func whole(name string, write func(io.Writer) error) error {
	file, err := os.CreateTemp(filepath.Dir(name), filepath.Base(name)+".*")
	if err != nil {
		return fault.Field("FILE", "export.file", "the file cannot be written").With(err)
	}
	defer os.Remove(file.Name())
	if err := errors.Join(write(file), file.Sync(), file.Close()); err != nil {
		return err
	}
	if err := os.Rename(file.Name(), name); err != nil {
		return fault.Field("FILE", "export.file", "the file cannot be written").With(err)
	}
	return nil
}

func (h Host) evidence(ctx context.Context, key *ledger.Key, practice store.PracticeID, size int64, out io.Writer) error {
	anchor, err := trust.Anchor(h.Folder, practice)
	if err != nil {
		return err
	}
	return ledger.Export{DB: h.DB, Practice: practice, Log: key.Verifier, Desks: anchor.Parties, Size: size}.Write(ctx, out)
}
