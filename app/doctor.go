package app

import (
	"context"
	"flag"
	"fmt"
	"runtime"
	"runtime/debug"

	"letterhead/app/doctor"
	"letterhead/fault"
	"letterhead/zone"
)

func doctorCommand() command {
	cmd := command{
		name: "doctor", summary: "check this installation and say what to do; exit 5 when something is bad",
		examples: []string{"doctor", "doctor --json"},
	}
	cmd.run = func(ctx context.Context, c *call) error {
		if err := c.parse(cmd, func(f *flag.FlagSet) { f.BoolVar(&c.json, "json", false, "print JSON") }); err != nil {
			return err
		}
		var findings []doctor.Finding
		i, err := c.open(ctx, nil)
		if err != nil {
			findings = append(findings, doctor.Finding{State: "bad", About: "folder", Say: err.Error()})
		} else {
			defer i.Close()
			findings = i.doctor().Examine(ctx)
		}
		return c.tell(findings)
	}
	return cmd
}

func (c *call) tell(findings []doctor.Finding) error {
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

func (i *installation) doctor() doctor.Of {
	return doctor.Of{Folder: i.folder, Database: i.config.Database, KeyFile: i.config.KeyFile, Courier: courierFolder(i.folder), Journal: journalFolder(i.folder),
		Config: i.config.Courier, Trust: i.trust, DB: i.db}
}
