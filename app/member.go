package app

import (
	"context"
	"flag"
	"fmt"

	"letterhead/app/people"
	"letterhead/fault"
	"letterhead/guard"
	"letterhead/store"
)

// memberCommand is the operator's way to a practice's team: for the first owner, and for one who has lost every way in.
func memberCommand() command {
	cmd := command{
		name: "member", argument: "invite|list|end", summary: "invite a team member, list the team, or end somebody's access",
		examples: []string{
			`member invite --practice ID --email liam@wattlestreet.example --name "Liam Nguyen" --role "front desk"`,
			"member list --practice ID --json", "member end --practice ID --email liam@wattlestreet.example",
		},
	}
	cmd.run = func(ctx context.Context, c *call) error {
		var id string
		var m guard.Member
		var role string
		var again bool
		err := c.parse(cmd, func(f *flag.FlagSet) {
			f.StringVar(&id, "practice", "", "the practice's `id`")
			f.StringVar(&m.Email, "email", "", "the member's e-mail `address`")
			f.StringVar(&m.Name, "name", "", "the member's `name`")
			f.StringVar(&role, "role", string(guard.FrontDesk), "the `role`: owner, manager, practitioner, front desk, bookkeeper, read-only")
			f.BoolVar(&again, "again", false, "also invite a member who has lost every way in: their sign-in here ends")
			f.BoolVar(&c.json, "json", false, "print JSON")
		})
		if err != nil {
			return err
		}
		m.Role = guard.Role(role)
		verb := ""
		if len(c.args) == 1 {
			verb = c.args[0]
		}
		return c.inFolder(ctx, func(i *installation) error {
			actor, err := i.practice(ctx, id)
			if err != nil {
				return err
			}
			return i.member(ctx, c, actor, verb, m, again)
		})
	}
	return cmd
}

func (i *installation) member(ctx context.Context, c *call, actor store.Actor, verb string, m guard.Member, again bool) error {
	var print func() error
	var made any
	switch verb {
	case "invite":
		invited, err := people.Invite(ctx, i.db, actor, m, again, i.invite)
		if err != nil {
			return err
		}
		made, print = invited, func() error { invited.Print(c.out); return nil }
	case "list":
		rows, err := people.Team(ctx, i.db, actor)
		if err != nil {
			return err
		}
		made, print = rows, func() error { return people.Print(c.out, rows) }
	case "end":
		if err := people.End(ctx, i.db, actor, m.Email); err != nil {
			return err
		}
		made, print = map[string]string{"state": "ended"}, func() error {
			_, err := fmt.Fprintln(c.out, "Access has ended: sessions, open invitations and the keys of programs that this member made.")
			return err
		}
	default:
		return fault.Field("member", "command.verb", "say invite, list or end")
	}
	if c.json {
		return printJSON(c, made)
	}
	return print()
}
