package sign_test

import (
	"context"
	"html"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"letterhead/approval"
	"letterhead/courier/trust"
	"letterhead/message"
	"letterhead/store"
	"letterhead/template"
	"letterhead/testkit"
	"letterhead/testkit/key"
	"letterhead/wording"
)

var (
	joinLink = regexp.MustCompile(`/join#([A-Za-z0-9_-]+)`)
	seedText = regexp.MustCompile(`class="fingerprint seed">([A-Z2-7 ]+)<`)
)

// joined has a member invited and their key made and signed.
func (w *world) joined(petra *caller, name, id, role string) (*caller, *key.Key) {
	w.Helper()
	_, page := petra.form("/invite", "member", id, "role", role)
	link := joinLink.FindStringSubmatch(page)
	if link == nil {
		w.Fatalf("invite: %s", plain(page))
	}
	c, k := w.caller(w.one), key.New(w.party)
	if status, said := c.make("join", k, link[1], ""); status != http.StatusOK {
		w.Fatalf("join: %v", said)
	}
	petra.sign(name)
	c.key = k
	return c, k
}

// A key whose member has no role, or a statement that is not well made, stands in nobody's way; and the desk enrols no key without its role.
func TestOneStatementThatCannotBeSignedHoldsNoOther(t *testing.T) {
	t.Parallel()
	w := newWorld(t, testkit.SQLite)
	petra, _ := w.found(w.one)
	_, page := petra.form("/invite", "member", string(w.one.liam), "role", "manager")
	liam, lk := w.caller(w.one), key.New(w.party)
	if status, said := liam.make("join", lk, joinLink.FindStringSubmatch(page)[1], ""); status != http.StatusOK {
		t.Fatalf("join: %v", said)
	}
	petra.page("")
	if status, said := petra.trySign(petra.items("Signing key of Liam Nguyen")); status != http.StatusUnprocessableEntity || !strings.Contains(said["say"].(string), "Liam Nguyen may sign as manager") {
		t.Errorf("a key without its role: %d %v", status, said)
	}
	w.enrol(petra.key, lk, w.one.liam) // as two could, one after the other
	has(t, petra.page("/keys"), "signs nothing")
	if page := petra.page(""); strings.Contains(page, "Liam Nguyen is told at") {
		t.Errorf("an address without a role: %s", plain(page))
	}
	w.crooked = true
	has(t, petra.page(""), "This cannot be signed as it is: this is one of owner")
	_, _ = petra.form("/compose", "what", "role", "member", string(w.one.liam), "role", "manager")
	_, _ = petra.form("/compose", "what", "host", "host", "evil.example", "off", "yes")
	_, _ = petra.form("/compose", "what", "revoke", "key", lk.Subject(), "how", "lost")
	has(t, petra.sign(), "Liam Nguyen may sign as manager", "Waits for the signature of a second member", "Switch off all links", "Revoke a lost signing key", "In force")
}

func TestALostPracticeComesBackByItsRecoverySheet(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		c, k := w.caller(w.one), key.New(w.party)
		if status, said := c.make("first", k, w.one.secret, ""); status != http.StatusOK {
			t.Fatalf("ceremony: %v", said)
		}
		seed := seedText.FindStringSubmatch(c.page("/keep"))[1]
		c.key = k
		c.sign()
		if status, _ := c.get("/keep"); status != http.StatusNotFound {
			t.Errorf("the sheet is shown again: %d", status)
		}
		next, other := key.New(w.party), approval.NewRecoverySheet()
		nobody := w.caller(w.one)
		if status, _ := nobody.make("recover", key.New(w.party), "", other.Text()); status == http.StatusOK {
			t.Error("any sheet enrols a key")
		}
		if status, _ := w.caller(w.two).make("recover", key.New(w.party), "", seed); status == http.StatusOK {
			t.Error("another practice's sheet enrols a key")
		}
		status, said := nobody.make("recover", next, "", strings.ToLower(seed))
		if status != http.StatusOK || said["by"] != "Thu 5 Nov 2026, 20:00" {
			t.Fatalf("recover: %d %v", status, said)
		}
		nobody.mustUnlock(next)
		has(t, nobody.page("/keys"), "may sign from Thu 5 Nov 2026, 20:00")
		w.clock.Pass(73 * time.Hour)
		nobody.mustUnlock(next)
		_, _ = nobody.form("/compose", "what", "revoke", "key", k.Subject(), "how", "lost")
		has(t, nobody.sign("Revoke a lost signing key"), "In force")
		if status, _ := c.unlock(k); status != http.StatusForbidden {
			t.Errorf("a revoked key unlocks: %d", status)
		}
	})
}

