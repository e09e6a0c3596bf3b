package incidents

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"letterhead/app/register"
	"letterhead/fault"
	"letterhead/incident"
	"letterhead/incident/book"
	"letterhead/incident/form"
	"letterhead/incident/tell"
	"letterhead/message"
	"letterhead/store"
)

// Call is one run of the command.
type Call struct {
	Args []string
	In   io.Reader
	Out  io.Writer
	Errs io.Writer
	Open func(ctx context.Context, do func(Host) error) error // the data folder
}

// Command is `letterhead incident`.
type Command struct {
	File register.Incident // what it does with a file

	practices                          many
	title, scope, subject, reason      string
	noFreeze, asJSON                   bool
	what, why, who, owner, due         string
	from, until                        string
	done                               int64
	severity, vector, status, describe string
	sectors, data                      many
	text, source                       string
}

// many is a flag that may be given more than once.
type many []string

func (m *many) String() string     { return strings.Join(*m, ", ") }
func (m *many) Set(v string) error { *m = append(*m, v); return nil }

// Summary and Examples are for its help.
const (
	Argument = "VERB [ID|FILE]"
	Summary  = "what went wrong: open|list|show|contain|measure|drafts|tell|decide|action|lesson|describe|close an incident of this installation; import|export|clocks reads and writes records, of files and of ours"
)

// Examples are for its help.
var Examples = []string{
	`incident open --title "Prize-draw mails" --practice ID --reason "nobody here wrote that"   (stops the practice; --scope and --subject stop a part; --no-freeze nothing)`,
	`incident open --title "A link nobody knows" --scope host --subject prize.example --reason "phishing"`,
	"incident list", "incident show ID", "incident contain ID --practice ID --scope order --subject ID --reason TEXT   (a narrower stop; the wide one is lifted by itself)",
	"incident measure ID", "incident drafts ID --practice ID   (of all practices concerned without --practice)", "incident tell ID", `incident decide ID --what "no notice to the authority" --who "R. Hale" --why "no risk: nobody saw personal data"`,
	`incident action ID --what "second signer for templates" --owner "Wattle Street" --due 2026-12-24`, "incident action ID --done 3", `incident lesson ID --what "the link was seen before the text was"`,
	`incident describe ID --severity Minor --vector "Stolen credentials" --status "Remediation complete" --sector Health`, "incident close ID",
	"incident export ID --format register", "incident import 2024-08-25-power-diary.md > incident.json", "incident export incident.json --format veris",
	"incident clocks incident.json --aware 2024-08-25T09:30:00+10:00 --zone Australia/Melbourne",
}

// Flags declares the flags.
func (c *Command) Flags(f *flag.FlagSet) {
	c.File.Flags(f)
	f.Var(&c.practices, "practice", "a practice's `id`; of open it may be given more than once")
	f.StringVar(&c.title, "title", "", "with open and describe: what happened, in a `line`")
	f.StringVar(&c.scope, "scope", "", "`what` is stopped, as of letterhead stop; everything of the practice, or of all, when empty")
	f.StringVar(&c.subject, "subject", "", "`which` one")
	f.StringVar(&c.reason, "reason", "", "`why` it is stopped; no names of clients")
	f.BoolVar(&c.noFreeze, "no-freeze", false, "with open: stop nothing")
	f.BoolVar(&c.asJSON, "json", false, "print JSON")
	f.StringVar(&c.what, "what", "", "the `words` of a decision, lesson or action")
	f.StringVar(&c.why, "why", "", "`why` it was decided")
	f.StringVar(&c.who, "who", "", "`who` decided; the command when empty")
	f.StringVar(&c.owner, "owner", "", "`who` does an action")
	f.StringVar(&c.due, "due", "", "the `day` by which")
	f.Int64Var(&c.done, "done", 0, "the `number` of an action that is done")
	f.StringVar(&c.from, "from", "", "with measure: messages made since this `instant`, such as 2026-12-01T10:00:00Z")
	f.StringVar(&c.until, "until", "", "with measure: and until this `instant`")
	f.StringVar(&c.describe, "description", "", "with describe: a `sentence` or two")
	f.StringVar(&c.text, "text", "", "with describe: the `file` of its text, in Markdown")
	f.StringVar(&c.severity, "severity", "", "with describe: a `word`, as the register uses it")
	f.StringVar(&c.vector, "vector", "", "with describe: the attack `vector`")
	f.StringVar(&c.status, "status", "", "with describe: the official `status`")
	f.StringVar(&c.source, "source", "", "with describe: the `address` of where it is public")
	f.Var(&c.sectors, "sector", "with describe: a `sector`; may be given more than once")
	f.Var(&c.data, "data-type", "with describe: a `kind` of personal data that came to somebody; may be given more than once")
}

