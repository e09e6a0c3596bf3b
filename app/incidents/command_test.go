package incidents_test

import (
	"bytes"
	"context"
	"flag"
	"io"
	"regexp"
	"strings"
	"testing"

	"letterhead/app/incidents"
	"letterhead/fault"
	"letterhead/message"
	"letterhead/store"
)

// run runs `letterhead incident` with these words.
func (h *host) run(words ...string) (string, error) {
	h.Helper()
	var c incidents.Command
	flags := flag.NewFlagSet("incident", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	c.Flags(flags)
	var rest []string
	for args := words; ; {
		h.Must(flags.Parse(args))
		if flags.NArg() == 0 {
			break
		}
		rest = append(rest, flags.Arg(0))
		args = flags.Args()[1:]
	}
	var out bytes.Buffer
	err := c.Run(h.Context(), incidents.Call{Args: rest, Out: &out, Errs: io.Discard, Open: func(_ context.Context, do func(incidents.Host) error) error { return do(h.Host) }})
	return out.String(), err
}

func (h *host) says(words string, sentences ...string) string {
	h.Helper()
	out, err := h.run(strings.Split(words, "|")...)
	if err != nil {
		h.Fatalf("%s: %v", words, err)
	}
	for _, s := range sentences {
		if !strings.Contains(out, s) {
			h.Errorf("%s does not say %q:\n%s", words, s, out)
		}
	}
	return out
}

// From the first word to the register, as somebody types it.
func TestAnIncidentIsRunFromTheCommandLine(t *testing.T) {
	each(t, func(h *host) {
		t := h.TB
		id := strings.TrimSpace(h.says("open|--title|Prize-draw mails|--practice|p|--practice|q|--reason|nobody here wrote that"))
		h.says("list", id, "open", "Prize-draw mails")
		for _, p := range []store.PracticeID{"p", "q"} {
			h.Change(p, func(tx *store.Tx) error {
				stopped, err := message.Frozen(t.Context(), tx)
				if len(stopped) != 1 || stopped[0].Scope != message.StopPractice {
					t.Errorf("%s: stopped: %v", p, stopped)
				}
				return err
			})
		}
		h.says("contain|"+id+"|--practice|p|--scope|host|--subject|prize.example|--reason|phishing", "Stopped: messages with links to prize.example", "until it is lifted")
		h.says("show|"+id, "2 practices concerned", "all messages of the practice", "messages with links to prize.example")
		h.says("measure|"+id, "messages_left", "none", "Measured in")
		h.says("decide|" + id + "|--what|no notice|--who|R. Hale|--why|nobody saw anything")
		h.says("action|" + id + "|--what|a second signer|--owner|Wattle Street|--due|2026-12-24")
		number := regexp.MustCompile(`(?m)^  (\d+)  .*a second signer`).FindStringSubmatch(h.says("show|" + id))
		h.says("action|" + id + "|--done|" + number[1])
		h.says("lesson|" + id + "|--what|look at the link first")
		h.says("describe|" + id + "|--severity|Minor|--vector|Stolen credentials|--sector|Health")
		h.says("drafts|"+id, "practice p · draft for: Practice p", "practice q · draft for: clients of Practice q", "Notifiable Data Breaches", "not legal advice", "s 26WK(3)(a)", "Who decides:", "missing: somebody has to write it", "AEDT")
		one := h.says("drafts|"+id+"|--practice|q", "practice q")
		if strings.Contains(one, "practice p ·") {
			t.Error("drafts of another practice than was asked for")
		}
		h.says("drafts|"+id+"|--json", `"for": "Practice p"`)
		h.says("tell|"+id, "2 practices are told from now on", "0 queued")
		h.says("tell|"+id, "0 practices are told from now on", "2 are concerned")
		h.says("close|"+id, "on the public register")
		h.says("export|"+id+"|--format|register", `title = "Prize-draw mails"`, `severity = "Minor"`, "affected_individuals = 0")
		h.says("export|"+id+"|--format|veris", `"schema_version": "1.3`)
		h.says("show|"+id, "Closed", "Wattle Street, 2026-12-24")
		for words, want := range map[string]fault.Kind{
			"show|2026-01-01-00000000": fault.NotFound, "drafts|2026-01-01-00000000": fault.NotFound, "export|2026-01-01-00000000": fault.NotFound, "decide|2026-01-01-00000000|--what|x": fault.NotFound,
			"close|" + id: fault.Conflict, "open": fault.Invalid, "open|--title|x|--scope|nonsense": fault.Invalid, "lesson|" + id: fault.Invalid, "drafts|" + id + "|--practice|r": fault.Invalid,
			"measure|" + id + "|--from|soon": fault.Invalid, "nonsense|" + id: fault.Invalid, "show": fault.Invalid, "": fault.Invalid, "contain|" + id + "|--scope|text|--subject|short": fault.Invalid,
		} {
			if _, err := h.run(strings.Split(words, "|")...); fault.KindOf(err) != want {
				t.Errorf("%s: %v", words, err)
			}
		}
	})
}