func TestAStolenKeyIsRevokedAndWhatItSignedFalls(t *testing.T) {
	t.Parallel()
	w := newWorld(t, testkit.SQLite)
	petra, _ := w.found(w.one)
	liam, lk := w.joined(petra, "Liam Nguyen", string(w.one.liam), "manager")
	liam.mustUnlock(lk)
	w.order = &approval.OrderBody{Active: 100, Count: 10, Channel: "email", Purpose: "marketing", Root: approval.Digest{1}}
	has(t, liam.sign("to 10 recipients"), "Counts from")
	has(t, petra.page("/keys"), "entry 3, ")
	_, _ = petra.form("/compose", "what", "revoke", "key", lk.Subject(), "how", "stolen", "since", "3")
	has(t, petra.page(""), "Revoke a stolen signing key of Liam Nguyen", "what it signed from entry 3 on does not count any more")
	petra.sign("Revoke a stolen signing key")
	if status, _ := liam.get(""); status != http.StatusOK {
		t.Errorf("%d", status)
	}
	has(t, liam.page(""), "Your signing key opens the desk") // the visit ended with the key
	if status, said := liam.unlock(lk); status != http.StatusForbidden {
		t.Errorf("a revoked key unlocks: %d %v", status, said)
	}
	w.state(w.one, func(s *approval.State, now time.Time) {
		if _, err := s.Current(approval.KindOrder, "order-1", now); approval.ReasonOf(err) != approval.Void {
			t.Errorf("the order: %v", err)
		}
	})
}

func TestWhatIsComposedIsShownAndSigned(t *testing.T) {
	t.Parallel()
	w := newWorld(t, testkit.SQLite)
	petra, _ := w.found(w.one)
	var sender approval.Digest
	w.state(w.one, func(s *approval.State, now time.Time) {
		own, err := s.Current(approval.KindMember, string(w.one.petra), now)
		if err != nil || own.Statement.Body.Member.Role != approval.Owner || own.Statement.Body.Member.Address != approval.Commit(own.Statement.Nonce, "petra@example.com") {
			t.Errorf("the first set commits to the owner's own address: %v", err)
		}
	})
	w.state(w.one, func(s *approval.State, now time.Time) {
		for _, p := range s.Waiting(now) {
			if p.Statement.Kind == approval.KindSender {
				sender = p.Digest
			}
		}
	})
	for _, each := range []struct {
		what, shown string
		fields      []string
		said        string
	}{
		{"withdraw", "Withdraw: Sender", []string{"digest", sender.String()}, "In force"},
		{"host", "Switch off all links to evil.example", []string{"host", "evil.example", "off", "yes"}, "In force"},
		{"host", "Switch links to evil.example on again", []string{"host", "evil.example"}, "Counts from"},
		{"role", "Jo Costa may sign as front desk", []string{"member", string(w.one.jo), "role", "front desk", "alone", "10"}, "In force"},
		{"recovery", "Recovery sheet of Petra", []string{}, "In force"},
		{"channel", "petra@example.com", []string{}, "Counts from"}, // a change of one's own address waits, as a change of role does
	} {
		status, page := petra.form("/compose", append([]string{"what", each.what}, each.fields...)...)
		if status != http.StatusSeeOther {
			t.Fatalf("%s: %d %s", each.what, status, plain(page))
		}
		has(t, html.UnescapeString(petra.page("")), each.shown)
		has(t, petra.sign(strings.Split(each.shown, ":")[0]), each.said)
	}
	w.state(w.one, func(s *approval.State, now time.Time) {
		if jo, err := s.Current(approval.KindMember, string(w.one.jo), now); err != nil || jo.Statement.Body.Member.Alone != 10 {
			t.Errorf("role: %v", err)
		}
	})
	for name, fields := range map[string][]string{
		"a key that there is not": {"what", "revoke", "key", "x"}, "a role that there is not": {"what", "role", "member", string(w.one.jo), "role", "king"},
		"somebody else": {"what", "role", "member", string(w.two.jo) + "x", "role", "owner"}, "nothing": {"what", "nothing"}, "no stop": {"what", "lift"}, "no digest": {"what", "withdraw", "digest", "x"},
	} {
		if status, _ := petra.form("/compose", fields...); status < 400 || status >= 500 {
			t.Errorf("%s: %d", name, status)
		}
	}
}

