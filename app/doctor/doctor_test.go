package doctor_test

import (
	"context"
	"strings"
	"testing"

	"letterhead/app/doctor"
	"letterhead/courier"
	"letterhead/store"
	"letterhead/testkit"
	"letterhead/testkit/house"
)

// about returns what doctor says of something.
func about(of doctor.Of, what string) (state, say string) {
	for _, f := range of.Examine(context.Background()) {
		if f.About == what {
			state, say = f.State, say+f.Say+"\n"
		}
	}
	return state, say
}

// A message that says of itself that it left, and is not on record as leaving, is noticed; so is a record that was changed.
func TestTheListOfMessagesIsHeldAgainstTheRecord(t *testing.T) {
	t.Parallel()
	for _, engine := range testkit.Engines() {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			h := house.New(t, engine, "2026-11-02T10:00:00Z")
			of := doctor.Of{Folder: h.Folder, Database: string(engine), Courier: h.Folder, Journal: courier.JournalFolder(h.Folder), Trust: h.Root, DB: h.DB}
			if state, say := about(of, "record"); state != "good" || !strings.Contains(say, "0 entries") {
				t.Error(state, say)
			}
			write := func(statement string, args ...any) {
				t.Helper()
				err := h.DB.Whole(t.Context(), "test", func(w *store.Wide) error { _, err := w.Exec(t.Context(), statement, args...); return err })
				if err != nil {
					t.Fatal(err)
				}
			}
			write(`INSERT INTO practice (practice, name, country, zone, language, phone, email, website, address, accent, sender_local, domain, label, default_channel, sms_services, quiet_from, quiet_to, client_word, created_at, closed_at)
				VALUES ('a', 'P', 'AU', 'Australia/Melbourne', 'en', '', '', '', '', '', 'hello', '', 'a', 'email', $1, 0, 0, 'client', 1, 0)`, false)
			write(`INSERT INTO message (practice, id, kind, channel, purpose, subject, wording_version, digest, language, appointment, attendee, generation, client, recipient, basis, state, turn, not_after, attempts, created_at, changed_at)
				VALUES ('a', 'm', 'rule', 'email', 'appointments', 'r', 'v', 'd', 'en', '', '', 0, 'c', 'c', '', 'sent', 1, 1, 1, 1, 1)`)
			if state, say := about(of, "record"); state != "bad" || !strings.Contains(say, "practice a: 0 messages are on record as leaving, the messages' own list has 1") {
				t.Error(state, say)
			}
			write(`UPDATE ledger_head SET size = 7`)
			if state, say := about(of, "record"); state != "bad" || !strings.Contains(say, "was changed") {
				t.Error(state, say)
			}
		})
	}
}
