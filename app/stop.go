package app

import (
	"context"
	"flag"
	"fmt"

	"letterhead/fault"
	"letterhead/message"
	"letterhead/practice"
	"letterhead/store"
)

func stopCommand() command {
	cmd := command{
		name: "stop", summary: "stop sending at once, for one practice or for all; nothing is lost",
		examples: []string{`stop --reason "prize-draw mails in our name"`, `stop --practice ID --reason "wrong template"`},
	}
	cmd.run = func(ctx context.Context, c *call) error {
		var id, reason string
		err := c.parse(cmd, func(f *flag.FlagSet) {
			f.StringVar(&id, "practice", "", "only this practice's `id`; all when empty")
			f.StringVar(&reason, "reason", "", "`why`, for those who look later; no names of clients")
			f.BoolVar(&c.json, "json", false, "print JSON")
		})
		if err != nil {
			return err
		}
		if err := required("reason", reason); err != nil {
			return err
		}
		return c.inFolder(ctx, func(i *installation) error { return i.stop(ctx, c, id, reason) })
	}
	return cmd
}

func (i *installation) stop(ctx context.Context, c *call, id, reason string) (err error) {
	var stop message.Stop
	if id == "" {
		err = i.db.Whole(ctx, "stop the platform", func(w *store.Wide) (err error) {
			stop, err = message.FreezePlatform(ctx, w, "command", reason)
			return err
		})
	} else {
		err = i.db.Change(ctx, store.Actor{Practice: store.PracticeID(id), Agent: "command"}, func(tx *store.Tx) (err error) {
			if _, err = practice.Find(ctx, tx); err != nil {
				return err
			}
			stop, err = message.Freeze(ctx, tx, reason)
			return err
		})
	}
	if err != nil {
		return err
	}
	if c.json {
		return printJSON(c, map[string]any{"stopped": true, "practice": id, "at": stop.At})
	}
	fmt.Fprintln(c.out, "Sending is stopped: no hand-off begins more than a second from now. Calendar and files stay open. letterhead lift ends it.")
	return nil
}

func liftCommand() command {
	cmd := command{
		name: "lift", summary: "end a stop; what waited is planned again and sent where it is still of use",
		examples: []string{`lift --reason "compared with the relay's log; nothing is missing"`, "lift --practice ID --reason TEXT"},
	}
	cmd.run = func(ctx context.Context, c *call) error {
		var id, reason string
		err := c.parse(cmd, func(f *flag.FlagSet) {
			f.StringVar(&id, "practice", "", "only this practice's `id`; the platform's stop when empty")
			f.StringVar(&reason, "reason", "", "`why` it is safe")
			f.BoolVar(&c.json, "json", false, "print JSON")
		})
		if err != nil {
			return err
		}
		if err := required("reason", reason); err != nil {
			return err
		}
		return c.inFolder(ctx, func(i *installation) error { return i.lift(ctx, c, id, reason) })
	}
	return cmd
}

func (i *installation) lift(ctx context.Context, c *call, id, reason string) (err error) {
	var lifted int64
	if id == "" {
		err = i.db.Whole(ctx, "lift the platform's stop", func(w *store.Wide) (err error) {
			lifted, err = message.LiftPlatform(ctx, w, "command: "+reason)
			return err
		})
	} else {
		err = i.db.Change(ctx, store.Actor{Practice: store.PracticeID(id), Agent: "command: " + reason}, func(tx *store.Tx) (err error) {
			lifted, err = message.Lift(ctx, tx)
			return err
		})
	}
	if err != nil {
		return err
	}
	if lifted == 0 {
		return fault.New(fault.NotFound, "stop.none", "there is no such stop to lift")
	}
	if c.json {
		return printJSON(c, map[string]any{"stopped": false, "practice": id})
	}
	fmt.Fprintln(c.out, "The stop is lifted.")
	return nil
}
