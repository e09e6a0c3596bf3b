package notice_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"letterhead/approval"
	"letterhead/courier"
	"letterhead/courier/chain"
	"letterhead/courier/journal"
	"letterhead/courier/sender"
	"letterhead/courier/trust"
	"letterhead/guard"
	"letterhead/message"
	"letterhead/notice"
	"letterhead/plan"
	"letterhead/practice"
	"letterhead/store"
	"letterhead/testkit"
	"letterhead/testkit/owner"
	"letterhead/testkit/sink"
	"letterhead/testkit/visitor"
	"letterhead/vault"
)

// world is two practices with the same ids in them, a courier's folder, and a relay.
type world struct {
	testing.TB
	db     *store.DB
	clock  *testkit.Clock
	keeper *vault.Keeper
	door   *guard.Door
	folder string
	sink   *sink.SMTP
	words  *notice.Words
	owners map[store.PracticeID]*owner.Owner
}

const (
	here  = store.PracticeID("practice-a")
	there = store.PracticeID("practice-b")
)

var ctx = context.Background()

func each(t *testing.T, test func(w *world)) {
	t.Helper()
	for _, engine := range testkit.Engines() {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			test(newWorld(t, engine))
		})
	}
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

func newWorld(t testing.TB, engine testkit.Engine) *world {
	t.Helper()
	w := &world{TB: t, clock: testkit.NewClock(t, "2026-11-30T21:00:00Z"), folder: t.TempDir(), owners: map[store.PracticeID]*owner.Owner{}}
	w.db = testkit.Open(t, engine, w.clock)
	var err error
	w.keeper, err = vault.NewKeeper(make([]byte, 32))
	w.must(err)
	w.door = visitor.Door(t, w.db, w.keeper)
	root, err := trust.Create(w.folder, trust.Test)
	w.must(err)
	w.must(journal.Create(courier.JournalFolder(w.folder), root.Installation, 1))
	_, err = sender.New(w.folder, "mail.example").Add("mail.example", "", w.clock.Now())
	w.must(err)
	w.sink, err = sink.ListenSMTP(sink.SMTPOptions{MaxMessages: 1000})
	w.must(err)
	t.Cleanup(func() { _ = w.sink.Close() })
	w.words, err = notice.New("notices@mail.example", "https://portal.example")
	w.must(err)
	for _, p := range []store.PracticeID{here, there} {
		w.practice(p)
	}
	return w
}

// practice has a payload for a name, and an owner who has come in and signed where they are told.
func (w *world) practice(id store.PracticeID) {
	w.Helper()
	w.change(id, func(tx *store.Tx) error {
		p := practice.New("YOU WON! claim at evil.example", "AU", "Australia/Melbourne")
		p.ID, p.SenderLocal = id, "hello"
		if _, err := practice.Add(ctx, tx, p); err != nil {
			return err
		}
		if _, err := w.keeper.Keys(ctx, tx); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `INSERT INTO member (practice, id, email, name, role, created_at, ended_at, person, sees) VALUES ($1, 'petra', $2, '<b>Claim</b> https://evil.example', 'owner', 0, 0, 'person', 'all')`,
			"petra@"+string(id)+".example")
		return err
	})
	o, err := owner.Of(w.folder, courier.JournalFolder(w.folder), id, "petra", w.clock.Now())
	w.must(err)
	w.owners[id] = o
	_, err = o.Sign(ctx, w.db, w.clock.Now().Add(-100*time.Hour), func(_ context.Context, _ *store.Tx, s *approval.State) ([]*approval.Statement, error) {
		x := s.Draft(approval.KindMember, "petra", "petra")
		x.Body.Member = &approval.MemberBody{Role: approval.Owner, Channel: "email", Address: approval.Commit(x.Nonce, "petra@"+string(id)+".example")}
		return []*approval.Statement{x}, nil
	})
	w.must(err)
}

func (w *world) change(p store.PracticeID, fn func(tx *store.Tx) error) {
	w.Helper()
	w.must(w.db.Change(ctx, store.Actor{Practice: p, Member: "petra"}, fn))
}

func (w *world) exec(p store.PracticeID, statement string, args ...any) {
	w.Helper()
	w.change(p, func(tx *store.Tx) error {
		n, err := tx.Exec(ctx, statement, args...)
		if err == nil && n == 0 {
			w.Fatalf("nothing is changed by %s", statement)
		}
		return err
	})
}

// look has the members of a practice told, and returns how many messages were queued.
func (w *world) look(p store.PracticeID) int {
	w.Helper()
	root, err := trust.Read(w.folder)
	w.must(err)
	j, err := journal.Open(courier.JournalFolder(w.folder), root.Installation, 1)
	w.must(err)
	n, err := notice.Teller{Words: w.words, Keeper: w.keeper, DB: w.db}.Look(ctx, p, chain.Open(w.folder, j), nil)
	w.must(err)
	w.must(j.Close())
	return n
}

