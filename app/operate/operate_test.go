package operate

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"letterhead/app/watch"
	"letterhead/client"
	"letterhead/courier/trust"
	"letterhead/guard"
	"letterhead/job"
	"letterhead/message"
	"letterhead/practice"
	"letterhead/store"
	"letterhead/testkit"
	"letterhead/vault"
)

// what is of people, as it is seeded.
var private = []string{"Petra", "Schäfer", "petra@example.org", "Fatima", "Haddad", "fatima@example.org", "0491 570 156", "1980", "Guide dog", "Inês", "ines@example.org", "Haddad asked", "mei@example.com"}

func seeded(t *testing.T, engine testkit.Engine) (Of, []store.PracticeID) {
	t.Helper()
	db := testkit.Open(t, engine, testkit.NewClock(t, "2026-12-01T10:00:00Z"))
	keeper, err := vault.NewKeeper(bytes.Repeat([]byte{7}, 32))
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	ids := []store.PracticeID{store.NewID[store.PracticeID](), store.NewID[store.PracticeID]()}
	for i, id := range ids {
		err := db.Change(ctx, store.Actor{Practice: id, Agent: "test"}, func(tx *store.Tx) error {
			p := practice.New([]string{"Wattle Street Physiotherapy", "Rimu Road Podiatry"}[i], "AU", "Australia/Melbourne")
			p.ID, p.Email, p.Phone = id, "petra@example.org", "0491 570 156"
			_, err := practice.Add(ctx, tx, p)
			if err != nil {
				return err
			}
			_, err = guard.AddMember(ctx, tx, guard.Member{Email: "petra@example.org", Name: "Petra Schäfer", Role: guard.Owner})
			if err != nil {
				return err
			}
			keys, err := keeper.Keys(ctx, tx)
			if err != nil {
				return err
			}
			c, err := client.Add(ctx, tx, keys, client.Client{FirstName: "Fatima", LastName: "Haddad", Born: "1980-05-04", Email: client.Address{Written: "fatima@example.org"}, Mobile: client.Address{Written: "0491 570 156"}, Alert: "Guide dog"})
			if err != nil {
				return err
			}
			if _, err := client.AddContact(ctx, tx, keys, client.Contact{Client: c.ID, Name: "Inês", Receives: client.NoReminders, Email: client.Address{Written: "ines@example.org"}}); err != nil {
				return err
			}
			_, err = message.Queue(ctx, tx, []message.Intent{{Kind: message.Rule, Channel: message.Email, Purpose: message.Appointments, Rule: "booked", Version: "v", Digest: strings.Repeat("ab", 32), Language: "en",
				Appointment: "a", Attendee: "b", Generation: 1, Client: string(c.ID), Recipient: string(c.ID), Turn: tx.Now, NotAfter: tx.Now.Add(time.Hour)}})
			_, stopped := message.FreezeOnly(ctx, tx, message.StopPractice, "", "Haddad asked: mei@example.com")
			return errors.Join(err, stopped, job.Add(ctx, tx, "sweep", "Haddad", tx.Now))
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return Of{DB: db, Watch: watch.New(watch.Of{DB: db, Journal: t.TempDir(), Trust: trust.File{}}), Host: "localhost:8099", Key: "thekey"}, ids
}

func ask(o Of, path, key string) *httptest.ResponseRecorder {
	request := httptest.NewRequest("GET", "http://localhost:8099"+path, nil)
	request.Host = "localhost:8099"
	if key != "" {
		request.AddCookie(&http.Cookie{Name: cookie, Value: key})
	}
	answer := httptest.NewRecorder()
	o.Handler().ServeHTTP(answer, request)
	return answer
}

// The operator sees every practice with its counts, and nothing of a person: not one of the seeded names, addresses, numbers or reasons.
func TestTheOperatorSeesNothingOfAPerson(t *testing.T) {
	t.Parallel()
	for _, engine := range testkit.Engines() {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			o, ids := seeded(t, engine)
			for _, path := range []string{"/", "/?after=" + string(ids[0])} {
				answer := ask(o, path, o.Key)
				body := answer.Body.String()
				if answer.Code != http.StatusOK {
					t.Fatalf("%s: %d", path, answer.Code)
				}
				for _, word := range private {
					if strings.Contains(body, word) {
						t.Errorf("%s shows %q", path, word)
					}
				}
			}
			body := ask(o, "/", o.Key).Body.String()
			for _, shown := range []string{"Wattle Street Physiotherapy", string(ids[0]), string(ids[1]), "sweep", "journal is missing"} {
				if !strings.Contains(body, shown) {
					t.Errorf("it does not show %q", shown)
				}
			}
		})
	}
}

// Nobody comes in without the key, by another host's name, or from another machine.
func TestNobodyElseComesIn(t *testing.T) {
	t.Parallel()
	o, _ := seeded(t, testkit.SQLite)
	for _, key := range []string{"", "another"} {
		if answer := ask(o, "/", key); answer.Code != http.StatusNotFound {
			t.Errorf("with the key %q: %d", key, answer.Code)
		}
	}
	if answer := ask(o, "/enter/another", ""); answer.Code != http.StatusNotFound || answer.Header().Get("Set-Cookie") != "" {
		t.Errorf("another key: %d", answer.Code)
	}
	entered := ask(o, "/enter/thekey", "")
	if c := entered.Header().Get("Set-Cookie"); entered.Code != http.StatusSeeOther || !strings.Contains(c, "HttpOnly") || !strings.Contains(c, "SameSite=Strict") {
		t.Errorf("the key: %d %s", entered.Code, c)
	}
	request := httptest.NewRequest("GET", "http://evil.example/", nil)
	request.AddCookie(&http.Cookie{Name: cookie, Value: o.Key})
	answer := httptest.NewRecorder()
	o.Handler().ServeHTTP(answer, request)
	if answer.Code != http.StatusMisdirectedRequest {
		t.Errorf("another host: %d", answer.Code)
	}
	for _, listen := range []string{"0.0.0.0:0", ":0", "192.0.2.1:8099", "localhost:0"} {
		if err := Run(context.Background(), o.DB, o.Watch, listen, nil); err == nil {
			t.Errorf("it listens on %s", listen)
		}
	}
}
