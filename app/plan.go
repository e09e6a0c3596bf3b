package app

import (
	"bufio"
	"context"
	"encoding/json"
	"flag"
	"fmt"

	"letterhead/app/when"
	"letterhead/plan"
	"letterhead/practice"
	"letterhead/store"
)

func planCommand() command {
	cmd := command{
		name: "plan", summary: "say what will be sent, when and to whom, and what will not, and why, in the order in which it falls due",
		examples: []string{
			"plan --practice ID --from 2026-12-01 --to 2026-12-07", "plan --practice ID --appointment 50017 --json",
			"plan --practice ID --client 1042 --at 2026-12-01T09:00:00+11:00 --json",
		},
	}
	cmd.run = func(ctx context.Context, c *call) error {
		var id, from, to, at string
		var filter plan.Filter
		err := c.parse(cmd, func(f *flag.FlagSet) {
			f.StringVar(&id, "practice", "", "the practice's `id`")
			f.StringVar(&filter.Client, "client", "", "only this client: our `id`, or the one it was imported under")
			f.StringVar(&filter.Appointment, "appointment", "", "only this appointment: our `id`, or the one it was imported under")
			f.StringVar(&from, "from", "", "due from this `instant` or day on")
			f.StringVar(&to, "to", "", "due before this `instant`, or up to the end of this day")
			f.StringVar(&at, "at", "", "as of this `instant` instead of now; nothing is changed")
			f.BoolVar(&c.json, "json", false, "print one JSON object for each line")
		})
		if err != nil {
			return err
		}
		return c.inFolder(ctx, func(i *installation) error {
			actor, err := i.practice(ctx, id)
			if err != nil {
				return err
			}
			return i.db.View(ctx, actor, func(tx *store.Tx) error {
				p, err := practice.Find(ctx, tx)
				if err != nil {
					return err
				}
				if err := when.Range(&filter, p.Zone, from, to, at); err != nil {
					return err
				}
				return c.printPlan(ctx, tx, filter)
			})
		})
	}
	return cmd
}

func (c *call) printPlan(ctx context.Context, tx *store.Tx, f plan.Filter) error {
	out := bufio.NewWriter(c.out)
	encoder := json.NewEncoder(out)
	lines := 0
	err := plan.Ordered(ctx, tx, f, func(l plan.Line) error {
		lines++
		if c.json {
			return encoder.Encode(l)
		}
		appointment, person := l.Appointment, l.Client
		if l.External != "" {
			appointment = l.External
		}
		if l.ClientExternal != "" {
			person = l.ClientExternal
		}
		due := "-"
		if !l.Due.IsZero() {
			due = l.Due.Format("Mon 2 Jan 2006 15:04 -07:00")
		}
		_, err := fmt.Fprintf(out, "%-31s %-4s %-5s %-16s appointment %s, client %s: %s\n", due, l.Verdict, l.Channel, l.Rule, appointment, person, l.Reason)
		return err
	})
	if err != nil {
		return err
	}
	if lines == 0 && !c.json {
		if f.Appointment != "" || f.Client != "" {
			fmt.Fprint(out, "Nothing is known of that appointment or client in that time: look at the id. ")
		}
		fmt.Fprintln(out, "Nothing falls due there. The practice has no appointments to come in that time, or no automatic messages that are on.")
	}
	return out.Flush()
}
