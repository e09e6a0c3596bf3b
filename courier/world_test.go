package courier_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"log/slog"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"letterhead/approval"
	"letterhead/courier"
	"letterhead/courier/trust"
	"letterhead/message"
	"letterhead/practice"
	"letterhead/store"
	"letterhead/testkit"
	"letterhead/testkit/house"
	"letterhead/testkit/owner"
	"letterhead/testkit/sink"
	"letterhead/vault"
	"letterhead/wording"
	"letterhead/wording/directory"
)

// plainVersion is a mail of about 5 kB with eight fields and an SMS, from a practice's domain.
func plainVersion(domain string, purpose wording.Purpose) *wording.Version {
	v := &wording.Version{
		Format: wording.Format, Purpose: purpose,
		Sender: wording.Sender{Name: "Wattle Street Physiotherapy", Local: "hello", Domain: domain},
		Branding: wording.Branding{Name: "Wattle Street Physiotherapy", Accent: "#1f4e79", Address: []string{"12 Wattle Street", "Ballarat VIC 3350"},
			Phone: &wording.Phone{Display: "(03) 5550 0142", Number: "+61355500142"}, Email: "hello@" + domain, Website: "https://" + domain + "/"},
		Hosts: []string{domain, "portal.example"}, DefaultLanguage: "en-AU",
	}
	blocks := []wording.Block{
		wording.Text("Hello {recipient.greeting_name},", "this is a reminder of your appointment on {appointment.day} at {appointment.start}."),
		wording.Card(false),
		wording.Text("If you cannot come, ring {practice.phone} as early as you can: somebody else may need the time. It is with {appointment.practitioner} and takes {appointment.duration}."),
	}
	if purpose == wording.Marketing {
		blocks = []wording.Block{wording.Text("Hello {recipient.greeting_name},", "our winter classes begin in June.")}
		blocks = append(blocks, wording.Footer(wording.Link("No more of these", wording.Target{Kind: wording.ToUnsubscribe})))
	} else {
		blocks = append(blocks, wording.Footer(wording.Say("You get this message because you have an appointment with us.")))
	}
	subject := "Your appointment on {appointment.day} at {appointment.start}"
	if purpose == wording.Marketing {
		subject = "Winter classes"
	}
	v.Languages = []wording.Language{{Tag: "en-AU", Subject: wording.Say(subject), Blocks: blocks, SMS: wording.SMS("{practice.name}: see you soon.")}}
	slices.Sort(v.Hosts)
	return v
}

// source is a product for tests.
type source struct {
	keeper   *vault.Keeper
	versions map[string][]byte // practice/id → canonical JSON
	change   func(m message.Message, f *courier.Facts)
	fail     func(practice store.PracticeID) error
	pictures atomic.Int64                // reads
	details  map[store.PracticeID][]byte // the usual when there are none
}

func (s *source) Facts(ctx context.Context, tx *store.Tx, batch []message.Message) ([]courier.Facts, error) {
	if s.fail != nil {
		if err := s.fail(tx.Practice); err != nil {
			return nil, err
		}
	}
	keys, err := s.keeper.Keys(ctx, tx)
	if err != nil {
		return nil, err
	}
	out := make([]courier.Facts, len(batch))
	for i, m := range batch {
		address := m.Recipient + "@client.example"
		if m.Channel == message.SMS {
			address = "+61400000000"
		}
		out[i] = courier.Facts{
			Address: address, AddressIndex: keys.Index(string(m.Channel), address), Language: "en-AU", Rule: ruleDigest(m.Rule),
			Values: wording.Values{
				Recipient: wording.Person{First: "Jo", Preferred: "Joey"}, Start: wording.Wall{Year: 2026, Month: 12, Day: 1, Hour: 10}, End: wording.Wall{Year: 2026, Month: 12, Day: 1, Hour: 10, Minute: 30},
				Minutes: 30, Zone: "Australia/Melbourne", Mode: wording.ModeInPerson, ServiceID: "first", PractitionerID: "ana", PlaceID: "main",
			},
		}
		if s.change != nil {
			s.change(m, &out[i])
		}
	}
	return out, nil
}

// ruleDigest stands for the digest of a rule's content.
func ruleDigest(key string) [32]byte { return sha256.Sum256([]byte("rule " + key)) }

