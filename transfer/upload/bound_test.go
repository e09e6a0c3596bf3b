package upload_test

import (
	"errors"
	"io"
	"strings"
	"testing"

	"letterhead/client"
	"letterhead/store"
	"letterhead/testkit"
	"letterhead/transfer/upload"
)

// However much one practice leaves here, another may hand its own in.
func TestOnePracticeLeavesRoomToOthers(t *testing.T) {
	t.Parallel()
	b := newBench(t, testkit.SQLite)
	refused := false
	for range 30 {
		_, err := b.desk.Undo(b.by, "x") // nothing of that name: it fails, and lies here until tomorrow
		if refused = errors.Is(err, upload.ErrFull); refused {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		b.work()
	}
	if !refused {
		t.Error("it has no bound")
	}
	files := []upload.Part{{Field: "clients", Content: strings.NewReader(clients)}, {Field: "appointments", Content: strings.NewReader(appointments)}}
	if _, err := b.desk.Take(store.Actor{Practice: "another", Member: "m"}, func() (upload.Part, error) {
		if len(files) == 0 {
			return upload.Part{}, io.EOF
		}
		part := files[0]
		files = files[1:]
		return part, nil
	}); err != nil {
		t.Errorf("another practice: %v", err)
	}
}

// Whoever hands an export in changes nobody whom they do not see, and books nobody.
func TestAnImportLeavesWhoIsKept(t *testing.T) {
	t.Parallel()
	for _, engine := range testkit.Engines() {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			b := newBench(t, engine)
			in := func(clients, appointments string) upload.Upload {
				t.Helper()
				id, err := b.take("clients", clients, "appointments", appointments)
				if err != nil {
					t.Fatal(err)
				}
				for _, to := range []upload.State{upload.Checking, upload.Importing} {
					b.begin(id, to)
					b.work()
				}
				if u := b.find(id); u.State != upload.Done {
					t.Fatalf("%+v", u)
				}
				return b.find(id)
			}
			in(clients, appointments)
			house := func(fn func(tx *store.Tx, ada client.Client) error) {
				t.Helper()
				if err := b.db.Change(ctx, store.Actor{Practice: b.by.Practice, Agent: "test"}, func(tx *store.Tx) error {
					keys, err := b.keeper.Keys(ctx, tx)
					if err != nil {
						return err
					}
					found, err := client.Search(ctx, tx, keys, client.Query{Text: "Byrne"}, 2)
					if err != nil || len(found.Clients) != 1 {
						t.Fatalf("%v %v", found, err)
					}
					return fn(tx, found.Clients[0])
				}); err != nil {
					t.Fatal(err)
				}
			}
			house(func(tx *store.Tx, ada client.Client) error {
				if _, err := tx.Exec(ctx, `INSERT INTO member (practice, id, email, name, role, created_at, ended_at, person, sees) VALUES ($1, 'keeper', 'k@example.org', '', 'owner', 0, 0, '', 'all')`); err != nil {
					return err
				}
				return client.KeepTo(ctx, tx, ada.ID, []store.MemberID{"keeper"})
			})
			u := in(strings.Replace(clients, "ada@example.org", "thief@example.com", 1), strings.Replace(appointments, "7,1,", "70,1,", 1))
			if u.Report.Clients.Changed != 0 || u.Report.Appointments.Created != 0 {
				t.Errorf("%+v %+v", u.Report.Clients, u.Report.Appointments)
			}
			house(func(_ *store.Tx, ada client.Client) error {
				if ada.Email.Written != "ada@example.org" {
					t.Errorf("the address is %s now", ada.Email.Written)
				}
				return nil
			})
		})
	}
}
