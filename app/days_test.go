package app

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	gosmtp "github.com/emersion/go-smtp"

	"letterhead/app/people"
	"letterhead/approval"
	"letterhead/calendar"
	"letterhead/client"
	"letterhead/courier"
	"letterhead/courier/budget"
	"letterhead/courier/trust"
	"letterhead/guard"
	"letterhead/letter"
	"letterhead/message"
	"letterhead/order"
	"letterhead/practice"
	"letterhead/rehearse"
	"letterhead/sign/proposal"
	"letterhead/store"
	"letterhead/template"
	"letterhead/testkit/key"
	"letterhead/testkit/owner"
	"letterhead/testkit/sink"
	"letterhead/transfer"
	"letterhead/wording"
	"letterhead/zone"
)

// Ordinary days of four clinics, lived by the whole program with its clock in steps: imported as other systems export, everything new and signed on the
// first day; reminders, confirmations, changes, cancellations, letters, edits, newsletters, a closure notice, a ninefold surge under permit, a server that
// was down, a relay that says later, restarts. Gate, budgets, pacing and breaker are those of the program. Nothing may be stopped, held, kept back by a
// limit or come too late.

// The shorter form has a day for each thing; LETTERHEAD_DAYS=90 is what make soak asks for.
type days struct {
	*testing.T
	*installation
	now       atomic.Int64
	count     int
	surge     int // the first of its days
	surges    int
	forbidden bool // nobody signs a permit
	clinics   []*clinic
	random    *rand.Rand
	came      atomic.Int64
	later     atomic.Int64
}

const (
	dayStep   = 15 * time.Minute
	ninefold  = 9
	slotsADay = 16
	downFor   = 6 * time.Hour
)

var (
	firstDay = time.Date(2026, 11, 30, 0, 0, 0, 0, time.UTC) // a Monday
	down     = firstDay.AddDate(0, 0, 2).Add(5 * time.Hour)  // the server was down from then on
)

type clinic struct {
	id          store.PracticeID
	name        string
	zone        *time.Location
	many, daily int // clients, appointments a day
	first       *owner.Owner
	second      *owner.Owner
	clients     []client.ID
	bookable    []practice.Practitioner
	service     practice.ServiceID
	booked      []calendar.ID
	turn        int
	plans       []planned
}

// planned is something that people of a clinic do at an instant.
type planned struct {
	at time.Time
	do func(ctx context.Context) error
}

func TestOrdinaryDaysStopNothing(t *testing.T) {
	t.Parallel()
	count := 9
	if n, err := strconv.Atoi(os.Getenv("LETTERHEAD_DAYS")); err == nil {
		count = n
	}
	d := &days{T: t, count: count, surge: count / 2, surges: min(4, count/4), random: rand.New(rand.NewPCG(7, 8))}
	d.now.Store(firstDay.UnixMicro())
	d.found()
	began := time.Now()
	d.live(t.Context())
	d.judge(t.Context(), time.Since(began))
}

// The same days without the permit: the surge is kept back by what the practice signed, so the test above can fail.
func TestASurgeWithoutAPermitIsKeptBack(t *testing.T) {
	t.Parallel()
	d := &days{T: t, count: 3, surge: 1, surges: 1, random: rand.New(rand.NewPCG(7, 8)), forbidden: true}
	d.now.Store(firstDay.UnixMicro())
	d.found()
	d.live(t.Context())
	if steps := d.steps(t.Context()); steps["deferred practice limit "] == 0 {
		t.Errorf("%v", steps)
	}
}

func (d *days) must(err error) {
	d.Helper()
	if err != nil {
		d.Fatal(err)
	}
}

func (d *days) clock() time.Time { return time.UnixMicro(d.now.Load()).UTC() }

