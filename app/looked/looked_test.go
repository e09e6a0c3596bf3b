package looked_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"letterhead/app/looked"
	"letterhead/fault"
	"letterhead/guard"
	"letterhead/practice"
	"letterhead/store"
	"letterhead/testkit"
	"letterhead/vault"
)

// The command answers by member, session, program, address and time; says what is wrong with what was typed; and is on the log itself.
func TestTheCommandAnswers(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		keeper, err := vault.NewKeeper(make([]byte, 32))
		if err != nil {
			t.Fatal(err)
		}
		var liam store.MemberID
		for _, id := range []store.PracticeID{"a", "b"} {
			if err := db.Change(ctx, store.Actor{Practice: id, Agent: "test"}, func(tx *store.Tx) error {
				p := practice.New("Wattle Street", "AU", "Australia/Melbourne")
				p.ID = id
				if _, err := practice.Add(ctx, tx, p); err != nil {
					return err
				}
				m, err := guard.AddMember(ctx, tx, guard.Member{Email: "liam@example.org", Name: "Liam Nguyen", Role: guard.FrontDesk})
				if id == "a" {
					liam = m.ID
				}
				return err
			}); err != nil {
				t.Fatal(err)
			}
		}
		for i := range 250 {
			who := store.Actor{Practice: "a", Member: liam, Way: store.Way{Session: fmt.Sprintf("s%d", i%2), Address: keeper.Network("a", guard.Network("203.0.113.7")), Route: "GET /", Purpose: "read"}}
			if err := db.View(ctx, who, func(tx *store.Tx) error {
				return vault.Saw(tx, vault.Of{Client: fmt.Sprintf("c%d", i), Fields: "name"})
			}); err != nil {
				t.Fatal(err)
			}
		}
		day := func(d time.Duration) string { return time.Now().Add(d).UTC().Format(time.RFC3339) }
		command := store.Actor{Practice: "a", Agent: "command", Way: store.Way{Purpose: "work"}}
		for name, c := range map[string]struct {
			asked looked.Asked
			want  int
		}{
			"member": {looked.Asked{Member: "Liam@example.org"}, 250}, "id": {looked.Asked{Member: string(liam)}, 250}, "session": {looked.Asked{Session: "s1"}, 125}, "address": {looked.Asked{Address: "203.0.113.7"}, 250},
			"another address": {looked.Asked{Address: "203.0.113.8"}, 0}, "client": {looked.Asked{Client: "c7"}, 1}, "now": {looked.Asked{Session: "s0", From: day(-time.Hour), To: day(time.Hour)}, 125},
			"before": {looked.Asked{Session: "s0", To: day(-time.Hour)}, 0}, "program": {looked.Asked{Credential: "p"}, 0},
		} {
			answer, err := c.asked.Ask(ctx, db, keeper, command)
			if err != nil || len(answer.Entries) != c.want || answer.Looks != int64(c.want) {
				t.Errorf("%s: %d entries, %d looks, want %d: %v", name, len(answer.Entries), answer.Looks, c.want, err)
			}
		}
		for flag, asked := range map[string]looked.Asked{"--member": {Member: "mere@example.org"}, "--address": {Address: "next door"}, "--from": {From: "yesterday"}, "--to": {From: "2026-12-02", To: "2026-12-01"}} {
			if _, err := asked.Ask(ctx, db, keeper, command); fault.As(err) == nil || fault.As(err).Field != flag {
				t.Errorf("%s: %v", flag, err)
			}
		}
		command.Practice = "b"
		other, err := looked.Asked{Session: "s1"}.Ask(ctx, db, keeper, command)
		if err != nil || len(other.Entries) != 0 {
			t.Errorf("the other practice: %+v %v", other, err)
		}
		command.Practice = "a"
		answer, err := looked.Asked{Client: "c7"}.Ask(ctx, db, keeper, command)
		if err != nil {
			t.Fatal(err)
		}
		var text, raw bytes.Buffer
		if err := looked.Print(&text, answer, false); err != nil || !strings.Contains(text.String(), "Liam Nguyen") || !strings.Contains(text.String(), "1 looks at 1 clients") {
			t.Errorf("%v: %s", err, text.String())
		}
		var again looked.Answer
		if err := looked.Print(&raw, answer, true); err != nil || json.Unmarshal(raw.Bytes(), &again) != nil || again.Entries[0].Clients[0] != "c7" {
			t.Errorf("%v: %s", err, raw.String())
		}
		own, err := looked.Asked{}.Ask(ctx, db, keeper, command)
		if err != nil || own.Entries[0].Purpose != "export" || own.Entries[0].Route != "letterhead looked" {
			t.Errorf("the command is on the log as %+v %v", own.Entries[:1], err)
		}
	})
}
