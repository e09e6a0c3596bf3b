package outside

import (
	"context"
	"errors"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"letterhead/app/source"
	"letterhead/approval"
	"letterhead/client"
	"letterhead/courier"
	"letterhead/courier/chain"
	"letterhead/courier/journal"
	"letterhead/grant"
	"letterhead/guard"
	"letterhead/message"
	"letterhead/practice"
	"letterhead/public"
	"letterhead/sign/proposal"
	"letterhead/store"
	"letterhead/template"
	"letterhead/testkit"
	"letterhead/testkit/house"
	"letterhead/testkit/sink"
	"letterhead/testkit/visitor"
	"letterhead/web/mail"
	"letterhead/web/page"
	"letterhead/wording"
	"letterhead/wording/code"
)

// asker is two practices, of each of which one mail left by a grant, and who asks about them.
type asker struct {
	*house.House
	Of
	sink   *sink.SMTP
	door   *guard.Door
	grants map[store.PracticeID]grant.Grant
	sent   map[store.PracticeID]message.ID
	mails  map[store.PracticeID][]byte
	codes  map[store.PracticeID]code.Code
}

func newAsker(t *testing.T, engine testkit.Engine) *asker {
	w := &asker{House: house.New(t, engine, "2026-11-30T21:00:00Z"), grants: map[store.PracticeID]grant.Grant{}, sent: map[store.PracticeID]message.ID{},
		mails: map[store.PracticeID][]byte{}, codes: map[store.PracticeID]code.Code{}}
	w.sink, w.door = w.Sink(), visitor.Door(t, w.House.DB, w.House.Keeper)
	options := w.Options(nil, w.sink)
	options.Config.PlatformDomain = "mail.example"
	w.Of = Of{DB: w.House.DB, Keeper: w.House.Keeper, Folder: w.House.Folder, Config: options.Config}
	for _, id := range []store.PracticeID{"a", "b"} {
		w.practice(id)
	}
	var err error
	options.Source, options.System, err = source.New(w.House.Keeper, options.Config)
	w.Must(err)
	w.Drain(options)
	shape := regexp.MustCompile(`[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{2}`)
	for _, m := range w.sink.List() {
		id, _, _ := strings.Cut(m.To, "@")
		w.mails[store.PracticeID(id)] = m.Raw
		c, ok := code.Parse(shape.FindString(mail.Open(m.Raw).Text))
		if !ok {
			t.Fatalf("no code in %s", m.Raw)
		}
		w.codes[store.PracticeID(id)] = c
	}
	for id, of := range w.sent {
		if state, why, detail := w.Fate(id, of); state != message.Sent {
			t.Fatalf("%s: %s %s %s", id, state, why, detail)
		}
	}
	return w
}