// Run runs it.
func (c *Command) Run(ctx context.Context, call Call) error {
	if len(call.Args) == 0 {
		return fault.Field("VERB", "incident.verb", "say open, list, show, contain, measure, drafts, tell, decide, action, lesson, describe, close, import, export or clocks")
	}
	verb, id := call.Args[0], ""
	switch {
	case len(call.Args) > 2 || len(call.Args) == 2 && (verb == "open" || verb == "list"):
		return fault.Field("ID", "incident.id", "name one incident or file")
	case len(call.Args) == 2:
		id = call.Args[1]
	case verb != "open" && verb != "list":
		return fault.Field("ID", "incident.id", "name the incident, as letterhead incident list prints it, or the file")
	}
	switch verb {
	case "import", "clocks":
		return c.File.Run(register.Call{Args: call.Args, In: call.In, Out: call.Out, Errs: call.Errs})
	case "export":
		if _, err := os.Stat(id); err == nil || id == "-" {
			return c.File.Run(register.Call{Args: call.Args, In: call.In, Out: call.Out, Errs: call.Errs})
		}
	}
	do, known := map[string]func(context.Context, Host, Call, string) error{
		"open": c.open, "list": c.list, "show": c.show, "contain": c.contain, "measure": c.measure, "decide": c.note(book.Decision), "lesson": c.note(book.Lesson),
		"action": c.action, "describe": c.describing, "close": c.close, "tell": c.tell, "export": c.export, "drafts": c.drafts,
	}[verb]
	if !known {
		return fault.Field("VERB", "incident.verb", "there is no %q; say open, list, show, contain, measure, drafts, tell, decide, action, lesson, describe, close, import, export or clocks", verb)
	}
	return call.Open(ctx, func(h Host) error { return found(do(ctx, h, call, id)) })
}

// stops are what the flags say is stopped: of each practice that is named, or everywhere.
func (c *Command) stops() (out []message.Stop, err error) {
	s := message.Stop{Scope: message.Scope(c.scope), Subject: c.subject, Reason: cmp.Or(c.reason, c.title), Who: "command"}
	if s.Scope == "" && len(c.practices) == 0 {
		s.Scope = message.StopPlatform
	} else if s.Scope == "" {
		s.Scope = message.StopPractice
	}
	out = []message.Stop{s}
	if len(c.practices) > 0 {
		out = nil
	}
	for _, p := range c.practices {
		s.Practice = store.PracticeID(p)
		out = append(out, s)
	}
	for _, s := range out {
		err = errors.Join(err, s.Check())
	}
	return out, err
}

func (c *Command) open(ctx context.Context, h Host, call Call, _ string) error {
	o := book.Opening{Kind: book.Person, By: "command", Facts: book.Facts{Title: c.title}}
	for _, p := range c.practices {
		o.Practices = append(o.Practices, store.PracticeID(p))
	}
	stops, err := c.stops()
	if c.noFreeze {
		stops, err = nil, nil
	}
	if err != nil {
		return err
	}
	opened, err := h.Open(ctx, o, stops...)
	if err != nil {
		return err
	}
	fmt.Fprintln(call.Out, opened.ID)
	return nil
}

func (c *Command) contain(ctx context.Context, h Host, call Call, id string) error {
	stops, err := c.stops()
	if err != nil {
		return err
	}
	for _, s := range stops {
		if err := h.Contain(ctx, id, s); err != nil {
			return err
		}
	}
	fmt.Fprintf(call.Out, "Stopped: %s. A wider stop stays until it is lifted: a practice's at the signing desk, the platform's by letterhead lift.\n", stops[0].Words())
	return nil
}

