package breaker_test

import (
	"bytes"
	"container/heap"
	"crypto/sha256"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"letterhead/approval"
	"letterhead/courier/breaker"
	"letterhead/courier/budget"
	"letterhead/courier/journal"
	"letterhead/store"
	"letterhead/zone"
)

// Ninety days of four clinics, from their exports: reminders, confirmations, changes, letters, edits of wordings, monthly newsletters, a weekend
// closure notice, a ninefold surge under permit, a day on which the server was down, relays that say later, restarts. They begin with everything
// new and with no limits signed. Nothing may be stopped, held by a limit, or come too late.

var simulated = time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)

const simulatedDays = 90

type clinic struct {
	id           store.PracticeID
	zone         *time.Location
	clients      []string
	takesNews    []string
	appointments []slotOf
	host         string
	limits       *approval.Limits
}

type slotOf struct {
	id, client string
	at         time.Time
	cancelled  bool
}

// exported reads what the simulation needs of an export: who, when, cancelled or not.
func exported(t *testing.T, folder string) *clinic {
	t.Helper()
	var about struct {
		Zone, Host string
		Order      string `json:"date_order"`
	}
	raw, err := os.ReadFile(filepath.Join(folder, "practice.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, &about); err != nil {
		t.Fatal(err)
	}
	c := &clinic{id: store.PracticeID(filepath.Base(folder)), host: about.Host}
	if c.zone, err = zone.Load(about.Zone); err != nil {
		t.Fatal(err)
	}
	rows(t, filepath.Join(folder, "clients.csv"), func(get func(string) string) {
		c.clients = append(c.clients, get("Client ID"))
		if get("Email Marketing") == "Yes" {
			c.takesNews = append(c.takesNews, get("Client ID"))
		}
	})
	layout := "02/01/2006"
	if about.Order == "MDY" {
		layout = "01/02/2006"
	}
	rows(t, filepath.Join(folder, "appointments.csv"), func(get func(string) string) {
		for _, clock := range []string{"15:04", "03:04 PM"} {
			at, err := time.ParseInLocation(layout+" "+clock, get("Date")+" "+get("Start Time"), c.zone)
			if err == nil {
				c.appointments = append(c.appointments, slotOf{get("Appointment ID"), get("Client ID"), at, strings.Contains(get("Status"), "ancel")})
				return
			}
		}
	})
	return c
}

func rows(t *testing.T, name string, do func(get func(string) string)) {
	t.Helper()
	raw, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	in := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(raw, []byte("\ufeff"))))
	in.FieldsPerRecord, in.LazyQuotes = -1, true
	head, err := in.Read()
	if err != nil {
		t.Fatal(err)
	}
	for {
		row, err := in.Read()
		if err == io.EOF {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		do(func(column string) string {
			if i := slices.Index(head, column); i >= 0 && i < len(row) {
				return strings.TrimSpace(row[i])
			}
			return ""
		})
	}
}

// clinics are the four exports that lie beside the repository; where they do not, four made up ones of the same sizes.
func clinics(t *testing.T) []*clinic {
	t.Helper()
	var out []*clinic
	random := rand.New(rand.NewPCG(1, 2))
	for _, made := range []struct {
		name, zone    string
		clients, many int
	}{{"ballarat", "Australia/Melbourne", 1547, 9004}, {"cairo", "Africa/Cairo", 207, 1204}, {"cork", "Europe/Dublin", 419, 2504}, {"hudson", "America/New_York", 420, 2504}} {
		folder := filepath.Join("../../../shared/data/exports", made.name)
		if _, err := os.Stat(folder); err == nil {
			out = append(out, exported(t, folder))
			continue
		}
		l, err := zone.Load(made.zone)
		if err != nil {
			t.Fatal(err)
		}
		c := &clinic{id: store.PracticeID(made.name), zone: l, host: made.name + ".example"}
		for i := range made.clients {
			c.clients = append(c.clients, fmt.Sprint(i))
			if i%2 == 0 {
				c.takesNews = append(c.takesNews, fmt.Sprint(i))
			}
		}
		for i := range made.many {
			day := simulated.AddDate(0, 0, random.IntN(240)-90)
			c.appointments = append(c.appointments, slotOf{fmt.Sprint(i), c.clients[random.IntN(made.clients)], time.Date(day.Year(), day.Month(), day.Day(), 8+random.IntN(11), 0, 0, 0, l), i%7 == 0})
		}
		out = append(out, c)
	}
	return out
}

// waiting is a message that is to go.
type waiting struct {
	turn, due, late time.Time // late: of no use any more
	clinic          *clinic
	what            string // rule, "newsletter", "closure", "letter"
	id, client      string
	attempt         int64
	order, letter   string
	words           string
	hosts           []string
	signers         int
	starter         bool
}

type queue []*waiting

