// Package register is the commands about records of incidents: to read and check them, to put them into other forms, and to build a public register of them.
//
// They need no data folder. A file that is no record is named with its line and the reason, and what was to be written about it is not written.
package register

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"

	"letterhead/fault"
	"letterhead/register"
)

// Call is one run of a command.
type Call struct {
	Args []string
	In   io.Reader
	Out  io.Writer
	Errs io.Writer
}

// Command is one of the room's commands.
type Command struct {
	Name, Argument, Summary string
	Examples                []string
	Flags                   func(*flag.FlagSet)
	Run                     func(ctx context.Context, c Call) error
}

// Commands are the room's commands.
func Commands() []Command { return []Command{registerCommand()} }

func registerCommand() Command {
	var b build
	return Command{
		Name: "register", Argument: "fmt|check FILE…, or build DIR", Summary: "read records of incidents as public registers keep them: print them back byte for byte (fmt), say what is wrong with them (check), build a public register (build)",
		Examples: []string{"register fmt 2024-08-25-power-diary.md", "register check records/2024", "register build public/ --from records/ --title \"Incidents in health care\" --url https://register.example/"},
		Flags:    b.flags,
		Run: func(ctx context.Context, c Call) error {
			if len(c.Args) < 2 && (len(c.Args) == 0 || c.Args[0] != "build") {
				return fault.Field("FILE", "register.file", "say fmt, check or build, and name the files")
			}
			verb := c.Args[0]
			c.Args = c.Args[1:]
			switch verb {
			case "build":
				return b.run(ctx, c)
			case "fmt":
				return c.format()
			case "check":
				return c.check()
			}
			return fault.Field("register", "register.verb", "it is fmt, check or build, not %q", verb)
		},
	}
}

// format prints each record as it is written in its file, from the parts that were understood: what it prints was read whole.
func (c Call) format() error {
	return c.each(func(_ string, d *register.Document) error {
		_, err := c.Out.Write(d.Bytes())
		return err
	})
}

// check says what the keeper of a record may want to mend.
func (c Call) check() error {
	records, remarks := 0, 0
	err := c.each(func(name string, d *register.Document) error {
		records++
		for _, r := range d.View().Remarks {
			remarks++
			fmt.Fprintf(c.Out, "%s:%d: %s\n", name, r.Line, r.Say)
		}
		return nil
	})
	fmt.Fprintf(c.Out, "%d records can be read; %d remarks.\n", records, remarks)
	return err
}

// keyUnreadable is the fault of files of which some are no record.
const keyUnreadable = "register.unreadable"

// each reads the named files, names those that are no record, and goes on.
func (c Call) each(do func(name string, d *register.Document) error) error {
	files, skipped, err := list(c.Args)
	if err != nil {
		return err
	}
	for _, s := range skipped {
		fmt.Fprintf(c.Errs, "%s: %s\n", s.name, s.why)
	}
	bad := 0
	for _, name := range files {
		d, err := c.read(name)
		if err != nil {
			bad++
			fmt.Fprintln(c.Errs, located(name, err))
			continue
		}
		if err := do(name, d); err != nil {
			return err
		}
	}
	if bad > 0 {
		return fault.New(fault.Invalid, keyUnreadable, fmt.Sprintf("%d of %d files cannot be read as records; each is named above with its line and the reason", bad, len(files)))
	}
	return nil
}

// read reads one record, at most a byte more than a record may have.
func (c Call) read(name string) (*register.Document, error) {
	from := c.In
	if name != "-" {
		file, err := os.Open(name)
		if err != nil {
			return nil, errors.New("the file cannot be opened")
		}
		defer file.Close()
		from = file
	}
	raw, err := io.ReadAll(io.LimitReader(from, register.MaxFile+1))
	if err != nil {
		return nil, errors.New("the file cannot be read")
	}
	if len(raw) > register.MaxFile {
		return nil, fmt.Errorf("the file is larger than a record can be: at most %d bytes", register.MaxFile)
	}
	return register.Parse(raw)
}

// located puts a line behind a file's name, as editors understand it.
func located(name string, err error) string {
	var p *register.Problem
	if errors.As(err, &p) && p.Line > 0 {
		return fmt.Sprintf("%s:%d: %s", name, p.Line, p.Say)
	}
	return name + ": " + strings.TrimPrefix(err.Error(), "open "+name+": ")
}
