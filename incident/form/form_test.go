package form_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"letterhead/fault"
	"letterhead/incident"
	"letterhead/incident/form"
	"letterhead/register"
)

var update = flag.Bool("update", false, "write the golden files anew")

func unknown() map[string]register.Figure {
	out := map[string]register.Figure{}
	for _, e := range (register.Impact{}).Entries() {
		out[e.Number] = register.Figure{State: register.Unknown}
	}
	return out
}

// ours is August 2024 as this program would have recorded it.
func ours() incident.Incident {
	i := incident.Incident{
		ID: "2024-08-25-rehearsal", Title: "Rehearsal of August 2024", Entity: "Example Hosting Pty Ltd", Description: "Prize draws were asked for in the name of 20 clinics; 19 left.",
		Text: "## Summary\n\nA stolen session asked for messages that nobody had signed.\n\n### Response\n\nSending stopped by itself.",
		Date: "2024-08-25", Updated: "2024-08-27", Occurred: "2024-08-24T15:04:05Z", Discovered: "2024-08-24T15:04:06.5Z", Contained: "2024-08-24T15:04:07Z", Told: "2024-08-24T15:05:02Z",
		Severity: "Minor", Vector: "Misconfiguration", Status: "Remediation Complete", Sectors: []string{"Health"}, Countries: []string{"AU"}, Parties: []string{"Wattle Street Physiotherapy", "Klinik \"Nord\""},
		Impact: unknown(), Lessons: []string{"Nobody may sign alone.", "Ask\ntwice."}, Source: "https://example.com/notice", Sources: []string{"https://example.com/b"},
		Timeline:  []register.Step{{At: "2024-08-24T15:04:05Z", What: "The first message was asked for", Source: "leaf 41,207"}, {At: "about an hour later", What: "The owner read the notice"}},
		Decisions: []register.Decision{{At: "2024-08-24T15:04:07Z", What: "Stop all sending of the credential", Who: "the breaker", Why: "one link in 20 practices"}},
		Evidence:  []register.Evidence{{Name: "evidence.txt", What: "what left, leaf by leaf", Digest: "sha256:ab12"}},
		Actions:   []register.Action{{What: "Second signer for all", Owner: "practice owners", Due: "2024-09-30", State: "open"}},
		Legal:     []register.Legal{{Type: "Notice", Status: "Concluded", Description: "Told the commissioner", URL: "https://example.com/n"}},
		Figures: []register.Named{
			{Name: "messages_left", Figure: register.Figure{State: register.Exact, Value: 19}, Evidence: []string{"evidence.txt"}},
			{Name: "messages_held", Figure: register.Figure{State: register.Exact, Value: 4181, Note: "released after the correction"}},
			{Name: "links_opened", Figure: register.Figure{State: register.Unknown, Note: "links led nowhere within a second; before it nothing was counted"}},
			{Name: "hours_of_work", Figure: register.Figure{State: register.Estimate, Value: 12, Low: 8, High: 16.5, Note: "asked those who worked"}},
		},
	}
	i.Impact["affected_individuals"] = register.Figure{State: register.Exact, Value: 19}
	i.Impact["record_count"] = register.Figure{State: register.None, Note: "nothing was returned to the caller"}
	i.Impact["financial_cost_total"] = register.Figure{State: register.Estimate, Value: 1500, Low: 1200, High: 1800, Note: "hours times rate"}
	return i
}

