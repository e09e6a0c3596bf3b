package site_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"flag"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"letterhead/register"
	"letterhead/register/site"
)

var update = flag.Bool("update", false, "write the golden files anew")

var options = site.Options{Title: "Register of incidents", Keeper: "The Tests", Address: "https://register.example", Built: time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)}

func entry(t testing.TB, name, file string) site.Entry {
	t.Helper()
	d, err := register.Parse([]byte(file))
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return site.Entry{Name: name, Raw: []byte(file), Record: d.View()}
}

func entries(t testing.TB) []site.Entry {
	t.Helper()
	names, err := filepath.Glob("../testdata/records/*.md")
	if err != nil || len(names) < 8 {
		t.Fatal(names, err)
	}
	var out []site.Entry
	for _, name := range names {
		raw, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, entry(t, filepath.Base(name), string(raw)))
	}
	return out
}

func files(t testing.TB, o site.Options, from []site.Entry) map[string][]byte {
	t.Helper()
	list, _, err := site.Build(o, from)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string][]byte{}
	for _, f := range list {
		if out[f.Name] != nil || f.Name != path.Clean(f.Name) || strings.HasPrefix(f.Name, "/") || strings.HasPrefix(f.Name, ".") {
			t.Errorf("a file is called %q, or is there twice", f.Name)
		}
		out[f.Name] = f.Bytes
	}
	return out
}