// found makes the installation and its clinics.
func (d *days) found() {
	d.Helper()
	ctx := d.Context()
	relay, err := sink.ListenSMTP(sink.SMTPOptions{MaxMessages: 1, Refuse: func(_, _ string, content []byte) error {
		if content == nil {
			return nil
		}
		if n := d.came.Add(1); n%97 == 0 {
			d.later.Add(1)
			return &gosmtp.SMTPError{Code: 451, Message: "later"}
		}
		return nil
	}})
	d.must(err)
	d.Cleanup(func() { _ = relay.Close() })
	folder := filepath.Join(d.TempDir(), "data")
	d.must(os.MkdirAll(folder, 0o700))
	d.must(os.WriteFile(filepath.Join(folder, "letterhead.toml"), fmt.Appendf(nil, "listen = \"localhost:0\"\n[courier]\nplatform_domain = \"mail.days.example\"\n[[courier.relay]]\nname = \"sink\"\naddress = %q\ntls = \"none\"\n", relay.Address()), 0o600))
	c := &call{folder: folder, env: map[string]string{}}
	made, err := makeInstallation(ctx, c, "", trust.Test)
	d.must(err)
	d.must(made.Close())
	d.installation, err = c.open(ctx, d.clock)
	d.must(err)
	d.Cleanup(func() { _ = d.Close() })
	for _, each := range []clinic{{name: "Wattle Street Physiotherapy", many: 200, daily: 18}, {name: "Nile Dental", many: 60, daily: 5}, {name: "Lee Valley Psychology", many: 80, daily: 7}, {name: "Hudson Hand Therapy", many: 80, daily: 7}} {
		d.clinic(&each)
	}
}

var places = map[string][2]string{"Wattle Street Physiotherapy": {"AU", "Australia/Melbourne"}, "Nile Dental": {"EG", "Africa/Cairo"}, "Lee Valley Psychology": {"IE", "Europe/Dublin"}, "Hudson Hand Therapy": {"US", "America/New_York"}}

func (d *days) clinic(c *clinic) {
	d.Helper()
	ctx, at := d.Context(), places[c.name]
	var err error
	c.zone, err = zone.Load(at[1])
	d.must(err)
	label := fmt.Sprint("clinic", len(d.clinics))
	added, _, err := d.addPractice(ctx, people.New{Name: c.name, Country: at[0], Zone: at[1], Language: "en", Owner: "owner@" + label + ".example", OwnerName: "Ana Novak", Email: "desk@" + label + ".example", Website: label + ".example",
		Address: "12 Main Street", ByHand: true})
	d.must(err)
	c.id = added.ID
	d.bring(ctx, c)
	d.change(c, func(ctx context.Context, tx *store.Tx) error {
		who, err := guard.OwnerOf(ctx, tx)
		if err != nil {
			return err
		}
		ben, err := guard.AddMember(ctx, tx, guard.Member{Email: "manager@" + label + ".example", Name: "Ben Moss", Role: guard.Manager})
		if err != nil {
			return err
		}
		if c.first, err = owner.Of(courierFolder(d.folder), journalFolder(d.folder), c.id, who.ID, tx.Now); err != nil {
			return err
		}
		c.first.Fresh, c.first.Signed = true, proposal.Signed
		other := *c.first
		desk, err := trust.Desk(courierFolder(d.folder))
		other.Key, other.Member = key.New(desk), ben.ID
		c.second = &other
		return err
	})
	d.enrol(ctx, c)
	d.sign(ctx, c)
	d.clinics = append(d.clinics, c)
	d.calendarOf(c)
}

func (d *days) change(c *clinic, do func(context.Context, *store.Tx) error) {
	d.Helper()
	ctx := d.Context()
	d.must(d.db.Change(ctx, store.Actor{Practice: c.id, Agent: "days"}, func(tx *store.Tx) error { return do(ctx, tx) }))
}

