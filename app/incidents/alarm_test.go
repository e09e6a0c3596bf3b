package incidents_test

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"letterhead/courier"
	"letterhead/courier/journal"
	"letterhead/courier/logbook"
	"letterhead/incident/alarm"
	"letterhead/incident/book"
	"letterhead/message"
	"letterhead/store"
)

// sent leaves messages of a version that went an hour ago, of which the first few were reported as unwanted just now.
func (h *host) sent(p store.PracticeID, version string, count, complaints int) {
	h.Helper()
	h.Change(p, func(tx *store.Tx) error {
		var rows, steps [][]any
		at := store.Micro(tx.Now.Add(-time.Hour))
		for i := range count {
			id := version + fmt.Sprintf("%05d", i)
			rows = append(rows, []any{id, "rule", "email", "appointments", "reminder", "v-" + version, strings.Repeat(version, 32), "en", "", "", 1, "c", "r", "", "sent", at, at, at, at, at})
			if i < complaints {
				steps = append(steps, []any{id, 1, store.Micro(tx.Now.Add(-time.Minute)), "complained", "", ""})
			}
		}
		_, err := tx.Bulk(h.Context(), `INSERT INTO message (practice, id, kind, channel, purpose, subject, wording_version, digest, language, appointment, attendee, generation, client, recipient, basis,
			state, turn, not_after, created_at, left_at, changed_at) VALUES`, "", rows)
		if err != nil || len(steps) == 0 {
			return err
		}
		_, err = tx.Bulk(h.Context(), `INSERT INTO message_step (practice, message, number, at, step, reason, detail) VALUES`, "", steps)
		return err
	})
}

func (h *host) look(status func() courier.Status) []book.Case {
	h.Helper()
	h.Must(h.Look(h.Context(), status))
	var all []book.Case
	h.whole(func(x *store.Wide) (err error) { all, err = book.List(h.Context(), x, "", 50); return err })
	return all
}

func (h *host) stopped(p store.PracticeID) (out []string) {
	h.Helper()
	h.Change(p, func(tx *store.Tx) error {
		open, err := message.Frozen(h.Context(), tx)
		out = nil
		for _, s := range open {
			out = append(out, string(s.Scope)+" "+s.Subject)
		}
		return err
	})
	return out
}

// Five reports within an hour stop the version that all of them are of, or the practice, open one incident a day, and its owners are told. Four do not, nor do five of many.
func TestManyComplaintsStopWhatTheyAreOf(t *testing.T) {
	each(t, func(h *host) {
		h.sent("p", "ab", 100, 5)
		h.sent("q", "ab", 100, 4)
		for range 3 { // looking again changes nothing
			if all := h.look(nil); len(all) != 1 || all[0].Kind != book.Complaints {
				h.Fatalf("incidents: %+v", all)
			}
		}
		if got := h.stopped("p"); len(got) != 1 || got[0] != "version "+strings.Repeat("ab", 32) {
			h.Errorf("stopped: %v", got)
		}
		if got := h.stopped("q"); len(got) != 0 {
			h.Errorf("stopped at the other: %v", got)
		}
		id := h.look(nil)[0].ID
		h.whole(func(x *store.Wide) error {
			all, err := book.List(h.Context(), x, "q", 10)
			of, err2 := book.Of(h.Context(), x, "p", id)
			if len(all) != 0 || of.TellAt.IsZero() || err2 != nil {
				h.Errorf("the other practice has %v; told %v, %v", all, of.TellAt, err2)
			}
			return err
		})
		h.sent("q", "cd", 100, 1) // the fifth, of another version
		if all := h.look(nil); len(all) != 2 {
			h.Fatalf("incidents: %+v", all)
		}
		if got := h.stopped("q"); len(got) != 1 || got[0] != "practice " {
			h.Errorf("stopped: %v", got)
		}
		h.sent("p", "ef", 3000, 0)
		h.Clock.Pass(25 * time.Hour)
		h.sent("p", "fa", 2000, 5) // one of 400
		if all := h.look(nil); len(all) != 2 {
			h.Errorf("five of many opened another: %+v", all)
		}
	})
}

