package inbox

import (
	"bytes"
	"context"
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/emersion/go-smtp"

	"letterhead/guard"
	"letterhead/practice"
	"letterhead/store"
	"letterhead/testkit"
	"letterhead/testkit/visitor"
	"letterhead/vault"
	"letterhead/web"
	"letterhead/web/mail"
)

const sampleMail = "From: =?utf-8?q?Wattle_Street?= <hello@wattlestreet.example>\r\nTo: fatima@example.org\r\nSubject: =?utf-8?q?Your_appointment_with_Petra_Sch=C3=A4fer?=\r\n" +
	"MIME-Version: 1.0\r\nContent-Type: multipart/related; boundary=r\r\n\r\n--r\r\nContent-Type: multipart/alternative; boundary=a\r\n\r\n" +
	"--a\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nHello F=C3=A1tima\r\n" +
	"--a\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n<html><head><title>x</title></head><body style=3D\"color:red\"><img src=3D\"cid:logo\">Hello</body></html>\r\n--a--\r\n" +
	"--r\r\nContent-Type: image/png\r\nContent-ID: <logo>\r\nContent-Transfer-Encoding: base64\r\n\r\niVBORw==\r\n--r--\r\n"

// The inbox shows what the sinks were given, in a frame where nothing runs; without the demonstration it is not there.
func TestInbox(t *testing.T) {
	t.Parallel()
	sinks, err := Open()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = sinks.Close() })
	db := testkit.Open(t, testkit.SQLite, nil)
	keeper, err := vault.NewKeeper(bytes.Repeat([]byte{7}, 32))
	if err != nil {
		t.Fatal(err)
	}
	id := store.NewID[store.PracticeID]()
	var owner guard.Member
	err = db.Change(context.Background(), store.Actor{Practice: id, Agent: "test"}, func(tx *store.Tx) error {
		p := practice.New("Wattle Street Physiotherapy", "AU", "Australia/Melbourne")
		p.ID = id
		if _, err := practice.Add(context.Background(), tx, p); err != nil {
			return err
		}
		var err error
		owner, err = guard.AddMember(context.Background(), tx, guard.Member{Email: "petra@example.org", Name: "Petra Schäfer", Role: guard.Owner})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	door := visitor.Door(t, db, keeper)
	cookies := visitor.Cookies(t, door, id, owner.ID)
	config := web.Config{DB: db, Keeper: keeper, Door: door, Hosts: []string{"localhost"}, Log: slog.New(slog.DiscardHandler)}
	get := func(path string) *httptest.ResponseRecorder {
		t.Helper()
		pages, err := web.New(config)
		if err != nil {
			t.Fatal(err)
		}
		recorder := httptest.NewRecorder()
		request := httptest.NewRequest("GET", "http://localhost"+path, nil)
		for _, cookie := range cookies {
			request.AddCookie(cookie)
		}
		pages.ServeHTTP(recorder, request)
		return recorder
	}
	if have := get(inboxPath).Code; have != 404 {
		t.Errorf("without the demonstration the inbox answers %d", have)
	}
	config.Routes, config.Places = sinks.Routes(), sinks.Places()
	if empty := get(inboxPath); empty.Code != 200 || !strings.Contains(empty.Body.String(), "Nothing has left yet") {
		t.Errorf("empty: %d", empty.Code)
	}
	relay, err := smtp.Dial(sinks.Mail.Address())
	if err != nil {
		t.Fatal(err)
	}
	if err := relay.SendMail("bounce@example.org", []string{"fatima@example.org"}, strings.NewReader(sampleMail)); err != nil {
		t.Fatal(err)
	}
	if err := relay.Quit(); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string][]string{
		inboxPath:                          {"Your appointment with Petra Schäfer", "fatima@example.org", `href="/sink/mail/1"`, `aria-current="page"`},
		inboxPath + "/texts":               {"Nothing has left yet"},
		inboxPath + "/mail/1":              {`sandbox="allow-popups allow-popups-to-escape-sandbox"`, `src="/sink/mail/1/html"`, "Wattle Street"},
		inboxPath + "/mail/1?view=text":    {"Hello Fátima"},
		inboxPath + "/mail/1?view=headers": {"multipart/related"},
		inboxPath + "/mail/1/html":         {`<base target="_blank">`, "data:image/png;base64,iVBORw=="},
	} {
		answer := get(path)
		for _, sentence := range want {
			if answer.Code != 200 || !strings.Contains(answer.Body.String(), sentence) {
				t.Errorf("%s: %d, without %q", path, answer.Code, sentence)
			}
		}
	}
	if policy := get(inboxPath + "/mail/1/html").Header().Get("Content-Security-Policy"); policy != mail.FramePolicy || strings.Contains(policy, "script-src") {
		t.Errorf("the mail's policy: %s", policy)
	}
	for _, path := range []string{inboxPath + "/mail/2", inboxPath + "/mail/0", inboxPath + "/mail/x", inboxPath + "/mail/-1/html"} {
		if have := get(path).Code; have != 404 {
			t.Errorf("%s: %d", path, have)
		}
	}
}
