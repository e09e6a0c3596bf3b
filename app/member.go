package app

import (
	"context"
	"flag"
	"fmt"
	"text/tabwriter"
	"time"

	"letterhead/fault"
	"letterhead/guard"
	"letterhead/practice"
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
		err := c.parse(cmd, func(f *flag.FlagSet) {
			f.StringVar(&id, "practice", "", "the practice's `id`")
			f.StringVar(&m.Email, "email", "", "the member's e-mail `address`")
			f.StringVar(&m.Name, "name", "", "the member's `name`")
			f.StringVar(&role, "role", string(guard.FrontDesk), "the `role`: owner, manager, practitioner, front desk, bookkeeper, read-only")
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
		run := map[string]func(context.Context, *call, *installation, store.Actor, guard.Member) error{"invite": memberInvite, "list": memberList, "end": memberEnd}[verb]
		if run == nil {
			return fault.Field("member", "command.verb", "say invite, list or end")
		}
		return c.inFolder(ctx, func(i *installation) error {
			actor, err := i.practice(ctx, id)
			if err != nil {
				return err
			}
			return run(ctx, c, i, actor, m)
		})
	}
	return cmd
}

func byEmail(ctx context.Context, tx *store.Tx, email string) (guard.Member, error) {
	if err := required("email", email); err != nil {
		return guard.Member{}, err
	}
	checked, err := guard.Member{Email: email, Role: guard.FrontDesk}.Check()
	if err != nil {
		return guard.Member{}, err
	}
	members, err := guard.Members(ctx, tx)
	for _, m := range members {
		if m.Email == checked.Email {
			return m, nil
		}
	}
	if err != nil {
		return guard.Member{}, err
	}
	return guard.Member{}, fault.New(fault.NotFound, "member.none", "nobody in this team has that e-mail address")
}

// invitedMember is what member invite prints with --json.
type invitedMember struct {
	Member store.MemberID `json:"member"`
	Email  string         `json:"email"`
	Role   guard.Role     `json:"role"`
	Link   string         `json:"link"`
}

// memberInvite adds somebody, or makes a new link for somebody who is in the team and has not accepted one.
func memberInvite(ctx context.Context, c *call, i *installation, actor store.Actor, m guard.Member) error {
	var made invitedMember
	err := i.db.Change(ctx, actor, func(tx *store.Tx) error {
		if _, err := practice.Find(ctx, tx); err != nil {
			return err
		}
		there, err := byEmail(ctx, tx, m.Email)
		if fault.KindOf(err) == fault.NotFound {
			there, err = guard.AddMember(ctx, tx, m)
		}
		if err != nil {
			return err
		}
		made = invitedMember{Member: there.ID, Email: there.Email, Role: there.Role}
		made.Link, err = i.invite(ctx, tx, there.ID)
		return err
	})
	if err != nil {
		return err
	}
	if c.json {
		return printJSON(c, made)
	}
	fmt.Fprintf(c.out, "%s is invited as %s. Give this link to nobody else; it works once, within %d days:\n\n  %s\n", made.Email, made.Role, int(guard.InvitationLife/(24*time.Hour)), made.Link)
	return nil
}

func memberList(ctx context.Context, c *call, i *installation, actor store.Actor, _ guard.Member) error {
	type row struct {
		Member store.MemberID `json:"member"`
		Email  string         `json:"email"`
		Name   string         `json:"name"`
		Role   guard.Role     `json:"role"`
		State  string         `json:"state"`
	}
	rows := []row{}
	err := i.db.View(ctx, actor, func(tx *store.Tx) error {
		if _, err := practice.Find(ctx, tx); err != nil {
			return err
		}
		members, err := guard.Members(ctx, tx)
		if err != nil {
			return err
		}
		invited, err := guard.Invited(ctx, tx)
		for _, m := range members {
			state := "not invited"
			if m.Person != "" {
				state = "active"
			} else if !invited[m.ID].IsZero() {
				state = "invited"
			}
			rows = append(rows, row{m.ID, m.Email, m.Name, m.Role, state})
		}
		return err
	})
	if err != nil {
		return err
	}
	if c.json {
		return printJSON(c, rows)
	}
	table := tabwriter.NewWriter(c.out, 2, 0, 2, ' ', 0)
	for _, r := range rows {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", r.Member, r.Email, r.Name, r.Role, r.State)
	}
	return table.Flush()
}

func memberEnd(ctx context.Context, c *call, i *installation, actor store.Actor, m guard.Member) error {
	err := i.db.Change(ctx, actor, func(tx *store.Tx) error {
		there, err := byEmail(ctx, tx, m.Email)
		if err != nil {
			return err
		}
		return guard.End(ctx, tx, there.ID, tx.Now)
	})
	if err != nil {
		return err
	}
	if c.json {
		return printJSON(c, map[string]string{"email": m.Email, "state": "ended"})
	}
	fmt.Fprintln(c.out, "Access has ended: sessions, open invitations and the keys of programs that this member made.")
	return nil
}