func (q queue) Len() int           { return len(q) }
func (q queue) Less(i, j int) bool { return q[i].turn.Before(q[j].turn) }
func (q queue) Swap(i, j int)      { q[i], q[j] = q[j], q[i] }
func (q *queue) Push(x any)        { *q = append(*q, x.(*waiting)) }
func (q *queue) Pop() any {
	old := *q
	last := old[len(old)-1]
	*q = old[:len(old)-1]
	return last
}

func ninety(t *testing.T, permit bool) *simulation {
	t.Helper()
	s := &simulation{t: t, random: rand.New(rand.NewPCG(3, 4)), slowest: map[string]time.Duration{}, sent: map[string]int{}, stopped: map[string]int{}, permit: permit}
	for _, c := range clinics(t) {
		s.reminders(c)
		s.bulk(c)
		s.lettersOf(c)
	}
	heap.Init(&s.queue)
	return s
}

type simulation struct {
	t       *testing.T
	random  *rand.Rand
	queue   queue
	slowest map[string]time.Duration
	sent    map[string]int
	permit  bool
	stopped map[string]int // by reason
	n       int
}

func local(c *clinic, day time.Time, hour, minute int) time.Time {
	return time.Date(day.Year(), day.Month(), day.Day(), hour, minute, 0, 0, c.zone)
}

func (s *simulation) add(w *waiting) {
	end := simulated.AddDate(0, 0, simulatedDays)
	if w.due.Before(simulated.Add(20*time.Hour)) || w.due.After(end) || !w.due.Before(w.late) {
		return
	}
	s.n++
	w.id, w.attempt, w.turn = fmt.Sprint(w.clinic.id, "-", s.n), 1, w.due
	if down := local(w.clinic, simulated.AddDate(0, 0, 40), 9, 0); !w.due.Before(down) && w.due.Before(down.Add(6*time.Hour)) {
		w.due = down.Add(6 * time.Hour) // the server was down
		w.turn = w.due
	}
	s.queue = append(s.queue, w)
}

// automatic makes a rule's message; every three weeks the practice edits its wording.
func (s *simulation) automatic(c *clinic, rule string, a slotOf, due, late time.Time) {
	edition := max(0, int(due.Sub(simulated).Hours()/24)/21)
	w := &waiting{due: due, late: late, clinic: c, what: rule, client: a.client, words: fmt.Sprint(rule, " edition ", strings.Repeat("x", edition)), signers: 1, starter: edition == 0}
	if edition > 0 { // its own wording has a link for video appointments
		w.words, w.hosts = string(c.id)+w.words, []string{"video.example"}
	}
	s.add(w)
}

func (s *simulation) reminders(c *clinic) {
	for _, a := range c.appointments {
		day := a.at.In(c.zone)
		business := func(before int) time.Time {
			return local(c, day.AddDate(0, 0, -before), 9+s.random.IntN(9), s.random.IntN(60))
		}
		useful := a.at.Add(-15 * time.Minute)
		booked := business(1 + s.random.IntN(40))
		s.automatic(c, "booked", a, booked, booked.Add(24*time.Hour))
		if a.cancelled {
			at := business(1 + s.random.IntN(3))
			s.automatic(c, "cancelled", a, at, a.at)
			continue
		}
		if s.random.IntN(10) == 0 {
			s.automatic(c, "changed", a, business(1+s.random.IntN(10)), useful)
		}
		s.automatic(c, "reminder-7-days", a, local(c, day.AddDate(0, 0, -7), 10, 0), useful)
		s.automatic(c, "reminder-2-days", a, local(c, day.AddDate(0, 0, -2), 10, 0), useful)
		if inSurge(local(c, day, 12, 0)) { // about three messages an appointment are usual
			for range 8 * 3 {
				other := slotOf{client: c.clients[s.random.IntN(len(c.clients))]}
				s.automatic(c, "changed", other, local(c, day, 9+s.random.IntN(8), s.random.IntN(60)), local(c, day, 20, 0))
			}
		}
	}
}

// The surge: four days from 8 February.
var surgeFrom = simulated.AddDate(0, 0, 69)

func inSurge(at time.Time) bool {
	return !at.Before(surgeFrom) && at.Before(surgeFrom.AddDate(0, 0, 4))
}

