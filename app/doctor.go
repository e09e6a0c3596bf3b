package app

import (
	"context"
	"flag"
	"fmt"
	"net"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"time"

	"letterhead/calendar"
	"letterhead/courier/journal"
	"letterhead/fault"
	"letterhead/practice"
	"letterhead/store"
	"letterhead/zone"
)

// finding is one line of doctor.
type finding struct {
	State string `json:"state"` // good, note, bad
	About string `json:"about"`
	Say   string `json:"say"`
}

func doctorCommand() command {
	cmd := command{
		name: "doctor", summary: "check this installation and say what to do; exit 5 when something is bad",
		examples: []string{"doctor", "doctor --json"},
	}
	cmd.run = func(ctx context.Context, c *call) error {
		if err := c.parse(cmd, func(f *flag.FlagSet) { f.BoolVar(&c.json, "json", false, "print JSON") }); err != nil {
			return err
		}
		var findings []finding
		i, err := c.open(ctx, nil)
		if err != nil {
			findings = append(findings, finding{"bad", "folder", err.Error()})
		} else {
			defer i.Close()
			findings = i.examine(ctx)
		}
		return c.tell(findings)
	}
	return cmd
}

func (c *call) tell(findings []finding) error {
	bad := 0
	for _, f := range findings {
		if f.State == "bad" {
			bad++
		}
		if !c.json {
			fmt.Fprintf(c.out, "%-5s %-12s %s\n", f.State, f.About, f.Say)
		}
	}
	if c.json {
		if err := printJSON(c, findings); err != nil {
			return err
		}
	}
	if bad > 0 {
		return fault.New(fault.Unavailable, "doctor.bad", fmt.Sprintf("%d of %d checks need something done", bad, len(findings)))
	}
	return nil
}

func (i *installation) examine(ctx context.Context) []finding {
	mark := "real"
	if i.trust.Mark != "" {
		mark = string(i.trust.Mark) + ": hands off to loopback only"
	}
	out := []finding{
		{"good", "installation", fmt.Sprintf("%s, epoch %d, %s", i.trust.Installation, i.trust.Epoch, mark)},
		{"good", "zones", zone.Version()},
		i.examineFolder(),
		{"note", "key", "the key-encryption key is " + i.config.KeyFile + ". It is in no backup: keep a copy elsewhere, or contact details are lost with this disk"},
		i.examineDatabase(ctx),
		i.examineJournal(),
	}
	out = append(out, i.examineRelays(ctx)...)
	return append(out, i.examineDrift(ctx)...)
}

func (i *installation) examineFolder() finding {
	info, err := os.Stat(i.folder)
	switch {
	case err != nil:
		return finding{"bad", "folder", "cannot be read"}
	case info.Mode().Perm()&0o077 != 0:
		return finding{"bad", "folder", fmt.Sprintf("others on this machine can enter %s: chmod 700 it", i.folder)}
	}
	return finding{"good", "folder", i.folder}
}

func (i *installation) examineDatabase(ctx context.Context) finding {
	kind, _, _ := strings.Cut(i.config.Database, ":")
	practices := 0
	err := eachPractice(ctx, i.db, false, func(practice.Practice) error { practices++; return nil })
	if err != nil {
		return finding{"bad", "database", "does not answer"}
	}
	return finding{"good", "database", fmt.Sprintf("%s, %d open practices", kind, practices)}
}

func (i *installation) examineJournal() finding {
	if err := journal.Check(journalFolder(i.folder), i.trust.Installation, i.trust.Epoch); err != nil {
		return finding{"bad", "journal", "nothing is sent: " + err.Error()}
	}
	return finding{"good", "journal", "belongs to this installation and epoch"}
}

func (i *installation) examineRelays(ctx context.Context) []finding {
	var out []finding
	for _, relay := range i.config.Courier.Relays {
		dialer := net.Dialer{Timeout: 3 * time.Second}
		connection, err := dialer.DialContext(ctx, "tcp", relay.Address)
		if err != nil {
			out = append(out, finding{"bad", "relay", relay.Name + " at " + relay.Address + " does not answer"})
			continue
		}
		connection.Close()
		out = append(out, finding{"good", "relay", relay.Name + " at " + relay.Address + " answers"})
	}
	return out
}

// examineDrift lists appointments to come whose wall time means another instant than when they were written, because a government changed its rules
// and this program brought them.
func (i *installation) examineDrift(ctx context.Context) []finding {
	const most = 20
	var out []finding
	total := 0
	err := eachPractice(ctx, i.db, false, func(p practice.Practice) error {
		return i.db.View(ctx, store.Actor{Practice: p.ID, Agent: "doctor"}, func(tx *store.Tx) error {
			drifted, err := calendar.Drifted(ctx, tx, most+1)
			for _, d := range drifted {
				if total++; total <= most {
					out = append(out, finding{"bad", "zone rules", fmt.Sprintf("practice %s, appointment %s: %s in %s was %s and is now %s; move it to the same time once to set it right, and tell the client",
						p.ID, d.ID, d.Wall, d.Zone, d.Written.UTC().Format(time.RFC3339), d.Now.UTC().Format(time.RFC3339))})
				}
			}
			return err
		})
	})
	switch {
	case err != nil:
		return append(out, finding{"bad", "zone rules", "the calendar cannot be read"})
	case total == 0:
		return append(out, finding{"good", "zone rules", "every appointment to come is where its wall time says"})
	case total > most:
		return append(out, finding{"bad", "zone rules", fmt.Sprintf("%d more appointments like these", total-most)})
	}
	return out
}

func versionCommand() command {
	cmd := command{name: "version", summary: "print the version", examples: []string{"version --json"}}
	cmd.run = func(_ context.Context, c *call) error {
		if err := c.parse(cmd, func(f *flag.FlagSet) { f.BoolVar(&c.json, "json", false, "print JSON") }); err != nil {
			return err
		}
		v := struct {
			Version string `json:"version"`
			Go      string `json:"go"`
			Zones   string `json:"zones"`
		}{"unreleased", runtime.Version(), zone.Version()}
		if info, ok := debug.ReadBuildInfo(); ok {
			for _, s := range info.Settings {
				if s.Key == "vcs.revision" {
					v.Version = "unreleased " + s.Value[:min(12, len(s.Value))]
				}
			}
		}
		if c.json {
			return printJSON(c, v)
		}
		fmt.Fprintf(c.out, "letterhead %s, %s, %s\n", v.Version, v.Go, v.Zones)
		return nil
	}
	return cmd
}
