package web

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"
	"time"

	"letterhead/courier/kept"
	"letterhead/ledger"
	"letterhead/ledger/leaf"
	"letterhead/message"
	"letterhead/store"
	"letterhead/template"
	"letterhead/vault"
	"letterhead/web/mail"
	"letterhead/wording"
	"letterhead/wording/link"
)

// left is a message of a real version that left with these values.
func (w *world) left(h home, who string, channel message.Channel, first string) message.ID {
	w.Helper()
	var id message.ID
	var of message.Message
	var keys *vault.Keys
	w.change(h, func(ctx context.Context, tx *store.Tx) error {
		var err error
		if keys, err = w.keeper.Keys(ctx, tx); err != nil {
			return err
		}
		byKey, err := template.ByKey(ctx, tx)
		if err != nil {
			return err
		}
		current, err := template.CurrentVersions(ctx, tx)
		if err != nil {
			return err
		}
		version := current[byKey["reminder-2-days"]]
		ids, err := message.Queue(ctx, tx, []message.Intent{{Kind: message.Rule, Channel: channel, Purpose: message.Appointments, Rule: "reminder-2-days", Version: string(version.ID), Digest: version.Digest,
			Language: "en", Appointment: string(h.appointments[who]), Client: string(h.clients[who]), Recipient: string(h.clients[who]), Turn: tx.Now, NotAfter: tx.Now.Add(24 * time.Hour)}})
		if err == nil {
			id = ids[0]
			of, err = message.Find(ctx, tx, id)
		}
		return err
	})
	wall := wording.Wall{Year: 2026, Month: 12, Day: 1, Hour: 11}
	salt := leaf.NewSalt()
	record := kept.Record{Of: kept.Of(&of), Salt: salt[:], Address: "fatima@example.org", Language: "en", Values: wording.Values{Recipient: wording.Person{First: first}, Start: wall, End: wall, Minutes: 45,
		Zone: "Australia/Melbourne", Mode: wording.ModeInPerson, Confirm: link.Example, Decline: link.Example, Practitioner: "Petra Schäfer", Location: wording.Place{Name: "Wattle Street"}}}
	raw, err := record.Append()
	if err != nil {
		w.Fatal(err)
	}
	sealed := keys.Seal(vault.Place{Table: "message", Row: string(id), Column: "sealed", Version: 1}, raw)
	err = w.db.Whole(context.Background(), "test", func(wide *store.Wide) error {
		if _, err := message.Lease(context.Background(), wide, "courier", []store.PracticeID{h.id}, wide.Now.Add(time.Hour)); err != nil {
			return err
		}
		if _, err := message.Leave(context.Background(), wide, "courier", []message.Departure{{Practice: h.id, ID: id, MessageID: "x@y", Sealed: sealed}}); err != nil {
			return err
		}
		return message.Mark(context.Background(), wide, "courier", []message.Outcome{{Practice: h.id, ID: id, State: message.Sent, LeftAt: wide.Now}})
	})
	if err != nil {
		w.Fatal(err)
	}
	return id
}

// A message's page shows what it said, as it looks and as text, and what could not be merged; another practice's is not found.
func TestAMessageShowsItsWords(t *testing.T) {
	t.Parallel()
	each(t, func(w *world) {
		path := "/messages/" + string(w.left(w.one, "Haddad", message.Email, "Fatima"))
		shown := w.get(path)
		w.says(shown, 200, "What it said", "Subject", "Tuesday 1 December", "fatima@example.org", "Its way", "As text")
		w.silent(shown, "was not used")
		if !strings.Contains(shown.body, `src="`+path+`/html" sandbox="`+mail.Sandbox+`"`) {
			w.Errorf("no frame: %s", shown.body)
		}
		w.says(w.get(path+"?view=text"), 200, "Fatima", "11:00 am", "Petra Schäfer")
		framed := w.get(path + "/html")
		w.says(framed, 200, "Fatima", "Petra Schäfer")
		if policy := framed.Header().Get("Content-Security-Policy"); policy != mail.FramePolicy || strings.Contains(policy, "script-src") {
			w.Errorf("the frame's policy: %s", policy)
		}
		replaced := w.get("/messages/" + string(w.left(w.one, "Haddad", message.Email, "www.evil.example")))
		w.says(replaced, 200, "The recipient’s name was not used: it reads as a web or e-mail address. The template’s own word stands in its place.")
		w.silent(replaced, "evil.example", "The attendee’s")
		text := w.get("/messages/" + string(w.left(w.one, "Haddad", message.SMS, "Fatima")))
		w.says(text, 200, "1 Dec", "1 part")
		w.silent(text, "<iframe")
		other := w.left(w.two, "Haddad", message.Email, "Fatima")
		for _, path := range []string{"/messages/" + string(other), "/messages/" + string(other) + "/html"} {
			w.says(w.get(path), 404, "There is nothing here")
		}
		w.says(w.get("/messages/"+messageOf(w, w.one)), 200, "What it said cannot be shown")
	})
}