// bring imports its clients and their appointments, from a month before the first day to some days behind the last.
func (d *days) bring(ctx context.Context, c *clinic) {
	d.Helper()
	rows := [][]string{{"Client ID", "Title", "First Name", "Last Name", "Preferred Name", "Date of Birth", "Email", "Mobile", "Reminder Type", "Email Marketing", "Time Zone", "Alert", "Archived"}}
	for i := range c.many {
		rows = append(rows, []string{fmt.Sprint(1000 + i), "", "Jo", fmt.Sprintf("Client %c%c", 'A'+i/26, 'a'+i%26), "", fmt.Sprintf("%02d/02/1980", 1+i%28), fmt.Sprintf("c%d@client.example", i), "", "Email", []string{"Yes", "No"}[i%2], "", "", "No"})
	}
	diary := [][]string{{"Appointment ID", "Client ID", "Practitioner", "Service", "Date", "Start Time", "Minutes", "Location", "Status"}}
	n := 0
	for day := -30; day < d.count+10; day++ {
		date := firstDay.AddDate(0, 0, day)
		if date.Weekday() == time.Sunday {
			continue
		}
		for i := range c.daily {
			n++
			minute := 9*60 + 30*(i%slotsADay)
			diary = append(diary, []string{fmt.Sprint(50_000 + n), fmt.Sprint(1000 + n%c.many), "Petra " + string(rune('A'+i/slotsADay)), "Standard consultation", date.Format("02/01/2006"),
				fmt.Sprintf("%02d:%02d", minute/60, minute%60), "30", "Main rooms", "Booked"})
		}
	}
	about, err := json.Marshal(map[string]any{"zone": places[c.name][1], "country": places[c.name][0], "date_order": "DMY"})
	d.must(err)
	_, err = transfer.Import(ctx, d.db, d.keeper, c.id, transfer.Source{FS: fstest.MapFS{"practice.json": {Data: about}, "clients.csv": {Data: []byte(rehearse.CSV(rows))}, "appointments.csv": {Data: []byte(rehearse.CSV(diary))}}},
		transfer.Options{Actor: store.Actor{Practice: c.id, Agent: "import"}})
	d.must(err)
	d.change(c, func(ctx context.Context, tx *store.Tx) error {
		rows, err := tx.Query(ctx, `SELECT id FROM client WHERE practice = $1 ORDER BY external`)
		if c.clients, err = store.Collect(rows, err, func(r *store.Rows) (id client.ID, err error) { return id, r.Scan(&id) }); err != nil {
			return err
		}
		if c.bookable, err = practice.Practitioners(ctx, tx); err != nil {
			return err
		}
		services, err := practice.Services(ctx, tx)
		c.service = services[0].ID
		return err
	})
}

// seen is when what is signed counts as seen by the courier.
func (d *days) seen() time.Time { return d.clock().Add(-time.Second) }

// enrol lets a second member sign, as of some days before.
func (d *days) enrol(ctx context.Context, c *clinic) {
	d.Helper()
	_, err := c.first.Sign(ctx, d.db, d.clock().Add(-100*time.Hour), func(_ context.Context, _ *store.Tx, s *approval.State) ([]*approval.Statement, error) {
		role := s.Draft(approval.KindMember, string(c.second.Member), c.first.Member)
		role.Body.Member = &approval.MemberBody{Role: approval.Manager}
		enrol := s.Draft(approval.KindKey, c.second.Key.Subject(), c.first.Member)
		enrol.Body.Key = &approval.KeyBody{Action: approval.Enrol, Member: c.second.Member, PublicKey: c.second.Key.COSE, Proof: approval.Bytes{}}
		return []*approval.Statement{role, enrol}, nil
	})
	d.must(err)
}

// sign has its owner sign all that waits, and what else there is, and its manager what needs two.
func (d *days) sign(ctx context.Context, c *clinic, more ...func(*approval.State) *approval.Statement) {
	d.Helper()
	_, err := c.first.Sign(ctx, d.db, d.seen(), func(ctx context.Context, tx *store.Tx, s *approval.State) (out []*approval.Statement, _ error) {
		all, err := proposal.List(ctx, tx, s, d.signing())
		for i := range all {
			out = append(out, all[i].Statement(s, c.first.Member))
		}
		for _, each := range more {
			out = append(out, each(s))
		}
		return out, err
	})
	d.must(err)
	_, err = c.second.Sign(ctx, d.db, d.seen(), func(_ context.Context, tx *store.Tx, s *approval.State) (out []*approval.Statement, _ error) {
		for _, waits := range s.Waiting(tx.Now) {
			if waits.Reason == approval.NeedsSecond {
				out = append(out, waits.Statement)
			}
		}
		return out, nil
	})
	d.must(err)
}

