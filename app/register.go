package app

import (
	"context"

	"letterhead/app/register"
)

// publicCommand is a command of the room of public records; it needs no data folder.
func publicCommand(r register.Command) command {
	cmd := command{name: r.Name, argument: r.Argument, summary: r.Summary, examples: r.Examples}
	cmd.run = func(ctx context.Context, c *call) error {
		if err := c.parse(cmd, r.Flags); err != nil {
			return err
		}
		return r.Run(ctx, register.Call{Args: c.args, In: c.in, Out: c.out, Errs: c.errs})
	}
	return cmd
}
