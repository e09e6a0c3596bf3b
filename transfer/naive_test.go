package transfer_test

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
	_ "time/tzdata"

	"letterhead/plan"
	"letterhead/store"
	"letterhead/testkit"
	"letterhead/transfer"
)

// A second calculation of what the plan must hold, straight from the files and from the words of the issue, that shares no code with the product. Where it
// and plan.Lines differ, one of them is wrong.

// naive is one reading of the rules; mutants of it show that the comparison can fail.
type naive struct {
	quiet        bool // nothing leaves from 20:00 to 08:00 in the recipient's zone
	archived     bool // who is archived gets nothing
	defaultEmail bool // an empty preference means e-mail
	calendarDays bool // days are calendar days, not 24 hours
	reachable    bool // what is no address gets nothing
}

var asWritten = naive{true, true, true, true, true}

func (n naive) lines(t *testing.T, folder string, from, to time.Time) []string {
	t.Helper()
	var head struct {
		Zone      string `json:"zone"`
		DateOrder string `json:"date_order"`
	}
	raw, err := os.ReadFile(filepath.Join(folder, "practice.json"))
	if err == nil {
		err = json.Unmarshal(raw, &head)
	}
	if err != nil {
		t.Fatal(err)
	}
	home, err := time.LoadLocation(head.Zone)
	if err != nil {
		t.Fatal(err)
	}
	clients := map[string]map[string]string{}
	for _, c := range naiveRows(t, filepath.Join(folder, "clients.csv")) {
		if clients[c["Client ID"]] == nil {
			clients[c["Client ID"]] = c
		}
	}
	var out []string
	seen := map[string]bool{}
	for _, a := range naiveRows(t, filepath.Join(folder, "appointments.csv")) {
		c := clients[a["Client ID"]]
		start, ok := naiveStart(a["Date"], a["Start Time"], head.DateOrder, home)
		minutes, _ := strconv.Atoi(a["Minutes"])
		if c == nil || !ok || minutes < 1 || seen[a["Appointment ID"]] || a["Status"] != "Booked" && a["Status"] != "Confirmed" || n.archived && c["Archived"] == "Yes" {
			continue
		}
		seen[a["Appointment ID"]] = true
		theirs := home
		if c["Time Zone"] != "" {
			if l, err := time.LoadLocation(c["Time Zone"]); err == nil {
				theirs = l
			}
		}
		for _, rule := range []struct {
			key  string
			days int
		}{{"reminder-7-days", 7}, {"reminder-2-days", 2}} {
			due := n.due(start, rule.days, home, theirs)
			if due.Before(from) || !due.Before(to) {
				continue
			}
			for _, channel := range n.channels(c, rule.days) {
				out = append(out, fmt.Sprintf("%s %s %s %s %s", a["Appointment ID"], a["Client ID"], channel, rule.key, due.In(home).Format(time.RFC3339)))
			}
		}
	}
	sort.Strings(out)
	return out
}

func (n naive) channels(c map[string]string, days int) []string {
	want := c["Reminder Type"]
	if want == "" && n.defaultEmail {
		want = "Email"
	}
	email, mobile := strings.TrimSpace(c["Email"]), strings.TrimSpace(c["Mobile"])
	at := strings.Split(email, "@")
	var out []string
	if strings.Contains(want, "Email") && (!n.reachable && email != "" || len(at) == 2 && !strings.Contains(email, " ") && strings.Contains(at[1], ".")) {
		out = append(out, "email")
	}
	digits := 0
	for _, r := range mobile {
		if r >= '0' && r <= '9' {
			digits++
		}
	}
	if strings.Contains(want, "SMS") && days == 2 && (!n.reachable && mobile != "" || digits >= 9) {
		out = append(out, "sms")
	}
	return out
}

func (n naive) due(start time.Time, days int, home, theirs *time.Location) time.Time {
	y, m, d := start.In(home).Date()
	due := time.Date(y, m, d-days, 10, 0, 0, 0, home)
	if !n.calendarDays {
		due = time.Date(y, m, d, 10, 0, 0, 0, home).Add(-time.Duration(days) * 24 * time.Hour)
	}
	local := due.In(theirs)
	if y, m, d = local.Date(); n.quiet && local.Hour() < 8 {
		return time.Date(y, m, d-1, 19, 59, 0, 0, theirs)
	}
	if n.quiet && local.Hour() >= 20 {
		return time.Date(y, m, d, 19, 59, 0, 0, theirs)
	}
	return due
}

