// Package looked is who looked: the practice's access log as a page with filters, counts and a file, one entry of it, and the part of a client's file
// that says who looked there.
//
// It promises: what it shows of people is on the log as well, the file is; a client whom the visitor does not see is not found, nor is another
// practice's entry; a network address that is asked for stands in no address line.
package looked

import (
	"context"
	"net/url"
	"time"

	"letterhead/client"
	"letterhead/fault"
	"letterhead/guard"
	"letterhead/store"
	"letterhead/vault"
	"letterhead/web/page"
	"letterhead/web/ui"
)

const (
	home     = "/looked"
	onPage   = 50
	instants = "2006-01-02T15:04" // of a datetime-local field
)

// line is one entry, in words.
type line struct {
	id, when, again  string
	who              string
	whoLink          ui.Link
	session, network ui.Link
	what, fields     string
	whom             string
}

type list struct {
	visit    *page.Visit
	frame    ui.Frame
	asked    vault.Asked
	from, to string // as they were typed
	people   []ui.Option
	only     []string // what else is asked, in words
	counts   vault.Counts
	lines    []line
	older    ui.Link
	first    bool
	of       *client.Client // of a client's file
	problems []ui.Problem
}

// Show is the practice's log: ?member= ?session= ?credential= ?address= ?client= ?from= ?to= narrow it, ?after= goes on.
func Show(v *page.Visit) (page.Answer, error) {
	l := list{visit: v, first: v.Query("after") == "", from: v.Query("from"), to: v.Query("to")}
	l.asked = asked(v)
	l.times()
	err := v.View(func(ctx context.Context, tx *store.Tx) error { return l.read(ctx, tx, onPage) })
	if err != nil {
		return page.Answer{}, err
	}
	l.frame = v.Frame(v.Say("looked.title"), home)
	return page.Show(show(l))
}

// OfClient is who looked at one client.
func OfClient(v *page.Visit) (page.Answer, error) {
	l := list{visit: v, first: v.Query("after") == "", asked: vault.Asked{Client: v.Path("id"), After: v.Query("after")}}
	err := v.View(func(ctx context.Context, tx *store.Tx) error {
		called, err := client.Called(ctx, tx, []client.ID{client.ID(l.asked.Client)})
		if err != nil {
			return err
		}
		c, there := called[client.ID(l.asked.Client)]
		if !there {
			return client.ErrNotFound
		}
		l.of = &c
		return l.read(ctx, tx, onPage)
	})
	if err != nil {
		return page.Answer{}, err
	}
	l.frame = v.Frame(v.Say("looked.title"), "")
	return page.Show(showClient(l))
}

// Part is the part of a client's file that says who looked last. Its zero value shows nothing.
type Part struct {
	visit *page.Visit
	lines []line
	all   ui.Link
}

// latest is how many looks a client's file shows.
const latest = 4

// Latest reads it for a client whom the visitor has found.
func Latest(ctx context.Context, tx *store.Tx, v *page.Visit, id client.ID) (Part, error) {
	found, err := vault.Looked(ctx, tx, vault.Asked{Client: string(id)}, latest)
	if err != nil {
		return Part{}, err
	}
	who, err := readPeople(ctx, tx)
	p := Part{visit: v, all: ui.Link{To: "/clients/" + string(id) + "/looked", Say: v.Say("looked.all")}}
	for _, l := range found.Looks {
		p.lines = append(p.lines, who.line(v, l))
	}
	return p, err
}

// Find leads to what a network address saw: the address is posted, and what stands in the address line is its keyed hash.
func Find(v *page.Visit) (page.Answer, error) {
	l := list{visit: v, first: true, from: v.Form("from"), to: v.Form("to")}
	address := guard.Network(v.Form("address"))
	if address != "unknown" {
		query := url.Values{"address": {v.Keeper.Network(v.Practice.ID, address)}}
		for name, value := range map[string]string{"from": l.from, "to": l.to} {
			if value != "" {
				query.Set(name, value)
			}
		}
		return page.Go(home + "?" + query.Encode())
	}
	wrong := fault.Field("address", "looked.address", "write a network address, such as 203.0.113.7")
	l.problems = []ui.Problem{*page.Problem(v.Text, wrong)}
	l.times()
	if err := v.View(func(ctx context.Context, tx *store.Tx) error { return l.read(ctx, tx, onPage) }); err != nil {
		return page.Answer{}, err
	}
	l.frame = v.Frame(v.Say("looked.title"), home)
	return page.Again(show(l), wrong)
}

