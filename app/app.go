// Package app puts the parts together: commands, configuration, start and stop. It is the only package that knows all others.
//
// Exit codes: 0 done; 1 something unexpected, told on stderr; 2 the command line or the configuration is wrong; 3 what was asked for does not
// exist; 4 refused, for example because sending is stopped; 5 something this needs is not available now (database, folder, relay): try again.
package app

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"sort"
	"strings"
	"text/tabwriter"

	"letterhead/app/looked"
	"letterhead/app/outside"
	"letterhead/app/record"
	"letterhead/app/register"
	"letterhead/fault"
)

// command is one word after letterhead.
type command struct {
	name     string
	argument string // what follows the flags, for the usage line
	summary  string
	examples []string
	run      func(ctx context.Context, c *call) error
}

// call is one run of a command.
type call struct {
	flags  *flag.FlagSet
	args   []string
	folder string // the data folder
	env    map[string]string
	in     io.Reader
	out    io.Writer
	errs   io.Writer
	json   bool
	small  bool // the process only delivers
}

func commands() []command {
	list := []command{
		demoCommand(), initCommand(), practiceCommand(), memberCommand(), serveCommand(), courierCommand(), importCommand(), moveCommand(), operatorCommand(), planCommand(), tickCommand(),
		domainCommand(), bounceCommand(), stopCommand(), liftCommand(), backupCommand(), restoreCommand(), migrateCommand(), doctorCommand(), benchCommand(), drillCommand(), incidentCommand(), versionCommand(),
	}
	for _, r := range append(record.Commands(), looked.Command(), outside.Command()) {
		list = append(list, recordCommand(r))
	}
	for _, r := range register.Commands() {
		list = append(list, publicCommand(r))
	}
	return list
}

// Run runs one command and returns the exit code.
func Run(ctx context.Context, args, env []string, in io.Reader, out, errs io.Writer) int {
	c := &call{env: environment(env), in: in, out: out, errs: errs}
	c.folder = c.env["LETTERHEAD_DATA"]
	if c.folder == "" {
		c.folder = "letterhead-data"
	}
	if len(args) == 0 || args[0] == "help" || args[0] == "-h" || args[0] == "--help" {
		if len(args) > 1 {
			return Run(ctx, []string{args[1], "--help"}, env, in, out, errs)
		}
		usage(out)
		return 0
	}
	for _, cmd := range commands() {
		if cmd.name != args[0] {
			continue
		}
		c.args = args[1:]
		return exitCode(errs, cmd, cmd.run(ctx, c))
	}
	fmt.Fprintf(errs, "letterhead: there is no command %q; letterhead help lists them\n", args[0])
	return 2
}

func environment(env []string) map[string]string {
	out := map[string]string{}
	for _, e := range env {
		if name, value, ok := strings.Cut(e, "="); ok && strings.HasPrefix(name, "LETTERHEAD_") {
			out[name] = value
		}
	}
	return out
}

func usage(out io.Writer) {
	fmt.Fprint(out, "Letterhead: practice management in which nothing leaves on a clinic's letterhead unless its own people signed it.\n\nusage: letterhead COMMAND [flags]\n\n")
	table := tabwriter.NewWriter(out, 2, 0, 2, ' ', 0)
	for _, cmd := range commands() {
		fmt.Fprintf(table, "  %s\t%s\n", cmd.name, cmd.summary)
	}
	table.Flush()
	fmt.Fprint(out, "\nletterhead COMMAND --help shows its flags and examples. LETTERHEAD_DATA names the data folder (./letterhead-data when not set).\n")
}

// errUsage is returned after the usage has been shown.
var errUsage = errors.New("usage")

// parse reads the flags of a command that define declares. Flags may stand before and after the other arguments.
func (c *call) parse(cmd command, define func(*flag.FlagSet)) error {
	c.flags = flag.NewFlagSet(cmd.name, flag.ContinueOnError)
	c.flags.SetOutput(io.Discard)
	c.flags.StringVar(&c.folder, "data", c.folder, "the data `folder`")
	if define != nil {
		define(c.flags)
	}
	var rest []string
	for args := c.args; ; {
		err := c.flags.Parse(args)
		if errors.Is(err, flag.ErrHelp) {
			c.help(cmd, c.out)
			return flag.ErrHelp
		}
		if err != nil {
			fmt.Fprintf(c.errs, "letterhead %s: %v\n", cmd.name, err)
			c.help(cmd, c.errs)
			return errUsage
		}
		if c.flags.NArg() == 0 {
			break
		}
		rest = append(rest, c.flags.Arg(0))
		args = c.flags.Args()[1:]
	}
	if cmd.argument == "" && len(rest) > 0 {
		// What is passed over in silence does something else than was meant: "stop ID" would stop everybody.
		fmt.Fprintf(c.errs, "letterhead %s: it takes no %q; a value stands behind its flag, such as --practice ID\n", cmd.name, rest[0])
		return errUsage
	}
	c.args = rest
	return nil
}

func (c *call) help(cmd command, out io.Writer) {
	fmt.Fprintf(out, "usage: letterhead %s [flags] %s\n\n%s.\n\n", cmd.name, cmd.argument, cmd.summary)
	table := tabwriter.NewWriter(out, 2, 0, 2, ' ', 0)
	var names []string
	c.flags.VisitAll(func(f *flag.Flag) { names = append(names, f.Name) })
	sort.Strings(names)
	for _, name := range names {
		f := c.flags.Lookup(name)
		kind, text := flag.UnquoteUsage(f)
		if f.DefValue != "" && f.DefValue != "false" && f.DefValue != "0" {
			text += " (" + f.DefValue + ")"
		}
		fmt.Fprintf(table, "  --%s %s\t%s\n", name, strings.ToUpper(kind), text)
	}
	table.Flush()
	if len(cmd.examples) > 0 {
		fmt.Fprint(out, "\nexamples:\n")
		for _, e := range cmd.examples {
			fmt.Fprintf(out, "  letterhead %s\n", e)
		}
	}
}

func exitCode(errs io.Writer, cmd command, err error) int {
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
		return 0
	case errors.Is(err, errUsage):
		return 2
	case errors.Is(err, context.Canceled):
		fmt.Fprintf(errs, "letterhead %s: stopped\n", cmd.name)
		return 1
	}
	fmt.Fprintf(errs, "letterhead %s: %v\n", cmd.name, err)
	switch fault.KindOf(err) {
	case fault.Invalid:
		return 2
	case fault.NotFound:
		return 3
	case fault.Denied, fault.Conflict, fault.TooMany:
		return 4
	case fault.Unavailable:
		return 5
	}
	return 1
}

// required says which flag is missing.
func required(pairs ...string) error {
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] == "" {
			return fault.Field("--"+pairs[i], "flag.missing", "is needed; see --help")
		}
	}
	return nil
}

func folderExists(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}