// A member's row that was changed between looking and signing is not what was shown.
func TestAnAddressThatWasSwappedIsNotSigned(t *testing.T) {
	t.Parallel()
	w := newWorld(t, testkit.SQLite)
	petra, _ := w.found(w.one)
	set := func(email string) {
		w.check(w.db.Change(context.Background(), store.Actor{Practice: w.one.id, Agent: "thief"}, func(tx *store.Tx) error {
			_, err := tx.Exec(context.Background(), `UPDATE member SET email = $3 WHERE practice = $1 AND id = $2`, string(w.one.petra), email)
			return err
		}))
	}
	set("moved@example.com")
	if page := html.UnescapeString(petra.page("")); !strings.Contains(page, "moved@example.com") {
		t.Errorf("the new address is not shown: %s", plain(page))
	}
	items := petra.items("moved@example.com")
	set("thief@evil.example")
	if status, said := petra.trySign(items); status != http.StatusConflict {
		t.Errorf("signed %v: %d %v", items, status, said)
	}
}

// An invitation is used once, by whoever has its secret, within its time; what comes of it is nobody's until it is signed.
func TestAnInvitationIsForOneKey(t *testing.T) {
	t.Parallel()
	w := newWorld(t, testkit.SQLite)
	petra, _ := w.found(w.one)
	_, page := petra.form("/invite", "member", string(w.one.liam), "role", "manager")
	link := joinLink.FindStringSubmatch(page)[1]
	liam := w.caller(w.one)
	if status, _ := w.caller(w.two).post("/p/"+string(w.two.id)+"/ask", object{"for": "join", "secret": link}); status != http.StatusForbidden {
		t.Errorf("at another practice: %d", status)
	}
	if status, said := liam.make("join", key.New(w.party), link, ""); status != http.StatusOK {
		t.Fatalf("%v", said)
	}
	if status, _ := liam.post("/p/"+string(w.one.id)+"/ask", object{"for": "join", "secret": link}); status != http.StatusForbidden {
		t.Errorf("a second time: %d", status)
	}
	has(t, petra.page("/keys"), "has made a key, fingerprint")
	_, page = petra.form("/invite", "member", string(w.one.jo), "role", "front desk")
	w.clock.Pass(8 * 24 * time.Hour)
	if status, _ := liam.post("/p/"+string(w.one.id)+"/ask", object{"for": "join", "secret": joinLink.FindStringSubmatch(page)[1]}); status != http.StatusForbidden {
		t.Errorf("after a week: %d", status)
	}
	petra.mustUnlock(petra.key)
	has(t, petra.page(""), "Nothing waits for your signature")
	if status, _ := petra.form("/invite", "member", "nobody", "role", "manager"); status < 400 {
		t.Errorf("somebody who is not in the team: %d", status)
	}
}

func TestASecretIsWorthNothingAfterItsTimeOrOnceANewOneWasMade(t *testing.T) {
	t.Parallel()
	w := newWorld(t, testkit.SQLite)
	old := w.one.secret
	var err error
	w.one.secret, err = trust.Expect(w.folder, w.one.id, w.clock.Now().Add(time.Hour))
	w.check(err)
	if status, _ := w.caller(w.one).make("first", key.New(w.party), old, ""); status != http.StatusForbidden {
		t.Errorf("an older secret: %d", status)
	}
	w.clock.Pass(time.Hour)
	if status, _ := w.caller(w.one).make("first", key.New(w.party), w.one.secret, ""); status != http.StatusForbidden {
		t.Errorf("after its time: %d", status)
	}
}

