package sign_test

import (
	"encoding/json"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"letterhead/approval"
	"letterhead/approval/assertion"
	"letterhead/sign"
	"letterhead/testkit"
	"letterhead/testkit/key"
)

var pattern = regexp.MustCompile(`^(GET|POST) (\S+)`)

// Every route: by nobody, by another practice's key, from another site, by another method, with too much in it.
func TestTheRouteTableIsWalked(t *testing.T) {
	t.Parallel()
	w := newWorld(t, testkit.SQLite)
	petra, _ := w.found(w.one)
	stranger, _ := w.found(w.two)
	stranger.house = w.one
	nobody := w.caller(w.one)
	lines := sign.Table()
	if len(lines) < 20 {
		t.Fatalf("only %d routes", len(lines))
	}
	for _, line := range lines {
		found := pattern.FindStringSubmatch(line)
		if found == nil {
			continue // the answer to unknown addresses
		}
		method, path := found[1], strings.NewReplacer("{practice}", string(w.one.id), "{item}", "x", "{language}", "0", "{example}", "0", "{sheet}", "x", "{$}", "").Replace(found[2])
		locked := strings.Contains(line, "desk, signing key")
		if !strings.Contains(line, ": ") || !locked && !strings.Contains(line, "desk, public") {
			t.Errorf("%s says neither who nor why", line)
		}
		ask := func(c *caller, method, kind, body string, head ...string) int {
			r := c.request(method, path, kind, strings.NewReader(body))
			for i := 0; i+1 < len(head); i += 2 {
				r.Header.Set(head[i], head[i+1])
			}
			status, _ := (&caller{w: w, house: c.house, cookie: c.cookie}).do(r)
			return status
		}
		if got := ask(nobody, method, "", ""); locked && got != http.StatusForbidden {
			t.Errorf("%s by nobody: %d", line, got)
		}
		if got := ask(stranger, method, "", ""); strings.Contains(path, "/p/") && got != http.StatusNotFound {
			t.Errorf("%s by another practice's key: %d", line, got)
		}
		for _, site := range []string{"cross-site", "same-site"} {
			if got := ask(petra, method, "application/json", "{}", "Sec-Fetch-Site", site, "Sec-Fetch-Mode", "cors", "Sec-Fetch-Dest", "empty"); got != http.StatusForbidden {
				t.Errorf("%s from a page that is %s: %d", line, site, got)
			}
		}
		if got := ask(petra, method, "application/x-www-form-urlencoded", "", "Origin", "https://evil.example"); method == http.MethodPost && got != http.StatusForbidden {
			t.Errorf("%s from another origin: %d", line, got)
		}
		if got := ask(petra, http.MethodPut, "", ""); got != http.StatusMethodNotAllowed && got != http.StatusNotFound {
			t.Errorf("PUT %s: %d", line, got)
		}
		for _, kind := range []string{"application/json", "application/x-www-form-urlencoded"} {
			body := `{"for":"` + strings.Repeat("x", 200<<10) + `"}`
			if got := ask(petra, method, kind, body); method == http.MethodPost && !strings.HasSuffix(path, "/lock") && got != http.StatusBadRequest && got != http.StatusUnprocessableEntity {
				t.Errorf("%s with too much: %d", line, got)
			}
		}
	}
	if status, _ := nobody.do(nobody.request(http.MethodGet, "/p/00000000-0000-7000-8000-000000000000", "", nil)); status != http.StatusNotFound {
		t.Errorf("a practice that there is not: %d", status)
	}
	r := nobody.request(http.MethodGet, "/", "", nil)
	r.Host = "localhost:8080"
	if status, _ := nobody.do(r); status != http.StatusMisdirectedRequest {
		t.Errorf("another host: %d", status)
	}
}