// on plans something on a day, at an hour of the clinic's.
func (d *days) on(c *clinic, day, hour, minute int, do func(ctx context.Context) error) {
	date := firstDay.AddDate(0, 0, day)
	c.plans = append(c.plans, planned{time.Date(date.Year(), date.Month(), date.Day(), hour, minute, 0, 0, c.zone), do})
}

// calendarOf is what its people do on all these days.
func (d *days) calendarOf(c *clinic) {
	usual := 3 * c.daily // messages a day, about
	for day := range d.count {
		date := firstDay.AddDate(0, 0, day)
		if date.Weekday() == time.Saturday && day < 7 || day == 53 {
			d.on(c, day, 18, 30, func(ctx context.Context) error { return d.order(ctx, c, "", "The practice is closed on Monday") })
		}
		if day%28 == 3 {
			d.on(c, day, 11, 0, func(ctx context.Context) error { return d.order(ctx, c, "news", "") })
		}
		if day%21 == 5 {
			d.on(c, day, 12, 15, func(ctx context.Context) error { return d.edit(ctx, c, day) })
		}
		if date.Weekday() == time.Sunday {
			continue
		}
		bookings := max(1, c.daily/5)
		if day >= d.surge && day < d.surge+d.surges {
			bookings = (ninefold - 1) * usual
		}
		for i := range bookings {
			minute := i * 8 * 60 / bookings
			d.on(c, day, 9+minute/60, minute%60, func(ctx context.Context) error { return d.book(ctx, c) })
		}
		d.on(c, day, 13, 30, func(ctx context.Context) error { return d.unbook(ctx, c) })
		for i := range 2 {
			d.on(c, day, 10+3*i, 45, func(ctx context.Context) error { return d.letter(ctx, c) })
		}
	}
	if !d.forbidden {
		d.on(c, d.surge-1, 10, 0, func(ctx context.Context) error { return d.permit(ctx, c, int64(ninefold*usual)) })
	}
	slices.SortStableFunc(c.plans, func(a, b planned) int { return a.at.Compare(b.at) })
}

// book books one for tomorrow: it is confirmed at once, and no reminder is left for it.
func (d *days) book(ctx context.Context, c *clinic) error {
	return d.db.Change(ctx, store.Actor{Practice: c.id, Agent: "days"}, func(tx *store.Tx) error {
		c.turn++
		local := tx.Now.In(c.zone).AddDate(0, 0, 1)
		wall := zone.Wall{Date: zone.Date{Year: local.Year(), Month: local.Month(), Day: local.Day()}, Minute: 9*60 + 15*d.random.IntN(32)}
		a, err := calendar.Book(ctx, tx, calendar.BookRequest{Clients: []client.ID{c.clients[c.turn*7%len(c.clients)]}, Practitioner: c.bookable[0].ID, Service: c.service, Wall: wall, Minutes: 15, Overbook: true})
		c.booked = append(c.booked, a.ID)
		return err
	})
}

// unbook cancels one of today's bookings, and moves another.
func (d *days) unbook(ctx context.Context, c *clinic) error {
	if len(c.booked) < 2 {
		return nil
	}
	cancel, move := c.booked[len(c.booked)-1], c.booked[len(c.booked)-2]
	return d.db.Change(ctx, store.Actor{Practice: c.id, Agent: "days"}, func(tx *store.Tx) error {
		a, err := calendar.Find(ctx, tx, cancel)
		if err == nil && a.Starts.After(tx.Now) && a.Booking == calendar.Booked {
			_, err = calendar.Cancel(ctx, tx, calendar.CancelRequest{ID: a.ID, Version: a.Version, By: calendar.ByClient})
		}
		if err != nil {
			return err
		}
		if a, err = calendar.Find(ctx, tx, move); err == nil && a.Starts.After(tx.Now) && a.Booking == calendar.Booked {
			a.Wall.Minute = 17 * 60
			_, err = calendar.Move(ctx, tx, calendar.MoveRequest{ID: a.ID, Version: a.Version, Wall: a.Wall, Overbook: true})
		}
		return err
	})
}

