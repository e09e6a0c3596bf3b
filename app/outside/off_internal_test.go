package outside

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"letterhead/approval"
	"letterhead/courier"
	"letterhead/courier/breaker"
	"letterhead/courier/chain"
	"letterhead/courier/journal"
	"letterhead/courier/stops"
	"letterhead/courier/trust"
	"letterhead/message"
	"letterhead/store"
	"letterhead/template"
	"letterhead/testkit"
	"letterhead/testkit/house"
	"letterhead/testkit/owner"
	"letterhead/vault"
	"letterhead/wording"
	"letterhead/wording/link"
)

// A link of a mail that was delivered leads on until its host, text, version or template is stopped: by a row, or by the courier's journal alone. The
// answer is a page that says so, at once. Another practice's stop changes nothing.
func TestAStoppedLinkLeadsNowhere(t *testing.T) {
	t.Parallel()
	for name, stop := range map[string]func(v *wording.Version, digest string, id template.ID) message.Stop{
		"host": func(*wording.Version, string, template.ID) message.Stop {
			return message.Stop{Scope: message.StopHost, Subject: "wattle.example"}
		},
		"host everywhere": func(*wording.Version, string, template.ID) message.Stop {
			return message.Stop{Practice: "-", Scope: message.StopHost, Subject: "wattle.example"}
		},
		"link": func(*wording.Version, string, template.ID) message.Stop {
			return message.Stop{Scope: message.StopLink, Subject: "https://wattle.example/find-us"}
		},
		"link everywhere": func(*wording.Version, string, template.ID) message.Stop {
			return message.Stop{Practice: "-", Scope: message.StopLink, Subject: "https://wattle.example/find-us"}
		},
		"text": func(v *wording.Version, _ string, _ template.ID) message.Stop {
			return message.Stop{Practice: "-", Scope: message.StopText, Subject: breaker.TextOfWording(&v.Languages[0]).Hex()}
		},
		"version": func(_ *wording.Version, digest string, _ template.ID) message.Stop {
			return message.Stop{Scope: message.StopVersion, Subject: digest}
		},
		"wording": func(_ *wording.Version, _ string, id template.ID) message.Stop {
			return message.Stop{Scope: message.StopWording, Subject: string(id)}
		},
	} {
		for _, where := range []string{"row", "journal"} {
			t.Run(name+" by "+where, func(t *testing.T) {
				t.Parallel()
				w := newLinks(t)
				if code, to := w.click(); code != http.StatusFound || to != "https://wattle.example/find-us" {
					t.Fatalf("before: %d %s", code, to)
				}
				of := stop(w.version, w.digest, w.id)
				of.ID, of.Reason, of.Who, of.At = "s", "it was taken over", "ana", w.DB.Now()
				switch of.Practice {
				case "":
					of.Practice = "a"
				case "-":
					of.Practice = ""
				}
				other := of
				if other.Practice == "" {
					if other.Subject = strings.Repeat("0", 32); other.Scope == message.StopLink { // another page of the same site
						other.Subject = "https://wattle.example/prices"
					}
				} else {
					other.Practice = "b"
				}
				other.ID = "other"
				w.stop(where, other)
				if code, _ := w.click(); code != http.StatusFound {
					t.Errorf("another's stop: %d", code)
				}
				w.stop(where, of)
				began := time.Now()
				if code, to := w.click(); code != http.StatusGone || to != "" || time.Since(began) > time.Second {
					t.Errorf("after: %d %s %v", code, to, time.Since(began))
				}
			})
		}
	}
}

type links struct {
	*testing.T
	Of
	journal *journal.Journal
	version *wording.Version
	digest  string
	id      template.ID
	handler http.Handler
	trust   trust.File
}

func newLinks(t *testing.T) *links {
	t.Helper()
	folder, root := house.Folder(t)
	keeper, err := vault.NewKeeper(make([]byte, 32))
	if err != nil {
		t.Fatal(err)
	}
	w := &links{T: t, Of: Of{DB: testkit.Open(t, testkit.SQLite, nil), Keeper: keeper, Folder: folder, Config: courier.Config{PublicURL: "https://portal.example", PlatformDomain: "mail.example"}}, trust: root}
	if w.journal, err = journal.Open(courier.JournalFolder(folder), root.Installation, 1); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.journal.Close() })
	w.version = &wording.Version{Format: wording.Format, Purpose: wording.Transactional, Sender: wording.Sender{Name: "Wattle", Local: "hello", Domain: "wattle.example"},
		Branding: wording.Branding{Name: "Wattle", Accent: "#1f4e79"}, Hosts: []string{"wattle.example"}, DefaultLanguage: "en",
		Languages: []wording.Language{{Tag: "en", Subject: wording.Say("News"), Blocks: []wording.Block{
			wording.Button("How to find us", wording.Target{Kind: wording.ToURL, URL: "https://wattle.example/find-us"}), wording.Footer(wording.Say("Ring us."))}}}}
	digest, err := w.version.Digest()
	if err != nil {
		t.Fatal(err)
	}
	w.digest = digest.String()
	err = w.DB.Whole(t.Context(), "test", func(x *store.Wide) error {
		_, err := x.Exec(t.Context(), `INSERT INTO practice (practice, name, country, zone, language, phone, email, website, address, accent, sender_local, domain,
			label, default_channel, sms_services, quiet_from, quiet_to, client_word, created_at, closed_at)
			VALUES ($1, 'P', 'AU', 'Australia/Melbourne', 'en', '', '', '', '', '', 'hello', '', $1, 'email', $2, 0, 0, 'client', 1, 0)`, "a", false)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	err = w.DB.Change(t.Context(), store.Actor{Practice: "a", Agent: "test"}, func(tx *store.Tx) error {
		made, _, err := template.New(t.Context(), tx, "News", w.version)
		w.id = made.ID
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	o, err := owner.Of(folder, courier.JournalFolder(folder), "a", "ana", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	_, err = o.Sign(t.Context(), w.DB, w.DB.Now().Add(-time.Hour), func(_ context.Context, _ *store.Tx, s *approval.State) ([]*approval.Statement, error) {
		hosts, words := s.Draft(approval.KindHosts, "hosts", "ana"), s.Draft(approval.KindWording, string(w.id), "ana")
		hosts.Body.Hosts = &approval.HostsBody{Hosts: []string{"wattle.example"}}
		words.Digest, words.Body.Wording = approval.Digest(digest), &approval.WordingBody{Purpose: "appointments"}
		return []*approval.Statement{hosts, words}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if w.handler, err = w.Handler(chain.Open(folder, w.journal), nil); err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *links) click() (code int, to string) {
	w.Helper()
	digest, err := w.version.Digest()
	if err != nil {
		w.Fatal(err)
	}
	answer := httptest.NewRecorder()
	w.handler.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, link.Path+wording.LinkToken(digest)+"/"+"1", nil))
	if answer.Code == http.StatusGone && !strings.Contains(answer.Body.String(), "This link was switched off") {
		w.Errorf("it does not say so: %s", answer.Body)
	}
	return answer.Code, answer.Header().Get("Location")
}

func (w *links) stop(where string, s message.Stop) {
	w.Helper()
	var err error
	if where == "journal" {
		err = w.journal.NoteStops([]journal.Stop{stops.Noted(s)}, nil)
	} else {
		err = w.DB.Whole(w.Context(), "test", func(x *store.Wide) error { return message.PutStops(w.Context(), x, s) })
	}
	if err != nil {
		w.Fatal(err)
	}
}