func (s *simulation) bulk(c *clinic) {
	order := func(name string, at time.Time, late time.Duration, clients []string, hosts ...string) {
		signers := 1
		if len(clients) > max(approval.SmallOrder, len(c.clients)/5) {
			signers = 2
		}
		for _, client := range clients {
			s.add(&waiting{due: at, late: at.Add(late), clinic: c, what: strings.Fields(name)[0], client: client, order: name, words: string(c.id) + name, hosts: hosts, signers: signers})
		}
	}
	for i, day := range []int{8, 36, 64} { // Wednesdays; a new link each time
		order(fmt.Sprint("newsletter ", strings.Repeat("i", i+1)), local(c, simulated.AddDate(0, 0, day), 11, 0), 24*time.Hour, c.takesNews, c.host, fmt.Sprint("topic-", i, ".example"))
	}
	saturday := simulated.AddDate(0, 0, 53)
	var next []string
	for _, a := range c.appointments {
		if !a.cancelled && a.at.After(saturday) && a.at.Before(saturday.AddDate(0, 0, 9)) && !slices.Contains(next, a.client) {
			next = append(next, a.client)
		}
	}
	order("closure notice", local(c, saturday, 18, 30), 12*time.Hour, next, c.host)
}

func (s *simulation) lettersOf(c *clinic) {
	for day := range simulatedDays {
		for i := range 5 {
			at := local(c, simulated.AddDate(0, 0, day), 9+s.random.IntN(9), s.random.IntN(60))
			name := fmt.Sprint("letter ", day, " ", i)
			s.add(&waiting{due: at, late: at.Add(48 * time.Hour), clinic: c, what: "letter", client: c.clients[s.random.IntN(len(c.clients))], letter: name,
				words: string(c.id) + strings.Repeat("l", day) + strings.Repeat("m", i), signers: 1})
		}
	}
}

// suggested are the limits for a clinic whose busiest day has so many appointments, with three messages each.
func (c *clinic) suggested() approval.Limits {
	if c.limits != nil {
		return *c.limits
	}
	days, busiest := map[string]int64{}, int64(0)
	for _, a := range c.appointments {
		days[a.at.Format(time.DateOnly)]++
		busiest = max(busiest, 3*days[a.at.Format(time.DateOnly)])
	}
	l := budget.Suggest(int64(len(c.clients)), busiest)
	c.limits = &l
	return l
}

func digestOf(parts ...any) approval.Digest { return sha256.Sum256(fmt.Append(nil, parts...)) }

// budgets: nothing signed in the first week, then what is suggested; a permit for the surge.
func (s *simulation) budgets(c *clinic, now time.Time) *budget.Budgets {
	b := &budget.Budgets{Zone: c.zone}
	if now.After(simulated.AddDate(0, 0, 7)) {
		l := c.suggested()
		b.Limits, b.Digest = &l, digestOf(c.id, "limits")
	}
	if s.permit {
		l := c.suggested()
		b.Surges = []budget.Permit{{Digest: digestOf(c.id, "surge"), Limits: approval.Limits{Day: 9 * l.Day, RecipientDay: 12, NewDay: l.NewDay}, From: surgeFrom.AddDate(0, 0, -1), Until: surgeFrom.AddDate(0, 0, 6)}}
	}
	return b
}

func (w *waiting) use(b *budget.Budgets, waits map[approval.Digest]int64) budget.Use {
	u := budget.Use{Practice: w.clinic.id, Message: w.id, Attempt: w.attempt, Address: w.client, Budget: b}
	for _, d := range w.approvals() {
		u.Approvals = append(u.Approvals, budget.Approval{Digest: d, Once: w.letter != "", Waiting: waits[d]})
	}
	if w.letter != "" || w.order != "" {
		u.Member, u.Own = "manager", w.order != "" && w.signers > 1
	}
	return u
}

func (w *waiting) approvals() []approval.Digest {
	if w.letter != "" {
		return []approval.Digest{digestOf(w.clinic.id, w.letter)}
	}
	return []approval.Digest{digestOf(w.clinic.id, w.words), digestOf(w.clinic.id, w.what, w.order)}
}

func (w *waiting) sight(now, since time.Time, permit bool) breaker.Sight {
	s := breaker.Sight{Practice: w.clinic.id, Zone: w.clinic.zone, Message: w.id, Attempt: w.attempt, Version: w.words, Order: w.order, Letter: w.letter, Text: breaker.TextOf(w.words), Hosts: w.hosts,
		Starter: w.starter, Signers: w.signers, HostSigners: 2, Permit: permit && inSurge(now), Since: since}
	if w.clinic.id == "cairo" { // a practice of one
		s.HostSigners = 1
	}
	if w.order == "" && w.letter == "" {
		s.Rule = w.what
	}
	return s
}

func TestNinetyDaysOfFourClinics(t *testing.T) {
	t.Parallel()
	s := ninety(t, true)
	total := len(s.queue)
	s.run()
	t.Logf("%d messages; sent: %v; slowest: %v", total, s.sent, s.slowest)
	if len(s.stopped) > 0 {
		t.Errorf("stopped: %v", s.stopped)
	}
	sent := 0
	for _, n := range s.sent {
		sent += n
	}
	if sent != total {
		t.Errorf("%d of %d went", sent, total)
	}
	for what, most := range map[string]time.Duration{"booked": 40 * time.Minute, "reminder-7-days": 40 * time.Minute, "reminder-2-days": 40 * time.Minute, "newsletter": time.Hour, "closure": time.Hour, "letter": 40 * time.Minute,
		"changed": 40 * time.Minute, "cancelled": 40 * time.Minute} {
		if s.slowest[what] > most || s.sent[what] == 0 {
			t.Errorf("%s: %d sent, the slowest took %v", what, s.sent[what], s.slowest[what])
		}
	}
}