func (d *days) letter(ctx context.Context, c *clinic) error {
	err := d.db.Change(ctx, store.Actor{Practice: c.id, Agent: "days"}, func(tx *store.Tx) error {
		keys, err := d.keeper.Keys(ctx, tx)
		if err != nil {
			return err
		}
		to := c.clients[d.random.IntN(len(c.clients))]
		l, err := letter.Save(ctx, tx, keys, letter.Letter{Client: to, Recipient: string(to), Channel: message.Email, Text: fmt.Sprintf("Dear Jo,\n\nyour exercise sheet number %d is ready for you.", d.random.IntN(1000))})
		if err == nil {
			_, err = letter.Ask(ctx, tx, keys, l.ID, l.Version)
		}
		return err
	})
	if err == nil {
		d.sign(ctx, c)
	}
	return err
}

// edit changes the reminder's subject; the day's reminders have gone.
func (d *days) edit(ctx context.Context, c *clinic, day int) error {
	err := d.db.Change(ctx, store.Actor{Practice: c.id, Agent: "days"}, func(tx *store.Tx) error {
		keys, err := template.ByKey(ctx, tx)
		if err != nil {
			return err
		}
		id := keys["reminder-2-days"]
		all, err := template.CurrentVersions(ctx, tx)
		if err != nil {
			return err
		}
		v, err := template.Read(ctx, tx, all[id].ID)
		if err != nil {
			return err
		}
		v.Languages[0].Subject = wording.Say(fmt.Sprintf("In two days at %s, %c", c.name, 'A'+day%26))
		_, err = template.NewVersion(ctx, tx, id, all[id].ID, v)
		return err
	})
	if err == nil {
		d.sign(ctx, c)
	}
	return err
}

// order sends the news of the starter set to those who agreed to it, or a notice to everybody.
func (d *days) order(ctx context.Context, c *clinic, of, subject string) error {
	var made order.Order
	err := d.db.Change(ctx, store.Actor{Practice: c.id, Agent: "days"}, func(tx *store.Tx) error {
		keys, err := template.ByKey(ctx, tx)
		if err != nil {
			return err
		}
		id := keys[of]
		if of == "" {
			if id, err = rehearse.ClosedNotice(ctx, tx); err != nil {
				return err
			}
		}
		all, err := order.New(ctx, tx, order.Request{Name: "To all " + subject, Wording: id, Channel: string(message.Email), From: tx.Now, Until: tx.Now.Add(12 * time.Hour)})
		if err != nil {
			return err
		}
		made = all[0]
		return order.Ask(ctx, tx, made.ID, made.Edition)
	})
	if err != nil {
		return err
	}
	if err := order.Fix(ctx, d.db, c.id, made.ID); err != nil {
		return err
	}
	d.sign(ctx, c)
	return nil
}

// permit allows, by two keys, so many a day beyond what is signed while the surge lasts.
func (d *days) permit(ctx context.Context, c *clinic, many int64) error {
	d.sign(ctx, c, func(s *approval.State) *approval.Statement {
		x := s.Draft(approval.KindSurge, store.NewID[string](), c.first.Member)
		x.Limits = &approval.Limits{Day: 2 * many, RecipientDay: 12, NewDay: 400, MemberDay: 50, CredentialDay: 50, Total: 10 * many}
		x.Window = &approval.Window{From: approval.At(d.clock()), Until: approval.At(d.clock().AddDate(0, 0, d.surges+2))}
		return x
	})
	return nil
}