// drain lets everything go, and returns the mails that came since.
func (w *world) drain() []sink.Mail {
	w.Helper()
	root, err := trust.Read(w.folder)
	w.must(err)
	source, err := notice.NewSource(plan.NewSource(w.keeper), w.words, w.keeper)
	w.must(err)
	before := w.sink.Count()
	c, err := courier.New(courier.Options{DB: w.db, Keeper: w.keeper, Source: source, System: w.words.Is, Folder: w.folder, Installation: root.Installation, Epoch: 1,
		Log:    slog.New(slog.DiscardHandler),
		Config: courier.Config{HostName: "localhost", PlatformDomain: "mail.example", PublicURL: "https://portal.example", Relays: []courier.Relay{{Name: "main", Address: w.sink.Address(), TLS: "none"}}}})
	w.must(err)
	w.must(c.Drain(ctx, w.clock.Now()))
	w.must(c.Close())
	return w.sink.List()[before:]
}

// fates are the states and reasons of a practice's messages.
func (w *world) fates(p store.PracticeID) (out []string) {
	w.Helper()
	w.change(p, func(tx *store.Tx) error {
		list, _, err := message.List(ctx, tx, message.Filter{Kind: message.System}, message.Page{Limit: 500})
		for _, m := range list {
			out = append(out, strings.TrimSpace(string(m.State)+" "+m.Reason))
		}
		return err
	})
	return out
}

func (w *world) stop(p store.PracticeID, reason string) {
	w.Helper()
	w.change(p, func(tx *store.Tx) error {
		_, err := message.Freeze(ctx, tx, reason)
		return err
	})
}

// A stop is told to the owner although it stops the practice, once, without a word that anybody typed, and to nobody of the other practice.
func TestAStopIsToldOnceInOurOwnWords(t *testing.T) {
	t.Parallel()
	each(t, func(w *world) {
		w.stop(here, "You won a prize, see evil.example")
		if n := w.look(here) + w.look(there) + w.look(here); n != 1 {
			w.Fatalf("%d notices", n)
		}
		got := w.drain()
		if len(got) != 1 || !strings.Contains(fmt.Sprint(got[0].To), "petra@practice-a.example") {
			w.Fatalf("%d mails, %v", len(got), w.fates(here))
		}
		raw := string(got[0].Raw)
		for _, bad := range []string{"evil", "prize", "WON", "Claim", "Wattle"} {
			if strings.Contains(raw, bad) {
				w.Errorf("the mail says %s", bad)
			}
		}
		if !strings.Contains(raw, "From: Letterhead <notices@mail.example>") || !strings.Contains(raw, "DKIM-Signature") || !strings.Contains(raw, "https://portal.example/stop") {
			w.Error(raw)
		}
	})
}

// Forged rows: other words, other people's words, an address that was changed since it was signed.
func TestForgedRowsLeadNowhere(t *testing.T) {
	t.Parallel()
	each(t, func(w *world) {
		w.stop(here, "test")
		w.look(here)
		w.exec(here, `UPDATE message SET digest = $2 WHERE practice = $1`, strings.Repeat("ab", 32))
		if got := w.drain(); len(got) != 0 {
			w.Errorf("with another digest %d left", len(got))
		}
		w.stop(there, "test")
		w.look(there)
		w.exec(there, `UPDATE member SET email = 'stranger@evil.example' WHERE practice = $1 AND id = 'petra'`)
		if got := w.drain(); len(got) != 0 {
			w.Errorf("to a stranger %d left", len(got))
		}
		if f := w.fates(there); len(f) != 1 || f[0] != "held unsigned" {
			w.Error(f)
		}
		// And not by asking anew.
		w.exec(there, `DELETE FROM notice WHERE practice = $1`)
		w.look(there)
		if got := w.drain(); len(got) != 0 {
			w.Errorf("to a stranger, anew, %d left", len(got))
		}
	})
}

func (w *world) invite(p store.PracticeID, email, name string) store.MemberID {
	w.Helper()
	var id store.MemberID
	w.change(p, func(tx *store.Tx) error {
		m, err := guard.AddMember(ctx, tx, guard.Member{Email: email, Name: name, Role: guard.FrontDesk})
		if err != nil {
			return err
		}
		id = m.ID
		_, err = w.door.Invite(ctx, tx, id)
		return err
	})
	return id
}

var link = regexp.MustCompile(`https://portal\.example/invitation/([A-Za-z0-9_-]{43})`)

