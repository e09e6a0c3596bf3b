package register_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"letterhead/register"
)

func view(t *testing.T, raw []byte) register.Record {
	t.Helper()
	d, err := register.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	return d.View()
}

func TestTheSeedIsUnderstood(t *testing.T) {
	t.Parallel()
	r := view(t, records(t)["2024-08-25-power-diary.md"])
	want := register.Record{
		Title: "Power Diary", Entity: "Power Diary", Date: "2024-08-25", Sectors: []string{"Health"}, Years: []string{"2024"},
		Severity: "Minor", Vector: "Misconfiguration", Status: "Remediation Complete",
	}
	unknown := register.Figure{State: register.Unknown}
	want.Impact = register.Impact{Individuals: unknown, Records: unknown, Gigabytes: unknown, Cost: unknown, Demanded: unknown, Paid: unknown, Remediation: unknown, Hours: unknown}
	address := "https://www1.racgp.org.au/newsgp/professional/patients-sent-spam-emails-in-practice-software-bre"
	want.Sources = []register.Source{{Label: "Source", Text: address, Link: address}}
	want.Body = r.Body
	if !reflect.DeepEqual(r, want) {
		t.Errorf("%+v\nnot\n%+v", r, want)
	}
	if !strings.HasPrefix(r.Body, "\n## Summary\n") || !strings.HasSuffix(r.Body, "communication feature.\n") {
		t.Errorf("the text is %q", r.Body)
	}
}

// What each of the other records carries more, or less, than the seed.
func TestMoreOrLessIsUnderstood(t *testing.T) {
	t.Parallel()
	all := records(t)
	for name, want := range map[string]string{
		"2017-empty.md":                    `1: the record has neither a date nor a year; 1: the record has no title;`,
		"2018-minimal.md":                  `Minimal; 1: the record has neither a date nor a year;`,
		"2019-03-04-harbour-valuations.md": `Harbour Valuations; 61000 exact "Customers of four banks whose homes were valued"; 61000 exact ""; 26.8 exact ""; 1308505 exact ""; Regulatory Action Concluded ""; Class Action Registration Open "https://law.example/harbour"; A valuation firm's interface gave out 61,000 home loan files to anybody who counted upwards.;`,
		"2020-02-29-told-in-time.md":       `Leap Dental; of Leap Dental Pty Ltd; 1500 estimate "appointments of the year before, one for each person"; 0 none ""; 0 unknown "no record was kept of what left"; 15000 exact ""; 0 none "the backup was whole"; 72 exact ""; 2020-02-20 2020-02-25 2020-02-26 2020-02-29; 2020-02-20T03:12:00Z First file encrypted; about noon The practice closed for the day; Backups are read back each month by practice manager until 2020-04-01: done; in AU, NZ;`,
		"2021-11-11-tail.md":               `Hill Council; actor State Sponsored; 11: source_url: it does not begin with https://, so it is shown and no link; 41: a line of +++ stands behind the text and closes nothing: take it out; other extra.affected_count = 312;`,
		"2022-06-30-no-headings.md":        `Coast Radiology "North"; updated 2023-01-09; other extra.reviewed_by = ["A. Ito", "B. Okafor"]; other extra.long_note; other extra.raw_note; other extra.confidence = 0.85; other extra.hex = 0xFF; other extra.seen_at = 07:32:00; other extra.odd key.with.dot = true;`,
		"2023-04-02-river-casino.md":       `River Casino; actor Moth; party River Hotel; party Quay Catering; 0 unknown "Rosters of staff; how many is not said";`,
		"2024-01-02-circuit-courts.md":     `Circuit Courts; actor Magpie; 400 exact "Witnesses"; 43 exact "Hearings were held without recordings"; 26: front matter stands behind the text: move it before the second +++ (it was read);`,
	} {
		if got := told(view(t, all[name])); got != want {
			t.Errorf("%s:\n got %s\nwant %s", name, got, want)
		}
	}
}

// told is what a record says more than the seed, in one line.
func told(r register.Record) string {
	var b strings.Builder
	say := func(is bool, format string, args ...any) {
		if is {
			fmt.Fprintf(&b, format+"; ", args...)
		}
	}
	say(r.Title != "", "%s", r.Title)
	say(r.Entity != r.Title, "of %s", r.Entity)
	say(r.Updated != "", "updated %s", r.Updated)
	for _, a := range r.Actors {
		say(true, "actor %s", a)
	}
	for _, p := range r.Parties {
		say(true, "party %s", p)
	}
	for _, f := range []register.Figure{r.Impact.Individuals, r.Impact.Records, r.Impact.Gigabytes, r.Impact.Cost, r.Impact.Demanded, r.Impact.Paid, r.Impact.Remediation, r.Impact.Hours} {
		say(f != register.Figure{State: register.Unknown}, "%s %s %q", register.Number(f.Value), f.State, f.Note)
	}
	say(r.Told != "", "%s %s %s %s", r.Occurred, r.Discovered, r.Contained, r.Told)
	for _, l := range r.Legal {
		say(true, "%s %s %q", l.Type, l.Status, l.URL)
	}
	for _, s := range r.Timeline {
		say(true, "%s %s", s.At, s.What)
	}
	for _, a := range r.Actions {
		say(true, "%s by %s until %s: %s", a.What, a.Owner, a.Due, a.State)
	}
	say(len(r.Countries) > 0, "in %s", strings.Join(r.Countries, ", "))
	say(r.Description != "", "%s", r.Description)
	for _, m := range r.Remarks {
		say(true, "%d: %s", m.Line, m.Say)
	}
	for _, o := range r.Others {
		say(len(o.Value) < 40 && !strings.ContainsAny(o.Value, "\n'"), "other %s = %s", o.Path, o.Value)
		say(len(o.Value) >= 40 || strings.ContainsAny(o.Value, "\n'"), "other %s", o.Path)
	}
	return strings.TrimSpace(b.String())
}

