package app

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"strings"

	"letterhead/app/halt"
	"letterhead/courier/socket"
	"letterhead/courier/stops"
	"letterhead/fault"
	"letterhead/message"
	"letterhead/store"
)

func stopCommand() command {
	cmd := command{
		name: "stop", summary: "stop sending at once: everything, one practice, or a part of what it sends; nothing is lost",
		examples: []string{`stop --reason "prize-draw mails in our name"`, `stop --practice ID --reason "wrong template"`,
			`stop --practice ID --scope rule --subject reminder-2-days --reason "wrong time"`, `stop --host prize.example --reason "a link nobody knows"`,
			`stop --practice ID --link https://clinic.example/prices --reason "the page was taken over"`,
			`stop --socket --reason "the database is in doubt"`, "stop --socket --status --json"},
	}
	cmd.run = func(ctx context.Context, c *call) error {
		var practice, scope, subject, host, link, reason string
		var direct, status bool
		err := c.parse(cmd, func(f *flag.FlagSet) {
			f.StringVar(&practice, "practice", "", "only this practice's `id`; all when empty")
			f.StringVar(&scope, "scope", "", "`what`: platform, practice, wording, version, rule, order, letter, grant, host, link, text (as a stop of the breaker names it), member or credential")
			f.StringVar(&subject, "subject", "", "`which` one: an id, a rule's key, a host")
			f.StringVar(&host, "host", "", "messages with links to this `site`, and the links of those that were delivered; the same as --scope host --subject SITE")
			f.StringVar(&reason, "reason", "", "`why`, for those who look later; no names of clients")
			f.StringVar(&link, "link", "", "messages with the link that leads to this `address`, and that link in those that were delivered; the same as --scope link --subject ADDRESS")
			f.BoolVar(&direct, "socket", false, "tell the couriers on this host directly, without the database")
			f.BoolVar(&status, "status", false, "with --socket: stop nothing, say what is stopped and what began in the last minute")
			f.BoolVar(&c.json, "json", false, "print JSON")
		})
		switch {
		case err != nil:
			return err
		case status && direct:
			answers, err := halt.Ask(ctx, courierFolder(c.folder), socket.Request{Do: socket.Status})
			return c.said(false, answers, err)
		case status:
			return fault.Field("--status", "stop.status", "goes with --socket; letterhead doctor says what the database knows")
		}
		if err := required("reason", reason); err != nil {
			return err
		}
		if host != "" {
			if scope != "" || subject != "" {
				return fault.Field("--host", "stop.host", "stands alone, without --scope and --subject")
			}
			scope, subject = string(message.StopHost), strings.ToLower(host)
		}
		if link != "" {
			if scope != "" || subject != "" {
				return fault.Field("--link", "stop.link_alone", "stands alone, without --host, --scope and --subject")
			}
			scope, subject = string(message.StopLink), link
		}
		whole := message.StopPlatform
		if practice != "" {
			whole = message.StopPractice
		}
		stop := message.Stop{Practice: store.PracticeID(practice), Scope: cmp.Or(message.Scope(scope), whole), Subject: subject, Reason: reason, Who: "command"}
		if err := stop.Check(); err != nil {
			return err
		}
		if direct {
			answers, err := halt.Tell(ctx, courierFolder(c.folder), stop)
			return c.said(true, answers, err)
		}
		return c.inFolder(ctx, func(i *installation) error { return i.stop(ctx, c, stop) })
	}
	return cmd
}

func (i *installation) halt() halt.Of {
	return halt.Of{DB: i.db, Folder: courierFolder(i.folder), Trust: i.trust}
}

// stop writes a stop down, and says what had begun.
func (i *installation) stop(ctx context.Context, c *call, stop message.Stop) error {
	if _, err := i.halt().Stop(ctx, stop); err != nil {
		return err
	}
	begun, total, err := stops.Begun(journalFolder(i.folder), stop.Practice, i.db.Now())
	if err != nil {
		return err
	}
	if c.json {
		return printJSON(c, map[string]any{"stopped": true, "practice": stop.Practice, "scope": stop.Scope, "subject": stop.Subject, "at": i.db.Now(), "handed": total, "begun": begun})
	}
	halt.Say(c.out, stop, begun, total)
	return nil
}

// said prints what couriers answered.
func (c *call) said(stopped bool, answers []socket.Answer, err error) error {
	switch {
	case answers == nil && err != nil:
		return err
	case c.json:
		return errors.Join(printJSON(c, map[string]any{"stopped": stopped && err == nil, "couriers": answers}), err)
	}
	halt.SayAnswers(c.out, answers)
	return err
}

func liftCommand() command {
	cmd := command{
		name: "lift", summary: "end the platform's stops, on the courier's host; a practice's end with a signature of its people",
		examples: []string{`lift --reason "compared with the relay's log; nothing is missing"`, "lift --practice ID --reason TEXT   (a rehearsal, whose owner's key is in software)"},
	}
	cmd.run = func(ctx context.Context, c *call) error {
		var id, reason string
		err := c.parse(cmd, func(f *flag.FlagSet) {
			f.StringVar(&id, "practice", "", "a rehearsal's practice by its `id`; the platform's stops when empty")
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
	var lifted int
	if id == "" {
		lifted, err = i.halt().LiftPlatform(ctx, "command: "+reason)
	} else {
		lifted, err = i.halt().LiftPractice(ctx, store.PracticeID(id))
	}
	if err != nil {
		return err
	}
	if lifted == 0 {
		return fault.New(fault.NotFound, "stop.none", "there is no such stop to lift")
	}
	if c.json {
		return printJSON(c, map[string]any{"stopped": false, "practice": id, "lifted": lifted})
	}
	fmt.Fprintln(c.out, "The stop is lifted.")
	return nil
}
