package notice_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"letterhead/approval"
	"letterhead/courier/chain"
	"letterhead/courier/sender"
	"letterhead/guard"
	"letterhead/message"
	"letterhead/notice"
	"letterhead/plan"
	"letterhead/practice"
	"letterhead/store"
	"letterhead/testkit"
	"letterhead/testkit/house"
	"letterhead/testkit/owner"
	"letterhead/testkit/sink"
	"letterhead/testkit/visitor"
)

// world is two practices with the same ids in them, a courier's folder, and a relay.
type world struct {
	*house.House
	door   *guard.Door
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

func newWorld(t testing.TB, engine testkit.Engine) *world {
	t.Helper()
	w := &world{House: house.New(t, engine, "2026-11-30T21:00:00Z"), owners: map[store.PracticeID]*owner.Owner{}}
	w.Member = "petra"
	w.door, w.sink = visitor.Door(t, w.DB, w.Keeper), w.Sink()
	_, err := sender.New(w.Folder, "mail.example").Add("mail.example", "", w.Clock.Now())
	w.Must(err)
	w.words, err = notice.New("notices@mail.example", "https://portal.example")
	w.Must(err)
	for _, p := range []store.PracticeID{here, there} {
		w.practice(p)
	}
	return w
}

// practice has a payload for a name, and an owner who has come in and signed where they are told.
func (w *world) practice(id store.PracticeID) {
	w.Helper()
	w.Change(id, func(tx *store.Tx) error {
		p := practice.New("YOU WON! claim at evil.example", "AU", "Australia/Melbourne")
		p.ID, p.SenderLocal = id, "hello"
		if _, err := practice.Add(ctx, tx, p); err != nil {
			return err
		}
		if _, err := w.Keeper.Keys(ctx, tx); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `INSERT INTO member (practice, id, email, name, role, created_at, ended_at, person, sees) VALUES ($1, 'petra', $2, '<b>Claim</b> https://evil.example', 'owner', 0, 0, 'person', 'all')`,
			"petra@"+string(id)+".example")
		return err
	})
	o := w.Owner(id, "petra")
	w.owners[id] = o
	_, err := o.Sign(ctx, w.DB, w.Clock.Now().Add(-100*time.Hour), func(_ context.Context, _ *store.Tx, s *approval.State) ([]*approval.Statement, error) {
		x := s.Draft(approval.KindMember, "petra", "petra")
		x.Body.Member = &approval.MemberBody{Role: approval.Owner, Channel: "email", Address: approval.Commit(x.Nonce, "petra@"+string(id)+".example")}
		return []*approval.Statement{x}, nil
	})
	w.Must(err)
}

// look has the members of a practice told, and returns how many messages were queued.
func (w *world) look(p store.PracticeID) int {
	w.Helper()
	j := w.Journal()
	n, err := notice.Teller{Words: w.words, Keeper: w.Keeper, DB: w.DB}.Look(ctx, p, chain.Open(w.Folder, j), nil)
	w.Must(err)
	w.Must(j.Close())
	return n
}

// drain lets everything go, and returns the mails that came since.
func (w *world) drain() []sink.Mail {
	w.Helper()
	source, err := notice.NewSource(plan.NewSource(w.Keeper), w.words, w.Keeper)
	w.Must(err)
	before := w.sink.Count()
	options := w.Options(source, w.sink)
	options.System, options.Config.PlatformDomain = w.words.Is, "mail.example"
	w.Drain(options)
	return w.sink.List()[before:]
}

// fates are the states and reasons of a practice's messages.
func (w *world) fates(p store.PracticeID) (out []string) {
	w.Helper()
	w.Change(p, func(tx *store.Tx) error {
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
	w.Change(p, func(tx *store.Tx) error {
		_, err := message.FreezeOnly(ctx, tx, message.StopPractice, "", reason)
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
		w.Exec(here, `UPDATE message SET digest = $2 WHERE practice = $1`, strings.Repeat("ab", 32))
		if got := w.drain(); len(got) != 0 {
			w.Errorf("with another digest %d left", len(got))
		}
		w.stop(there, "test")
		w.look(there)
		w.Exec(there, `UPDATE member SET email = 'stranger@evil.example' WHERE practice = $1 AND id = 'petra'`)
		if got := w.drain(); len(got) != 0 {
			w.Errorf("to a stranger %d left", len(got))
		}
		if f := w.fates(there); len(f) != 1 || f[0] != "held unsigned" {
			w.Error(f)
		}
		// And not by asking anew.
		w.Exec(there, `DELETE FROM notice WHERE practice = $1`)
		w.look(there)
		if got := w.drain(); len(got) != 0 {
			w.Errorf("to a stranger, anew, %d left", len(got))
		}
	})
}

func (w *world) invite(p store.PracticeID, email, name string) store.MemberID {
	w.Helper()
	var id store.MemberID
	w.Change(p, func(tx *store.Tx) error {
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
		w.Exec(here, `UPDATE member SET email = 'stranger@evil.example' WHERE practice = $1 AND email = 'liam@clinic.example'`)
		w.Exec(here, `DELETE FROM notice WHERE practice = $1`)
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
		w.Change(here, func(tx *store.Tx) error {
			_, err := message.FreezeOnly(ctx, tx, message.StopRule, fmt.Sprint("rule-", i), "flood")
			return err
		})
	}
	for range 3 {
		w.look(here)
	}
	count := map[notice.Kind]int{}
	w.Change(here, func(tx *store.Tx) error {
		all, err := notice.List(ctx, tx, "", 200)
		for _, n := range all {
			count[n.Kind]++
		}
		return err
	})
	if count[notice.Invitation] != 20 || count[notice.Stopped] != 4 {
		t.Error(count)
	}
	_, err := w.owners[here].Sign(ctx, w.DB, w.Clock.Now(), func(_ context.Context, _ *store.Tx, s *approval.State) ([]*approval.Statement, error) {
		x := s.Draft(approval.KindHosts, "hosts", "petra")
		x.Body.Hosts = &approval.HostsBody{Hosts: []string{"evil.example"}}
		return []*approval.Statement{x}, nil
	})
	w.Must(err)
	if n := w.look(here); n != 1 {
		t.Errorf("%d notices of what takes effect soon", n)
	}
	if n := w.look(there); n != 0 {
		t.Errorf("%d notices at the other practice", n)
	}
	// Tomorrow there is room again, for what is still of use.
	w.Clock.Pass(25 * time.Hour)
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
	w.Change(here, func(tx *store.Tx) error {
		var hits int
		err := tx.Row(ctx, `SELECT (SELECT count(*) FROM message WHERE practice = $1 AND (instr(sealed, $2) > 0 OR basis || subject LIKE '%' || $2 || '%'))
			+ (SELECT count(*) FROM notice WHERE practice = $1 AND (about || form || address_index LIKE '%' || $2 || '%' OR address_index LIKE '%liam%'))
			+ (SELECT count(*) FROM invitation WHERE practice = $1 AND hash || id LIKE '%' || $2 || '%')`, token).Scan(&hits)
		if hits > 0 {
			t.Errorf("%d rows hold the token", hits)
		}
		return err
	})
	if _, err := os.Stat(filepath.Join(w.Folder, "journal")); err != nil {
		t.Fatal(err)
	}
}