// The same days without the permit: the surge is held by the practice's limit, so the test above can fail.
func TestTheSurgeWithoutAPermit(t *testing.T) {
	t.Parallel()
	s := ninety(t, false)
	s.run()
	if s.stopped[string(budget.PracticeDay)] == 0 {
		t.Errorf("stopped: %v", s.stopped)
	}
}

// run lets the days pass, with a restart every week.
func (s *simulation) run() {
	dir := s.t.TempDir()
	if err := journal.Create(dir, "simulation", 1); err != nil {
		s.t.Fatal(err)
	}
	watch := breaker.New(simulated)
	var limits *budget.Budget
	var j *journal.Journal
	restart := func() {
		if j != nil {
			if err := j.Close(); err != nil {
				s.t.Fatal(err)
			}
		}
		var err error
		if j, err = journal.Open(dir, "simulation", 1); err != nil {
			s.t.Fatal(err)
		}
		if limits, err = budget.Open(j); err != nil {
			s.t.Fatal(err)
		}
		if watch, err = breaker.Remember(watch.Memory()); err != nil {
			s.t.Fatal(err)
		}
	}
	restart()
	week := simulated
	for len(s.queue) > 0 && !s.t.Failed() {
		now := s.queue[0].turn
		if now.Sub(week) > 7*24*time.Hour {
			week = now
			restart()
		}
		var batch []*waiting
		for len(s.queue) > 0 && !s.queue[0].turn.After(now) {
			batch = append(batch, heap.Pop(&s.queue).(*waiting))
		}
		s.pass(now, batch, limits, watch)
	}
	if err := j.Close(); err != nil {
		s.t.Fatal(err)
	}
}

// pass takes what is due at an instant past budget and breaker, as the gate does.
func (s *simulation) pass(now time.Time, batch []*waiting, limits *budget.Budget, watch *breaker.Breaker) {
	slices.SortStableFunc(batch, func(a, b *waiting) int { return strings.Compare(string(a.clinic.id), string(b.clinic.id)) })
	waits := map[approval.Digest]int64{}
	of := map[store.PracticeID]*budget.Budgets{}
	for _, w := range batch {
		for _, d := range w.approvals() {
			waits[d]++
		}
		if of[w.clinic.id] == nil {
			of[w.clinic.id] = s.budgets(w.clinic, now)
		}
	}
	for part := range slices.Chunk(batch, 100) {
		uses := make([]budget.Use, len(part))
		for i, w := range part {
			uses[i] = w.use(of[w.clinic.id], waits)
		}
		verdicts, err := limits.Ask(now, uses)
		if err != nil {
			s.t.Fatal(err)
		}
		var ends []budget.End
		for i, w := range part {
			v := verdicts[i]
			if !now.Before(w.late) {
				s.stop("too late", "%s of %s, due %v, is too late at %v", w.what, w.clinic.id, w.due, now)
				ends = append(ends, budget.End{Ticket: v.Ticket, Back: true})
				continue
			}
			if !v.Go {
				if v.Reason != budget.FirstUse && v.Reason != budget.FirstOfMany && v.Reason != budget.FirstOfAll {
					s.stop(string(v.Reason), "%s of %s at %v is held: %s until %v", w.what, w.clinic.id, now, v.Reason, v.Until)
				}
				if v.Until.IsZero() {
					continue
				}
				w.turn = v.Until
				heap.Push(&s.queue, w)
				continue
			}
			if f := watch.Look(now, []breaker.Sight{w.sight(now, v.Since, s.permit)})[0]; f != nil {
				s.stop(string(f.Reason), "%s of %s at %v is stopped: %s: %s", w.what, w.clinic.id, now, f, f.Words)
			}
			later := w.attempt == 1 && s.random.IntN(50) == 0
			ends = append(ends, budget.End{Ticket: v.Ticket, Back: later})
			if later {
				w.attempt, w.turn = 2, now.Add(5*time.Minute)
				heap.Push(&s.queue, w)
				continue
			}
			s.sent[w.what]++
			s.slowest[w.what] = max(s.slowest[w.what], now.Sub(w.due))
		}
		if err := limits.Settle(now, ends); err != nil {
			s.t.Fatal(err)
		}
	}
}

func (s *simulation) stop(reason, format string, values ...any) {
	if s.stopped[reason]++; s.stopped[reason] == 1 {
		s.t.Logf(format, values...)
	}
}
