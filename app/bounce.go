package app

import (
	"context"
	"flag"
	"fmt"
	"strings"
)

func bounceCommand() command {
	cmd := command{
		name: "bounce", argument: "< MAIL", summary: "take a mail that came back, as a mail server pipes it, and note what it says",
		examples: []string{"bounce --recipient b-…@bounce.wattlestreet.example < mail   (Postfix: a pipe transport for the return path's domain)"},
	}
	cmd.run = func(ctx context.Context, c *call) error {
		var recipient string
		err := c.parse(cmd, func(f *flag.FlagSet) {
			f.StringVar(&recipient, "recipient", "", "the `address` that it was sent to, as the server knows it")
			f.BoolVar(&c.json, "json", false, "print JSON")
		})
		if err != nil {
			return err
		}
		return c.inFolder(ctx, func(i *installation) error {
			// What is no report, or carries no token of ours, is no error: the server must not send it back.
			did, err := i.outside().Inbound().Piped(ctx, c.in, recipient)
			if err != nil {
				return err
			}
			if c.json {
				return printJSON(c, did)
			}
			fmt.Fprintln(c.out, strings.TrimSpace(did.Did+" "+did.Why))
			return nil
		})
	}
	return cmd
}
