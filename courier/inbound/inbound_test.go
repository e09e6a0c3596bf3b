package inbound_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"letterhead/courier"
	"letterhead/courier/inbound"
	"letterhead/courier/report"
	"letterhead/courier/sender"
	"letterhead/courier/token"
	"letterhead/fault"
	"letterhead/message"
	"letterhead/store"
	"letterhead/testkit"
	"letterhead/vault"
)

// world is two practices with the same ids in their rows; a's domain is a.mail.example, b's is b.mail.example.
type world struct {
	*testing.T
	db      *store.DB
	in      *inbound.Inbound
	choices *choices
}

// choices notes what was withdrawn.
type choices struct {
	mu   sync.Mutex
	said map[string]int
	err  error
}

func (c *choices) Withdraw(_ context.Context, tx *store.Tx, client string, channel message.Channel, purpose message.Purpose, source string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.said[fmt.Sprintf("%s %s %s %s %s", tx.Practice, client, channel, purpose, source)] = 1
	return c.err
}

func (c *choices) Give(_ context.Context, tx *store.Tx, client string, channel message.Channel, purpose message.Purpose, source string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.said[fmt.Sprintf("%s %s %s %s again %s", tx.Practice, client, channel, purpose, source)] = 1
	return c.err
}

const mobile = "+61491570006"

func each(t *testing.T, test func(w *world)) {
	t.Helper()
	testkit.Each(t, func(t *testing.T, db *store.DB) {
		keeper, err := vault.NewKeeper(make([]byte, 32))
		if err != nil {
			t.Fatal(err)
		}
		w := &world{T: t, db: db, choices: &choices{said: map[string]int{}}}
		w.in = &inbound.Inbound{DB: db, Keeper: keeper, Domains: sender.New(t.TempDir(), "mail.example"), Tokens: token.New(keeper.Derive("courier tokens")),
			Choices: w.choices, Gateways: []courier.Gateway{{Name: "sms", Sender: "+61400000009", Senders: map[string]string{"a": "+61400000001", "b": "+61400000002", "c": "+61400000003", "d": "+61400000003", "e": "+61400000009"}}}}
		for _, p := range []store.PracticeID{"a", "b"} {
			w.practice(p, keeper)
		}
		test(w)
	})
}

func (w *world) practice(p store.PracticeID, keeper *vault.Keeper) {
	w.Helper()
	if _, err := w.in.Domains.Add(string(p)+".mail.example", p, time.Now()); err != nil {
		w.Fatal(err)
	}
	ctx := w.Context()
	err := w.db.Whole(ctx, "test", func(x *store.Wide) error {
		_, err := x.Exec(ctx, `INSERT INTO practice (practice, name, country, zone, language, phone, email, website, address, accent, sender_local, domain,
			label, default_channel, sms_services, quiet_from, quiet_to, client_word, created_at, closed_at)
			VALUES ($1, 'P', 'AU', 'Australia/Melbourne', 'en', '', '', '', '', '', 'hello', '', $1, 'email', $2, 0, 0, 'client', 1, 0)`, string(p), false)
		return err
	})
	if err != nil {
		w.Fatal(err)
	}
	w.change(p, func(tx *store.Tx) error {
		keys, err := keeper.Keys(ctx, tx)
		if err != nil {
			return err
		}
		now := tx.Now
		intent := func(id message.ID, channel message.Channel, recipient string) message.Intent {
			return message.Intent{ID: id, Kind: message.Rule, Rule: "r", Channel: channel, Purpose: message.Appointments, Version: "v", Digest: strings.Repeat("0", 64),
				Client: "jo", Recipient: recipient, Turn: now.Add(-time.Minute), NotAfter: now.Add(time.Hour)}
		}
		if _, err := message.Queue(ctx, tx, []message.Intent{intent("mail", message.Email, "jo"), intent("waits", message.Email, "jo"), intent("text", message.SMS, "jo"),
			intent("parent", message.Email, "contact")}); err != nil {
			return err
		}
		for id, index := range map[string]string{"mail": keys.Index("email", "jo@home.example"), "text": keys.Index("mobile", mobile), "parent": keys.Index("email", "ma@home.example")} {
			if _, err := tx.Exec(ctx, `UPDATE message SET state = 'sent', address_index = $3, relay = 'sms', outside_id = $4 WHERE practice = $1 AND id = $2`, id, index, string(p)+"-"+id); err != nil {
				return err
			}
		}
		return nil
	})
}

