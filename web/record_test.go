package web

import (
	"bytes"
	"context"
	"crypto/sha256"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"letterhead/approval"
	"letterhead/approval/assertion"
	"letterhead/courier/trust"
	"letterhead/guard"
	"letterhead/ledger"
	"letterhead/ledger/evidence"
	"letterhead/ledger/leaf"
	"letterhead/store"
	"letterhead/testkit"
	"letterhead/testkit/browser"
	"letterhead/testkit/key"
	"letterhead/web/page"
)

// log is a record of messages in which practices are, with what a process at the courier's folder would say of it.
type log struct {
	w      *world
	key    *ledger.Key
	chains map[store.PracticeID]*key.Chain
	roots  map[store.PracticeID]string
	about  page.About
}

const installation = "0198f000-0000-7000-8000-0000000000ff"

func (l *log) About(_ context.Context, practice store.PracticeID) (page.About, error) {
	out := l.about
	out.Fingerprint, out.LogKey = l.roots[practice], l.key.Text
	return out, nil
}

func (l *log) Evidence(ctx context.Context, practice store.PracticeID, out io.Writer) error {
	return ledger.Export{DB: l.w.db, Practice: practice, Log: l.key.Verifier, Desks: []assertion.Party{key.Desk}}.Write(ctx, out)
}

// newLog keeps a record for the world's practices.
func (w *world) newLog() *log {
	w.Helper()
	k, err := ledger.MakeKey(w.TempDir(), installation, 1)
	if err != nil {
		w.Fatal(err)
	}
	l := &log{w: w, key: k, chains: map[store.PracticeID]*key.Chain{}, roots: map[store.PracticeID]string{}}
	w.record = l
	w.signed = func(_ context.Context, tx *store.Tx, read func(*approval.State) error) error {
		if c := l.chains[tx.Practice]; c != nil {
			return read(c.State)
		}
		return read(approval.NewState(approval.Anchor{Installation: installation, Epoch: 1, Practice: tx.Practice}))
	}
	w.pages, err = New(Config{DB: w.db, Keeper: w.keeper, Door: w.door, Hosts: []string{host}, Log: slog.New(slog.NewTextHandler(w.log, nil)), Record: l, Signed: w.signed})
	if err != nil {
		w.Fatal(err)
	}
	return l
}

// sent puts n reminders of a practice on record, by a rule that its owner signed, and what became of them.
func (l *log) sent(h home, n int) {
	w := l.w
	w.Helper()
	var owner guard.Member
	w.view(h, func(ctx context.Context, tx *store.Tx) (err error) { owner, err = guard.OwnerOf(ctx, tx); return err })
	root := key.New(key.Desk)
	chain, err := key.Found(installation, h.id, owner.ID, root, w.clock.Now())
	if err != nil {
		w.Fatal(err)
	}
	rule, wording := chain.State.Draft(approval.KindRule, "reminder-2-days", owner.ID), chain.State.Draft(approval.KindWording, "w", owner.ID)
	rule.Digest, wording.Digest = sha256.Sum256([]byte("rule")), sha256.Sum256([]byte("version"))
	rule.Body.Rule = &approval.RuleBody{Channel: "email", Purpose: "appointments", Wording: "w"}
	wording.Body.Wording = &approval.WordingBody{Purpose: "appointments"}
	if _, err := chain.Sign(root, rule, wording); err != nil {
		w.Fatal(err)
	}
	l.chains[h.id] = chain
	l.roots[h.id] = trust.Root{Practice: h.id, Key: root.Subject(), PublicKey: root.COSE}.Fingerprint(installation)
	bodies, err := ledger.Statements(chain.Entries...)
	if err != nil {
		w.Fatal(err)
	}
	by, words, version := chain.Entries[1].Sheet.Statements[0], chain.Entries[1].Sheet.Statements[1], leaf.Hash(wording.Digest)
	if rule, err := rule.Sum(); err != nil || rule != by {
		by, words = words, by // a sheet sorts what it holds
	}
	for i := range n {
		salt := leaf.NewSalt()
		bodies = append(bodies, &leaf.Message{Class: leaf.ClassRule, Channel: leaf.Email, Version: version, Approval: leaf.Hash(by), Wording: leaf.Hash(words), Links: leaf.Links(nil),
			Recipient: salt.Recipient(leaf.Email, strconv.Itoa(i)), Text: salt.Text(version), Words: salt.Words(version)})
	}
	bodies = append(bodies, &leaf.Outcome{Results: []leaf.Result{{Sequence: 4, Fate: leaf.Sent}, {Sequence: uint64(3 + n), Fate: leaf.Refused}}})
	var entries []ledger.Entry
	for _, b := range bodies {
		entries = append(entries, ledger.Entry{Practice: h.id, Label: ledger.LabelOf(chain.Entries[0]), Body: b})
	}
	for _, e := range chain.Entries {
		w.change(h, func(ctx context.Context, tx *store.Tx) error { return approval.Append(ctx, tx, e) })
	}
	err = w.db.Whole(context.Background(), "test", func(x *store.Wide) error {
		_, _, err := ledger.Append(context.Background(), x, entries)
		return err
	})
	if err == nil {
		_, err = ledger.Checkpoint(context.Background(), w.db, l.key)
	}
	if err != nil {
		w.Fatal(err)
	}
}

