package whole_test

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"letterhead/client"
	"letterhead/fault"
	"letterhead/letter"
	"letterhead/message"
	"letterhead/plan"
	"letterhead/practice"
	"letterhead/store"
	"letterhead/template"
	"letterhead/testkit"
	"letterhead/transfer"
	"letterhead/transfer/whole"
	"letterhead/vault"
)

var ctx = context.Background()

func keeper(t testing.TB, seed byte) *vault.Keeper {
	t.Helper()
	k, err := vault.NewKeeper(bytes.Repeat([]byte{seed}, 32))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// full is a practice with something of everything that an export can hold.
func full(t testing.TB, db *store.DB, keys *vault.Keeper) store.Actor {
	t.Helper()
	by := store.Actor{Practice: store.NewID[store.PracticeID](), Member: "m"}
	change := func(fn func(tx *store.Tx) error) {
		t.Helper()
		if err := db.Change(ctx, by, fn); err != nil {
			t.Fatal(err)
		}
	}
	change(func(tx *store.Tx) error {
		p := practice.New("Wharf Street Physiotherapy", "NZ", "Pacific/Auckland")
		p.ID = by.Practice
		_, err := practice.Add(ctx, tx, p)
		return errors.Join(err, template.AddStarter(ctx, tx, "letterhead.example"), plan.AddStarter(ctx, tx))
	})
	if _, err := transfer.Import(ctx, db, keys, by.Practice, transfer.Source{Dir: "../testdata/exports/wharf"}, transfer.Options{Actor: by}); err != nil {
		t.Fatal(err)
	}
	change(func(tx *store.Tx) error {
		opened, err := keys.Keys(ctx, tx)
		if err != nil {
			return err
		}
		c, err := client.Add(ctx, tx, opened, client.Client{FirstName: "Ada", LastName: "Ngata", Born: "1980-05-04", Email: client.Address{Written: "ada@example.org"}, Alert: "Guide dog"})
		if err != nil {
			return err
		}
		if _, err := client.AddContact(ctx, tx, opened, client.Contact{Client: c.ID, Name: "Inês", Relation: "mother", Receives: client.NoReminders, Email: client.Address{Written: "ines@example.org"}}); err != nil {
			return err
		}
		if _, err := letter.Save(ctx, tx, opened, letter.Letter{Client: c.ID, Recipient: string(c.ID), Channel: "email", Text: "It will be fine."}); err != nil {
			return err
		}
		_, err = message.Queue(ctx, tx, []message.Intent{{Kind: message.Rule, Channel: message.Email, Purpose: message.Appointments, Rule: "booked", Version: "v", Digest: strings.Repeat("ab", 32), Language: "en",
			Appointment: "a", Attendee: "b", Generation: 1, Client: string(c.ID), Recipient: string(c.ID), Turn: tx.Now, NotAfter: tx.Now.Add(time.Hour)}})
		return err
	})
	return by
}

func out(t testing.TB, db *store.DB, keys *vault.Keeper, by store.Actor) ([]byte, whole.Counts) {
	t.Helper()
	var file bytes.Buffer
	counts, err := whole.Out(ctx, db, keys, by, &file, nil)
	if err != nil {
		t.Fatal(err)
	}
	return file.Bytes(), counts
}

func entries(t testing.TB, file []byte) map[string]string {
	t.Helper()
	archive, err := zip.NewReader(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for _, f := range archive.File {
		in, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		raw, err := io.ReadAll(in)
		if err != nil {
			t.Fatal(err)
		}
		all[f.Name] = string(raw)
	}
	return all
}

// same compares two exports: all but the list, whose moment is another, and messages that had not left.
func same(t *testing.T, first, second map[string]string) {
	t.Helper()
	if len(first) != len(second) {
		t.Errorf("%d files and %d", len(first), len(second))
	}
	for name, content := range first {
		switch name {
		case "manifest.json":
			continue
		case "keys.json": // a keyset is JSON: the same keys, however it is written
			var a, b any
			if json.Unmarshal([]byte(content), &a) != nil || json.Unmarshal([]byte(second[name]), &b) != nil {
				t.Errorf("%s is no JSON", name)
			}
			x, _ := json.Marshal(a)
			y, _ := json.Marshal(b)
			content, second[name] = string(x), string(y)
		case "tables/message.jsonl":
			content = strings.NewReplacer(`"state":"queued"`, `"state":"dropped"`, `"reason":""`, `"reason":"moved"`).Replace(content)
		}
		if content != second[name] {
			a, b := strings.Split(content, "\n"), strings.Split(second[name], "\n")
			for i := range a {
				if i >= len(b) || a[i] != b[i] {
					t.Errorf("%s, row %d of %d and %d:\n%.400s\n%.400s", name, i, len(a), len(b), a[i], b[min(i, len(b)-1)])
					break
				}
			}
		}
	}
}

// A practice goes out of one engine into another installation on the other, with another key-encryption key, and what is exported there is what came.
func TestAPracticeMovesAndIsTheSame(t *testing.T) {
	t.Parallel()
	for _, from := range testkit.Engines() {
		for _, to := range testkit.Engines() {
			t.Run(string(from)+" to "+string(to), func(t *testing.T) {
				t.Parallel()
				clock := testkit.NewClock(t, "2026-11-21T12:00:00Z")
				here, there := testkit.Open(t, from, clock), testkit.Open(t, to, clock)
				old, fresh := keeper(t, 7), keeper(t, 8)
				by := full(t, here, old)
				other := full(t, here, old) // another practice's rows stay
				file, counts := out(t, here, old, by)
				if counts["client"] < 39 || counts["appointment"] < 160 || counts["due"] == 0 || counts["letter"] != 1 || counts["contact"] != 1 || counts["import_change"] == 0 {
					t.Errorf("%v", counts)
				}
				first := entries(t, file)
				for name, content := range first {
					if strings.Contains(content, string(other.Practice)) {
						t.Errorf("%s names another practice", name)
					}
				}
				for name, words := range map[string]string{"tables/client.jsonl": "ada@example.org", "tables/contact.jsonl": "ines@example.org", "tables/letter.jsonl": "It will be fine."} {
					if !strings.Contains(first[name], words) {
						t.Errorf("%s does not show %q opened", name, words)
					}
				}
				clock.Pass(time.Hour)
				arrived, in, err := whole.In(ctx, there, fresh, bytes.NewReader(file), int64(len(file)))
				if err != nil || arrived.Practice != by.Practice || in["client"] != counts["client"] {
					t.Fatal(arrived, in, err)
				}
				again, _ := out(t, there, fresh, store.Actor{Practice: by.Practice, Member: "m"})
				same(t, first, entries(t, again))
				err = there.View(ctx, store.Actor{Practice: by.Practice, Member: "m"}, func(tx *store.Tx) error {
					keys, err := fresh.Keys(ctx, tx)
					if err != nil {
						return err
					}
					var n int
					if err := tx.Row(ctx, `SELECT COUNT(*) FROM client WHERE practice = $1 AND email_index = $2`, keys.Index("email", "ada@example.org")).Scan(&n); err != nil || n != 1 {
						t.Errorf("found by e-mail: %d %v", n, err)
					}
					return nil
				})
				if err != nil {
					t.Fatal(err)
				}
				if _, _, err := whole.In(ctx, there, fresh, bytes.NewReader(file), int64(len(file))); fault.As(err) == nil || !strings.Contains(err.Error(), whole.ErrThere.Say) {
					t.Errorf("it came in twice: %v", err)
				}
			})
		}
	}
}

// A file that is not what it says, or of another version, brings nothing in.
func TestADamagedFileBringsNothingIn(t *testing.T) {
	t.Parallel()
	clock := testkit.NewClock(t, "2026-11-21T12:00:00Z")
	here, there := testkit.Open(t, testkit.SQLite, clock), testkit.Open(t, testkit.SQLite, clock)
	old, fresh := keeper(t, 7), keeper(t, 8)
	by := full(t, here, old)
	file, _ := out(t, here, old, by)
	first := entries(t, file)
	for name, c := range map[string]struct {
		change func(map[string]string)
		want   string
	}{
		"a row more": {func(all map[string]string) { all["tables/consent.jsonl"] += "{}\n" }, "whole.broken"},
		"another name": {func(all map[string]string) {
			all["tables/client.jsonl"] = strings.Replace(all["tables/client.jsonl"], "Ngata", "Nobody", 1)
		}, "whole.broken"},
		"a table less": {func(all map[string]string) { delete(all, "tables/client.jsonl") }, "whole.form"},
		"another schema": {func(all map[string]string) {
			all["manifest.json"] = strings.Replace(all["manifest.json"], `"schema":`, `"schema":1`, 1)
		}, "whole.schema"},
		"another form": {func(all map[string]string) {
			all["manifest.json"] = strings.Replace(all["manifest.json"], `"form":1`, `"form":2`, 1)
		}, "whole.form"},
		"no list":        {func(all map[string]string) { delete(all, "manifest.json") }, "whole.form"},
		"another's keys": {func(all map[string]string) { all["keys.json"] = "{}" }, "whole.broken"},
		"no practice's id": {func(all map[string]string) {
			all["manifest.json"] = strings.Replace(all["manifest.json"], string(by.Practice), "", 1)
		}, "whole.form"},
	} {
		all := map[string]string{}
		for k, v := range first {
			all[k] = v
		}
		c.change(all)
		var packed bytes.Buffer
		w := zip.NewWriter(&packed)
		for k, v := range all {
			f, err := w.Create(k)
			if err == nil {
				_, err = io.WriteString(f, v)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		_, _, err := whole.In(ctx, there, fresh, bytes.NewReader(packed.Bytes()), int64(packed.Len()))
		if f := fault.As(err); f == nil || f.Key != c.want {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
		err = there.View(ctx, by, func(tx *store.Tx) error { _, err := practice.Find(ctx, tx); return err })
		if fault.KindOf(err) != fault.NotFound {
			t.Fatalf("%s brought something in: %v", name, err)
		}
	}
	if _, _, err := whole.In(ctx, there, fresh, strings.NewReader("no zip"), 6); fault.As(err) == nil || fault.As(err).Key != "whole.form" {
		t.Errorf("no zip: %v", err)
	}
}

// That everything went out is on the access log, with how many clients.
func TestAnExportIsOnTheAccessLog(t *testing.T) {
	t.Parallel()
	clock := testkit.NewClock(t, "2026-11-21T12:00:00Z")
	db, keys := testkit.Open(t, testkit.SQLite, clock), keeper(t, 7)
	by := full(t, db, keys)
	if err := whole.Note(ctx, db, by); err != nil {
		t.Fatal(err)
	}
	err := db.View(ctx, by, func(tx *store.Tx) error {
		found, err := vault.Looked(ctx, tx, vault.Asked{Member: by.Member}, 1)
		if err == nil && (len(found.Looks) != 1 || found.Looks[0].Purpose != vault.Export || found.Looks[0].Shown < 39) {
			t.Errorf("%+v", found.Looks)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