func (w *world) change(p store.PracticeID, fn func(*store.Tx) error) {
	w.Helper()
	if err := w.db.Change(w.Context(), store.Actor{Practice: p, Agent: "test"}, fn); err != nil {
		w.Fatal(err)
	}
}

// forget takes back what was learnt.
func (w *world) forget() {
	w.Helper()
	clear(w.choices.said)
	err := w.db.Whole(w.Context(), "test", func(x *store.Wide) error {
		_, err := x.Exec(w.Context(), `DELETE FROM message_step`)
		if err == nil {
			_, err = x.Exec(w.Context(), `DELETE FROM suppression`)
		}
		return err
	})
	if err != nil {
		w.Fatal(err)
	}
}

// damage makes a domain's file unreadable as JSON, in a folder of its own.
func (w *world) damage(name string) {
	w.Helper()
	folder := w.TempDir()
	dir := filepath.Join(folder, "domains", name)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		w.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "domain.json"), []byte("{"), 0o600); err != nil {
		w.Fatal(err)
	}
	w.in.Domains = sender.New(folder, "mail.example")
}

// all is every step that was learnt, every suppression and every withdrawal, of both practices, without indexes.
func (w *world) all() string {
	w.Helper()
	var out []string
	collect := func(x *store.Wide, query string) error {
		rows, err := x.Query(w.Context(), query)
		found, err := store.Collect(rows, err, func(r *store.Rows) (s string, err error) {
			var a, b, c, d string
			err = r.Scan(&a, &b, &c, &d)
			return strings.Join([]string{a, b, c, d}, "/"), err
		})
		out = append(out, found...)
		return err
	}
	err := w.db.WholeView(w.Context(), "test", func(x *store.Wide) error {
		if err := collect(x, `SELECT practice, message, step, reason FROM message_step ORDER BY 1, 2, number`); err != nil {
			return err
		}
		return collect(x, `SELECT s.practice, m.id, s.purpose, 'suppressed ' || s.reason FROM suppression s JOIN message m ON m.practice = s.practice AND m.address_index = s.address_index ORDER BY 1, 2, 3`)
	})
	if err != nil {
		w.Fatal(err)
	}
	w.choices.mu.Lock()
	for said := range w.choices.said {
		out = append(out, said)
	}
	w.choices.mu.Unlock()
	return strings.Join(out, "\n")
}

func (w *world) path(p store.PracticeID, id message.ID) string {
	return w.in.Tokens.ReturnPath(p, id, "bounce."+string(p)+".mail.example")
}

// dsn is a delivery report to an address.
func dsn(to, action, status string) string {
	return "To: " + to + "\r\nMIME-Version: 1.0\r\nContent-Type: multipart/report; boundary=x\r\n\r\n--x\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; relay.example\r\n\r\n" +
		"Final-Recipient: rfc822; jo@home.example\r\nAction: " + action + "\r\nStatus: " + status + "\r\nDiagnostic-Code: smtp; 550 " + status + " <jo@home.example> says no\r\n\r\n--x--\r\n"
}

func complaint(to string) string {
	return "To: abuse@a.mail.example\r\nMIME-Version: 1.0\r\nContent-Type: multipart/report; boundary=x\r\n\r\n--x\r\nContent-Type: message/feedback-report\r\n\r\nFeedback-Type: abuse\r\nOriginal-Mail-From: <" + to + ">\r\n\r\n--x--\r\n"
}

