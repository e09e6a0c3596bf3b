// Package record is the page of everything that is on record as sent in the practice's name, and the evidence file by which anybody checks it.
//
// It shows what the ledger says, not what message rows say: time, kind, channel, wording by its name today, by whose signature, and what became of it. The
// ledger knows no recipient, and so neither does the page.
//
// Promises: it opens nothing and changes nothing; the file is the same that `letterhead export evidence` writes as of the same checkpoint.
package record

import (
	"bytes"
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"

	"letterhead/approval"
	"letterhead/fault"
	"letterhead/guard"
	"letterhead/ledger"
	"letterhead/ledger/leaf"
	"letterhead/plan"
	"letterhead/store"
	"letterhead/template"
	"letterhead/web/page"
	"letterhead/web/ui"
)

const (
	home     = "/messages/record"
	pageSize = 25
	lately   = 30     // days that are counted
	atOnce   = 7      // days that are shown at once; the others open
	mostDays = 20_000 // messages of them
	mostFile = 256 << 20
)

// line is a message as it is on record.
type line struct {
	number                         string
	when, kind, channel, what, who string
	fate                           string
	look                           ui.Kind
}

// day is one bar, which leads to the day's messages.
type day struct {
	link  ui.Link
	count int
}

type record struct {
	frame   ui.Frame
	visit   *page.Visit
	about   page.About
	facts   []ui.Fact
	leaves  int64
	days    []day
	top     int // the largest count
	total   int
	cut     bool // more than are counted
	lines   []line
	older   ui.Link
	first   bool
	watched string
	alarm   bool
}

// Show is the page. ?before= goes on with older messages.
func Show(v *page.Visit) (page.Answer, error) {
	before, _ := strconv.ParseUint(v.Query("before"), 10, 62) // what is no number is the first page
	r := record{visit: v, first: before == 0}
	if v.Record != nil {
		var err error
		if r.about, err = v.Record.About(v.Context(), v.Practice.ID); err != nil {
			return page.Answer{}, err
		}
	}
	err := v.View(func(ctx context.Context, tx *store.Tx) (err error) {
		if r.leaves, err = ledger.OwnCount(ctx, tx); err != nil {
			return err
		}
		if err := r.list(ctx, tx, before); err != nil || !r.first {
			return err
		}
		return r.count(ctx, tx)
	})
	if err != nil {
		return page.Answer{}, err
	}
	r.tell()
	r.frame = v.Frame(v.Say("record.title"), "/messages")
	return page.Show(show(r))
}

func (r *record) list(ctx context.Context, tx *store.Tx, before uint64) error {
	found, more, err := ledger.OwnMessages(ctx, tx, before, pageSize, time.Time{})
	if err != nil {
		return err
	}
	n, err := r.names(ctx, tx)
	if err != nil {
		return err
	}
	for _, o := range found {
		r.lines = append(r.lines, r.line(o, n))
	}
	if more && len(found) > 0 {
		r.older = ui.Link{To: home + "?before=" + strconv.FormatUint(found[len(found)-1].Sequence, 10), Say: r.visit.Say("messages.older")}
	}
	return r.signers(ctx, tx, found, n)
}

// names are what subjects of approvals and members are called today.
type names struct{ rules, wordings, members map[string]string }

func (r *record) names(ctx context.Context, tx *store.Tx) (n names, err error) {
	n = names{map[string]string{}, map[string]string{}, map[string]string{}}
	rules, err := plan.Rules(ctx, tx)
	if err != nil {
		return n, err
	}
	for _, x := range rules {
		n.rules[x.Key] = x.Name
	}
	wordings, err := template.List(ctx, tx)
	if err != nil {
		return n, err
	}
	for _, x := range wordings {
		n.wordings[string(x.ID)] = x.Name
	}
	members, err := guard.Members(ctx, tx)
	for _, x := range members {
		n.members[string(x.ID)] = x.Name
	}
	return n, err
}

var kinds = map[leaf.Class]string{leaf.ClassRule: "rule", leaf.ClassOrder: "order", leaf.ClassLetter: "letter", leaf.ClassReply: "reply", leaf.ClassGrant: "grant", leaf.ClassTest: "test"}

var fates = map[leaf.Fate]struct {
	key  string
	kind ui.Kind
}{
	0: {"fate.leaving", ui.Plain}, leaf.Sent: {"fate.sent", ui.Good}, leaf.Deferred: {"fate.again", ui.Plain}, leaf.Refused: {"fate.refused", ui.Bad}, leaf.Maybe: {"fate.maybe", ui.Wait},
	leaf.Stopped: {"fate.dropped", ui.Plain},
}

func (r *record) line(o ledger.Own, n names) line {
	v, fate := r.visit, fates[o.Fate]
	out := line{number: v.Text.Number(int(o.Sequence)), when: v.Text.Moment(o.At.In(v.Location), v.Now.In(v.Location)), kind: v.Say("kind." + kinds[o.Class]), channel: v.Say("channel.email"),
		fate: v.Say(fate.key), look: fate.kind}
	if o.Channel == leaf.SMS {
		out.channel = v.Say("channel.sms")
	}
	return out
}

