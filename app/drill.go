package app

import (
	"context"

	"letterhead/rehearse/drill"
)

func drillCommand() command {
	cmd := command{
		name: "drill", summary: "play the attacks of docs/threat.md against the program itself, on this machine alone, in fresh folders; exit 1 if a bound is broken",
		examples: []string{"drill", "drill --only version-swapped,stolen-session", "drill --full --json"},
	}
	cmd.run = func(ctx context.Context, c *call) error {
		o := drill.Options{Program: benched{}, Out: c.out, Log: c.errs}
		if err := c.parse(cmd, o.Flags); err != nil {
			return err
		}
		return drill.Run(ctx, o)
	}
	return cmd
}