func TestAChallengeIsAnsweredOnceInTimeForItsPurposeAndPractice(t *testing.T) {
	t.Parallel()
	w := newWorld(t, testkit.SQLite)
	_, k := w.found(w.one)
	c := w.caller(w.one)
	unlock := "/p/" + string(w.one.id) + "/unlock"
	refused := func(name string, status int, said object) {
		t.Helper()
		if status != http.StatusForbidden {
			t.Errorf("%s: %d %v", name, status, said)
		}
	}
	challenge, _ := c.ask("unlock", "")
	answer := answerOf(k.Sign(challenge))
	if status, said := c.post(unlock, answer); status != http.StatusOK {
		t.Fatalf("%d %v", status, said)
	}
	status, said := c.post(unlock, answer)
	refused("a second time", status, said)
	other := w.caller(w.two)
	challenge, to := other.ask("unlock", "")
	status, said = other.post(to, answerOf(k.Sign(challenge)))
	refused("the key of another practice", status, said)
	status, said = c.post(unlock, answerOf(k.Sign(challenge)))
	refused("another practice's challenge", status, said)
	challenge, _ = c.ask("recover", "")
	status, said = c.post(unlock, answerOf(k.Sign(challenge)))
	refused("a challenge for something else", status, said)
	status, said = c.post(unlock, answerOf(k.Sign([32]byte{1})))
	refused("a challenge of somebody's own", status, said)
	challenge, _ = c.ask("unlock", "")
	w.clock.Pass(5*time.Minute + time.Second)
	status, said = c.post(unlock, answerOf(k.Sign(challenge)))
	refused("too late", status, said)

	for name, change := range map[string]func(*key.Key){
		"not verified":       func(k *key.Key) { k.Flags = key.Present },
		"in a frame":         func(k *key.Key) { k.Cross = true },
		"of another type":    func(k *key.Key) { k.Type = "webauthn.create" },
		"at the app":         func(k *key.Key) { k.Party.Origin = "https://letterhead.test" },
		"for another party":  func(k *key.Key) { k.Party = assertion.Party{Origin: w.party.Origin, RPID: "letterhead.test"} },
		"at the desk's http": func(k *key.Key) { k.Party.Origin = "http://sign.letterhead.test:8443" },
	} {
		odd := *k
		change(&odd)
		challenge, to := c.ask("unlock", "")
		status, said := c.post(to, answerOf(odd.Sign(challenge)))
		refused(name, status, said)
	}
}

// A sheet is its visit's, is signed once, and holds what was shown.
func TestASheetIsWhatWasShown(t *testing.T) {
	t.Parallel()
	w := newWorld(t, testkit.SQLite)
	petra, k := w.found(w.one)
	w.order = &approval.OrderBody{Active: 100, Count: 20, Channel: "email", Purpose: "marketing", Root: approval.Digest{1}}
	sheet := "/p/" + string(w.one.id) + "/sheet"
	items := petra.items("to 20 recipients")
	w.order.Root = approval.Digest{2} // other recipients than those that were shown
	if status, said := petra.trySign(items); status != http.StatusConflict {
		t.Errorf("what changed since it was shown: %d %v", status, said)
	}
	if status, said := petra.trySign([]string{"000000000000000000000000"}); status != http.StatusConflict {
		t.Errorf("what was never shown: %d %v", status, said)
	}
	if status, _ := petra.trySign(nil); status != http.StatusUnprocessableEntity && status != http.StatusBadRequest {
		t.Errorf("nothing: %d", status)
	}
	items = petra.items("to 20 recipients")
	other := w.caller(w.one)
	other.mustUnlock(k)
	_, said := petra.post(sheet, object{"items": items})
	to, answer := said["to"].(string), answerOf(k.Sign(challengeIn(w, said)))
	if status, _ := other.post(to, answer); status != http.StatusForbidden {
		t.Errorf("another visit's sheet: %d", status)
	}
	if status, _ := other.post(sheet, object{"items": items}); status != http.StatusConflict {
		t.Errorf("what another visit was shown: %d", status)
	}
	challenge, unlock := other.ask("unlock", "")
	if status, _ := other.post(unlock, answer); status != http.StatusForbidden {
		t.Errorf("a sheet's signature unlocks: %d", status)
	}
	_, said = petra.post(sheet, object{"items": items})
	to = said["to"].(string)
	if status, _ := petra.post(to, answerOf(k.Sign(challenge))); status == http.StatusOK {
		t.Error("an unlocking signature signs a sheet")
	}
	if status, _ := petra.post(to, answerOf(k.Sign(challengeIn(w, said)))); status != http.StatusForbidden {
		t.Errorf("a sheet that was answered: %d", status)
	}
	_, said = petra.post(sheet, object{"items": items})
	w.clock.Pass(6 * time.Minute)
	if status, _ := petra.post(said["to"].(string), answerOf(k.Sign(challengeIn(w, said)))); status != http.StatusForbidden {
		t.Errorf("a sheet of six minutes ago: %d", status)
	}
	w.state(w.one, func(s *approval.State, _ time.Time) {
		if s.Head().Position != 1 {
			t.Errorf("something was signed: %+v", s.Head())
		}
	})
	w.clock.Pass(time.Hour)
	if status, page := petra.get("/keys"); status != http.StatusForbidden || !strings.Contains(page, "Unlock the desk") {
		t.Errorf("an hour later: %d %s", status, plain(page))
	}
}

