// Package looked is the command that answers what a member, session, program, network address saw of a practice's people between two instants.
//
// It prints references: no client's name, address or number. That it was asked is on the log itself, with how many entries it printed.
package looked

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"letterhead/app/record"
	"letterhead/fault"
	"letterhead/guard"
	"letterhead/practice"
	"letterhead/store"
	"letterhead/vault"
	"letterhead/zone"
)

// most bounds what one command prints.
const most = 50_000

// Asked is what the flags say.
type Asked struct {
	Practice                             string
	Member, Session, Credential, Address string
	Client, From, To                     string
}

// Flags declares them.
func (a *Asked) Flags(f *flag.FlagSet) {
	f.StringVar(&a.Practice, "practice", "", "the practice's `id`")
	f.StringVar(&a.Member, "member", "", "a team member's `id` or e-mail address")
	f.StringVar(&a.Session, "session", "", "a session's `id`")
	f.StringVar(&a.Credential, "credential", "", "a program's `id`")
	f.StringVar(&a.Address, "address", "", "a network `address`, such as 203.0.113.7")
	f.StringVar(&a.Client, "client", "", "a client's `id`")
	f.StringVar(&a.From, "from", "", "the first `instant`: 2026-12-01, 2026-12-01T10:00 (by the practice's clock) or 2026-12-01T10:00:00Z")
	f.StringVar(&a.To, "to", "", "until when, not included; as --from")
}

// Command is the command.
func Command() record.Command {
	var a Asked
	var asJSON bool
	return record.Command{Name: "looked", Summary: "say who looked at a practice's people: what a member, session, program or network address saw between two instants",
		Examples: []string{"looked --practice ID --member liam@wattlestreet.example --from 2026-12-01 --to 2026-12-02", "looked --practice ID --address 203.0.113.7 --json", "looked --practice ID --client ID"},
		Flags: func(f *flag.FlagSet) {
			a.Flags(f)
			f.BoolVar(&asJSON, "json", false, "print JSON")
		},
		Run: func(ctx context.Context, c record.Call) error {
			if a.Practice == "" {
				return fault.Field("--practice", "flag.missing", "is needed; see --help")
			}
			return c.Open(ctx, func(h record.Host) error {
				answer, err := a.Ask(ctx, h.DB, h.Keeper, store.Actor{Practice: store.PracticeID(a.Practice), Agent: "command", Way: store.Way{Purpose: "work"}})
				if err != nil {
					return err
				}
				return Print(c.Out, answer, asJSON)
			})
		}}
}

// Row is one entry, as it is printed.
type Row struct {
	First      time.Time `json:"first"`
	Last       time.Time `json:"last"`
	Times      int64     `json:"times"`
	Member     string    `json:"member,omitempty"`
	Name       string    `json:"name,omitempty"` // of the member
	Agent      string    `json:"agent,omitempty"`
	Credential string    `json:"credential,omitempty"`
	Session    string    `json:"session,omitempty"`
	Network    string    `json:"network,omitempty"`
	Route      string    `json:"route,omitempty"`
	Purpose    string    `json:"purpose"`
	Fields     []string  `json:"fields"`
	Shown      int64     `json:"shown"`
	Clients    []string  `json:"clients"`
}

// Answer is what the command prints.
type Answer struct {
	Looks   int64 `json:"looks"` // how often, of all entries
	Clients int64 `json:"clients"`
	Members int64 `json:"members"`
	Entries []Row `json:"entries"` // the latest first
}