// A journal that is missing or another's, and a record that does not verify, each open one incident; what is in order opens none.
func TestWhatIsNotToBeBelievedOpensAnIncident(t *testing.T) {
	each(t, func(h *host) {
		fine := func() courier.Status { return courier.Status{} }
		if all := h.look(fine); len(all) != 0 {
			h.Fatalf("%+v", all)
		}
		for range 2 {
			if all := h.look(func() courier.Status { return courier.Status{Why: logbook.Disbelieved + ": 3 leaves less"} }); len(all) != 1 || all[0].Kind != book.Verification || strings.Contains(all[0].Facts.Description, "leaves less") {
				h.Fatalf("%+v", all)
			}
		}
		if all := h.look(func() courier.Status { return courier.Status{Fork: true} }); len(all) != 1 { // of the same day
			h.Fatalf("%+v", all)
		}
		folder := courier.JournalFolder(h.House.Folder)
		h.Must(os.RemoveAll(folder))
		if all := h.look(fine); len(all) != 2 || h.kind(book.Journal) != 1 {
			h.Fatalf("without a journal: %+v", all)
		}
		h.Clock.Pass(25 * time.Hour)
		h.Must(journal.Create(folder, "0198f000-0000-7000-8000-0000000000ff", 7))
		for range 2 {
			if all := h.look(fine); len(all) != 3 || h.kind(book.Journal) != 2 {
				h.Fatalf("with another's journal: %+v", all)
			}
		}
	})
}

func (h *host) kind(of book.Kind) (n int) {
	h.whole(func(x *store.Wide) error {
		all, err := book.List(h.Context(), x, "", 50)
		n = 0
		for _, c := range all {
			if c.Kind == of {
				n++
			}
		}
		return err
	})
	return n
}

// An incident has its figures without anybody's doing: at once, after its first minute, and when a stop was made or lifted; no more often.
func TestFiguresComeByThemselves(t *testing.T) {
	each(t, func(h *host) {
		h.sent("p", "ab", 10, 0)
		h.whole(func(x *store.Wide) error {
			return message.PutStops(h.Context(), x, message.Stop{Practice: "p", ID: "s1", Scope: message.StopVersion, Subject: strings.Repeat("ab", 32), Reason: "x", Who: alarm.BreakerWho, At: x.Now})
		})
		id := h.look(nil)[0].ID
		measured := func(want bool) {
			h.Helper()
			before := h.read(id).MeasuredAt
			h.Must(h.Figures(h.Context()))
			if got := !h.read(id).MeasuredAt.Equal(before); got != want {
				h.Errorf("measured: %v", got)
			}
		}
		measured(true)
		h.whole(func(x *store.Wide) error {
			all, err := book.Figures(h.Context(), x, "p", id)
			for _, f := range all {
				if f.Name == "messages_left" && f.Number != 10 {
					h.Errorf("%+v", f)
				}
			}
			if len(all) < 20 {
				h.Errorf("%d figures", len(all))
			}
			return err
		})
		h.Clock.Pass(30 * time.Second)
		measured(false)
		h.Clock.Pass(31 * time.Second)
		measured(true)
		h.Clock.Pass(time.Hour)
		measured(false)
		h.Exec("p", `UPDATE freeze_entry SET lifted_at = $2, lifted_by = 'ana' WHERE practice = $1`, store.Micro(h.Clock.Now()))
		measured(true)
		h.Clock.Pass(time.Hour)
		measured(false)
		h.whole(func(x *store.Wide) error { return book.Close(h.Context(), x, id, "ana") })
		measured(false)
	})
}

func (h *host) read(id string) (c book.Case) {
	h.Helper()
	h.whole(func(x *store.Wide) (err error) { c, err = book.Find(h.Context(), x, "", id); return err })
	return c
}
