// Package people is what the commands about practices and their teams do and print: list; invite, list, end.
package people

import (
	"context"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"letterhead/fault"
	"letterhead/guard"
	"letterhead/practice"
	"letterhead/store"
)

// find looks somebody up by e-mail address.
func find(ctx context.Context, tx *store.Tx, email string) (guard.Member, error) {
	if email == "" {
		return guard.Member{}, fault.Field("--email", "flag.missing", "is needed; see --help")
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

// Invited is somebody with a link.
type Invited struct {
	Member store.MemberID `json:"member"`
	Email  string         `json:"email"`
	Role   guard.Role     `json:"role"`
	Link   string         `json:"link"`
}

// Invite adds somebody, or makes a new link for somebody who is in the team and has not accepted one; again also for one who has, and has lost
// every way in: their sign-in here ends.
func Invite(ctx context.Context, db *store.DB, actor store.Actor, m guard.Member, again bool, link func(context.Context, *store.Tx, store.MemberID) (string, error)) (Invited, error) {
	var made Invited
	err := db.Change(ctx, actor, func(tx *store.Tx) error {
		if _, err := practice.Find(ctx, tx); err != nil {
			return err
		}
		there, err := find(ctx, tx, m.Email)
		if fault.KindOf(err) == fault.NotFound {
			there, err = guard.AddMember(ctx, tx, m)
		}
		if err != nil {
			return err
		}
		if again && there.Person != "" {
			if err := guard.Detach(ctx, tx, guard.Member{}, there.ID); err != nil {
				return err
			}
		}
		made = Invited{Member: there.ID, Email: there.Email, Role: there.Role}
		made.Link, err = link(ctx, tx, there.ID)
		return err
	})
	return made, err
}

// Print says it for a terminal.
func (i Invited) Print(out io.Writer) {
	fmt.Fprintf(out, "%s is invited as %s. Give this link to nobody else; it works once, within %d days:\n\n  %s\n", i.Email, i.Role, int(guard.InvitationLife/(24*time.Hour)), i.Link)
}

// Row is a member of a team.
type Row struct {
	Member store.MemberID `json:"member"`
	Email  string         `json:"email"`
	Name   string         `json:"name"`
	Role   guard.Role     `json:"role"`
	State  string         `json:"state"` // active, invited, not invited
}

// Team lists a practice's.
func Team(ctx context.Context, db *store.DB, actor store.Actor) ([]Row, error) {
	rows := []Row{}
	err := db.View(ctx, actor, func(tx *store.Tx) error {
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
			rows = append(rows, Row{m.ID, m.Email, m.Name, m.Role, state})
		}
		return err
	})
	return rows, err
}

// Print writes a team as a table.
func Print(out io.Writer, rows []Row) error {
	table := tabwriter.NewWriter(out, 2, 0, 2, ' ', 0)
	for _, r := range rows {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", r.Member, r.Email, r.Name, r.Role, r.State)
	}
	return table.Flush()
}

// End takes somebody's access away.
func End(ctx context.Context, db *store.DB, actor store.Actor, email string) error {
	return db.Change(ctx, actor, func(tx *store.Tx) error {
		there, err := find(ctx, tx, email)
		if err != nil {
			return err
		}
		return guard.End(ctx, tx, there.ID, tx.Now)
	})
}

// Place is a practice.
type Place struct {
	Practice store.PracticeID `json:"practice"`
	Name     string           `json:"name"`
	Country  string           `json:"country"`
	Zone     string           `json:"zone"`
	Closed   *time.Time       `json:"closed,omitempty"`
}

// Practices lists all, also those that are closed.
func Practices(ctx context.Context, db *store.DB) ([]Place, error) {
	rows := []Place{}
	err := practice.Each(ctx, db, true, func(p practice.Practice) error {
		r := Place{Practice: p.ID, Name: p.Name, Country: p.Country, Zone: p.Zone}
		if !p.ClosedAt.IsZero() {
			r.Closed = &p.ClosedAt
		}
		rows = append(rows, r)
		return nil
	})
	return rows, err
}

// PrintPractices writes them as a table.
func PrintPractices(out io.Writer, rows []Place) error {
	table := tabwriter.NewWriter(out, 2, 0, 2, ' ', 0)
	for _, r := range rows {
		state := ""
		if r.Closed != nil {
			state = "closed " + r.Closed.Format("2006-01-02")
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", r.Practice, r.Name, r.Country, r.Zone, state)
	}
	return table.Flush()
}