// live lets the days pass: people do what they planned, then all that is due is planned and sent.
func (d *days) live(ctx context.Context) {
	d.Helper()
	log := slog.New(slog.NewTextHandler(d.Output(), &slog.HandlerOptions{Level: slog.LevelError}))
	var c *courier.Courier
	restart := func() {
		var err error
		if c != nil {
			d.must(c.Close())
		}
		c, err = d.newCourier(log)
		d.must(err)
	}
	steps := int(time.Duration(d.count) * 24 * time.Hour / dayStep)
	for step := range steps {
		if step%(7*96) == 0 || step%(5*96) == 60 {
			restart()
		}
		now := firstDay.Add(time.Duration(step) * dayStep)
		d.now.Store(now.UnixMicro())
		for _, each := range d.clinics {
			for len(each.plans) > 0 && !each.plans[0].at.After(now) {
				d.must(each.plans[0].do(ctx))
				each.plans = each.plans[1:]
			}
		}
		if !now.Before(down) && now.Before(down.Add(downFor)) {
			continue
		}
		if step%4 == 0 {
			_, err := d.planner().DoJobs(ctx)
			d.must(err)
		}
		_, err := d.planner().TurnDue(ctx, log)
		d.must(err)
		d.must(c.Drain(ctx, now))
	}
	d.must(c.Close())
}

// tally counts by words.
func (d *days) tally(ctx context.Context, query string) map[string]int {
	d.Helper()
	out := map[string]int{}
	d.must(d.db.WholeView(ctx, "days: what was seen", func(x *store.Wide) error {
		rows, err := x.Query(ctx, query)
		_, err = store.Collect(rows, err, func(r *store.Rows) (none struct{}, err error) {
			var what string
			var n int
			err = r.Scan(&what, &n)
			out[what] = n
			return none, err
		})
		return err
	}))
	return out
}

func (d *days) steps(ctx context.Context) map[string]int {
	d.Helper()
	return d.tally(ctx, `SELECT step || ' ' || reason || ' ' || CASE WHEN reason = 'relay' THEN '' ELSE detail END, count(*) FROM message_step GROUP BY 1`)
}

func (d *days) judge(ctx context.Context, took time.Duration) {
	d.Helper()
	steps := d.steps(ctx)
	slowest := d.tally(ctx, fmt.Sprintf(`SELECT kind, max(left_at - created_at) / 60000000 FROM message WHERE state = 'sent' AND NOT (created_at >= %d AND created_at < %d) GROUP BY kind`,
		store.Micro(down), store.Micro(down.Add(downFor))))
	states := d.tally(ctx, `SELECT kind || ' ' || state, count(*) FROM message GROUP BY 1`)
	busiest := d.tally(ctx, `SELECT 'most', max(n) FROM (SELECT count(*) AS n FROM message WHERE state = 'sent' GROUP BY practice, left_at / 86400000000) AS days`)
	d.Logf("%d days in %s: %v\nsteps: %v\nslowest, minutes: %v\nmost of a practice in a day: %d; the relay said later %d times", d.count, took.Round(time.Millisecond), states, steps, slowest, busiest["most"], d.later.Load())
	for what, n := range d.tally(ctx, `SELECT part || ' ' || subject || ': ' || reason, count(*) FROM freeze_entry GROUP BY 1`) {
		d.Errorf("stopped %d times: %s", n, what)
	}
	for what, n := range steps {
		if !slices.Contains([]string{"queued  ", "leaving  ", "sent  250 2.0.0", "deferred first use ", "deferred relay ", "dropped appointment-moved ", "dropped appointment-cancelled ", "dropped appointment-over "}, what) {
			d.Errorf("%d × %q", n, what)
		}
	}
	for _, kind := range []string{"rule", "order", "letter"} {
		if states[kind+" sent"] == 0 {
			d.Errorf("no %s was sent", kind)
		}
		if slowest[kind] > 60 { // a first use waits for a quarter of an hour, then grows
			d.Errorf("a %s took %d minutes", kind, slowest[kind])
		}
	}
	if busiest["most"] <= int(budget.Default().Day) { // else the surge would show nothing
		d.Errorf("the busiest day had %d messages", busiest["most"])
	}
	if d.later.Load() == 0 {
		d.Error("the relay took everything at once")
	}
}