// practice has a grant of the booking confirmation signed, and a message by it queued.
func (w *asker) practice(id store.PracticeID) {
	w.Helper()
	domain := string(id) + ".mail.example"
	house.Domain(w, w.House.Folder, domain, id)
	var r grant.Request
	w.Change(id, func(tx *store.Tx) error {
		ctx := w.Context()
		p := practice.New("Practice "+string(id), "AU", "Australia/Melbourne")
		p.ID, p.Domain, p.SenderLocal = id, domain, "hello"
		if _, err := practice.Add(ctx, tx, p); err != nil {
			return err
		}
		if err := template.AddStarter(ctx, tx, "mail.example"); err != nil {
			return err
		}
		m, err := guard.AddMember(ctx, tx, guard.Member{Email: "ana@example.org", Name: "Ana", Role: guard.Owner})
		if err != nil {
			return err
		}
		send, err := guard.ScopeOf(guard.MessageSend)
		if err != nil {
			return err
		}
		_, credential, err := w.door.AddCredential(ctx, tx, m, "Website", []guard.Scope{send}, tx.Now.AddDate(0, 3, 0))
		if err != nil {
			return err
		}
		keys, err := w.House.Keeper.Keys(ctx, tx)
		if err != nil {
			return err
		}
		c, err := client.Add(ctx, tx, keys, client.Client{FirstName: "Fatima", LastName: "Haddad", Email: client.Address{Written: string(id) + "@client.example"}})
		if err != nil {
			return err
		}
		v := &wording.Version{Format: wording.Format, Purpose: wording.Transactional, Sender: wording.Sender{Name: p.Name, Local: "hello", Domain: domain},
			Branding: wording.Branding{Name: p.Name, Accent: "#1f4e79"}, Hosts: []string{"wattle.example"}, DefaultLanguage: "en",
			Languages: []wording.Language{{Tag: "en", Subject: wording.Say("News"), Blocks: []wording.Block{
				wording.Text("Hello {recipient.first_name}, the lift is out of order until Friday."),
				wording.Button("How to find us", wording.Target{Kind: wording.ToURL, URL: "https://wattle.example/find-us"}), wording.Footer(wording.Say("Ring us."))}}}}
		made, _, err := template.New(ctx, tx, "News", v)
		if err != nil {
			return err
		}
		w.grants[id], err = grant.Prepare(ctx, tx, grant.Grant{Credential: credential.ID, Wording: made.ID, Day: 2, ExpiresAt: tx.Now.AddDate(0, 1, 0)})
		r = grant.Request{Grant: w.grants[id].ID, Credential: credential.ID, Client: c.ID, Channel: message.Email}
		return err
	})
	w.sign(id, func(ctx context.Context, tx *store.Tx, s *approval.State) (out []*approval.Statement, err error) {
		all, err := proposal.List(ctx, tx, s, proposal.Setting{})
		for i := range all {
			out = append(out, all[i].Statement(s, "ana"))
		}
		return out, err
	})
	w.Must(w.House.DB.Change(w.Context(), store.Actor{Practice: id, Agent: "program " + r.Credential}, func(tx *store.Tx) (err error) {
		w.sent[id], err = grant.Send(w.Context(), tx, r)
		return err
	}))
}

func (w *asker) sign(id store.PracticeID, draft func(context.Context, *store.Tx, *approval.State) ([]*approval.Statement, error)) {
	w.Helper()
	ana := w.Owner(id, "ana")
	ana.Signed = proposal.Signed
	_, err := ana.Sign(w.Context(), w.House.DB, w.Clock.Now().Add(-100*time.Hour), draft)
	w.Must(err)
}

// withdraw withdraws what was signed of a kind.
func (w *asker) withdraw(id store.PracticeID, kind approval.Kind, subject, digest string) {
	w.Helper()
	w.sign(id, func(_ context.Context, tx *store.Tx, s *approval.State) ([]*approval.Statement, error) {
		sum, err := approval.ParseDigest(digest)
		if err != nil {
			return nil, err
		}
		standing, err := s.Allows(kind, subject, sum, tx.Now)
		if err != nil {
			return nil, err
		}
		return []*approval.Statement{s.Draft(approval.KindWithdraw, standing.Digest.String(), "ana")}, nil
	})
}

// ask asks as the page does, in a process of its own.
func (w *asker) ask(c code.Code, shown public.Shown) public.Checked {
	w.Helper()
	j, err := journal.Open(courier.JournalFolder(w.House.Folder), w.Root.Installation, w.Root.Epoch)
	w.Must(err)
	defer func() { _ = j.Close() }()
	asked, err := w.checks(chain.Open(w.House.Folder, j))
	w.Must(err)
	said, err := asked.Ask(w.Context(), "", c, shown)
	w.Must(err)
	return said
}

func (w *asker) find(id store.PracticeID) (m message.Message) {
	w.Helper()
	w.Change(id, func(tx *store.Tx) (err error) {
		m, err = message.Find(w.Context(), tx, w.sent[id])
		return err
	})
	return m
}

