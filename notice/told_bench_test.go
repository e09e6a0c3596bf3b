package notice_test

import (
	"fmt"
	"testing"
	"time"

	"letterhead/courier/chain"
	"letterhead/incident/book"
	"letterhead/incident/tell"
	"letterhead/notice"
	"letterhead/store"
	"letterhead/testkit"
)

// How long it takes from "tell everybody" until the notice of an incident has come to the owners of 1,000 practices; the program's looking every ten seconds comes on top.
func BenchmarkAThousandOwnersAreTold(b *testing.B) {
	const practices = 1000
	w := newWorld(b, testkit.SQLite)
	of := []store.PracticeID{here, there}
	for len(of) < practices {
		id := store.PracticeID(fmt.Sprintf("practice-%04d", len(of)))
		w.practice(id)
		of = append(of, id)
	}
	for _, p := range of { // each has had a notice before: that its owner has a key
		w.look(p)
	}
	for range practices/200 + 1 { // first uses go to 200 in a quarter of an hour
		w.drain()
		w.Clock.Pass(16 * time.Minute)
	}
	w.Clock.Pass(25 * time.Hour)
	for b.Loop() {
		w.Must(w.DB.Whole(ctx, "test", func(x *store.Wide) error {
			c, _, err := book.Raise(ctx, x, book.Opening{Kind: book.Person, By: "test", Facts: book.Facts{Title: "Prize-draw mails"}, Practices: of})
			if err != nil {
				return err
			}
			_, err = tell.Everybody(ctx, x, c.ID, "test")
			return err
		}))
		j := w.Journal()
		chains, t := chain.Open(w.Folder, j), notice.Teller{Words: w.words, Keeper: w.Keeper, DB: w.DB}
		began := time.Now()
		for _, p := range of {
			_, err := t.Look(ctx, p, chains, nil)
			w.Must(err)
		}
		w.Must(j.Close())
		b.ReportMetric(time.Since(began).Seconds(), "s/looked")
		told := map[string]bool{}
		for _, m := range w.drain() {
			told[m.To] = true
		}
		if len(told) != practices {
			b.Fatalf("%d owners were told", len(told))
		}
		w.Clock.Pass(25 * time.Hour)
	}
}