func (c *Command) list(ctx context.Context, h Host, call Call, _ string) error {
	var all []book.Case
	err := h.DB.WholeView(ctx, "list incidents", func(w *store.Wide) (err error) {
		all, err = book.List(ctx, w, "", 200)
		return err
	})
	if err != nil {
		return err
	}
	if c.asJSON {
		return printJSON(call.Out, all)
	}
	table := tabwriter.NewWriter(call.Out, 2, 0, 2, ' ', 0)
	for _, i := range all {
		state := "open"
		if !i.Open() {
			state = "closed"
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", i.ID, state, i.OpenedAt.Format(time.RFC3339), i.Kind, i.Facts.Title)
	}
	return table.Flush()
}

func (c *Command) measure(ctx context.Context, h Host, call Call, id string) error {
	if c.from != "" || c.until != "" {
		from, err := time.Parse(time.RFC3339, c.from)
		if err != nil {
			return fault.Field("--from", "incident.from", "it is an instant such as 2026-12-01T10:00:00Z")
		}
		until := time.Time{}
		if c.until != "" {
			if until, err = time.Parse(time.RFC3339, c.until); err != nil {
				return fault.Field("--until", "incident.until", "it is an instant such as 2026-12-01T12:00:00Z")
			}
		}
		if err := h.DB.Whole(ctx, "an incident's window", func(w *store.Wide) error { return book.Window(ctx, w, id, from, until) }); err != nil {
			return err
		}
	}
	began := time.Now()
	of, err := h.Measure(ctx, id)
	if err != nil {
		return err
	}
	if c.asJSON {
		return printJSON(call.Out, of)
	}
	Say(call.Out, of[""])
	fmt.Fprintf(call.Out, "Measured in %.1f s.\n", time.Since(began).Seconds())
	return nil
}

func (c *Command) note(kind book.EntryKind) func(context.Context, Host, Call, string) error {
	return func(ctx context.Context, h Host, _ Call, id string) error {
		e := book.Entry{Kind: kind, What: c.what, Why: c.why, Who: cmp.Or(c.who, "command"), Owner: c.owner, Due: c.due}
		return h.DB.Whole(ctx, "note of an incident", func(w *store.Wide) error { return book.Note(ctx, w, id, "", e) })
	}
}

func (c *Command) action(ctx context.Context, h Host, call Call, id string) error {
	if c.done == 0 {
		return c.note(book.Action)(ctx, h, call, id)
	}
	return h.DB.Whole(ctx, "an action is done", func(w *store.Wide) error { return book.Done(ctx, w, id, "", c.done) })
}

func (c *Command) describing(ctx context.Context, h Host, _ Call, id string) error {
	text := ""
	if c.text != "" {
		raw, err := os.ReadFile(c.text)
		if err != nil {
			return fault.Field("--text", "incident.text", "the file cannot be read")
		}
		text = strings.Trim(strings.ReplaceAll(string(raw), "\r\n", "\n"), "\n ")
	}
	return h.DB.Whole(ctx, "describe an incident", func(w *store.Wide) error {
		i, err := book.Find(ctx, w, "", id)
		if err != nil {
			return err
		}
		f := i.Facts
		for _, each := range []struct {
			to   *string
			said string
		}{{&f.Title, c.title}, {&f.Description, c.describe}, {&f.Text, text}, {&f.Severity, c.severity}, {&f.Vector, c.vector}, {&f.Status, c.status}, {&f.Source, c.source}} {
			if each.said != "" {
				*each.to = each.said
			}
		}
		if len(c.sectors) > 0 {
			f.Sectors = c.sectors
		}
		if len(c.data) > 0 {
			f.Data = c.data
		}
		return book.Describe(ctx, w, id, i.Version, f)
	})
}

// tell has every practice concerned told, and says how far their notices are.
func (c *Command) tell(ctx context.Context, h Host, call Call, id string) error {
	var n int
	err := h.DB.Whole(ctx, "tell of an incident", func(w *store.Wide) (err error) {
		if _, err = book.Find(ctx, w, "", id); err == nil {
			n, err = tell.Everybody(ctx, w, id, cmp.Or(c.who, "command"))
		}
		return err
	})
	if err != nil {
		return err
	}
	proof, err := h.Notices(ctx, id)
	if err != nil {
		return err
	}
	if c.asJSON {
		return printJSON(call.Out, proof)
	}
	fmt.Fprintf(call.Out, "%d practices are told from now on by the program that runs; %d are concerned.\n", n, proof.Practices)
	fmt.Fprintf(call.Out, "Their notices: %d queued, %d sent, %d failed; %d practices have opened the page.\n", proof.Queued, proof.Sent, proof.Failed, proof.Read)
	return nil
}

// export writes an incident of this installation.
func (c *Command) export(ctx context.Context, h Host, call Call, id string) error {
	var i incident.Incident
	err := h.DB.WholeView(ctx, "export an incident", func(w *store.Wide) (err error) {
		i, err = tell.Record(ctx, w, id, h.Entity())
		return err
	})
	if err != nil {
		return err
	}
	out, err := form.Write(i, c.File.As)
	if err == nil {
		_, err = call.Out.Write(out)
	}
	return err
}

func (c *Command) close(ctx context.Context, h Host, call Call, id string) error {
	err := h.DB.Whole(ctx, "close an incident", func(w *store.Wide) error { return book.Close(ctx, w, id, "command") })
	if err == nil {
		fmt.Fprintln(call.Out, "Closed. Its record is on the public register at /register, without ids of practices and people.")
	}
	return err
}

// drafted are a practice's drafts.
type drafted struct {
	Practice store.PracticeID `json:"practice"`
	Drafts   []tell.Draft     `json:"drafts"`
}

// drafts prints what there is to tell: of each practice concerned, or of those named.
func (c *Command) drafts(ctx context.Context, h Host, call Call, id string) error {
	var concerned []book.Concerned
	err := h.DB.WholeView(ctx, "an incident's practices", func(w *store.Wide) (err error) {
		if _, err = book.Find(ctx, w, "", id); err == nil {
			concerned, err = book.Practices(ctx, w, id)
		}
		return err
	})
	if err != nil {
		return err
	}
	var all []drafted
	for _, of := range concerned {
		if len(c.practices) > 0 && !slices.Contains(c.practices, string(of.Practice)) {
			continue
		}
		made, err := h.Drafts(ctx, of.Practice, id)
		if err != nil {
			return err
		}
		all = append(all, drafted{of.Practice, made})
	}
	if len(all) == 0 {
		return fault.Field("--practice", "incident.practice", "the incident concerns no such practice")
	}
	if c.asJSON {
		return printJSON(call.Out, all)
	}
	for _, of := range all {
		for _, d := range of.Drafts {
			fmt.Fprintf(call.Out, "=== practice %s · draft for: %s\n%s\n\n%s\n", of.Practice, d.For, d.Subject, d.Text)
		}
	}
	return nil
}

// shown is an incident as it is printed.
type shown struct {
	Case    book.Case        `json:"incident"`
	Stops   []message.Stop   `json:"stops"`
	Figures []book.Figure    `json:"figures"`
	Entries []book.Entry     `json:"entries"`
	Of      []book.Concerned `json:"practices"`
}

func (c *Command) show(ctx context.Context, h Host, call Call, id string) error {
	var s shown
	err := h.DB.WholeView(ctx, "show an incident", func(w *store.Wide) (err error) {
		if s.Case, err = book.Find(ctx, w, "", id); err != nil {
			return err
		}
		var failed [4]error
		s.Stops, failed[0] = book.Stops(ctx, w, "", id)
		s.Figures, failed[1] = book.Figures(ctx, w, "", id)
		s.Entries, failed[2] = book.Entries(ctx, w, "", id)
		s.Of, failed[3] = book.Practices(ctx, w, id)
		return errors.Join(failed[:]...)
	})
	if err != nil {
		return err
	}
	if c.asJSON {
		return printJSON(call.Out, s)
	}
	fmt.Fprintf(call.Out, "%s  %s\nopened %s by %s; %d practices concerned\n", s.Case.ID, s.Case.Facts.Title, s.Case.OpenedAt.Format(time.RFC3339), s.Case.OpenedBy, len(s.Of))
	fmt.Fprintln(call.Out, "\nWhat is stopped:")
	for _, x := range s.Stops {
		state := "stopped"
		if !x.LiftedAt.IsZero() {
			state = "lifted " + x.LiftedAt.Format(time.RFC3339)
		}
		fmt.Fprintf(call.Out, "  %s  %s  %s  %s\n", x.At.Format(time.RFC3339), cmp.Or(string(x.Practice), "everywhere"), x.Words(), state)
	}
	fmt.Fprintln(call.Out, "\nFigures:")
	Say(call.Out, s.Figures)
	fmt.Fprintln(call.Out, "\nRecord:")
	for _, e := range s.Entries {
		line := e.What
		if e.Kind == book.Action {
			line += " (" + e.Owner + ", " + cmp.Or(e.Due, "no day") + ")"
		}
		fmt.Fprintf(call.Out, "  %d  %s  %s  %s  %s\n", e.Number, e.At.Format(time.RFC3339), e.Kind, e.Who, line)
	}
	return nil
}

// Say prints figures, each with how much is known of it.
func Say(out io.Writer, figures []book.Figure) {
	table := tabwriter.NewWriter(out, 2, 0, 2, ' ', 0)
	for _, f := range book.Ordered(figures) {
		fmt.Fprintf(table, "  %s\t%s\t%s\n", f.Name, f.Words(), f.Note)
	}
	_ = table.Flush()
}

func printJSON(out io.Writer, v any) error {
	e := json.NewEncoder(out)
	e.SetIndent("", "  ")
	return e.Encode(v)
}