// details are what the practices of these tests call their own.
func details() []byte {
	d := directory.Directory{
		Name: "Wattle Street Physiotherapy", ReplyTo: "desk@wattle.example", Phones: []string{"(03) 5550 0142"},
		Places:   []directory.Place{{ID: "main", Name: "Main", Address: "12 Wattle Street", Phone: "(03) 5550 0142"}},
		Services: []directory.Entry{{ID: "first", Name: "First visit"}}, Practitioners: []directory.Entry{{ID: "ana", Name: "Ana Reyes"}},
	}
	d.Tidy()
	raw, err := d.Canonical()
	if err != nil {
		panic(err) // texts of this file
	}
	return raw
}

func (s *source) Directory(_ context.Context, tx *store.Tx, _ string) ([]byte, error) {
	if raw := s.details[tx.Practice]; raw != nil {
		return raw, nil
	}
	return details(), nil
}

// Pictures are the product's own: rows of a table that anybody may have written.
func (s *source) Pictures(ctx context.Context, tx *store.Tx, digests []string) (map[string][]byte, error) {
	s.pictures.Add(1)
	return practice.Pictures(ctx, tx, digests)
}

func (s *source) Versions(_ context.Context, tx *store.Tx, ids []string) (map[string][]byte, error) {
	out := map[string][]byte{}
	for _, id := range ids {
		if raw, ok := s.versions[string(tx.Practice)+"/"+id]; ok {
			out[id] = raw
		}
	}
	return out, nil
}

// world is an installation for tests: a database with practices that have the same ids in their rows, a courier's folder, a product.
type world struct {
	t       testing.TB
	db      *store.DB
	folder  string
	keeper  *vault.Keeper
	source  *source
	digests map[wording.Purpose]map[store.PracticeID]string
}