// Ask reads the log.
func (a Asked) Ask(ctx context.Context, db *store.DB, keeper *vault.Keeper, actor store.Actor) (out Answer, err error) {
	actor.Way.Route = "letterhead looked"
	err = db.View(ctx, actor, func(tx *store.Tx) error {
		out = Answer{Entries: []Row{}}
		p, err := practice.Find(ctx, tx)
		if err != nil {
			return err
		}
		names, asked, err := a.read(ctx, tx, keeper, p.Zone)
		if err != nil {
			return err
		}
		counts, err := vault.CountLooks(ctx, tx, asked)
		if err != nil {
			return err
		}
		if counts.Looks > most {
			return fault.Field("--from", "looked.many", "these are %d entries; ask for a shorter time, of at most %d", counts.Looks, most)
		}
		out.Looks, out.Clients, out.Members = counts.Times, counts.Clients, counts.Members
		for {
			page, err := vault.Looked(ctx, tx, asked, vault.MostLooks)
			if err != nil {
				return err
			}
			whom, err := vault.Whom(ctx, tx, page.Looks)
			if err != nil {
				return err
			}
			for _, l := range page.Looks {
				out.Entries = append(out.Entries, Row{First: l.At, Last: l.Last, Times: l.Times, Member: string(l.Member), Name: names[l.Member], Agent: l.Agent, Credential: l.Credential, Session: l.Session,
					Network: l.Address, Route: l.Route, Purpose: string(l.Purpose), Fields: l.Fields, Shown: l.Shown, Clients: append([]string{}, whom[l.ID]...)})
			}
			if asked.After = page.Next; asked.After == "" {
				return vault.Saw(tx, vault.Of{Fields: "log", Purpose: vault.Export, Count: len(out.Entries)})
			}
		}
	})
	return out, err
}

// read turns what was typed into what the log is asked.
func (a Asked) read(ctx context.Context, tx *store.Tx, keeper *vault.Keeper, zoneName string) (map[store.MemberID]string, vault.Asked, error) {
	asked := vault.Asked{Member: store.MemberID(a.Member), Session: a.Session, Credential: a.Credential, Client: a.Client}
	names := map[store.MemberID]string{}
	members, err := guard.Members(ctx, tx)
	if err != nil {
		return nil, asked, err
	}
	for _, m := range members {
		names[m.ID] = m.Name
		if a.Member != "" && strings.EqualFold(m.Email, a.Member) {
			asked.Member = m.ID
		}
	}
	if strings.Contains(string(asked.Member), "@") {
		return nil, asked, fault.Field("--member", "looked.member", "nobody of this practice has that e-mail address")
	}
	if a.Address != "" {
		network := guard.Network(a.Address)
		if network == "unknown" {
			return nil, asked, fault.Field("--address", "looked.address", "write a network address, such as 203.0.113.7")
		}
		asked.Address = keeper.Network(tx.Practice, network)
	}
	l, err := zone.Load(zoneName)
	if err != nil {
		return nil, asked, err
	}
	if asked.From, err = instant("--from", a.From, l); err == nil {
		asked.To, err = instant("--to", a.To, l)
	}
	if err == nil && !asked.To.IsZero() && !asked.From.Before(asked.To) {
		err = fault.Field("--to", "looked.time", "must be later than --from")
	}
	return names, asked, err
}

func instant(flag, typed string, l *time.Location) (time.Time, error) {
	if typed == "" {
		return time.Time{}, nil
	}
	for _, layout := range []string{"2006-01-02", "2006-01-02T15:04", time.RFC3339} {
		if at, err := time.ParseInLocation(layout, typed, l); err == nil {
			return at, nil
		}
	}
	return time.Time{}, fault.Field(flag, "looked.time", "write it as 2026-12-01, 2026-12-01T10:00 or 2026-12-01T10:00:00Z")
}

// Print prints an answer: as JSON, or as a table of references.
func Print(out io.Writer, a Answer, asJSON bool) error {
	if asJSON {
		e := json.NewEncoder(out)
		e.SetIndent("", "  ")
		return e.Encode(a)
	}
	table := tabwriter.NewWriter(out, 2, 0, 2, ' ', 0)
	fmt.Fprintln(table, "FIRST\tTIMES\tWHO\tSESSION OR PROGRAM\tROUTE\tFOR\tSHOWN\tFIELDS")
	for _, r := range a.Entries {
		who := r.Name
		if who == "" {
			who = r.Member + r.Agent
		}
		fmt.Fprintf(table, "%s\t%d\t%s\t%s\t%s\t%s\t%d\t%s\n", r.First.Format(time.RFC3339), r.Times, who, r.Session+r.Credential, r.Route, r.Purpose, r.Shown, strings.Join(r.Fields, ","))
	}
	err := table.Flush()
	_, last := fmt.Fprintf(out, "%d looks at %d clients by %d team members. --json names the clients, by their ids.\n", a.Looks, a.Clients, a.Members)
	return errors.Join(err, last)
}