func (w *world) piped(mail, recipient string) inbound.Done {
	w.Helper()
	done, err := w.in.Piped(w.Context(), strings.NewReader(mail), recipient)
	if err != nil {
		w.Fatal(err)
	}
	if text := fmt.Sprint(done); strings.Contains(text, "@") || strings.Contains(text, "jo") {
		w.Errorf("personal data in %s", text)
	}
	return done
}

func TestReports(t *testing.T) {
	t.Parallel()
	each(t, func(w *world) {
		for name, test := range map[string]struct {
			mail func(to string) string
			did  string
			want string
		}{
			"no such mailbox": {func(to string) string { return dsn(to, "failed", "5.1.1") }, "bounced", "a/mail/bounced/no such mailbox\na/mail/all/suppressed bounce"},
			"mailbox full":    {func(to string) string { return dsn(to, "failed", "5.2.2") }, "bounced", "a/mail/bounced/mailbox full"},
			"policy":          {func(to string) string { return dsn(to, "failed", "5.7.1") }, "bounced", "a/mail/bounced/policy"},
			"delay":           {func(to string) string { return dsn(to, "delayed", "4.2.2") }, "deferred", "a/mail/deferred/mailbox full"},
			"delivered":       {func(to string) string { return dsn(to, "delivered", "2.0.0") }, "delivered", "a/mail/delivered/delivered"},
			"complaint":       {complaint, "complained", "a/mail/complained/complaint\na/mail/all/suppressed complaint"},
			"upper case":      {func(to string) string { return dsn(strings.ToUpper(to), "failed", "5.2.1") }, "bounced", "a/mail/bounced/mailbox closed\na/mail/all/suppressed bounce"},
		} {
			mail := test.mail(w.path("a", "mail"))
			for range 2 { // a repetition changes nothing
				if done := w.piped(mail, ""); done.Did != test.did || done.Practice != "a" || done.Message != "mail" {
					w.Errorf("%s: did %+v", name, done)
				}
				if got := w.all(); got != test.want {
					w.Errorf("%s: got\n%s\nwant\n%s", name, got, test.want)
				}
			}
			w.forget()
		}
		if c := w.in.Counts(); c != (inbound.Counts{Acted: 14}) {
			w.Errorf("counts %+v", c)
		}
	})
}

func TestTheDetailOfABounceHoldsNoAddress(t *testing.T) {
	t.Parallel()
	each(t, func(w *world) {
		w.piped(dsn(w.path("a", "mail"), "failed", "5.1.1"), "")
		w.change("a", func(tx *store.Tx) error {
			all, err := message.Steps(w.Context(), tx, "mail")
			last := all["mail"][len(all["mail"])-1]
			if last.Step != message.Bounced || last.Detail != "5.1.1 550 5.1.1 … says no" {
				w.Errorf("step %+v", last)
			}
			return err
		})
	})
}

func TestWhatIsNotAuthenticatedDoesNothing(t *testing.T) {
	t.Parallel()
	each(t, func(w *world) {
		good := w.path("a", "mail")
		local, _, _ := strings.Cut(good, "@")
		last := byte('a')
		if local[len(local)-3] == 'a' {
			last = 'b'
		}
		forged := local[:len(local)-3] + string(last) + local[len(local)-2:]
		for name, to := range map[string]string{
			"no token":                    "desk@bounce.a.mail.example",
			"forged":                      forged + "@bounce.a.mail.example",
			"another practice's domain":   local + "@bounce.b.mail.example",
			"not the return path's":       local + "@a.mail.example",
			"a domain that is not here":   local + "@bounce.elsewhere.example",
			"a path as domain":            local + "@bounce.../../a.mail.example",
			"the platform":                local + "@bounce.mail.example",
			"made with an unsubscribe":    w.in.Tokens.Unsubscribe("a", "mail") + "@bounce.a.mail.example",
			"a token of somebody's maker": token.New(make([]byte, 32)).ReturnPath("a", "mail", "bounce.a.mail.example"),
			"nothing":                     "",
		} {
			if done := w.piped(dsn(to, "failed", "5.1.1"), ""); done != (inbound.Done{Did: "nothing", Why: inbound.Unauthenticated}) {
				w.Errorf("%s: did %+v", name, done)
			}
		}
		if done := w.piped("Subject: away\r\n\r\n"+good, good); done.Why != inbound.NoReport {
			w.Errorf("an out-of-office reply: %+v", done)
		}
		if got := w.all(); got != "" {
			w.Errorf("something changed:\n%s", got)
		}
		if c := w.in.Counts(); c != (inbound.Counts{Unauthenticated: 10, Unknown: 1}) {
			w.Errorf("counts %+v", c)
		}
	})
}