// What is known of a mail follows its signatures, its stops and what is kept of it; another practice's never change it.
func TestAskingAboutAMail(t *testing.T) {
	t.Parallel()
	source := func(w *asker) public.Shown { return public.Shown{Mail: w.mails["a"]} }
	for name, c := range map[string]struct {
		do    func(w *asker)
		shown func(w *asker) public.Shown
		want  public.Verdict
	}{
		"its source":                     {nil, source, public.Genuine},
		"its words":                      {nil, func(w *asker) public.Shown { return public.Shown{Words: mail.Open(w.mails["a"]).Text} }, public.Genuine},
		"its code":                       {nil, nil, public.Compare},
		"another's source with its code": {nil, func(w *asker) public.Shown { return public.Shown{Mail: w.mails["b"]} }, public.Compare},
		"frozen": {func(w *asker) {
			w.Change("a", func(tx *store.Tx) error {
				_, err := message.FreezeOnly(w.Context(), tx, message.StopPractice, "", "a stolen key")
				return err
			})
		}, source, public.Withdrawn},
		"another practice frozen": {func(w *asker) {
			w.Change("b", func(tx *store.Tx) error {
				_, err := message.FreezeOnly(w.Context(), tx, message.StopPractice, "", "a stolen key")
				return err
			})
		}, source, public.Genuine},
		"its wording withdrawn": {func(w *asker) {
			m := w.find("a")
			w.withdraw("a", approval.KindWording, string(w.grants["a"].Wording), m.Digest)
		}, source, public.Withdrawn},
		"its grant withdrawn": {func(w *asker) {
			w.withdraw("a", approval.KindGrant, string(w.grants["a"].ID), w.grants["a"].Digest)
		}, source, public.Withdrawn},
		"another practice's withdrawn": {func(w *asker) {
			m := w.find("b")
			w.withdraw("b", approval.KindWording, string(w.grants["b"].Wording), m.Digest)
			w.withdraw("b", approval.KindGrant, string(w.grants["b"].ID), w.grants["b"].Digest)
		}, source, public.Genuine},
		"its salt erased": {func(w *asker) {
			w.Change("a", func(tx *store.Tx) error { return w.House.Keeper.Erase(w.Context(), tx) })
		}, source, public.Compare},
		"its leaf is not there": {func(w *asker) {
			w.Exec("a", `UPDATE message SET created_at = created_at + $2 WHERE practice = $1`, time.Hour.Microseconds())
		}, source, public.Compare},
		"another practice's code of a message with its id": {func(w *asker) {
			w.Exec("b", `UPDATE message_code SET message = $2 WHERE practice = $1`, string(w.sent["a"]))
		}, source, public.Genuine},
	} {
		for _, engine := range testkit.Engines() {
			t.Run(name+" "+string(engine), func(t *testing.T) {
				t.Parallel()
				w := newAsker(t, engine)
				if c.do != nil {
					c.do(w)
				}
				var shown public.Shown
				if c.shown != nil {
					shown = c.shown(w)
				}
				said := w.ask(w.codes["a"], shown)
				if said.Verdict != c.want || said.Name != "Practice a" || !said.At.Equal(w.find("a").LeftAt) || !slices.Equal(said.Hosts, []string{"portal.example", "wattle.example"}) {
					t.Errorf("%+v, want %d", said, c.want)
				}
				wrong := []byte(w.codes["a"])
				slices.Reverse(wrong)
				if said := w.ask(code.Code(wrong), shown); said.Verdict != public.NotOurs || said.Name != "" {
					t.Errorf("a wrong code: %+v", said)
				}
			})
		}
	}
}

