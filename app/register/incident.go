package register

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"letterhead/fault"
	"letterhead/incident/form"
)

func incidentCommand() Command {
	var as string
	return Command{
		Name: "incident", Argument: "import|export FILE", Summary: "read an incident's record (of a public register, VERIS 1.3 or our JSON) and print it as JSON (import) or in another form (export)",
		Examples: []string{"incident import 2024-08-25-power-diary.md > incident.json", "incident export incident.json --format register", "incident export incident.json --format veris"},
		Flags: func(f *flag.FlagSet) {
			f.StringVar(&as, "format", form.JSON, "with export: the `form`: register, veris, csv or json")
		},
		Run: func(_ context.Context, c Call) error {
			if len(c.Args) != 2 || c.Args[0] != "import" && c.Args[0] != "export" {
				return fault.Field("FILE", "incident.file", "say import or export, and name one file")
			}
			if c.Args[0] == "import" {
				as = form.JSON
			}
			return c.convert(c.Args[1], as)
		},
	}
}

// convert reads one file whole, and prints only what could be written whole.
func (c Call) convert(name, as string) error {
	from := c.In
	if name != "-" {
		file, err := os.Open(name)
		if err != nil {
			return fault.Field("FILE", "incident.file", "the file cannot be opened")
		}
		defer file.Close()
		from = file
	}
	raw, err := io.ReadAll(io.LimitReader(from, form.MaxFile+1))
	if err != nil {
		return fault.Field("FILE", "incident.file", "the file cannot be read")
	}
	i, err := form.Read(strings.TrimSuffix(filepath.Base(name), filepath.Ext(name)), raw)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	out, err := form.Write(i, as)
	if err != nil {
		return err
	}
	_, err = c.Out.Write(out)
	return err
}