func TestAReportOfWhatDidNotLeaveOrIsGone(t *testing.T) {
	t.Parallel()
	each(t, func(w *world) {
		for _, id := range []message.ID{"waits", "gone"} {
			if done := w.piped(dsn(w.path("a", id), "failed", "5.1.1"), ""); done != (inbound.Done{Did: "nothing", Why: inbound.NoMessage}) {
				w.Errorf("%s: %+v", id, done)
			}
		}
		if got := w.all(); got != "" {
			w.Errorf("something changed:\n%s", got)
		}
	})
}

func TestTheServersWordOnTheRecipientIsEnough(t *testing.T) {
	t.Parallel()
	each(t, func(w *world) {
		if done := w.piped(dsn("undisclosed-recipients:;", "failed", "5.1.1"), w.path("b", "mail")); done.Did != "bounced" || !done.Suppressed {
			w.Errorf("did %+v", done)
		}
		if got := w.all(); got != "b/mail/bounced/no such mailbox\nb/mail/all/suppressed bounce" {
			w.Errorf("got %s", got)
		}
		if done := w.piped(dsn(w.path("a", "mail"), "failed", "5.1.1"), "b-aaaa@bounce.a.mail.example"); done.Practice != "a" {
			w.Errorf("a wrong address hides the right one: %+v", done)
		}
	})
}

func TestADamagedDomainIsAnErrorAndNotALoss(t *testing.T) {
	t.Parallel()
	each(t, func(w *world) {
		path := w.path("a", "mail")
		w.damage("a.mail.example")
		if _, err := w.in.Piped(w.Context(), strings.NewReader(dsn(path, "failed", "5.1.1")), ""); err == nil || strings.Contains(err.Error(), "jo@") {
			w.Errorf("error %v", err)
		}
	})
}

func TestUnsubscribing(t *testing.T) {
	t.Parallel()
	each(t, func(w *world) {
		link := w.in.Tokens.Unsubscribe("a", "mail")
		s, ok, err := w.in.Subscription(w.Context(), link)
		if err != nil || !ok || s != (inbound.Subscription{Practice: "a", Message: "mail", Channel: message.Email}) {
			w.Fatalf("%+v %v %v", s, ok, err)
		}
		if got := w.all(); got != "" {
			w.Errorf("looking changed something:\n%s", got)
		}
		for range 2 {
			done, err := w.in.Unsubscribed(w.Context(), link)
			if err != nil || done.Did != "unsubscribed" || !done.Suppressed {
				w.Fatalf("%+v %v", done, err)
			}
			if got := w.all(); got != "a/mail/replied/unsubscribe\na/mail/marketing/suppressed unsubscribe\na jo email marketing unsubscribe" {
				w.Errorf("got\n%s", got)
			}
		}
		// A contact's choice is not the client's.
		clear(w.choices.said)
		if done, err := w.in.Unsubscribed(w.Context(), w.in.Tokens.Unsubscribe("b", "parent")); err != nil || !done.Suppressed || len(w.choices.said) != 0 {
			w.Errorf("contact: %+v %v %v", done, err, w.choices.said)
		}
		for _, bad := range []string{"", "x", link[1:], link + "A", strings.ToUpper(link), w.in.Tokens.Unsubscribe("a", "gone"), w.in.Tokens.Unsubscribe("a", "waits"),
			w.in.Tokens.Unsubscribe("nobody", "mail"), token.New(make([]byte, 32)).Unsubscribe("a", "mail"), strings.Repeat("A", 5000)} {
			_, ok, err := w.in.Subscription(w.Context(), bad)
			done, err2 := w.in.Unsubscribed(w.Context(), bad)
			if ok || err != nil || err2 != nil || done.Did != "nothing" {
				w.Errorf("%.40q: %v %v %v %+v", bad, ok, err, err2, done)
			}
		}
	})
}