func newWorld(t testing.TB, db *store.DB, practices ...store.PracticeID) *world {
	t.Helper()
	w := &world{t: t, db: db, source: &source{versions: map[string][]byte{}, details: map[store.PracticeID][]byte{}}, digests: map[wording.Purpose]map[store.PracticeID]string{"transactional": {}, "marketing": {}}}
	w.keeper = testKeeper(t)
	w.source.keeper = w.keeper
	w.folder, _ = house.Folder(t)
	ctx := context.Background()
	err := db.Whole(ctx, "test", func(tx *store.Wide) error {
		for _, p := range practices {
			if _, err := tx.Exec(ctx, `INSERT INTO practice (practice, name, country, zone, language, phone, email, website, address, accent, sender_local, domain,
				label, default_channel, sms_services, quiet_from, quiet_to, client_word, created_at, closed_at)
				VALUES ($1, 'P', 'AU', 'Australia/Melbourne', 'en', '', '', '', '', '', 'hello', '', $1, 'email', $2, 0, 0, 'client', 1, 0)`, string(p), false); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range practices {
		w.change(p, func(tx *store.Tx) error {
			_, err := w.keeper.Keys(ctx, tx)
			return err
		})
		house.Domain(t, w.folder, domainOf(p), p)
		for _, purpose := range []wording.Purpose{wording.Transactional, wording.Marketing} {
			w.store(p, purpose, plainVersion(domainOf(p), purpose))
		}
		w.sign(p, func(s *approval.State) []*approval.Statement {
			sender := s.Draft(approval.KindSender, "email", "ana")
			sender.Body.Sender = &approval.SenderBody{Address: "hello@" + domainOf(p), Channel: "email", Name: "Wattle Street Physiotherapy"}
			texts := s.Draft(approval.KindSender, "sms", "ana")
			texts.Body.Sender = &approval.SenderBody{Address: "Wattle", Channel: "sms"}
			hosts := s.Draft(approval.KindHosts, "hosts", "ana")
			hosts.Body.Hosts = &approval.HostsBody{Hosts: []string{domainOf(p), "portal.example"}}
			slices.Sort(hosts.Body.Hosts.Hosts)
			words := s.Draft(approval.KindDirectory, "directory", "ana")
			words.Digest = sha256.Sum256(details())
			limits := s.Draft(approval.KindLimits, "limits", "ana")
			limits.Limits = &approval.Limits{Day: 1_000_000, NewDay: 1_000_000, RecipientDay: 1000, MemberDay: 1_000_000, CredentialDay: 1_000_000, Total: 10_000_000}
			out := []*approval.Statement{sender, texts, hosts, words, limits}
			for _, purpose := range []wording.Purpose{wording.Transactional, wording.Marketing} {
				out = append(out, w.statement(s, p, purpose))
				rule := s.Draft(approval.KindRule, ruleOf[purpose], "ana")
				rule.Digest = ruleDigest(ruleOf[purpose])
				rule.Body.Rule = &approval.RuleBody{Channel: "preference", Purpose: purposes[purpose], Wording: string(purpose)}
				out = append(out, rule)
			}
			return out
		})
	}
	return w
}

func testKeeper(t testing.TB) *vault.Keeper {
	k, err := vault.NewKeeper(make([]byte, 32))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func domainOf(p store.PracticeID) string { return "p" + string(p) + ".example" }

// The rule that sends a purpose's wording, and what approvals call the purpose.
var (
	ruleOf   = map[wording.Purpose]string{wording.Transactional: "reminder-7-days", wording.Marketing: "newsletter"}
	purposes = map[wording.Purpose]string{wording.Transactional: "appointments", wording.Marketing: "marketing"}
)

// sign has the owner's key in software sign, seen an hour ago.
func (w *world) sign(p store.PracticeID, draft func(*approval.State) []*approval.Statement) {
	w.t.Helper()
	w.signAs(p, false, draft)
}

// signAs is sign; what is fresh was never used.
func (w *world) signAs(p store.PracticeID, fresh bool, draft func(*approval.State) []*approval.Statement) {
	w.t.Helper()
	w.signSeen(p, fresh, w.db.Now().Add(-time.Hour), draft)
}

// signSeen is signAs, first had at an instant.
func (w *world) signSeen(p store.PracticeID, fresh bool, seen time.Time, draft func(*approval.State) []*approval.Statement) {
	w.t.Helper()
	o, err := owner.Of(w.folder, courier.JournalFolder(w.folder), p, "ana", time.Now())
	if err != nil {
		w.t.Fatal(err)
	}
	o.Fresh = fresh
	_, err = o.Sign(context.Background(), w.db, seen, func(_ context.Context, _ *store.Tx, s *approval.State) ([]*approval.Statement, error) {
		return draft(s), nil
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

// lift has the owner lift the practice's stops, as at the desk.
func (w *world) lift(p store.PracticeID) {
	w.t.Helper()
	var open []message.Stop
	w.change(p, func(tx *store.Tx) (err error) {
		open, err = message.Frozen(context.Background(), tx)
		return err
	})
	w.sign(p, func(s *approval.State) (out []*approval.Statement) {
		for _, stop := range open {
			x := s.Draft(approval.KindLift, stop.ID, "ana")
			x.Body.Lift = &approval.LiftBody{Epoch: 1, Scope: stop.Words()}
			out = append(out, x)
		}
		return out
	})
	w.change(p, func(tx *store.Tx) error {
		_, err := message.Lift(context.Background(), tx)
		return err
	})
}

// statement approves a purpose's version as it is stored.
func (w *world) statement(s *approval.State, p store.PracticeID, purpose wording.Purpose) *approval.Statement {
	x := s.Draft(approval.KindWording, string(purpose), "ana")
	digest, err := approval.ParseDigest(w.digests[purpose][p])
	if err != nil {
		w.t.Fatal(err)
	}
	x.Digest, x.Body.Wording = digest, &approval.WordingBody{Purpose: purposes[purpose]}
	return x
}

// version stores a version under its purpose as id, signed.
func (w *world) version(p store.PracticeID, purpose wording.Purpose, v *wording.Version) {
	w.t.Helper()
	w.store(p, purpose, v)
	w.sign(p, func(s *approval.State) []*approval.Statement {
		return []*approval.Statement{w.statement(s, p, purpose)}
	})
}

func (w *world) store(p store.PracticeID, purpose wording.Purpose, v *wording.Version) {
	w.t.Helper()
	if err := v.Validate(); err != nil {
		w.t.Fatal(err)
	}
	raw, err := v.Canonical()
	if err != nil {
		w.t.Fatal(err)
	}
	digest, err := v.Digest()
	if err != nil {
		w.t.Fatal(err)
	}
	w.source.versions[string(p)+"/"+string(purpose)] = raw
	w.digests[purpose][p] = digest.String()
}

func (w *world) change(p store.PracticeID, fn func(*store.Tx) error) {
	w.t.Helper()
	if err := w.db.Change(context.Background(), store.Actor{Practice: p, Agent: "test"}, fn); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) whole(fn func(*store.Wide) error) {
	w.t.Helper()
	if err := w.db.Whole(context.Background(), "test", fn); err != nil {
		w.t.Fatal(err)
	}
}

// queue queues n messages named prefix0, prefix1, … for a practice; change may be nil.
func (w *world) queue(p store.PracticeID, prefix string, n int, change func(*message.Intent)) {
	w.t.Helper()
	now := w.db.Now()
	intents := make([]message.Intent, n)
	for i := range intents {
		id := fmt.Sprintf("%s%d", prefix, i)
		intents[i] = message.Intent{ID: message.ID(id), Kind: message.Rule, Channel: message.Email, Purpose: message.Appointments, Rule: "reminder-7-days",
			Version: "transactional", Digest: w.digests[wording.Transactional][p], Language: "en-AU", Appointment: "a", Client: id, Recipient: id,
			Turn: now.Add(-time.Minute), NotAfter: now.Add(24 * time.Hour)}
		if change != nil {
			change(&intents[i])
		}
		if intents[i].Purpose == message.Marketing && intents[i].Rule != "" {
			intents[i].Rule = ruleOf[wording.Marketing]
		}
	}
	for start := 0; start < n; start += 5000 {
		w.change(p, func(tx *store.Tx) error {
			_, err := message.Queue(context.Background(), tx, intents[start:min(n, start+5000)])
			return err
		})
	}
}

func (w *world) options(relays ...courier.Relay) courier.Options {
	root, err := trust.Read(w.folder)
	if err != nil {
		w.t.Fatal(err)
	}
	return courier.Options{DB: w.db, Keeper: w.keeper, Source: w.source, Folder: w.folder, Installation: root.Installation, Epoch: 1,
		Config: courier.Config{HostName: "localhost", PublicURL: "https://portal.example", Relays: relays}, Log: slog.New(slog.NewTextHandler(logs(w.t), nil))}
}

// logs shows the courier's log when a test fails.
func logs(t testing.TB) io.Writer {
	if os.Getenv("LETTERHEAD_TEST_LOG") != "" {
		return os.Stderr
	}
	return io.Discard
}

func relayTo(address string) courier.Relay {
	return courier.Relay{Name: "main", Address: address, TLS: "none"}
}

func (w *world) courier(o courier.Options) *courier.Courier {
	w.t.Helper()
	c, err := courier.New(o)
	if err != nil {
		w.t.Fatal(err)
	}
	var once sync.Once
	w.t.Cleanup(func() { once.Do(func() { _ = c.Close() }) })
	return c
}

// drain lets everything go that is due, with a courier of its own.
func (w *world) drain(o courier.Options) {
	w.t.Helper()
	c := w.courier(o)
	if err := c.Drain(context.Background(), w.db.Now()); err != nil {
		w.t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) find(p store.PracticeID, id message.ID) message.Message {
	w.t.Helper()
	var m message.Message
	w.change(p, func(tx *store.Tx) (err error) {
		m, err = message.Find(context.Background(), tx, id)
		return err
	})
	return m
}

func (w *world) states(p store.PracticeID) map[message.State]int {
	w.t.Helper()
	var out map[message.State]int
	w.change(p, func(tx *store.Tx) (err error) {
		rows, err := tx.Query(context.Background(), `SELECT state, count(*) FROM message WHERE practice = $1 GROUP BY state`)
		out = map[message.State]int{}
		_, err = store.Collect(rows, err, func(r *store.Rows) (n int, err error) {
			var state message.State
			err = r.Scan(&state, &n)
			out[state] = n
			return n, err
		})
		return err
	})
	return out
}

// timeline is a message's steps in one line.
func (w *world) timeline(p store.PracticeID, id message.ID) string {
	w.t.Helper()
	var out []string
	w.change(p, func(tx *store.Tx) error {
		all, err := message.Steps(context.Background(), tx, id)
		out = nil
		for _, s := range all[id] {
			out = append(out, strings.TrimRight(s.Step+"/"+s.Reason+"/"+s.Detail, "/"))
		}
		return err
	})
	return strings.Join(out, " · ")
}

func listen(t testing.TB, o sink.SMTPOptions) *sink.SMTP {
	t.Helper()
	s, err := sink.ListenSMTP(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// each runs a test in a world of two practices with the same ids, on both engines.
func each(t *testing.T, test func(t *testing.T, w *world)) {
	testkit.Each(t, func(t *testing.T, db *store.DB) { test(t, newWorld(t, db, "a", "b")) })
}