func plainText(m sink.Mail) string {
	return strings.ReplaceAll(strings.ReplaceAll(strings.ReplaceAll(string(m.Raw), "=\r\n", ""), "=20", " "), "=3D", "=")
}

// An invitation's mail has a link that works, which stands in no row; with the address changed there is no link and no mail.
func TestAnInvitationGoesToWhomItWasMadeFor(t *testing.T) {
	t.Parallel()
	each(t, func(w *world) {
		w.invite(here, "liam@clinic.example", "You won, claim now")
		w.look(here)
		got := w.drain()
		if len(got) != 1 || strings.Contains(string(got[0].Raw), "claim") {
			w.Fatalf("%d mails, %v", len(got), w.fates(here))
		}
		found := link.FindStringSubmatch(plainText(got[0]))
		if found == nil {
			w.Fatal(plainText(got[0]))
		}
		i, err := w.door.Invitation(ctx, guard.Browser{Device: "d", Address: "127.0.0.1"}, found[1])
		if err != nil || i.Practice != here || i.Member.Email != "liam@clinic.example" {
			w.Fatal(i, err)
		}
		if raw, err := base64.RawURLEncoding.DecodeString(found[1]); err != nil || len(raw) != 32 {
			w.Error("no token")
		}
		w.exec(here, `UPDATE member SET email = 'stranger@evil.example' WHERE practice = $1 AND email = 'liam@clinic.example'`)
		w.exec(here, `DELETE FROM notice WHERE practice = $1`)
		w.look(here)
		if got := w.drain(); len(got) != 0 {
			w.Errorf("%d mails with an invitation to a stranger", len(got))
		}
		if f := strings.Join(w.fates(here), ", "); !strings.Contains(f, "dropped withdrawn") {
			w.Error(f)
		}
	})
}

// Nobody is bombed: neither strangers by invitations nor an owner by stops; and a flood of one kind keeps no other from being told.
func TestAFloodIsBounded(t *testing.T) {
	t.Parallel()
	w := newWorld(t, testkit.SQLite)
	for i := range 40 {
		w.invite(here, fmt.Sprintf("stranger%d@evil.example", i), "x")
		w.change(here, func(tx *store.Tx) error {
			_, err := message.FreezeOnly(ctx, tx, message.StopRule, fmt.Sprint("rule-", i), "flood")
			return err
		})
	}
	for range 3 {
		w.look(here)
	}
	count := map[notice.Kind]int{}
	w.change(here, func(tx *store.Tx) error {
		all, err := notice.List(ctx, tx, "", 200)
		for _, n := range all {
			count[n.Kind]++
		}
		return err
	})
	if count[notice.Invitation] != 20 || count[notice.Stopped] != 4 {
		t.Error(count)
	}
	_, err := w.owners[here].Sign(ctx, w.db, w.clock.Now(), func(_ context.Context, _ *store.Tx, s *approval.State) ([]*approval.Statement, error) {
		x := s.Draft(approval.KindHosts, "hosts", "petra")
		x.Body.Hosts = &approval.HostsBody{Hosts: []string{"evil.example"}}
		return []*approval.Statement{x}, nil
	})
	w.must(err)
	if n := w.look(here); n != 1 {
		t.Errorf("%d notices of what takes effect soon", n)
	}
	if n := w.look(there); n != 0 {
		t.Errorf("%d notices at the other practice", n)
	}
	// Tomorrow there is room again, for what is still of use.
	w.clock.Pass(25 * time.Hour)
	if n := w.look(here); n != 20 {
		t.Errorf("%d the day after", n)
	}
}

// No row holds a token or an address in clear that it did not hold before.
func TestTheRowsHoldNoSecret(t *testing.T) {
	t.Parallel()
	w := newWorld(t, testkit.SQLite)
	w.invite(here, "liam@clinic.example", "Liam")
	w.look(here)
	got := w.drain()
	token := link.FindStringSubmatch(plainText(got[0]))[1]
	w.change(here, func(tx *store.Tx) error {
		var hits int
		err := tx.Row(ctx, `SELECT (SELECT count(*) FROM message WHERE practice = $1 AND (instr(sealed, $2) > 0 OR basis || subject LIKE '%' || $2 || '%'))
			+ (SELECT count(*) FROM notice WHERE practice = $1 AND (about || form || address_index LIKE '%' || $2 || '%' OR address_index LIKE '%liam%'))
			+ (SELECT count(*) FROM invitation WHERE practice = $1 AND hash || id LIKE '%' || $2 || '%')`, token).Scan(&hits)
		if hits > 0 {
			t.Errorf("%d rows hold the token", hits)
		}
		return err
	})
	if _, err := os.Stat(filepath.Join(w.folder, "journal")); err != nil {
		t.Fatal(err)
	}
}