// What waits for a signature is said above the log, with the way to where it is given.
func TestTheLogSaysWhatWaitsForASignature(t *testing.T) {
	t.Parallel()
	each(t, func(w *world) {
		w.silent(w.get("/messages"), "signature")
		id := messageOf(w, w.one)
		w.change(w.one, func(ctx context.Context, tx *store.Tx) error {
			_, err := tx.Exec(ctx, `UPDATE message SET state = 'held', reason = 'unsigned' WHERE practice = $1 AND id = $2`, id)
			return err
		})
		w.says(w.get("/messages"), 200, "One message waits for a signature")
	})
}

// putOn appends the leaf of a message as it was left, with a change.
func (l *log) putOn(h home, m message.Message, r *kept.Record, content []byte, change func(*leaf.Message)) {
	l.w.Helper()
	made, err := r.Make(kept.Sent{SMS: m.Channel == message.SMS, MessageID: m.MessageID}, kept.Sources{Version: content, Digest: m.Digest})
	if err != nil {
		l.w.Fatal(err)
	}
	salt, digest := leaf.Salt(r.Salt), leaf.Hash{}
	if _, err := hex.Decode(digest[:], []byte(m.Digest)); err != nil {
		l.w.Fatal(err)
	}
	body := &leaf.Message{Class: leaf.ClassTest, Channel: leaf.Email, Version: digest, Links: leaf.Links(made.Compiled.Hosts()), Recipient: r.Recipient(leaf.Email),
		Text: salt.Text(sha256.Sum256(made.Whole)), Words: salt.Words(leaf.WordsOf(kept.PlainPart(nil, made.Body)))}
	change(body)
	entry := ledger.Entry{Practice: h.id, Label: ledger.LabelOf(l.chains[h.id].Entries[0]), Body: body}
	for range 2 {
		err = l.w.db.Whole(context.Background(), "test", func(x *store.Wide) error {
			_, places, err := ledger.Append(context.Background(), x, []ledger.Entry{entry})
			if err == nil && entry.Body == body {
				entry.Body = &leaf.Outcome{Results: []leaf.Result{{Sequence: places[0].Sequence, Fate: leaf.Sent}}}
			}
			return err
		})
		if err != nil {
			break
		}
	}
	if err != nil {
		l.w.Fatal(err)
	}
}

// olderLayout is what is sealed with a message, as another version of the program would have sealed it.
func (w *world) olderLayout(h home, m message.Message, r *kept.Record) (sealed []byte) {
	w.Helper()
	raw, err := r.Append()
	if err != nil {
		w.Fatal(err)
	}
	raw = bytes.Replace(raw, fmt.Appendf(nil, `"layout":%d`, kept.Layout), fmt.Appendf(nil, `"layout":%d`, kept.Layout+1), 1)
	table, row, column, version := m.Place()
	w.view(h, func(ctx context.Context, tx *store.Tx) error {
		keys, err := w.keeper.Keys(ctx, tx)
		if err == nil {
			sealed = keys.Seal(vault.Place{Table: table, Row: row, Column: column, Version: version}, raw)
		}
		return err
	})
	return sealed
}