// What is written in a form comes back as it was.
func TestWrittenComesBack(t *testing.T) {
	t.Parallel()
	for _, f := range []string{form.Register, form.VERIS, form.JSON} {
		raw, err := form.Write(ours(), f)
		if err != nil {
			t.Fatal(f, err)
		}
		golden := "testdata/" + f + ".golden"
		if *update {
			if err := os.WriteFile(golden, raw, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if want, err := os.ReadFile(golden); err != nil || !bytes.Equal(raw, want) {
			t.Errorf("%s is not as it was looked at (%v); run with -update and look again", f, err)
		}
		got, err := form.Read("another name", raw)
		if err != nil || !form.Same(got, ours()) {
			t.Errorf("%s: it came back as\n%+v\nnot\n%+v\n(%v)", f, got, ours(), err)
		}
	}
}

func TestAnyIncidentComesBack(t *testing.T) {
	t.Parallel()
	word := rapid.OneOf(rapid.SampledFrom([]string{"a", "None.", "Unknown: b", "\"quoted\" \\ # 'x'", "0", "日本", "é 🙂", "x = [1]", "+++ y", "a\nb", "{}", "null"}), rapid.StringMatching(`[a-z][a-z .,]{0,20}[a-z]`))
	maybe := rapid.OneOf(rapid.Just(""), word)
	distinct := rapid.SliceOfNDistinct(word, 0, 3, rapid.ID[string])
	figure := rapid.Custom(func(t *rapid.T) register.Figure {
		n := float64(rapid.IntRange(1, 1e9).Draw(t, "n"))
		switch rapid.IntRange(0, 3).Draw(t, "state") {
		case 0:
			return register.Figure{State: register.Exact, Value: n / 4, Note: maybe.Draw(t, "note")}
		case 1:
			return register.Figure{State: register.Estimate, Low: n, Value: n + 1, High: n + 2.5, Note: word.Draw(t, "method")}
		case 2:
			return register.Figure{State: register.None, Note: maybe.Draw(t, "note")}
		}
		return register.Figure{State: register.Unknown, Note: maybe.Draw(t, "note")}
	})
	rapid.Check(t, func(t *rapid.T) {
		i := incident.Incident{ID: "a-1", Title: word.Draw(t, "title"), Entity: word.Draw(t, "entity"), Description: maybe.Draw(t, "description"), Date: "2024-02-29", Severity: maybe.Draw(t, "severity"),
			Vector: maybe.Draw(t, "vector"), Status: maybe.Draw(t, "status"), Impact: map[string]register.Figure{}, Occurred: register.Moment(rapid.SampledFrom([]string{"", "2024-02-28", "2024-02-28T23:59:59.25+10:30"}).Draw(t, "occurred"))}
		for _, l := range []*[]string{&i.Sectors, &i.Countries, &i.Actors, &i.Data, &i.Parties, &i.Lessons} {
			if list := distinct.Draw(t, "list"); len(list) > 0 {
				*l = list
			}
		}
		for _, e := range (register.Impact{}).Entries() {
			i.Impact[e.Number] = figure.Draw(t, e.Number)
		}
		for n := range rapid.IntRange(0, 3).Draw(t, "more") {
			i.Figures = append(i.Figures, register.Named{Name: "f" + string(rune('a'+n)), Figure: figure.Draw(t, "figure")})
			i.Timeline = append(i.Timeline, register.Step{At: maybe.Draw(t, "at"), What: maybe.Draw(t, "what"), Source: maybe.Draw(t, "source")})
			i.Decisions = append(i.Decisions, register.Decision{What: word.Draw(t, "decided"), Who: maybe.Draw(t, "who")})
			i.Legal = append(i.Legal, register.Legal{Type: maybe.Draw(t, "type"), Status: maybe.Draw(t, "status")})
			i.Carried = append(i.Carried, register.Other{Path: word.Draw(t, "path"), Value: word.Draw(t, "value")})
		}
		for _, f := range []string{form.Register, form.VERIS, form.JSON} {
			raw, err := form.Write(i, f)
			if err != nil {
				t.Fatal(f, err)
			}
			got, err := form.Read("", raw)
			if err != nil || !form.Same(got, i) {
				t.Fatalf("%s: it came back as\n%+v\nnot\n%+v\n(%v)\n%s", f, got, i, err, raw)
			}
		}
	})
}

// Files of others come back byte for byte in their own form, by way of ours; unknown is a 0 with a note in a register's form, and unknown again.
func TestFilesOfOthersComeBack(t *testing.T) {
	t.Parallel()
	names, err := filepath.Glob("../../register/testdata/records/20*.md")
	if err != nil || len(names) < 7 {
		t.Fatal(names, err)
	}
	read := 0
	for _, name := range names {
		raw, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		i, err := form.Read(strings.TrimSuffix(filepath.Base(name), ".md"), raw)
		if strings.HasSuffix(name, "minimal.md") || strings.HasSuffix(name, "empty.md") {
			if fault.KindOf(err) != fault.Invalid {
				t.Errorf("%s has neither title nor date and is taken: %v", name, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		read++
		kept, err := form.Write(i, form.JSON)
		if err != nil {
			t.Fatal(err)
		}
		again, err := form.Read("", kept)
		if err != nil {
			t.Fatal(err)
		}
		if back, err := form.Write(again, form.Register); err != nil || !bytes.Equal(back, raw) {
			t.Errorf("%s came back as %q (%v)", name, back, err)
		}
		again.Original = nil
		anew, err := form.Write(again, form.Register)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := form.Read("", anew); err != nil || !form.Same(got, again) {
			t.Errorf("%s, written anew:\n%+v\nnot\n%+v\n(%v)", name, got, again, err)
		}
		if strings.Contains(name, "power-diary") && !strings.Contains(string(anew), "affected_individuals = 0\nindividuals_note = \"Unknown.\"\n") {
			t.Errorf("unknown is written without a note:\n%s", anew)
		}
	}
	if read < 6 {
		t.Errorf("only %d were read", read)
	}
}

const foreign = `{"schema_version": "1.3.7", "incident_id": "C0FFEE-1", "security_incident": "Confirmed", "summary": "A list was sent to the wrong clinic",
 "timeline": {"incident": {"year": 2023, "month": 5}}, "victim": {"victim_id": "River Clinic", "industry": "621111", "employee_count": "11 to 100", "country": ["AU"], "government": ["NA"]},
 "actor": {"internal": {"variety": ["Doctor or nurse"], "motive": ["NA"]}}, "action": {"error": {"variety": ["Misdelivery"], "vector": ["Carelessness"]}},
 "asset": {"assets": [{"variety": "M - Documents"}], "cloud": ["NA"]}, "attribute": {"confidentiality": {"data_disclosure": "Yes", "data_total": 31, "data": [{"variety": "Medical", "amount": 31}]}},
 "discovery_method": {"external": {"variety": ["Customer"]}}, "plus": {"analyst": "x"}}
`

func TestAVERISFileOfOthers(t *testing.T) {
	t.Parallel()
	i, err := form.Read("river", []byte(foreign))
	if err != nil {
		t.Fatal(err)
	}
	if i.ID != "c0ffee-1" || i.Title != "River Clinic" || i.Date != "2023-05-01" || i.Vector != "error: Misdelivery" || i.Sectors[0] != "Health" || i.Impact["record_count"].Value != 31 ||
		i.Impact["affected_individuals"].State != register.Unknown || i.Impact["ransom_paid"].State != register.Unknown {
		t.Errorf("%+v", i)
	}
	if back, err := form.Write(i, form.VERIS); err != nil || string(back) != foreign {
		t.Errorf("it came back as %s (%v)", back, err)
	}
}

// The fields that VERIS asks for are there, in its words, and nothing unknown is a 0.
func TestVERISHasItsFields(t *testing.T) {
	t.Parallel()
	i := ours()
	i.Impact = unknown()
	raw, err := form.Write(i, form.VERIS)
	if err != nil {
		t.Fatal(err)
	}
	var v map[string]any
	if err := json.Unmarshal(raw, &v); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"actor", "action", "discovery_method", "schema_version", "asset", "timeline", "incident_id", "security_incident", "summary", "attribute", "victim"} {
		if v[key] == nil {
			t.Errorf("%s is missing", key)
		}
	}
	delete(v, "plus")
	rest, err := json.Marshal(v)
	if err != nil || bytes.Contains(rest, []byte("data_total")) || bytes.Contains(rest, []byte("overall_amount")) || bytes.Contains(rest, []byte(`"data_disclosure":"No"`)) {
		t.Errorf("what nobody knows is said: %s (%v)", rest, err)
	}
	if !bytes.Contains(rest, []byte(`"discovery":{"unit":"Seconds","value":1.5}`)) {
		t.Errorf("how long it took is missing: %s", rest)
	}
}

func TestTheTable(t *testing.T) {
	t.Parallel()
	i := ours()
	i.Title = "=cmd()"
	raw, err := form.Write(i, form.CSV)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(bytes.NewReader(raw)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"incident title": "'=cmd()  ", "impact ransom_paid": " unknown ", "impact record_count": " none ", "figure hours_of_work": "12 estimate 8", "impact affected_individuals": "19 exact "}
	for _, row := range rows {
		if w, is := want[row[0]+" "+row[1]]; is {
			if got := row[2] + " " + row[3] + " " + row[4]; got != w {
				t.Errorf("%v says %q, expected %q", row, got, w)
			}
			delete(want, row[0]+" "+row[1])
		}
	}
	if len(want) > 0 {
		t.Errorf("missing: %v", want)
	}
}

func TestWhatIsRefused(t *testing.T) {
	t.Parallel()
	good, err := form.Write(ours(), form.JSON)
	if err != nil {
		t.Fatal(err)
	}
	inVERIS, err := form.Write(ours(), form.VERIS)
	if err != nil {
		t.Fatal(err)
	}
	change := func(old, text string) string {
		t.Helper()
		if !strings.Contains(string(good), old) {
			t.Fatalf("%q is not there", old)
		}
		return strings.Replace(string(good), old, text, 1)
	}
	for say, file := range map[string]string{
		"at most 4194304":                       strings.Repeat("{", form.MaxFile+1),
		"line 1":                                "{\"id\": ",
		"unknown field \"colour\"":              change(`"id":`, `"colour": 1, "id":`),
		"after top-level value":                 string(good) + "{}",
		"small letters, digits":                 change(`"id": "2024-08-25-rehearsal"`, `"id": "../../etc"`),
		"an exact 0 is the state none":          change(`"value": 19`, `"value": 0`),
		"an estimate names its method":          change(`"note": "hours times rate"`, `"note": ""`),
		"not \"guessed\"":                       change(`"state": "none"`, `"state": "guessed"`),
		"it lies before it occurred":            change(`"told": "2024-08-24T15:05:02Z"`, `"told": "2024-08-24T15:00:00Z"`),
		"it is a day such as":                   change(`"date": "2024-08-25"`, `"date": "25.8.2024"`),
		"an entry is empty or stands twice":     change(`"Health"`, `"Health", "Health"`),
		"line 3:":                               "+++\ntitle = \"A\"\nx = \n+++\n",
		"its fields and plus.letterhead":        strings.Replace(string(inVERIS), `"security_incident": "Confirmed"`, `"security_incident": "Suspected"`, 1),
		"its schema_version is \"9\"":           `{"schema_version": "9"}`,
		"it is missing: say exact, estimate":    change(`"ransom_paid": {`, `"ransom_paid_": {`),
		"begins or ends with space":             change(`"entity": "`, `"entity": " `),
		"control character":                     change(`"entity": "`, `"entity": "\u0007`),
		"an instant such as":                    change(`"occurred": "2024-08-24T15:04:05Z"`, `"occurred": "yesterday"`),
		"neither begins nor ends with an empty": change(`"text": "`, `"text": "\n`),
	} {
		if _, err := form.Read("x", []byte(file)); fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), say) {
			t.Errorf("expected %q: %v", say, err)
		}
	}
	hostile := ours()
	hostile.Lessons = []string{"<script>alert(1)</script>"}
	if _, err := form.Write(hostile, form.Register); fault.KindOf(err) != fault.Invalid {
		t.Errorf("markup is written into a register: %v", err)
	}
	if _, err := form.Write(ours(), "xml"); fault.KindOf(err) != fault.Invalid {
		t.Errorf("an unknown form: %v", err)
	}
}

func FuzzRead(f *testing.F) {
	for _, name := range []string{form.Register, form.VERIS, form.JSON} {
		raw, err := form.Write(ours(), name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	f.Add([]byte(foreign))
	f.Add([]byte("+++\r\ntitle = \"\"\"\r\na\r\nb\"\"\"\r\ndate = 2024-01-01\r\n+++\r\nc\r\n"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		i, err := form.Read("a", raw)
		if err != nil {
			if fault.KindOf(err) != fault.Invalid {
				t.Fatalf("refused without a reason: %v", err)
			}
			return
		}
		if i.Original != nil {
			if back, err := form.Write(i, i.Original.Form); err != nil || !bytes.Equal(back, raw) {
				t.Fatalf("%q came back as %q (%v)", raw, back, err)
			}
		}
		kept, err := form.Write(i, form.JSON)
		if err != nil {
			t.Fatal(err)
		}
		if again, err := form.Read("", kept); err != nil || !form.Same(again, i) {
			t.Fatalf("JSON gives %+v, not %+v (%v)", again, i, err)
		}
	})
}