func naiveStart(date, clock, order string, home *time.Location) (time.Time, bool) {
	layout := map[string]string{"DMY": "2/1/2006 ", "MDY": "1/2/2006 ", "YMD": "2006-1-2 "}[order] + "15:04"
	if strings.HasSuffix(clock, "M") {
		layout = strings.Replace(layout, "15:04", "3:04 PM", 1)
	}
	wall, err := time.Parse(layout, date+" "+clock)
	if err != nil {
		return time.Time{}, false
	}
	y, m, d := wall.Date()
	start := time.Date(y, m, d, wall.Hour(), wall.Minute(), 0, 0, home)
	return start, start.Hour() == wall.Hour() && start.Minute() == wall.Minute() && start.Day() == d // a wall time in a gap comes out as another
}

func naiveRows(t *testing.T, file string) []map[string]string {
	t.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	records, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(string(raw), "\ufeff"))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	out := make([]map[string]string, 0, len(records))
	for _, record := range records[1:] {
		row := map[string]string{}
		for i, cell := range record {
			row[records[0][i]] = cell
		}
		out = append(out, row)
	}
	return out
}

// planned are the plan's send lines of the two reminders.
func (b *bench) planned(from, to time.Time) []string {
	b.Helper()
	var out []string
	b.view(func(ctx context.Context, tx *store.Tx) error {
		return plan.Lines(ctx, tx, plan.Filter{From: from, To: to}, func(l plan.Line) error {
			raw, err := json.Marshal(l)
			if err != nil {
				return err
			}
			var shown struct{ Appointment, Client, Channel, Rule, Due, Verdict string }
			if err := json.Unmarshal(raw, &shown); err != nil {
				return err
			}
			if shown.Verdict == "send" && strings.HasPrefix(shown.Rule, "reminder-") {
				out = append(out, fmt.Sprintf("%s %s %s %s %s", shown.Appointment, shown.Client, shown.Channel, shown.Rule, shown.Due))
			}
			return nil
		})
	})
	sort.Strings(out)
	return out
}

// difference lists what only one of two sorted lists has.
func difference(want, got []string) (out []string) {
	for len(want) > 0 || len(got) > 0 {
		switch {
		case len(got) == 0 || len(want) > 0 && want[0] < got[0]:
			out, want = append(out, "missing "+want[0]), want[1:]
		case len(want) == 0 || got[0] < want[0]:
			out, got = append(out, "too many "+got[0]), got[1:]
		default:
			want, got = want[1:], got[1:]
		}
	}
	return out
}

func TestPlanEqualsANaiveCalculation(t *testing.T) {
	t.Parallel()
	from, to := time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC), time.Date(2027, 5, 1, 0, 0, 0, 0, time.UTC)
	mutants := map[string]naive{}
	for i, name := range []string{"no quiet hours", "archived too", "an empty preference is none", "days of 24 hours", "bad addresses too"} {
		m := asWritten
		*[]*bool{&m.quiet, &m.archived, &m.defaultEmail, &m.calendarDays, &m.reachable}[i] = false
		mutants[name] = m
	}
	var mu sync.Mutex
	caught := map[string]int{}
	t.Run("exports", func(t *testing.T) {
		for name, folder := range exports(t) {
			for _, engine := range testkit.Engines() {
				t.Run(name+"/"+string(engine), func(t *testing.T) {
					t.Parallel()
					b := newBench(t, engine, practiceOf(t, folder))
					b.bring(transfer.Source{Dir: folder}, transfer.Options{})
					got, want := b.planned(from, to), asWritten.lines(t, folder, from, to)
					if len(want) < 20 {
						t.Fatalf("only %d lines to compare", len(want))
					}
					if d := difference(want, got); len(d) > 0 {
						t.Errorf("%d differences in %s of %d lines; the first: %s", len(d), name, len(want), strings.Join(d[:min(len(d), 10)], "; "))
					}
					t.Logf("%s: %d lines", name, len(want))
					for mutant, n := range mutants {
						if d := difference(n.lines(t, folder, from, to), got); len(d) > 0 {
							mu.Lock()
							caught[mutant] += len(d)
							mu.Unlock()
						}
					}
					if due := b.count(`SELECT count(*) FROM due WHERE practice = $1 AND state = 'open' AND due_at >= $2 AND due_at < $3`, from.UnixMicro(), to.UnixMicro()); due != len(want) {
						t.Errorf("%s: %d due rows were written, %d lines are sent", name, due, len(want))
					}
				})
			}
		}
	})
	for name := range mutants {
		if caught[name] == 0 {
			t.Errorf("a calculation with %q is not told from the right one: the comparison proves nothing", name)
		}
	}
	t.Log("differences of the mutants, over all: ", caught)
}