// The page shows what is on record of this practice, by whom it was approved and what became of it, page by page; the file that it gives verifies.
func TestEverythingOnRecordIsShown(t *testing.T) {
	t.Parallel()
	each(t, func(w *world) {
		w.says(w.get("/messages"), 200, "Everything sent in our name")
		w.says(w.get("/messages/record"), 200, "Nothing is on record yet")
		if a := w.get("/messages/record/evidence"); a.Code != 404 {
			t.Errorf("a file from nowhere: %d", a.Code)
		}
		l := w.newLog()
		w.says(w.get("/messages/record"), 200, "Nothing is on record yet", "by nobody")
		l.sent(w.one, 60)
		l.sent(w.two, 7)
		first := w.get("/messages/record")
		w.says(first, 200, "Reminder 2 days before", "Not delivered", "The last 30 days", "60", l.roots[w.one.id], l.key.Text, "Older")
		w.silent(first, l.roots[w.two.id])
		if n := strings.Count(first.words(), "Reminder 2 days before"); n != 25 {
			t.Errorf("%d on the first page", n)
		}
		w.says(w.get("/messages/record?before=14"), 200, "Newest", "Sent")
		day := w.get("/messages/record?before=64") // where the day leads: its last message comes first
		if n := strings.Count(day.words(), "Reminder 2 days before"); n != 25 || !strings.Contains(first.body, `href="/messages/record?before=64"`) || strings.Index(first.body, "The last 30 days") > strings.Index(first.body, "Reminder 2 days before") {
			t.Errorf("%d of the day, or no way to it", n)
		}
		w.says(w.get("/messages/record?before=x"), 200, "Reminder 2 days before")
		l.about = page.About{Size: 70, At: w.clock.Now(), Wanted: 1, Names: []string{"witness.example/w1"}, Witnessed: w.clock.Now()}
		w.says(w.get("/messages/record"), 200, "by witness.example/w1")
		l.about.Since = w.clock.Now().Add(-2 * time.Hour)
		w.says(w.get("/messages/record"), 200, "unwitnessed since", "the last to sign was witness.example/w1", "Not witnessed")
		file := w.get("/messages/record/evidence")
		if file.Code != 200 || !strings.Contains(file.Header().Get("Content-Disposition"), "attachment") {
			t.Fatalf("%d %v", file.Code, file.Header())
		}
		var want bytes.Buffer
		if err := l.Evidence(t.Context(), w.one.id, &want); err != nil || want.String() != file.Body.String() {
			t.Error("the file is another one: ", err)
		}
		r, err := evidence.Verify(strings.NewReader(file.Body.String()), evidence.Expect{Root: l.roots[w.one.id], LogKey: l.key.Text})
		if err != nil || r.Messages != 60 || r.Practice != string(w.one.id) {
			t.Errorf("%+v %v", r, err)
		}
	})
}

// Seen at a desk and on a phone: without barriers, without scrolling sideways.
func TestTheRecordInABrowser(t *testing.T) {
	t.Parallel()
	w := newWorld(t, testkit.SQLite)
	l := w.newLog()
	l.sent(w.one, 60)
	l.about = page.About{Size: 70, At: w.clock.Now(), Wanted: 1, Names: []string{"witness.example/w1"}, Witnessed: w.clock.Now()}
	site, tab := w.site(), browser.Open(t)
	if err := chromedp.Do(tab, chromedp.Navigate(site+"/enter")); err != nil {
		t.Fatal(err)
	}
	for _, wide := range []int64{1280, 390} {
		if err := chromedp.Do(tab, chromedp.EmulateViewport(wide, 900), chromedp.Navigate(site+"/messages/record")); err != nil {
			t.Fatal(err)
		}
		if sideways, err := chromedp.Run(tab, chromedp.Evaluate[bool](`document.documentElement.scrollWidth > document.documentElement.clientWidth`)); err != nil || sideways {
			t.Errorf("%d wide: it scrolls sideways (%v)", wide, err)
		}
		for _, barrier := range browser.Barriers(t, tab) {
			t.Errorf("%d wide: %s", wide, barrier)
		}
		if folder := os.Getenv("LETTERHEAD_SHOTS"); folder != "" {
			shot, err := chromedp.Run(tab, chromedp.FullScreenshot(100))
			if err == nil {
				err = os.WriteFile(filepath.Join(folder, "record-"+strconv.FormatInt(wide, 10)+".png"), shot, 0o600)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
	}
}

func (l *log) Leaf(ctx context.Context, practice store.PracticeID, since time.Time, fits func(*leaf.Leaf) bool) (out ledger.Proved, err error) {
	err = l.w.db.WholeView(ctx, "test", func(x *store.Wide) (err error) {
		out, err = ledger.FindProved(ctx, x, l.key.Verifier, practice, store.Micro(since), 10_000, fits)
		return err
	})
	return out, err
}
