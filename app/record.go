package app

import (
	"context"

	"letterhead/app/incidents"
	"letterhead/app/record"
	"letterhead/app/register"
)

// recordCommand is a command of the room of the record of messages.
func recordCommand(r record.Command) (cmd command) {
	cmd = command{name: r.Name, argument: r.Argument, summary: r.Summary, examples: r.Examples, run: func(ctx context.Context, c *call) error {
		if err := c.parse(cmd, r.Flags); err != nil {
			return err
		}
		return r.Run(ctx, record.Call{Args: c.args, Out: c.out, Errs: c.errs, Open: func(ctx context.Context, do func(record.Host) error) error {
			return c.inFolder(ctx, func(i *installation) error { return do(i.recordHost()) })
		}})
	}}
	return cmd
}

// publicCommand is a command of the room of public records; it needs no data folder.
func publicCommand(r register.Command) (cmd command) {
	cmd = command{name: r.Name, argument: r.Argument, summary: r.Summary, examples: r.Examples, run: func(ctx context.Context, c *call) error {
		if err := c.parse(cmd, r.Flags); err != nil {
			return err
		}
		return r.Run(ctx, register.Call{Args: c.args, In: c.in, Out: c.out, Errs: c.errs})
	}}
	return cmd
}

func (i *installation) recordHost() record.Host {
	return record.Host{DB: i.db, Keeper: i.keeper, Folder: courierFolder(i.folder), Trust: i.trust}
}

// incidentCommand needs a data folder for incidents of the installation, and none for files.
func incidentCommand() (cmd command) {
	var i incidents.Command
	cmd = command{name: "incident", argument: incidents.Argument, summary: incidents.Summary, examples: incidents.Examples, run: func(ctx context.Context, c *call) error {
		if err := c.parse(cmd, i.Flags); err != nil {
			return err
		}
		return i.Run(ctx, incidents.Call{Args: c.args, In: c.in, Out: c.out, Errs: c.errs, Open: func(ctx context.Context, do func(incidents.Host) error) error {
			return c.inFolder(ctx, func(i *installation) error { return do(i.incidents()) })
		}})
	}}
	return cmd
}

func (i *installation) incidents() incidents.Host {
	return incidents.Host{DB: i.db, Keeper: i.keeper, Folder: courierFolder(i.folder), Trust: i.trust, Config: i.config}
}
