package looked

import (
	"bytes"
	"context"
	"encoding/csv"
	"net/http"
	"strconv"
	"strings"
	"time"

	"letterhead/client"
	"letterhead/fault"
	"letterhead/store"
	"letterhead/vault"
	"letterhead/web/page"
	"letterhead/web/ui"
)

// whom is a client of one entry.
type whom struct {
	name, fields string
	link         string // who looked at this client
}

type entry struct {
	visit  *page.Visit
	frame  ui.Frame
	line   line
	facts  []ui.Fact
	whom   []whom
	others string // clients whom the visitor does not see, or that are more than are kept
}

// Entry is one entry, with whom it showed.
func Entry(v *page.Visit) (page.Answer, error) {
	e := entry{visit: v}
	var l vault.Look
	err := v.View(func(ctx context.Context, tx *store.Tx) error {
		var seen []vault.Seen
		var err error
		if l, seen, err = vault.FindLook(ctx, tx, v.Path("look")); err != nil {
			return err
		}
		who, err := readPeople(ctx, tx)
		if err != nil {
			return err
		}
		ids := make([]client.ID, len(seen))
		for i, s := range seen {
			ids[i] = client.ID(s.Client)
		}
		called, err := client.Called(ctx, tx, ids)
		e.line = who.line(v, l)
		for _, s := range seen {
			if c, there := called[client.ID(s.Client)]; there {
				e.whom = append(e.whom, whom{name: c.Name(), fields: fields(v, s.Fields), link: "/clients/" + s.Client + "/looked"})
			}
		}
		return err
	})
	if err != nil {
		return page.Answer{}, err
	}
	if more := int(l.Shown) - len(e.whom); more > 0 && l.Purpose != vault.Export {
		e.others = v.Count("looked.others", more)
	}
	e.facts = []ui.Fact{{Name: v.Say("looked.who"), Value: e.line.who}, {Name: v.Say("looked.when"), Value: e.line.when}, {Name: v.Say("looked.where"), Value: e.line.what},
		{Name: v.Say("looked.purpose"), Value: v.Say("looked.for." + string(l.Purpose))}, {Name: v.Say("looked.what"), Value: e.line.fields}}
	if e.line.again != "" {
		e.facts = append(e.facts, ui.Fact{Name: v.Say("looked.how-often"), Value: e.line.again})
	}
	for _, link := range []struct {
		key string
		to  ui.Link
	}{{"looked.session-name", e.line.session}, {"looked.network-name", e.line.network}} {
		if link.to.To != "" {
			e.facts = append(e.facts, ui.Fact{Name: v.Say(link.key), Link: link.to})
		}
	}
	e.frame = v.Frame(v.Say("looked.entry"), home)
	return page.Show(showEntry(e))
}

// mostRows bounds one file.
const mostRows = 5000

// Export is what is asked for as a file of comma-separated values. It is on the log itself, with how many rows it had.
func Export(v *page.Visit) (page.Answer, error) {
	l := list{visit: v, from: v.Query("from"), to: v.Query("to"), asked: asked(v)}
	l.asked.After = ""
	if l.times(); len(l.problems) > 0 {
		return page.Answer{}, fault.Field(l.problems[0].Field, "looked.time", "write a day and a time")
	}
	var file bytes.Buffer
	err := v.View(func(ctx context.Context, tx *store.Tx) error {
		file.Reset()
		if err := l.read(ctx, tx, 1); err != nil {
			return err
		}
		if l.counts.Looks > mostRows {
			return fault.Field("from", "looked.many", "these are %d entries; ask for a shorter time, of at most %d", l.counts.Looks, mostRows)
		}
		return write(ctx, tx, l.asked, csv.NewWriter(&file))
	})
	if err != nil {
		return page.Answer{}, err
	}
	return page.Answer{Status: http.StatusOK, Raw: file.Bytes(), Header: map[string]string{"Content-Type": "text/csv; charset=utf-8",
		"Content-Disposition": `attachment; filename="who-looked.csv"`}}, nil
}

func write(ctx context.Context, tx *store.Tx, a vault.Asked, out *csv.Writer) error {
	who, err := readPeople(ctx, tx)
	if err != nil {
		return err
	}
	_ = out.Write([]string{"first", "last", "times", "member", "name", "agent", "credential", "session", "network", "route", "purpose", "fields", "shown", "clients"})
	rows := 0
	for {
		found, err := vault.Looked(ctx, tx, a, vault.MostLooks)
		if err != nil {
			return err
		}
		clients, err := vault.Whom(ctx, tx, found.Looks)
		if err != nil {
			return err
		}
		for _, l := range found.Looks {
			rows++
			_ = out.Write([]string{l.At.Format(time.RFC3339), l.Last.Format(time.RFC3339), strconv.FormatInt(l.Times, 10), string(l.Member), plain(who.named[l.Member]), l.Agent, l.Credential,
				l.Session, l.Address, l.Route, string(l.Purpose), strings.Join(l.Fields, " "), strconv.FormatInt(l.Shown, 10), strings.Join(clients[l.ID], " ")})
		}
		if a.After = found.Next; a.After == "" {
			break
		}
	}
	out.Flush()
	if err := out.Error(); err != nil {
		return err
	}
	return vault.Saw(tx, vault.Of{Fields: "log", Purpose: vault.Export, Count: rows})
}

// plain keeps a spreadsheet from reading a name as a formula.
func plain(name string) string {
	if name != "" && strings.ContainsRune("=+-@\t\r", rune(name[0])) {
		return "'" + name
	}
	return name
}
