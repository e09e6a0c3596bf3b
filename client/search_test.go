package client

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"letterhead/fault"
	"letterhead/practice"
	"letterhead/store"
	"letterhead/testkit"
	"letterhead/vault"
)

var ctx = context.Background()

// filled is a practice with some clients.
func filled(t testing.TB, db *store.DB, id store.PracticeID, clients ...Client) (do func(fn func(tx *store.Tx, keys *vault.Keys) error)) {
	t.Helper()
	keeper, err := vault.NewKeeper(bytes.Repeat([]byte{7}, 32))
	if err != nil {
		t.Fatal(err)
	}
	do = func(fn func(tx *store.Tx, keys *vault.Keys) error) {
		t.Helper()
		err := db.Change(ctx, store.Actor{Practice: id, Agent: "test"}, func(tx *store.Tx) error {
			keys, err := keeper.Keys(ctx, tx)
			if err != nil {
				return err
			}
			return fn(tx, keys)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	do(func(tx *store.Tx, keys *vault.Keys) error {
		if _, err := practice.Add(ctx, tx, practice.New("Clinic "+string(id), "AU", "Australia/Melbourne")); err != nil {
			return err
		}
		for _, c := range clients {
			name := c
			if strings.ContainsAny(c.FirstName+c.LastName, "%_") { // comes in by an import alone
				c.FirstName, c.LastName = "Ann", "Li"
			}
			added, err := Add(ctx, tx, keys, c)
			if err != nil {
				return err
			}
			if _, err := tx.Exec(ctx, `UPDATE client SET first_name = $3, last_name = $4, folded = $5 WHERE practice = $1 AND id = $2`,
				added.ID, name.FirstName, name.LastName, FoldNames(name.FirstName, name.LastName, name.PreferredName)); err != nil {
				return err
			}
		}
		return nil
	})
	return do
}

func names(p Page) string {
	out := make([]string, len(p.Clients))
	for i, c := range p.Clients {
		out[i] = c.FirstName
	}
	return strings.Join(out, " ")
}

func TestSearch(t *testing.T) {
	t.Parallel()
	people := []Client{
		{FirstName: "Željko", LastName: "Schäfer", Born: "1980-12-31", Email: Address{Written: "zeljko.s@mail.example"}, Mobile: Address{Written: "0429 327 534"}},
		{FirstName: "Hana", LastName: "Te-Rangi", PreferredName: "Han", Born: "1951-03-04", Email: Address{Written: "Hana@Mail.Example"}, Mobile: Address{Written: "0428 544 601"}},
		{FirstName: "Hanna", LastName: "O'Brien", Born: "1951-04-03", Email: Address{Written: "family@mail.example"}, Mobile: Address{Written: "0427 144 601"}},
		{FirstName: "أحمد", LastName: "عبدالله", Email: Address{Written: "family@mail.example"}},
		{FirstName: "100%", LastName: "Sure_thing"},
	}
	testkit.Each(t, func(t *testing.T, db *store.DB) {
		do := filled(t, db, "a", people...)
		filled(t, db, "b", people...)
		do(func(tx *store.Tx, keys *vault.Keys) error {
			for _, c := range []struct{ text, want string }{
				{"", "Hanna Željko 100% Hana أحمد"}, {"  ", "Hanna Željko 100% Hana أحمد"},
				{"zelj", "Željko"}, {"SCHÄF", "Željko"}, {"schafer zeljko", "Željko"}, {"chafer", ""}, {"han", "Hanna Hana"}, {"hana", "Hana"}, {"rangi", "Hana"}, {"te-r", "Hana"}, {"h te", "Hana"},
				{"o'bri", "Hanna"}, {"obrien", "Hanna"}, {"احمد", "أحمد"}, {"عبد", "أحمد"}, {"%", ""}, {"_", ""}, {"' OR 1=1 --", ""}, {"100", "100%"},
				{"1980-12-31", "Željko"}, {"31/12/1980", "Željko"}, {"12/31/1980", "Željko"}, {"31.12.1980", "Željko"}, {"3/4/1951", "Hanna Hana"}, {"4/3/1951", "Hanna Hana"}, {"30/2/1980", ""},
				{"7534", "Željko"}, {"27534", "Željko"}, {"327 534", "Željko"}, {"4601", "Hanna Hana"}, {"44601", "Hanna Hana"}, {"544601", "Hana"}, {"0429 327 534", "Željko"}, {"+61 429-327-534", "Željko"},
				{"٠٤٢٩٣٢٧٥٣٤", "Željko"}, {"9 327 534", "Željko"}, {"0000", ""}, {"327", ""},
				{"hana@mail.example", "Hana"}, {"HANA@MAIL.EXAMPLE", "Hana"}, {"hana@", "Hana"}, {"hana@elsewhere.example", ""}, {"family@mail.example", "Hanna أحمد"}, {"family", "Hanna أحمد"}, {"zeljko.s", "Željko"},
			} {
				page, err := Search(ctx, tx, keys, Query{Text: c.text}, 10)
				if err != nil {
					return fmt.Errorf("%q: %w", c.text, err)
				}
				if got := names(page); got != c.want || page.Next != "" {
					t.Errorf("%q finds %q, want %q", c.text, got, c.want)
				}
			}
			_, err := Search(ctx, tx, keys, Query{Text: strings.Repeat("x", 255)}, 10)
			if fault.KindOf(err) != fault.Invalid {
				t.Error(err)
			}
			_, err = Search(ctx, tx, keys, Query{}, 101)
			if fault.KindOf(err) != fault.Invalid {
				t.Error(err)
			}
			return nil
		})
	})
}

func TestSearchPagesAndArchived(t *testing.T) {
	t.Parallel()
	var people []Client
	for i := range 25 {
		people = append(people, Client{FirstName: "First" + string(rune('A'+i%3)), LastName: "Same" + string(rune('A'+i%5))})
	}
	testkit.Each(t, func(t *testing.T, db *store.DB) {
		do := filled(t, db, "a", people...)
		do(func(tx *store.Tx, keys *vault.Keys) error {
			var all []Client
			for _, text := range []string{"", "same", "same first"} {
				all = nil
				var after ID
				for pages := 0; ; pages++ {
					page, err := Search(ctx, tx, keys, Query{Text: text, After: after}, 4)
					if err != nil || pages > 10 {
						return err
					}
					all = append(all, page.Clients...)
					if after = page.Next; after == "" {
						break
					}
				}
				seen := map[ID]bool{}
				for i, c := range all {
					seen[c.ID] = true
					if i > 0 && all[i-1].LastName > c.LastName {
						t.Errorf("%q: %s before %s", text, all[i-1].LastName, c.LastName)
					}
				}
				if len(seen) != 25 || len(all) != 25 {
					t.Errorf("%q: %d clients, %d different", text, len(all), len(seen))
				}
			}
			if _, err := Archive(ctx, tx, keys, all[0].ID, 1); err != nil {
				return err
			}
			in, err := Search(ctx, tx, keys, Query{}, 100)
			with, _ := Search(ctx, tx, keys, Query{Archived: true}, 100)
			if len(in.Clients) != 24 || len(with.Clients) != 25 {
				t.Errorf("%d without the archived one, %d with", len(in.Clients), len(with.Clients))
			}
			return err
		})
	})
}

func TestDuplicatesAreFlagged(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, db *store.DB) {
		do := filled(t, db, "a",
			Client{FirstName: "Željko", LastName: "Schäfer", Born: "1980-12-31"}, Client{FirstName: "ZELJKO", LastName: "Schafer", PreferredName: "Z", Born: "1980-12-31"},
			Client{FirstName: "Željko", LastName: "Schäfer", Born: "1981-12-31"}, Client{FirstName: "Ana", LastName: "Schäfer", Born: "1980-12-31"},
			Client{FirstName: "Sam", LastName: "White"}, Client{FirstName: "Sam", LastName: "White"})
		do(func(tx *store.Tx, keys *vault.Keys) error {
			groups, err := Duplicates(ctx, tx, 10)
			if err != nil || len(groups) != 1 || len(groups[0]) != 2 {
				t.Fatalf("%v, %v", groups, err)
			}
			first, err := Find(ctx, tx, keys, groups[0][0])
			if err != nil {
				return err
			}
			twins, err := Twins(ctx, tx, first)
			if !slices.Equal(twins, groups[0][1:]) {
				t.Errorf("twins %v of %v", twins, groups)
			}
			none, err2 := Twins(ctx, tx, Client{FirstName: "Sam", LastName: "White"})
			if len(none) != 0 || err2 != nil {
				t.Errorf("without a date of birth: %v, %v", none, err2)
			}
			return err
		})
	})
}

// bulk writes n clients with few names, as rows: what they hold beyond names is not looked at.
func bulk(t testing.TB, db *store.DB, id store.PracticeID, n int) {
	t.Helper()
	err := db.Change(ctx, store.Actor{Practice: id, Agent: "test"}, func(tx *store.Tx) error {
		rows := make([][]any, n)
		for i := range rows {
			first, last := fmt.Sprintf("Hana%d", i%997), fmt.Sprintf("Becker%d", i%1009)
			mark := fmt.Sprintf("x%d", i)
			rows[i] = []any{fmt.Sprintf("c%07d", i), "", "", first, last, "", FoldNames(first, last, ""), fmt.Sprintf("19%02d-%02d-11", i%100, 1+i%12), "", "", "", "none", "none", []byte{0}, mark, mark, mark, mark, mark, mark, "", 0, "", 1, 1, 1, 0}
		}
		_, err := tx.Bulk(ctx, `INSERT INTO client (practice, id, external, title, first_name, last_name, preferred_name, folded, born, language, zone, reminders, email_state, mobile_state, sealed,
			email_index, local_index, mobile_index, tail4_index, tail5_index, tail6_index, import_sum, import_version, batch, version, created_at, changed_at, archived_at) VALUES`, "", rows)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// No search reads the table of all practices, nor all rows of its own: each goes through an index that begins with the practice.
func TestSearchesUseIndexes(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, db *store.DB) {
		filled(t, db, "a")
		filled(t, db, "b")
		bulk(t, db, "a", 2000)
		bulk(t, db, "b", 2000)
		page := []any{"a", "", false, 11}
		for _, c := range []struct {
			query, index string
			args         []any
		}{
			{searchNames, "client_folded", []any{"% han%", "%", "%", "%"}}, {searchWord, "client_local", []any{"% han%", "%", "%", "%", "x"}}, {searchEmail, "client_email", []any{"x7"}},
			{searchLocal, "client_local", []any{"x7"}}, {searchMobile, "client_mobile", []any{"x7"}}, {searchTail4, "client_tail4", []any{"x7"}}, {searchTail5, "client_tail5", []any{"x7"}},
			{searchTail6, "client_tail6", []any{"x7"}}, {searchBorn, "client_born", []any{"1907-08-11", "1908-07-11"}},
			{contactsQuery(store.List(2, 4)), "contact_client", nil},
		} {
			err := db.Whole(ctx, "test", func(w *store.Wide) error {
				args := append(slices.Clone(page), c.args...)
				if c.args == nil {
					args = []any{"a", "c0000001", "c0000002", "c0000003", "c0000004"}
				}
				plan, err := w.Plan(ctx, c.query, args...)
				if !strings.Contains(plan, c.index) || strings.Contains(plan, "Seq Scan") || strings.Contains(plan, "SCAN client") {
					t.Errorf("%s is not used:\n%s", c.index, plan)
				}
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		}
	})
}

// The worst search by name (nobody is called so: every name of the practice is looked at) stays under a bound that only reading the rows, or
// opening them, would break.
func TestTheWorstSearchIsBounded(t *testing.T) {
	testkit.Each(t, func(t *testing.T, db *store.DB) {
		do := filled(t, db, "a")
		bulk(t, db, "a", 10_000)
		do(func(tx *store.Tx, keys *vault.Keys) error {
			best := time.Hour
			for range 5 {
				started := time.Now()
				if _, err := Search(ctx, tx, keys, Query{Text: "nobody at all"}, 20); err != nil {
					return err
				}
				best = min(best, time.Since(started))
			}
			t.Logf("10,000 clients: %v", best)
			if best > 250*time.Millisecond {
				t.Errorf("a search by name among 10,000 clients takes %v", best)
			}
			return nil
		})
	})
}
