package app

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"runtime/debug"
	"time"

	"letterhead/app/record"
	"letterhead/app/source"
	"letterhead/app/texts"
	"letterhead/app/when"
	"letterhead/courier"
	"letterhead/courier/trust"
	"letterhead/fault"
)

// logger writes JSON lines with ids only.
func logger(out io.Writer) *slog.Logger { return slog.New(slog.NewJSONHandler(out, nil)) }

// newCourier opens the courier's half. The caller closes it.
func (i *installation) newCourier(log *slog.Logger) (*courier.Courier, error) {
	config := i.config.Carrying()
	gateways, err := texts.New(config.Gateways, i.trust.Mark != trust.Real)
	if err != nil {
		return nil, err
	}
	asked, own, err := source.New(i.keeper, config)
	if err != nil {
		return nil, err
	}
	asker, err := record.NewAsker(i.recordHost(), config)
	if err != nil {
		return nil, err
	}
	return courier.New(courier.Options{
		DB: i.db, Keeper: i.keeper, Source: asked, System: own, Starter: source.Starter(), Config: config, Folder: courierFolder(i.folder),
		Installation: i.trust.Installation, Epoch: i.trust.Epoch, Log: log, Texts: gateways, Witness: asker.Ask,
	})
}

// ticked is what a tick did.
type ticked struct {
	At        time.Time `json:"at"`
	Queued    int       `json:"queued"`
	Dropped   int       `json:"dropped"`
	Waiting   int       `json:"waiting"`
	Jobs      int       `json:"jobs"`
	Notices   int       `json:"notices"` // to team members
	Sent      int64     `json:"sent"`
	Deferred  int64     `json:"deferred"`
	Refused   int64     `json:"refused"`
	MaybeSent int64     `json:"maybe_sent"`
	Held      int64     `json:"held"`
	Unwanted  int64     `json:"unwanted"` // dropped at the gate
	Stopped   bool      `json:"stopped"`
	Why       string    `json:"why,omitempty"`
}

func tickCommand() command {
	cmd := command{
		name: "tick", summary: "do everything that is due, once, and exit; for practices that run it from cron instead of serve",
		examples: []string{"tick", "tick --json", "tick --at 2026-12-01T10:00:00+11:00   (a root marked test only)"},
	}
	cmd.run = func(ctx context.Context, c *call) error {
		var at string
		err := c.parse(cmd, func(f *flag.FlagSet) {
			f.StringVar(&at, "at", "", "as if it were this `instant`; only where the root is marked as a test")
			f.BoolVar(&c.json, "json", false, "print JSON")
		})
		if err != nil {
			return err
		}
		now, err := c.clock(at)
		if err != nil {
			return err
		}
		c.delivers()
		i, err := c.open(ctx, now)
		if err != nil {
			return err
		}
		defer i.Close()
		did, err := i.tick(ctx, logger(c.errs))
		if did != nil {
			if printErr := c.printTick(did); printErr != nil {
				return printErr
			}
		}
		return err
	}
	return cmd
}

// delivers has the process use little memory: what a courier holds is small, and lives for a batch.
func (c *call) delivers() {
	c.small = true
	if before := debug.SetGCPercent(50); before != 100 { // GOGC says otherwise
		debug.SetGCPercent(before)
	}
}

// clock is the machine's, or another one where the root allows it.
func (c *call) clock(at string) (func() time.Time, error) {
	if at == "" {
		return nil, nil
	}
	t, err := trust.Read(courierFolder(c.folder))
	if err != nil {
		return nil, err
	}
	if t.Mark != trust.Test {
		return nil, fault.New(fault.Denied, "tick.at", "--at is for a root marked as a test (letterhead init --test): in a real one, now is now")
	}
	from, err := when.Instant("at", at, time.UTC)
	if err != nil {
		return nil, err
	}
	return when.Clock(from), nil
}

func (i *installation) tick(ctx context.Context, log *slog.Logger) (*ticked, error) {
	c, err := i.newCourier(log)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	did := &ticked{At: i.db.Now()}
	planner := i.planner().With(c.Approvals())
	if did.Jobs, err = planner.DoJobs(ctx); err != nil {
		return did, err
	}
	due, err := planner.TurnDue(ctx, log)
	did.Queued, did.Dropped, did.Waiting = due.Queued, due.Dropped, due.Waiting
	if err != nil {
		return did, err
	}
	if did.Notices, err = planner.Tell(ctx, log); err != nil {
		return did, err
	}
	err = c.Drain(ctx, i.db.Now())
	s := c.Status()
	did.Sent, did.Deferred, did.Refused, did.MaybeSent, did.Held, did.Unwanted = s.Sent, s.Deferred, s.Refused, s.MaybeSent, s.Held, s.Dropped
	did.Stopped, did.Why = s.Platform, s.Why
	if s.Platform {
		return did, fault.New(fault.Denied, "tick.stopped", "sending is stopped; letterhead lift ends it")
	}
	if err == nil && due.Failed > 0 {
		err = fmt.Errorf("%d practices could not be planned; see the log", due.Failed)
	}
	return did, err
}

func (c *call) printTick(did *ticked) error {
	if c.json {
		return printJSON(c, did)
	}
	fmt.Fprintf(c.out, "%s: %d fell due, %d of no use any more, %d put off; sent %d, deferred %d, refused %d, maybe sent %d, held %d, unwanted by now %d\n",
		did.At.Format(time.RFC3339), did.Queued, did.Dropped, did.Waiting, did.Sent, did.Deferred, did.Refused, did.MaybeSent, did.Held, did.Unwanted)
	return nil
}