// The pages are as they were looked at.
func TestPagesAreGolden(t *testing.T) {
	t.Parallel()
	all := files(t, options, entries(t))
	for _, name := range []string{"index.html", "records.html", "sector.html", "vector/ransomware.html", "incident/2024-08-25-power-diary.html", "incident/2020-02-29-told-in-time.html", "incident/2021-11-11-tail.html", "incident/2022-06-30-no-headings.html", "feed.xml", "register.json", "register.csv"} {
		golden := "testdata/" + strings.ReplaceAll(name, "/", "-")
		if *update {
			if err := os.WriteFile(golden, all[name], 0o600); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil || !bytes.Equal(all[name], want) {
			t.Errorf("%s is not as it was looked at (%v); run with -update and look again", name, err)
		}
	}
	if again := files(t, options, entries(t)); !bytes.Equal(again["index.html"], all["index.html"]) || len(again) != len(all) {
		t.Error("the same records made another register")
	}
}

// Each link within the register leads to a file of it, and nothing is loaded from elsewhere.
func TestEveryLinkLeadsSomewhere(t *testing.T) {
	t.Parallel()
	all := files(t, options, entries(t))
	pages, links := 0, 0
	for name, content := range all {
		if !strings.HasSuffix(name, ".html") {
			continue
		}
		pages++
		if !bytes.Contains(content, []byte(`http-equiv="Content-Security-Policy" content="default-src &#39;none&#39;`)) {
			t.Errorf("%s has no policy", name)
		}
		z := html.NewTokenizer(bytes.NewReader(content))
		for kind := z.Next(); kind != html.ErrorToken; kind = z.Next() {
			token := z.Token()
			for _, a := range token.Attr {
				outside := strings.HasPrefix(a.Val, "https://") || strings.HasPrefix(a.Val, "http://")
				switch {
				case strings.HasPrefix(a.Key, "on") || a.Key == "style" || a.Key == "srcset":
					t.Errorf("%s: %s=%q", name, a.Key, a.Val)
				case a.Key == "src" && outside, a.Key == "href" && outside && token.Data != "a":
					t.Errorf("%s loads %s", name, a.Val)
				case a.Key == "href" && outside && !strings.Contains(token.String(), `rel="noopener noreferrer nofollow"`):
					t.Errorf("%s: %s tells where it comes from", name, token)
				case (a.Key == "href" || a.Key == "src") && !outside && !strings.HasPrefix(a.Val, "#"):
					links++
					if to := path.Join(path.Dir(name), a.Val); all[to] == nil {
						t.Errorf("%s leads to %s, which is not there", name, to)
					}
				}
			}
		}
	}
	if pages < 30 || links < 300 {
		t.Errorf("only %d pages and %d links were looked at", pages, links)
	}
}

// A record keeps its file, and unknown is said in words and never as 0.
func TestUnknownIsNotNothing(t *testing.T) {
	t.Parallel()
	from := entries(t)
	all := files(t, options, from)
	for _, e := range from {
		if name := "incident/" + strings.TrimSuffix(e.Name, ".md") + ".md"; e.Record.Title != "" && !bytes.Equal(all[name], e.Raw) {
			t.Errorf("%s is not the file it came from", name)
		}
	}
	zero := regexp.MustCompile(`(?:<dd[^>]*>|<td[^>]*>)\s*0\b`)
	for name, content := range all {
		if strings.HasSuffix(name, ".html") && zero.Match(content) {
			t.Errorf("%s says 0", name)
		}
	}
	var data struct {
		Incidents []struct {
			ID     string
			Impact map[string]register.Figure
		}
	}
	if err := json.Unmarshal(all["register.json"], &data); err != nil || len(data.Incidents) != 8 {
		t.Fatal(err, len(data.Incidents))
	}
	for _, i := range data.Incidents {
		if f := i.Impact["affected_individuals"]; i.ID == "2024-08-25-power-diary" && (f.State != register.Unknown || f.Value != 0) {
			t.Errorf("the seed's figure is %+v", f)
		}
	}
	rows, err := csv.NewReader(bytes.NewReader(all["register.csv"])).ReadAll()
	if err != nil || len(rows) != 9 {
		t.Fatal(err, len(rows))
	}
	for _, row := range rows {
		if strings.Contains(row[0], "power-diary") && (row[13] != "" || row[14] != "unknown") {
			t.Errorf("the seed's row says %q %q", row[13], row[14])
		}
	}
	var feed struct {
		Entries []struct {
			ID   string `xml:"id"`
			Link struct {
				Href string `xml:"href,attr"`
			} `xml:"link"`
		} `xml:"entry"`
	}
	if err := xml.Unmarshal(all["feed.xml"], &feed); err != nil || len(feed.Entries) != 8 || !strings.HasPrefix(feed.Entries[0].Link.Href, "https://register.example/incident/") {
		t.Errorf("%v %+v", err, feed)
	}
}

// What records say is text wherever it stands, and a name of theirs is never a path.
func TestHostileWordsAreText(t *testing.T) {
	t.Parallel()
	record := func(title, more string) string {
		return "+++\ntitle = " + title + "\ndate = 2024-01-01\n" + more + "\n+++\n"
	}
	from := []site.Entry{
		entry(t, "../../evil.md", record(`"=HYPERLINK(1)"`, "[taxonomies]\nsector = [\"../../etc\", \"/\", \"日本\", \"Health\", \"health\", \"HEALTH!\"]\nyear = [\"..\"]\n[extra]\nattack_vector = 'a\" onclick=alert(1) x=\"'\nseverity = '\\u003cscript\\u003e'")),
		entry(t, "b.md", record(`"a\" onmouseover=\"alert(1)"`, "slug = \"c/d\"\n[extra.\"<script>\"]\n\"x\\\"y\" = \"'\"")),
		entry(t, "c-d.md", record(`"taken"`, "")),
		entry(t, "draft.md", record(`"draft"`, "draft = true")),
		entry(t, "日本.md", record(`"no name"`, "")),
		entry(t, "e.md", "+++\n+++\n"),
	}
	list, refused, err := site.Build(site.Options{Title: "<b>T</b>"}, from)
	if err != nil {
		t.Fatal(err)
	}
	var why []string
	for _, r := range refused {
		why = append(why, r.Name+" "+r.Why)
	}
	said := strings.Join(why, "\n")
	for _, want := range []string{"c-d.md left out: its page c-d.html is that of b.md already", "draft.md left out: it is a draft", "日本.md left out: the file's name", "e.md left out: it has no title"} {
		if !strings.Contains(said, want) {
			t.Errorf("%q is missing from\n%s", want, said)
		}
	}
	for _, f := range list {
		if strings.Contains(f.Name, "..") || !regexp.MustCompile(`^[a-z0-9/.-]+$`).MatchString(f.Name) {
			t.Errorf("a file is called %q", f.Name)
		}
		if !strings.HasSuffix(f.Name, ".html") {
			continue
		}
		z := html.NewTokenizer(bytes.NewReader(f.Bytes))
		for kind := z.Next(); kind != html.ErrorToken; kind = z.Next() {
			token := z.Token()
			if token.Data == "b" && strings.Contains(token.String(), "<b>T") || token.Data == "script" && len(token.Attr) == 0 && kind == html.StartTagToken {
				t.Errorf("%s: %s", f.Name, token)
			}
			for _, a := range token.Attr {
				if strings.HasPrefix(a.Key, "on") {
					t.Errorf("%s: %s", f.Name, token)
				}
			}
		}
	}
	for _, f := range list {
		if f.Name == "register.csv" && !strings.Contains(string(f.Bytes), "'=HYPERLINK") {
			t.Errorf("a formula is in the table: %s", f.Bytes)
		}
	}
	if _, _, err := site.Build(site.Options{Title: "T", Address: "javascript:alert(1)"}, nil); err == nil {
		t.Error("an address that runs is taken")
	}
	if list, _, err := site.Build(site.Options{Title: "T"}, nil); err != nil || len(list) < 10 {
		t.Errorf("an empty register: %d files, %v", len(list), err)
	}
}
