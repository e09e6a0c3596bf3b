package sign_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"letterhead/approval"
	"letterhead/courier/trust"
	"letterhead/testkit"
	"letterhead/testkit/key"
)

func each(t *testing.T, test func(t *testing.T, w *world)) {
	t.Helper()
	for _, engine := range testkit.Engines() {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			test(t, newWorld(t, engine))
		})
	}
}

func has(t testing.TB, page string, wanted ...string) {
	t.Helper()
	for _, each := range wanted {
		if !strings.Contains(page, each) {
			t.Errorf("the page lacks %q:\n%s", each, plain(page))
		}
	}
}

var tags = regexp.MustCompile(`(?s)<style.*?</style>|<[^>]*>`)

func plain(page string) string {
	return strings.Join(strings.Fields(tags.ReplaceAllString(page, " ")), " ")
}

func TestTheCeremonyPinsAKeyAndSignsTheStarterSet(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		c, k := w.caller(w.one), key.New(w.party)
		if status, said := c.make("first", k, w.two.secret, ""); status != http.StatusForbidden {
			t.Fatalf("another practice's secret: %d %v", status, said)
		}
		if status, said := c.make("first", k, w.one.secret, ""); status != http.StatusOK || said["go"] != "/p/"+string(w.one.id)+"/keep" {
			t.Fatalf("ceremony: %d %v", status, said)
		}
		if root, err := trust.ReadRoot(w.folder, w.one.id); err != nil || root.Key != "" {
			t.Fatalf("a key is pinned before its first signature: %+v %v", root, err)
		}
		has(t, c.page("/keep"), "Fingerprint of the first key", "Recovery sheet")
		c.key = k
		has(t, c.page(""), "Signing key of Petra Schäfer", "Recovery sheet of Petra Schäfer", "appointments@wattle.mail.letterhead.test", "counts after 30 minutes", "<iframe",
			"7 days before the appointment, at 10:00", "3 minutes after an appointment was booked", "whichever channel the client prefers")
		result := c.sign()
		has(t, result, "In force", "Counts from Mon 2 Nov 2026, 20:30")
		root, err := trust.ReadRoot(w.folder, w.one.id)
		if err != nil || root.Key != k.Subject() {
			t.Fatalf("pinned: %+v %v", root, err)
		}
		if w.signed != 1 || w.woken != 1 {
			t.Errorf("told %d times, woken %d times", w.signed, w.woken)
		}
		w.state(w.one, func(s *approval.State, now time.Time) {
			if s.Head().Position != 1 || len(s.Keys()) != 2 || !s.PracticeOfOne() {
				t.Errorf("%+v %+v", s.Head(), s.Keys())
			}
			for name, id := range w.one.starter {
				if _, err := s.Current(approval.KindWording, string(id), now); err != nil {
					t.Errorf("%s: %v", name, err)
				}
			}
			if _, err := s.Current(approval.KindSender, "email", now); approval.ReasonOf(err) != approval.Waiting {
				t.Errorf("sender: %v", err)
			}
		})
		has(t, c.page(""), "Nothing waits for your signature", "Signed, and waits", "Counts from")
		if status, said := w.caller(w.one).make("first", key.New(w.party), w.one.secret, ""); status != http.StatusConflict {
			t.Errorf("a second first key: %d %v", status, said)
		}
	})
}

// A key that was pinned and signed nothing (the machine died between) can still sign the first entry.
func TestAPinnedKeyWithoutAnEntryGoesOn(t *testing.T) {
	t.Parallel()
	w := newWorld(t, testkit.SQLite)
	k := key.New(w.party)
	proof, err := trust.Proof(w.one.secret, k.COSE)
	w.check(err)
	_, err = trust.Pin(w.folder, w.one.id, w.one.secret, k.Subject(), k.COSE, proof, w.clock.Now())
	w.check(err)
	c := w.caller(w.one)
	c.mustUnlock(k)
	c.sign()
	w.state(w.one, func(s *approval.State, _ time.Time) {
		if s.Head().Position != 1 || s.Keys()[0].Subject == "" {
			t.Errorf("%+v", s.Head())
		}
	})
}

func TestASecondMemberJoinsAndAnOrderNeedsTwo(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		petra, _ := w.found(w.one)
		status, page := petra.form("/invite", "member", string(w.one.liam), "role", "manager")
		link := regexp.MustCompile(`/join#([A-Za-z0-9_-]+)`).FindStringSubmatch(page)
		if status != http.StatusOK || link == nil {
			t.Fatalf("invite: %d %s", status, plain(page))
		}
		liam, lk := w.caller(w.one), key.New(w.party)
		status, said := liam.make("join", lk, link[1], "")
		if status != http.StatusOK || said["by"] != "Petra Schäfer" {
			t.Fatalf("join: %d %v", status, said)
		}
		challenge, to := liam.ask("unlock", "")
		if status, _ := liam.post(to, answerOf(lk.Sign(challenge))); status != http.StatusForbidden {
			t.Errorf("a key that nobody signed unlocks: %d", status)
		}
		has(t, petra.page(""), said["fingerprint"].(string), "Signing key of Liam Nguyen", "may sign as manager")
		has(t, petra.sign("Liam Nguyen"), "In force")
		w.clock.Pass(80 * time.Hour)
		w.order = &approval.OrderBody{Active: 100, Count: 60, Channel: "email", Purpose: "marketing", Root: approval.Digest{1}}
		liam.mustUnlock(lk)
		has(t, liam.page(""), "to 60 recipients", "then a second member", "<iframe")
		has(t, liam.sign("to 60 recipients"), "Waits for the signature of a second member", w.party.Origin+"/p/"+string(w.one.id))
		petra.mustUnlock(petra.key)
		has(t, petra.page(""), "Liam Nguyen signed")
		has(t, petra.sign("to 60 recipients"), "Counts from ")
	})
}