// A code alone proves nothing: of a message that did not leave, and of a try that did not, nobody says that it is ours; and a version that was swapped under
// its digest is no answer.
func TestWhatDidNotLeaveIsNotOurs(t *testing.T) {
	t.Parallel()
	w := newAsker(t, testkit.SQLite)
	shown := public.Shown{Mail: w.mails["a"]}
	for _, state := range []message.State{message.Queued, message.Held, message.Dropped, message.Refused} {
		w.Exec("a", `UPDATE message SET state = $2 WHERE practice = $1`, string(state))
		if said := w.ask(w.codes["a"], shown); said.Verdict != public.NotOurs || said.Name != "" {
			t.Errorf("%s: %+v", state, said)
		}
	}
	w.Exec("a", `UPDATE message SET state = $2 WHERE practice = $1`, string(message.Sent))
	w.Exec("b", `UPDATE message_code SET practice = $2, message = $3 WHERE practice = $1`, "a", string(w.sent["a"]))
	if said := w.ask(w.codes["b"], shown); said.Verdict != public.NotOurs {
		t.Errorf("the code of another try: %+v", said)
	}
	if said := w.ask(w.codes["a"], shown); said.Verdict != public.Genuine {
		t.Errorf("its own: %+v", said)
	}
	w.Exec("a", `UPDATE wording_version SET content = (SELECT content FROM wording_version WHERE practice = $1 AND digest <> $2 LIMIT 1) WHERE practice = $1 AND digest = $2`, w.find("a").Digest)
	j, err := journal.Open(courier.JournalFolder(w.House.Folder), w.Root.Installation, w.Root.Epoch)
	w.Must(err)
	defer func() { _ = j.Close() }()
	asked, err := w.checks(chain.Open(w.House.Folder, j))
	w.Must(err)
	if said, err := asked.Ask(w.Context(), "", w.codes["a"], shown); err == nil {
		t.Errorf("another version under its digest: %+v", said)
	}
}

// A member who types a caller's code hears of their own practice's mails alone, and not too often; a practice's own page knows its mails alone.
func TestACallersCode(t *testing.T) {
	t.Parallel()
	w := newAsker(t, testkit.SQLite)
	j, err := journal.Open(courier.JournalFolder(w.House.Folder), w.Root.Installation, w.Root.Epoch)
	w.Must(err)
	defer func() { _ = j.Close() }()
	codes, err := w.Callers(chain.Open(w.House.Folder, j))
	w.Must(err)
	ask := func(id store.PracticeID, c code.Code) (page.Coded, error) {
		return codes.Code(t.Context(), store.Actor{Practice: id, Member: "ana"}, c)
	}
	if said, err := ask("a", w.codes["a"]); err != nil || said.Verdict != page.Sent || said.Message != string(w.sent["a"]) || !slices.Contains(said.Hosts, "wattle.example") {
		t.Errorf("%+v %v", said, err)
	}
	if said, err := ask("a", w.codes["b"]); err != nil || said.Verdict != page.NotOurs || said.Message != "" || said.Hosts != nil {
		t.Errorf("another practice's: %+v %v", said, err)
	}
	public, err := w.checks(chain.Open(w.House.Folder, j))
	w.Must(err)
	for id, want := range map[store.PracticeID]string{"a": "Compare", "b": ""} {
		if said, err := public.Ask(t.Context(), id, w.codes["a"], shownNothing); err != nil || (said.Name != "") != (want != "") {
			t.Errorf("%s's page: %+v %v", id, said, err)
		}
	}
	w.Change("a", func(tx *store.Tx) error {
		_, err := tx.Exec(t.Context(), `UPDATE message SET wording_version = 'erased' WHERE practice = $1`)
		return err
	})
	if said, err := ask("a", w.codes["a"]); err != nil || said.Verdict != page.Erased {
		t.Errorf("erased words: %+v %v", said, err)
	}
	for range asking.Burst {
		_, _ = ask("b", "K7QF3M9PZZ")
	}
	if _, err = ask("b", "K7QF3M9PZZ"); !errors.Is(err, errAsked) {
		t.Errorf("guessing goes on: %v", err)
	}
}

var shownNothing public.Shown