func TestAConsentThatCannotBeWrittenTakesTheRestBack(t *testing.T) {
	t.Parallel()
	each(t, func(w *world) {
		w.choices.err = fault.New(fault.Unavailable, "x", "no")
		if _, err := w.in.Unsubscribed(w.Context(), w.in.Tokens.Unsubscribe("a", "mail")); !errors.Is(err, w.choices.err) {
			w.Errorf("error %v", err)
		}
		clear(w.choices.said)
		if got := w.all(); got != "" {
			w.Errorf("half of it stayed:\n%s", got)
		}
	})
}

func TestReceipts(t *testing.T) {
	t.Parallel()
	each(t, func(w *world) {
		for _, test := range []struct {
			gateway string
			receipt inbound.Receipt
			did     string
		}{
			{"sms", inbound.Receipt{OutsideID: "a-text", Fate: inbound.TextDelivered}, message.Delivered},
			{"sms", inbound.Receipt{OutsideID: "b-text", Fate: inbound.TextNotDelivered, Detail: "code 12 for 61491570006"}, message.Bounced},
			{"sms", inbound.Receipt{OutsideID: "b-text", Fate: inbound.TextNotDelivered}, message.Bounced},
			{"sms", inbound.Receipt{OutsideID: "a-text", Fate: inbound.TextDelayed}, message.Deferred},
			{"other", inbound.Receipt{OutsideID: "a-text", Fate: inbound.TextNotDelivered}, "nothing"},
			{"sms", inbound.Receipt{OutsideID: "", Fate: inbound.TextDelivered}, "nothing"},
			{"sms", inbound.Receipt{OutsideID: "z", Fate: inbound.TextDelivered}, "nothing"},
			{"sms", inbound.Receipt{OutsideID: "a-text", Fate: "eaten"}, "nothing"},
		} {
			done, err := w.in.Receipt(w.Context(), test.gateway, test.receipt)
			if err != nil || done.Did != test.did {
				w.Errorf("%+v: %+v %v", test, done, err)
			}
		}
		if got := w.all(); got != "a/text/delivered/delivered\na/text/deferred/delayed\nb/text/bounced/not delivered" {
			w.Errorf("got\n%s", got)
		}
		w.change("b", func(tx *store.Tx) error {
			all, err := message.Steps(w.Context(), tx, "text")
			if last := all["text"][len(all["text"])-1]; last.Detail != "code 12 for …" {
				w.Errorf("detail %q", last.Detail)
			}
			return err
		})
	})
}

func TestReplies(t *testing.T) {
	t.Parallel()
	stopped := "text/replied/stop\n%[1]s/text/all/suppressed stop\n%[1]s jo sms appointments stop\n%[1]s jo sms marketing stop"
	each(t, func(w *world) {
		for name, test := range map[string]struct {
			reply inbound.Reply
			want  string // "": nothing
		}{
			"stop by reference":           {inbound.Reply{From: mobile, Text: "STOP", InReplyTo: "a-text"}, fmt.Sprintf("%[1]s/"+stopped, "a")},
			"stop by sender id":           {inbound.Reply{From: mobile, To: "61400000002", Text: " Stop. "}, fmt.Sprintf("%[1]s/"+stopped, "b")},
			"please stop":                 {inbound.Reply{From: mobile, To: "+61400000001", Text: "Please stop!"}, fmt.Sprintf("%[1]s/"+stopped, "a")},
			"an answer":                   {inbound.Reply{From: mobile, To: "+61400000001", Text: "Yes, I will stop by at five"}, "a/text/replied/answer"},
			"cancel means the booking":    {inbound.Reply{From: mobile, To: "+61400000001", Text: "CANCEL"}, "a/text/replied/answer"},
			"a number that we never sent": {inbound.Reply{From: "+61491570007", To: "+61400000001", Text: "STOP"}, ""},
			"the sender id of all":        {inbound.Reply{From: mobile, To: "+61400000009", Text: "STOP"}, ""},
			"a sender id of two":          {inbound.Reply{From: mobile, To: "+61400000003", Text: "STOP"}, ""},
			"no sender id":                {inbound.Reply{From: mobile, Text: "STOP"}, ""},
		} {
			for range 2 {
				done, err := w.in.Replied(w.Context(), "sms", test.reply)
				if err != nil || (done.Did == "nothing") != (test.want == "") {
					w.Errorf("%s: %+v %v", name, done, err)
				}
			}
			got, want := w.all(), strings.Split(test.want, "\n")
			if len(strings.Split(got, "\n")) != len(want) {
				w.Errorf("%s: got %q, want %q", name, got, want)
			}
			for _, line := range want {
				if !strings.Contains(got, line) {
					w.Errorf("%s: got %q, want %q", name, got, line)
				}
			}
			w.forget()
		}
	})
}

