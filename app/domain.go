package app

import (
	"context"
	"flag"
	"fmt"
	"net"
	"os"
	"strings"
	"time"

	"letterhead/courier/sender"
	"letterhead/fault"
	"letterhead/practice"
	"letterhead/store"
)

func domainCommand() command {
	cmd := command{
		name: "domain", argument: "add|show|check DOMAIN", summary: "let a practice send from its own domain: which records to paste where, and whether they are there",
		examples: []string{"domain add --practice ID wattlestreet.example", "domain show wattlestreet.example --json", "domain check wattlestreet.example"},
	}
	cmd.run = func(ctx context.Context, c *call) error {
		var id, relay string
		err := c.parse(cmd, func(f *flag.FlagSet) {
			f.StringVar(&id, "practice", "", "the `id` of the practice that the domain belongs to")
			f.StringVar(&relay, "relay", "", "the host `name` that mail leaves from; courier.host_name or this machine's when empty")
			f.BoolVar(&c.json, "json", false, "print JSON")
		})
		if err != nil {
			return err
		}
		if len(c.args) != 2 {
			return fault.Field("domain", "command.verb", "say add, show or check, and the domain")
		}
		verb, name := c.args[0], c.args[1]
		return c.inFolder(ctx, func(i *installation) error {
			domains := sender.New(courierFolder(i.folder), i.config.Platform())
			relay, err := i.relayName(relay)
			if err != nil {
				return err
			}
			switch verb {
			case "add":
				if err := i.domainAdd(ctx, domains, id, name); err != nil {
					return err
				}
				return c.domainShow(domains, name, relay)
			case "show":
				return c.domainShow(domains, name, relay)
			case "check":
				return c.domainCheck(ctx, domains, name, relay)
			}
			return fault.Field("domain", "command.verb", "say add, show or check")
		})
	}
	return cmd
}

func (i *installation) relayName(flag string) (string, error) {
	for _, name := range []string{flag, i.config.Courier.HostName, i.config.Courier.PlatformDomain} {
		if name != "" {
			return name, nil
		}
	}
	name, err := os.Hostname()
	if err != nil || !strings.Contains(name, ".") {
		return "", fault.Field("courier.host_name", "domain.relay", "set it in letterhead.toml, or give --relay: the records name the host that mail leaves from, as DNS knows it")
	}
	return name, nil
}

// domainAdd makes the keys and, when they are there, makes the domain the practice's From domain.
func (i *installation) domainAdd(ctx context.Context, domains *sender.Domains, id, name string) error {
	actor, err := i.practice(ctx, id)
	if err != nil {
		return err
	}
	if err := i.db.View(ctx, actor, func(tx *store.Tx) error { _, err := practice.Find(ctx, tx); return err }); err != nil {
		return err
	}
	added, err := domains.Add(name, actor.Practice, time.Now())
	if err != nil {
		return err
	}
	if err := i.brand().SendFrom(ctx, actor, added.Name); err != nil {
		return err
	}
	return i.rehearsed(ctx, actor.Practice)
}

func (c *call) domainShow(domains *sender.Domains, name, relay string) error {
	records, err := domains.Records(name, relay)
	if err != nil {
		return err
	}
	if c.json {
		return printJSON(c, records)
	}
	fmt.Fprintf(c.out, "Paste these where %s is managed:\n", name)
	for _, r := range records {
		fmt.Fprintf(c.out, "\n%s\n  %s  %s\n  %s\n", r.Why, r.Type, r.Name, r.Value)
	}
	return nil
}

func (c *call) domainCheck(ctx context.Context, domains *sender.Domains, name, relay string) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	findings, err := domains.Check(ctx, net.DefaultResolver, name, relay)
	if err != nil {
		return err
	}
	bad := 0
	for _, f := range findings {
		state := "good"
		if !f.Good {
			state = "bad"
			bad++
		}
		if !c.json {
			fmt.Fprintf(c.out, "%-5s %-4s %s %s\n", state, f.Type, f.Name, f.Say)
		}
	}
	if c.json {
		if err := printJSON(c, findings); err != nil {
			return err
		}
	}
	if bad > 0 {
		return fault.New(fault.Unavailable, "domain.bad", fmt.Sprintf("%d of %d records are not as they should be; DNS may need a day to show a change", bad, len(findings)))
	}
	return nil
}