func asked(v *page.Visit) vault.Asked {
	return vault.Asked{Member: store.MemberID(v.Query("member")), Session: v.Query("session"), Credential: v.Query("credential"), Address: v.Query("address"), Client: v.Query("client"), After: v.Query("after")}
}

// times reads from and to, by the practice's clock; what is no instant is said, and does not narrow.
func (l *list) times() {
	for _, each := range []struct {
		name, typed string
		into        *time.Time
	}{{"from", l.from, &l.asked.From}, {"to", l.to, &l.asked.To}} {
		if each.typed == "" {
			continue
		}
		at, err := time.ParseInLocation(instants, each.typed, l.visit.Location)
		if err != nil {
			l.problems = append(l.problems, ui.Problem{Field: each.name, Say: l.visit.Say("looked.bad-time")})
			continue
		}
		*each.into = at
	}
}

// read asks the log, and who its people are.
func (l *list) read(ctx context.Context, tx *store.Tx, limit int) error {
	if l.asked.Client != "" {
		hidden, err := client.Hidden(ctx, tx, []client.ID{client.ID(l.asked.Client)})
		if err != nil {
			return err
		}
		if hidden[client.ID(l.asked.Client)] {
			return client.ErrNotFound
		}
	}
	found, err := vault.Looked(ctx, tx, l.asked, limit)
	if err != nil {
		return err
	}
	if l.counts, err = vault.CountLooks(ctx, tx, l.asked); err != nil {
		return err
	}
	who, err := readPeople(ctx, tx)
	if err != nil {
		return err
	}
	l.people = who.options(l.visit)
	for _, each := range found.Looks {
		l.lines = append(l.lines, who.line(l.visit, each))
	}
	l.narrowed(who)
	if found.Next != "" {
		l.older = ui.Link{To: l.address(home, found.Next), Say: l.visit.Say("looked.older")}
		if l.of != nil {
			l.older.To = "/clients/" + l.asked.Client + "/looked?after=" + url.QueryEscape(found.Next)
		}
	}
	return nil
}

// narrowed says what is asked beside the fields of the form.
func (l *list) narrowed(who people) {
	say := l.visit.Say
	if l.of != nil {
		return
	}
	for _, each := range []struct{ key, value string }{{"looked.only-session", short(l.asked.Session)}, {"looked.only-network", head(l.asked.Address)}, {"looked.only-program", who.program(l.visit, l.asked.Credential)}} {
		if each.value != "" {
			l.only = append(l.only, say(each.key, each.value))
		}
	}
	if l.asked.Client != "" {
		l.only = append(l.only, say("looked.only-client"))
	}
}

// query are the values that ask the same again.
func (l list) query() url.Values {
	query := url.Values{}
	for name, value := range map[string]string{"member": string(l.asked.Member), "session": l.asked.Session, "credential": l.asked.Credential, "address": l.asked.Address, "client": l.asked.Client, "from": l.from, "to": l.to} {
		if value != "" {
			query.Set(name, value)
		}
	}
	return query
}

func (l list) address(to, after string) string {
	query := l.query()
	if after != "" {
		query.Set("after", after)
	}
	if len(query) == 0 {
		return to
	}
	return to + "?" + query.Encode()
}

func (l list) errorOf(field string) string {
	for _, problem := range l.problems {
		if problem.Field == field {
			return problem.Say
		}
	}
	return ""
}

// newest leads back to the beginning.
func (l list) newest() ui.Link {
	if l.first {
		return ui.Link{}
	}
	to := l.address(home, "")
	if l.of != nil {
		to = "/clients/" + l.asked.Client + "/looked"
	}
	return ui.Link{To: to, Say: l.visit.Say("looked.newest")}
}

func (l list) sum() string {
	say := l.visit
	return say.Say("looked.sum", say.Count("looked.looks", int(l.counts.Times)), say.Count("looked.clients", int(l.counts.Clients)), say.Count("looked.members", int(l.counts.Members)))
}

func (l list) heads() []ui.Head {
	say := l.visit.Say
	heads := []ui.Head{{Say: say("looked.when")}, {Say: say("looked.who")}, {Say: say("looked.what")}}
	if l.of == nil {
		heads = append(heads, ui.Head{Say: say("looked.whom")})
	}
	return heads
}

// short tells sessions apart: the end of an id, for its beginning is the time. head is the beginning of a hash.
func short(id string) string { return id[max(0, len(id)-6):] }

func head(hash string) string { return hash[:min(6, len(hash))] }