// Content that is not what the digest names is shown as such and cannot be signed.
func TestWhatCannotBeShownCannotBeSigned(t *testing.T) {
	t.Parallel()
	w := newWorld(t, testkit.SQLite)
	w.swapped = true
	petra, k := w.caller(w.one), key.New(w.party)
	if status, said := petra.make("first", k, w.one.secret, ""); status != http.StatusOK {
		t.Fatalf("ceremony: %v", said)
	}
	petra.key = k
	w.swapped = false
	shown := petra.items("kind\">Template")
	w.swapped = true
	has(t, petra.page(""), "This cannot be shown, so it cannot be signed")
	if status, said := petra.trySign(shown); status != http.StatusConflict {
		t.Errorf("one of them could be shown before: %d %v", status, said)
	}
	w.swapped, w.damaged = false, true
	has(t, petra.page(""), "This cannot be shown, so it cannot be signed")
	if status, said := petra.trySign(shown); status != http.StatusConflict {
		t.Errorf("its digest alone: %d %v", status, said)
	}
	w.swapped, w.damaged = true, false
	all, rest := len(w.one.starter), petra.items("kind\">Template")
	if len(rest) != all-1 {
		t.Errorf("%d of %d templates can be ticked", len(rest), all)
	}
	petra.sign()
	w.swapped = false
	has(t, petra.page(""), "1 thing waits")
}

// Strangers who try and fail are told to wait; who has a key comes in all the same.
func TestFailuresLockNobodyOut(t *testing.T) {
	t.Parallel()
	w := newWorld(t, testkit.SQLite)
	_, k := w.found(w.one)
	nobody, last := w.caller(w.one), 0
	for range 70 {
		last, _ = nobody.post("/p/"+string(w.one.id)+"/unlock", answerOf(k.Sign([32]byte{9})))
	}
	if last != http.StatusTooManyRequests {
		t.Errorf("the seventieth failure: %d", last)
	}
	w.caller(w.one).mustUnlock(k)
}

// Nobody without a key learns who works at a practice, or which keys it has.
func TestStrangersLearnNoNames(t *testing.T) {
	t.Parallel()
	w := newWorld(t, testkit.SQLite)
	_, k := w.found(w.one)
	nobody := w.caller(w.one)
	var seen strings.Builder
	for _, page := range []string{"", "/first", "/join", "/recover", "/keys", "/keep", "/done/x"} {
		_, body := nobody.get(page)
		seen.WriteString(body)
	}
	for _, purpose := range []string{"unlock", "first", "recover", "join"} {
		_, said := nobody.post("/p/"+string(w.one.id)+"/ask", object{"for": purpose, "secret": "x"})
		raw, err := json.Marshal(said)
		w.check(err)
		seen.Write(raw)
	}
	for _, secret := range []string{"Petra", "Liam", "Costa", "@example.com", k.Subject(), string(w.one.petra)} {
		if strings.Contains(seen.String(), secret) {
			t.Errorf("a stranger is told %s", secret)
		}
	}
}