// A template that was edited says on the list what changed.
func TestAnEditedTemplateShowsWhatChanged(t *testing.T) {
	t.Parallel()
	w := newWorld(t, testkit.SQLite)
	petra, _ := w.found(w.one)
	w.check(w.db.Change(context.Background(), store.Actor{Practice: w.one.id, Agent: "test"}, func(tx *store.Tx) error {
		id := w.one.starter["cancelled"]
		current, err := template.CurrentVersions(context.Background(), tx)
		if err != nil {
			return err
		}
		v, err := template.Read(context.Background(), tx, current[id].ID)
		if err != nil {
			return err
		}
		v.Languages[0].Blocks = append([]wording.Block{wording.Text("We are sorry about the flood.")}, v.Languages[0].Blocks...)
		_, err = template.NewVersion(context.Background(), tx, id, current[id].ID, v)
		return err
	}))
	page := petra.page("")
	has(t, page, "1 thing waits", "Cancellation, version 2", "Changed since the version in force", `<span class="line new"><bdi>We are sorry about the flood.</bdi></span>`)
	has(t, petra.sign(), "In force")
}

// A database that lost entries allows nothing; the desk says so, and the record goes on once that is signed.
func TestALossIsSaidAndSignedFor(t *testing.T) {
	t.Parallel()
	w := newWorld(t, testkit.SQLite)
	petra, k := w.found(w.one)
	_, _ = petra.form("/compose", "what", "host", "host", "evil.example", "off", "yes")
	petra.sign("evil.example")
	w.check(w.db.Change(context.Background(), store.Actor{Practice: w.one.id, Agent: "test"}, func(tx *store.Tx) error {
		_, err := tx.Exec(context.Background(), `DELETE FROM approval WHERE practice = $1 AND position = $2`, 2)
		return err
	}))
	again := w.caller(w.one)
	again.mustUnlock(k)
	has(t, again.page(""), "The database knows less", "what was signed after it, up to entry 2")
	has(t, again.sign(), "In force")
	w.state(w.one, func(s *approval.State, now time.Time) {
		if s.Behind() != nil || s.Head().Position != 2 {
			t.Errorf("%+v %v", s.Head(), s.Behind())
		}
	})
}

// A stop is shown, and ends with a signature over every one of them.
func TestAStopEndsWithASignature(t *testing.T) {
	t.Parallel()
	w := newWorld(t, testkit.SQLite)
	petra, _ := w.found(w.one)
	actor := store.Actor{Practice: w.one.id, Agent: "test"}
	stop := func(scope message.Scope, subject, reason string) {
		w.check(w.db.Change(context.Background(), actor, func(tx *store.Tx) error {
			_, err := message.FreezeOnly(context.Background(), tx, scope, subject, reason)
			return err
		}))
	}
	open := func() (n int) {
		w.check(w.db.View(context.Background(), actor, func(tx *store.Tx) error {
			stops, err := message.Frozen(context.Background(), tx)
			n = len(stops)
			return err
		}))
		return n
	}
	stop(message.StopPractice, "", "a prize draw in our name")
	has(t, petra.page(""), "Sending is stopped since Mon 2 Nov 2026, 20:00: a prize draw in our name")
	has(t, petra.page("/keys"), "Let messages go again")
	_, _ = petra.form("/compose", "what", "lift")
	stop(message.StopHost, "evil.example", "another one")
	petra.sign("Let messages go again")
	if open() == 0 {
		t.Error("a stop that came later ended too")
	}
	_, _ = petra.form("/compose", "what", "lift")
	has(t, petra.sign("Let messages go again"), "In force")
	if open() != 0 {
		t.Error("the stops are still there")
	}
	if status, page := petra.form("/lock"); status != http.StatusSeeOther {
		t.Errorf("%d %s", status, page)
	}
	has(t, petra.page(""), "Your signing key opens the desk")
}