// START takes back the STOP of that number, at that practice, and nothing else: with a proof that the courier believes. A complaint is not theirs to take back
// by text.
func TestStartTakesAStopBack(t *testing.T) {
	t.Parallel()
	each(t, func(w *world) {
		wish := func(p store.PracticeID, index string) (asked bool) {
			w.change(p, func(tx *store.Tx) error {
				keys, err := w.in.Keeper.Keys(w.Context(), tx)
				if err != nil {
					return err
				}
				s := message.Suppression{Practice: p, Channel: message.SMS, AddressIndex: keys.Index("mobile", index)}
				var proof string
				err = tx.Row(w.Context(), `SELECT proof FROM suppression WHERE practice = $1 AND address_index = $2 AND purpose = 'all'`, s.AddressIndex).Scan(&proof)
				asked = err == nil && !message.Asked(keys, s, proof, tx.Now).IsZero()
				return nil
			})
			return asked
		}
		says := func(to, text string) {
			if done, err := w.in.Replied(w.Context(), "sms", inbound.Reply{From: mobile, To: to, Text: text}); err != nil || done.Did == "nothing" {
				w.Fatalf("%s: %+v %v", text, done, err)
			}
		}
		says("+61400000001", "STOP")
		says("+61400000002", "STOP")
		for _, text := range []string{"Start at five?", "yes", "ok", "restart"} {
			if says("+61400000001", text); wish("a", mobile) {
				w.Errorf("%q takes a stop back", text)
			}
		}
		says("+61400000001", " start. ")
		if !wish("a", mobile) || wish("b", mobile) || w.choices.said["a jo sms appointments again start"] != 1 {
			w.Errorf("after START: a %v, b %v, %v", wish("a", mobile), wish("b", mobile), w.choices.said)
		}
		w.forget()
		w.change("a", func(tx *store.Tx) error {
			keys, err := w.in.Keeper.Keys(w.Context(), tx)
			if err != nil {
				return err
			}
			return message.Suppress(w.Context(), tx, message.Suppression{Channel: message.SMS, AddressIndex: keys.Index("mobile", mobile), Reason: "complaint"})
		})
		if says("+61400000001", "START"); wish("a", mobile) {
			w.Error("START takes a complaint back")
		}
	})
}

func TestEveryReasonIsDocumentedAndHasASentence(t *testing.T) {
	t.Parallel()
	for file, form := range map[string]string{"../../docs/reasons.md": "| `%s`", "../../web/ui/text/english_story.go": `"reason.%s":`} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, reason := range append(report.Reasons(), "unsubscribe", "stop", "answer", string(inbound.TextDelivered), string(inbound.TextNotDelivered), string(inbound.TextDelayed)) {
			if !strings.Contains(string(text), fmt.Sprintf(form, reason)) {
				t.Errorf("%s lacks %q", file, reason)
			}
		}
	}
}