// What exactly was sent: the page holds a message against its leaf, and says what was changed since: values, version, leaf, or that there is none.
func TestAMessageIsHeldAgainstTheRecord(t *testing.T) {
	t.Parallel()
	each(t, func(w *world) {
		l := w.newLog()
		l.sent(w.one, 3)
		id := w.left(w.one, "Haddad", message.Email, "Fatima")
		path := "/messages/" + string(id)
		w.says(w.get(path), 200, "What exactly was sent", "Not on record")
		var m message.Message
		var content []byte
		var r *kept.Record
		var sealed []byte
		w.view(w.one, func(ctx context.Context, tx *store.Tx) (err error) {
			if m, err = message.Find(ctx, tx, id); err != nil {
				return err
			}
			found, err := template.Content(ctx, tx, []template.VersionID{template.VersionID(m.Version)})
			if err != nil {
				return err
			}
			content = found[template.VersionID(m.Version)]
			keys, err := w.keeper.Keys(ctx, tx)
			if err != nil {
				return err
			}
			if sealed, err = message.Sealed(ctx, tx, id); err != nil {
				return err
			}
			table, row, column, version := m.Place()
			raw, err := keys.Open(tx, vault.Of{Client: m.Client, Fields: "message"}, vault.Place{Table: table, Row: row, Column: column, Version: version}, sealed)
			if err == nil {
				r, err = kept.Parse(raw)
			}
			return err
		})
		l.putOn(w.one, m, r, content, func(*leaf.Message) {})
		w.says(w.get(path), 200, "As on record", "to the last byte", "not signed yet", "Download as sent")
		if _, err := ledger.Checkpoint(t.Context(), w.db, l.key); err != nil {
			t.Fatal(err)
		}
		same := w.get(path)
		w.says(same, 200, "As on record", "entry")
		w.silent(same, "not signed yet")
		source := w.get(path + "/source")
		if source.Code != 200 || !strings.Contains(source.body, "To: fatima@example.org\r\n") || !strings.Contains(source.Header().Get("Content-Disposition"), "attachment") {
			t.Errorf("%d %v", source.Code, source.Header())
		}
		row := func(statement string, args ...any) {
			t.Helper()
			w.change(w.one, func(ctx context.Context, tx *store.Tx) error { _, err := tx.Exec(ctx, statement, args...); return err })
		}
		row(`UPDATE message SET message_id = 'forged@y' WHERE practice = $1 AND id = $2`, string(id))
		w.says(w.get(path), 200, "Not as on record", "the message as a whole")
		row(`UPDATE message SET message_id = $2 WHERE practice = $1 AND id = $3`, m.MessageID, string(id))
		for _, c := range []struct {
			column, say  string
			forged, real any
		}{{"recipient", "for whom it was, and why", "somebody", m.Recipient}, {"subject", "for whom it was, and why", "another-rule", m.Rule}, {"created_at", "for whom it was, and why", store.Micro(m.CreatedAt) - 1, store.Micro(m.CreatedAt)},
			{"state", "what became of it", "refused", "sent"}, {"left_at", "when it left", store.Micro(m.LeftAt.Add(-time.Hour)), store.Micro(m.LeftAt)}} {
			row(`UPDATE message SET `+c.column+` = $2 WHERE practice = $1 AND id = $3`, c.forged, string(id))
			w.says(w.get(path), 200, "Not as on record", c.say)
			row(`UPDATE message SET `+c.column+` = $2 WHERE practice = $1 AND id = $3`, c.real, string(id))
		}
		row(`UPDATE message SET sealed = $2 WHERE practice = $1 AND id = $3`, w.olderLayout(w.one, m, r), string(id))
		w.says(w.get(path), 200, "Made by another version", "lays messages out in another way")
		row(`UPDATE message SET state = 'refused' WHERE practice = $1 AND id = $2`, string(id))
		w.says(w.get(path), 200, "Not as on record", "what became of it")
		row(`UPDATE message SET state = 'sent', sealed = $2 WHERE practice = $1 AND id = $3`, sealed, string(id))
		w.says(w.get(path), 200, "As on record")
		row(`UPDATE wording_version SET content = $2 WHERE practice = $1 AND id = $3`, bytes.Replace(content, []byte("Hello"), []byte("Prize"), 1), m.Version)
		w.says(w.get(path), 200, "What it said cannot be shown", "changed since it left")
		row(`UPDATE wording_version SET content = $2 WHERE practice = $1 AND id = $3`, content, m.Version)
		w.says(w.get(path), 200, "As on record")
		err := w.db.Whole(context.Background(), "test", func(x *store.Wide) error {
			var raw []byte
			ctx := context.Background()
			if err := x.Row(ctx, `SELECT leaves FROM ledger_leaf ORDER BY place DESC LIMIT 1`).Scan(&raw); err != nil {
				return err
			}
			changed := bytes.Clone(raw)
			changed[len(raw)-1] ^= 1 // of the words
			_, err := x.Exec(ctx, `UPDATE ledger_leaf SET leaves = $1 WHERE leaves = $2`, changed, raw)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		w.says(w.get(path), 200, "Record changed")
		row(`UPDATE message SET sealed = $2 WHERE practice = $1 AND id = $3`, []byte("forged"), string(id))
		w.says(w.get(path), 200, "What it said cannot be shown", "changed since it left")
		row(`UPDATE message SET sealed = NULL WHERE practice = $1 AND id = $2`, string(id))
		w.says(w.get(path), 200, "Cannot be compared")
		other := w.left(w.two, "Haddad", message.Email, "Fatima")
		w.says(w.get("/messages/"+string(other)+"/source"), 404, "There is nothing here")
	})
}
