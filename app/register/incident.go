package register

import (
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"letterhead/fault"
	"letterhead/incident"
	"letterhead/incident/form"
)

// Incident is what is done with an incident's file: read and print it as JSON (import), in another form (export), or say what laws ask for and by when (clocks).
type Incident struct {
	As, Aware, Zone string
	laws            []string
}

// Flags declares its flags.
func (i *Incident) Flags(f *flag.FlagSet) {
	f.StringVar(&i.As, "format", form.JSON, "with export: the `form`: register, veris, csv or json")
	f.StringVar(&i.Aware, "aware", "", "with clocks: the `instant` at which you became aware")
	f.StringVar(&i.Zone, "zone", "UTC", "with clocks: the `zone` of whoever has to act")
	f.Func("law", "with clocks: a law's `id`, instead of those of the record's countries; may be given more than once", func(v string) error {
		i.laws = append(i.laws, v)
		return nil
	})
}

// Run does it: a verb and a file.
func (i *Incident) Run(c Call) error {
	if len(c.Args) == 2 {
		switch c.Args[0] {
		case "import":
			return c.convert(c.Args[1], form.JSON)
		case "export":
			return c.convert(c.Args[1], i.As)
		case "clocks":
			return c.clocks(c.Args[1], i.Aware, i.Zone, i.laws)
		}
	}
	return fault.Field("FILE", "incident.file", "say import, export or clocks, and name one file")
}

// convert reads one file whole, and prints only what could be written whole.
func (c Call) convert(name, as string) error {
	i, err := c.incident(name)
	if err != nil {
		return err
	}
	out, err := form.Write(i, as)
	if err != nil {
		return err
	}
	_, err = c.Out.Write(out)
	return err
}

// incident reads one file of any form.
func (c Call) incident(name string) (incident.Incident, error) {
	from := c.In
	if name != "-" {
		file, err := os.Open(name)
		if err != nil {
			return incident.Incident{}, fault.Field("FILE", "incident.file", "the file cannot be opened")
		}
		defer file.Close()
		from = file
	}
	raw, err := io.ReadAll(io.LimitReader(from, form.MaxFile+1))
	if err != nil {
		return incident.Incident{}, fault.Field("FILE", "incident.file", "the file cannot be read")
	}
	i, err := form.Read(strings.TrimSuffix(filepath.Base(name), filepath.Ext(name)), raw)
	if err != nil {
		return i, fmt.Errorf("%s: %w", name, err)
	}
	return i, nil
}
