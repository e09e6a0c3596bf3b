package law_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"letterhead/incident"
	"letterhead/incident/law"
	"letterhead/register"
	"letterhead/zone"
)

func laws(t *testing.T) map[string]law.Law {
	t.Helper()
	all, err := law.All()
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]law.Law{}
	for _, l := range all {
		out[l.ID] = l
	}
	return out
}

func TestEveryFileIsWhole(t *testing.T) {
	t.Parallel()
	all := laws(t)
	for id, want := range map[string]string{"au-ndb": "s 26WK(2)", "eu-gdpr": "Art. 33(1)", "uk-gdpr": "Art. 34(1)", "us-hipaa": "164.404(b)"} {
		said := fmt.Sprint(all[id].Clocks)
		if !strings.Contains(said, want) || !strings.HasPrefix(all[id].Source, "https://") {
			t.Errorf("%s: %s is missing in %s", id, want, said)
		}
	}
	factors := 0
	for _, d := range all["us-hipaa"].Decisions {
		if strings.HasPrefix(d.Question, "Factor ") {
			factors++
		}
	}
	if factors != 4 || !strings.Contains(law.NotAdvice, "not legal advice") {
		t.Errorf("%d factors; %s", factors, law.NotAdvice)
	}
}

// The clocks, across a change to summer time, a leap day and a year's end, in the zone of whoever has to act.
func TestClocks(t *testing.T) {
	t.Parallel()
	all := laws(t)
	unknown := register.Figure{State: register.Unknown}
	people := func(n float64) register.Figure { return register.Figure{State: register.Exact, Value: n} }
	for _, c := range []struct {
		name, law, zone, aware string
		people                 register.Figure
		want                   string
	}{
		{"72 hours over a change of clocks", "eu-gdpr", "Europe/Dublin", "2026-03-28T00:30:00Z", unknown, "33(2) soon; 33(1) 2026-03-31T01:30:00+01:00; 34(1) soon"},
		{"30 days keep the hour on the wall", "au-ndb", "Australia/Melbourne", "2026-09-20T04:00:00Z", unknown, "26WH(2) 2026-10-20T14:00:00+11:00; 26WK(2) soon; 26WL soon"},
		{"few people", "us-hipaa", "America/New_York", "2024-01-01T12:00:00Z", people(19), "164.410(b) 2024-03-01T07:00:00-05:00; 164.404(b) 2024-03-01T07:00:00-05:00; 164.408(c) 2025-03-01T23:59:59-05:00"},
		{"exactly 500", "us-hipaa", "America/New_York", "2024-01-01T12:00:00Z", people(500), "164.410(b) 2024-03-01T07:00:00-05:00; 164.404(b) 2024-03-01T07:00:00-05:00; 164.408(b) 2024-03-01T07:00:00-05:00"},
		{"not known how many", "us-hipaa", "America/New_York", "2024-12-31T23:00:00Z", unknown, "164.410(b) 2025-03-01T18:00:00-05:00; 164.404(b) 2025-03-01T18:00:00-05:00; 164.408(b) 2025-03-01T18:00:00-05:00 maybe; 164.406(b) 2025-03-01T18:00:00-05:00 maybe; 164.408(c) 2025-03-01T23:59:59-05:00 maybe"},
		{"an estimate over the border", "us-hipaa", "America/New_York", "2024-01-01T12:00:00Z", register.Figure{State: register.Estimate, Low: 400, Value: 450, High: 500, Note: "m"}, "164.410(b) 2024-03-01T07:00:00-05:00; 164.404(b) 2024-03-01T07:00:00-05:00; 164.408(b) 2024-03-01T07:00:00-05:00 maybe; 164.408(c) 2025-03-01T23:59:59-05:00 maybe"},
	} {
		where, err := zone.Load(c.zone)
		if err != nil {
			t.Fatal(err)
		}
		aware, err := time.Parse(time.RFC3339, c.aware)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, d := range all[c.law].Due(aware, where, c.people) {
			say := strings.TrimPrefix(strings.TrimPrefix(d.Section, "s "), "Art. ")
			if d.By.IsZero() {
				say += " soon"
			} else {
				say += " " + d.By.Format(time.RFC3339)
			}
			if d.Maybe {
				say += " maybe"
			}
			got = append(got, say)
		}
		if said := strings.Join(got, "; "); said != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.name, said, c.want)
		}
	}
}

// What a notice needs and the record does not hold is named; unknown is not held, and none is.
func TestWhatIsLacking(t *testing.T) {
	t.Parallel()
	l := laws(t)["eu-gdpr"]
	i := incident.Incident{Entity: "A", Description: "b", Countries: []string{"IE"}, Impact: map[string]register.Figure{"affected_individuals": {State: register.Unknown}, "record_count": {State: register.None}}}
	var got []string
	for _, n := range l.Lacks(i) {
		got = append(got, n.Section+" "+n.Field)
	}
	want := "Art. 33(3)(a) impact.affected_individuals; Art. 33(3)(a) data_types; Art. 33(3)(b) ; Art. 33(3)(c) ; Art. 33(3)(d) actions; Art. 33(5) timeline"
	if said := strings.Join(got, "; "); said != want {
		t.Errorf("%s\nnot %s", said, want)
	}
	if !l.Applies(i) || laws(t)["uk-gdpr"].Applies(i) || len(l.Needs) != 8 {
		t.Error("it applies elsewhere, or was changed by being asked")
	}
}

func TestFilesThatAreRefused(t *testing.T) {
	t.Parallel()
	head := "id = \"a\"\nlaw = \"b\"\ncountries = [\"AU\"]\nsource = \"https://a.example\"\nwritten = \"2026-01-01\"\nthreshold = \"c\"\n[[decision]]\nquestion = \"d\"\n"
	clock := "[[clock]]\nwhat = \"e\"\nsection = \"f\"\nwho = \"g\"\nwhom = \"h\"\n"
	if _, err := law.Parse(head + clock + "hours = 1\n"); err != nil {
		t.Fatal(err)
	}
	for say, text := range map[string]string{
		"not of the form":   head + clock + "hours = 1\nweeks = 2\n",
		"one of hours":      head + clock,
		"say":               head + clock + "hours = 1\ndays = 2\n",
		"not negative":      head + clock + "hours = -1\n",
		"a law has id":      strings.Replace(head, "2026-01-01", "lately", 1) + clock + "hours = 1\n",
		"source":            strings.Replace(head, "https://", "ftp://", 1) + clock + "hours = 1\n",
		"one of a record's": head + clock + "hours = 1\n[[need]]\nwhat = \"i\"\nsection = \"j\"\nfield = \"colour\"\n",
		"expected":          head + "[[clock",
	} {
		if _, err := law.Parse(text); err == nil || !strings.Contains(err.Error(), say) {
			t.Errorf("expected %q: %v", say, err)
		}
	}
}