// A value of the wrong kind is left out with its line; the rest of the record is there.
func TestValuesOfAnotherKindAreRemarkedOn(t *testing.T) {
	t.Parallel()
	for entry, say := range map[string]string{
		"[extra]\nseverity = [\"Minor\"]":                                              "line 5: severity is not a text",
		"[extra]\ndata_types = 3":                                                      "line 5: data_types is a list of texts",
		"[extra]\ndata_types = [{a = 1}]":                                              "line 5: data_types holds something that is not a text",
		"[extra]\nimpact = 3":                                                          "",
		"[extra.impact]\naffected_individuals = \"many\"":                              "line 5: affected_individuals is not a number",
		"[extra.impact]\naffected_individuals = -1":                                    "line 5: affected_individuals is not a number",
		"[extra.impact]\ndata_volume_gb = nan":                                         "line 5: data_volume_gb is not a number",
		"[extra.impact]\nrecord_count = 9223372036854775807":                           "line 5: record_count is not a number",
		"[extra.legal]\ntype = \"A\"":                                                  "line 4: legal is written [[extra.legal]]",
		"[taxonomies]\nyear = [\"2019\"]":                                              "line 5: the year 2019 is not that of the date 2024-08-25",
		"draft = \"no\"":                                                               "line 4: draft is true or false",
		"updated = \"last week\"":                                                      "line 4: updated is not a day",
		"[extra]\nsource_url = \"notice.pdf\"":                                         "line 5: source_url: it does not begin with https://",
		"[extra.impact]\naffected_individuals = 7\nindividuals_note = \"Unknown: no\"": "",
	} {
		r := view(t, []byte("+++\ntitle = \"A\"\ndate = 2024-08-25\n"+entry+"\n+++\n"))
		got := fmt.Sprint(r.Remarks)
		if say == "" && len(r.Remarks) > 0 || !strings.Contains(got, say) {
			t.Errorf("%q: %s, expected %q", entry, got, say)
		}
		if r.Title != "A" || r.Date != "2024-08-25" {
			t.Errorf("%q: the rest is gone: %+v", entry, r)
		}
	}
}

// Whatever figure is written in the form comes back as it was: unknown as unknown, none as none.
func TestFiguresComeBack(t *testing.T) {
	t.Parallel()
	number := rapid.OneOf(rapid.Map(rapid.IntRange(1, 1<<40), func(i int) float64 { return float64(i) }), rapid.Float64Range(0.001, 1e9))
	note := rapid.OneOf(rapid.SampledFrom([]string{"", "None.", "Unknown.", "Unknown: x", "Estimate, 1 to 2: y", "Exact: z", "Exact.", "none", "a\nb"}), rapid.Map(rapid.String(), strings.TrimSpace))
	rapid.Check(t, func(t *rapid.T) {
		f := register.Figure{State: rapid.SampledFrom([]register.State{register.Exact, register.Estimate, register.None, register.Unknown}).Draw(t, "state"), Note: note.Draw(t, "note")}
		switch f.State {
		case register.Exact:
			f.Value = number.Draw(t, "value")
		case register.Estimate:
			f.Low = number.Draw(t, "low")
			f.Value = f.Low + number.Draw(t, "more")
			f.High = f.Value + number.Draw(t, "more still")
			f.Note += "m"
		}
		if err := f.Check(); err != nil {
			t.Fatalf("%+v: %v", f, err)
		}
		written, beside := f.Written()
		if (f.State == register.Unknown || f.State == register.None) && (written != "0" || beside == "") {
			t.Fatalf("%+v is written %s %q", f, written, beside)
		}
		var value float64
		if _, err := fmt.Sscan(written, &value); err != nil {
			t.Fatal(err)
		}
		if got := register.Read(value, beside); got != f {
			t.Fatalf("%+v came back as %+v by %s %q", f, got, written, beside)
		}
	})
}

func TestFiguresThatCannotBe(t *testing.T) {
	t.Parallel()
	for say, f := range map[string]register.Figure{
		"is the state none":        {State: register.Exact},
		"no range":                 {State: register.Exact, Value: 1, High: 2},
		"names its method":         {State: register.Estimate, Value: 1, Low: 1, High: 2},
		"lies between":             {State: register.Estimate, Value: 5, Low: 1, High: 2, Note: "m"},
		"has no number":            {State: register.Unknown, Value: 1},
		"not \"\"":                 {},
		"between 0 and":            {State: register.Exact, Value: -1},
		"neither begins nor ends ": {State: register.None, Note: " x"},
	} {
		if err := f.Check(); err == nil || !strings.Contains(err.Error(), say) {
			t.Errorf("%+v: %v, expected %q", f, err, say)
		}
	}
}

func TestSlugs(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"2024-08-25-power-diary.md": "2024-08-25-power-diary", "Übung & Co..md": "bung-co", "../../etc/passwd": "etc-passwd", "a\x00b": "a-b", "CON": "con",
		"..": "", "": "", "日本.md": "", strings.Repeat("a", 300): strings.Repeat("a", 100),
	} {
		got, err := register.Slug(name)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%q makes %q, %v; expected %q", name, got, err, want)
		}
	}
}