// signers says of each line by which statement it went, and whose signatures that has.
func (r *record) signers(ctx context.Context, tx *store.Tx, found []ledger.Own, n names) error {
	if r.visit.Signed == nil || len(found) == 0 {
		return nil
	}
	return r.visit.Signed(ctx, tx, func(s *approval.State) error {
		for i, o := range found {
			by, signers := s.Signed(approval.Digest(o.Approval))
			if by == nil {
				continue // to a member, or what let it go was lost
			}
			var who []string
			for _, x := range signers {
				who = append(who, called(n.members, string(x.Member)))
			}
			r.lines[i].who = strings.Join(who, ", ")
			if by.Kind == approval.KindRule {
				r.lines[i].what = called(n.rules, by.Subject)
			} else if w, _ := s.Signed(approval.Digest(o.Wording)); w != nil {
				r.lines[i].what = called(n.wordings, w.Subject)
			}
		}
		return nil
	})
}

func called(names map[string]string, id string) string {
	if name := names[id]; name != "" {
		return name
	}
	return id
}

// count counts the messages of the last days, by the practice's calendar.
func (r *record) count(ctx context.Context, tx *store.Tx) error {
	v := r.visit
	now := v.Now.In(v.Location)
	since := time.Date(now.Year(), now.Month(), now.Day()-lately+1, 0, 0, 0, 0, v.Location)
	found, more, err := ledger.OwnMessages(ctx, tx, 0, mostDays, since)
	if err != nil {
		return err
	}
	r.cut, r.total = more && len(found) == mostDays, len(found)
	of, last := map[string]int{}, map[string]uint64{}
	for _, o := range found { // the latest first
		name := o.At.In(v.Location).Format(time.DateOnly)
		if of[name]++; of[name] == 1 {
			last[name] = o.Sequence
		}
	}
	for n := range lately {
		at := time.Date(now.Year(), now.Month(), now.Day()-n, 12, 0, 0, 0, v.Location)
		name := at.Format(time.DateOnly)
		if count := of[name]; count > 0 {
			to := home + "?before=" + strconv.FormatUint(last[name]+1, 10)
			r.days, r.top = append(r.days, day{ui.Link{To: to, Say: v.Text.ShortDay(at, now)}, count}), max(r.top, count)
		}
	}
	return nil
}

// tell says what there is to compare, and who watches.
func (r *record) tell() {
	v, a := r.visit, r.about
	moment := func(at time.Time) string { return v.Text.Moment(at.In(v.Location), v.Now.In(v.Location)) }
	add := func(key, value string) {
		if value != "" {
			r.facts = append(r.facts, ui.Fact{Name: v.Say(key), Value: value})
		}
	}
	add("record.entries", v.Text.Number(int(r.leaves)))
	if a.Size > 0 {
		add("record.checkpoint", v.Say("record.checkpoint-of", v.Text.Number(int(a.Size)), moment(a.At)))
	}
	switch {
	case a.LogKey == "" || a.Wanted == 0:
		r.watched = v.Say("record.no-witness")
	case !a.Since.IsZero() && len(a.Names) == 0:
		r.watched, r.alarm = v.Say("record.unwitnessed", moment(a.Since)), true
	case !a.Since.IsZero() && v.Now.Sub(a.Since) > time.Hour:
		r.watched, r.alarm = v.Say("record.unwitnessed-last", moment(a.Since), strings.Join(a.Names, ", "), moment(a.Witnessed)), true
	default:
		r.watched = v.Say("record.witnessed", strings.Join(a.Names, ", "), moment(a.Witnessed))
	}
	add("record.watched", r.watched)
	add("record.fingerprint", a.Fingerprint)
	add("record.key", a.LogKey)
}

// bounded is a file that is made to be downloaded.
type bounded struct{ bytes.Buffer }

var errLong = fault.New(fault.TooMany, "record.long", "the file is too long to download; ask whoever runs Letterhead for it: letterhead export evidence")

func (b *bounded) Write(p []byte) (int, error) {
	if b.Len()+len(p) > mostFile {
		return 0, errLong
	}
	return b.Buffer.Write(p)
}

// Download is the evidence file.
func Download(v *page.Visit) (page.Answer, error) {
	if v.Record == nil {
		return page.Answer{}, fault.New(fault.NotFound, "record.elsewhere", "the file is made where messages leave; ask whoever runs Letterhead")
	}
	var file bounded
	if err := v.Record.Evidence(v.Context(), v.Practice.ID, &file); err != nil {
		return page.Answer{}, err
	}
	name := "evidence-" + v.Now.In(v.Location).Format(time.DateOnly) + ".txt"
	return page.Answer{Status: http.StatusOK, Raw: file.Bytes(), Header: map[string]string{"Content-Type": "text/plain; charset=utf-8", "Content-Disposition": `attachment; filename="` + name + `"`}}, nil
}
