package register_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"letterhead/register"
)

func records(t testing.TB) map[string][]byte {
	t.Helper()
	names, err := filepath.Glob("testdata/records/*.md")
	if err != nil || len(names) < 8 {
		t.Fatal(names, err)
	}
	out := map[string][]byte{}
	for _, name := range names {
		raw, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		out[filepath.Base(name)] = raw
	}
	return out
}

// Every record, with the line ends, marks and endings that editors make of it, comes back byte for byte, from parts that name each byte once.
func TestEveryByteComesBack(t *testing.T) {
	t.Parallel()
	forms := map[string]func(string) string{
		"as it is":       func(s string) string { return s },
		"CRLF":           func(s string) string { return strings.ReplaceAll(s, "\n", "\r\n") },
		"mark":           func(s string) string { return "\uFEFF" + s },
		"mark and CRLF":  func(s string) string { return "\uFEFF" + strings.ReplaceAll(s, "\n", "\r\n") },
		"no end of line": func(s string) string { return strings.TrimRight(s, "\n") },
		"empty lines":    func(s string) string { return "\n \n" + s + "\n\n\n" },
		"spaces at ends": func(s string) string { return strings.ReplaceAll(s, "\n[", " \t\n[") },
		"fences":         func(s string) string { return strings.ReplaceAll(s, "+++", "+++  ") },
	}
	for name, raw := range records(t) {
		for form, change := range forms {
			file := change(string(raw))
			d, err := register.Parse([]byte(file))
			if err != nil {
				t.Errorf("%s, %s: %v", name, form, err)
				continue
			}
			if got := string(d.Bytes()); got != file {
				t.Errorf("%s, %s: it came back otherwise:\n%q\n%q", name, form, got, file)
			}
			line := 1
			for _, n := range d.Nodes() {
				if n.Line != line {
					t.Errorf("%s, %s: %s %q is said to stand on line %d, and stands on %d", name, form, n.Kind, n.Text, n.Line, line)
				}
				line += strings.Count(n.Text, "\n")
			}
		}
	}
}

// Each key of the front matter has its own node with its place and its value as written.
func TestTheTreeNamesWhatIsThere(t *testing.T) {
	t.Parallel()
	d, err := register.Parse(records(t)["2022-06-30-no-headings.md"])
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"title": `'Coast Radiology "North"'`, "taxonomies": `{ sector = ["Health"], year = ["2022"] }`, "extra.confidence": "0.85", "extra.hex": "0xFF",
		"extra.seen_at": "07:32:00", "extra.raw_note": `'''C:\discs\north'''`, "extra.odd key.with.dot": "true",
		"extra.data_types": "[\n    \"Health Records\",   # images\n    \"Date of Birth\",\n  ]", "date": "2022-06-30T09:30:00+10:00",
	}
	comments := 0
	for _, n := range d.Nodes() {
		if n.Kind == register.Comment {
			comments++
		}
		path := strings.Join(n.Path, ".")
		if w, is := want[path]; is && n.Kind == register.Entry {
			if n.Value != w {
				t.Errorf("%s is %q, not %q", path, n.Value, w)
			}
			delete(want, path)
		}
	}
	if len(want) > 0 || comments != 1 {
		t.Errorf("not found: %v; %d comments", want, comments)
	}
}

// What is no record, or attacks whoever reads it, is refused with its line and a reason.
func TestHostileFilesAreRefused(t *testing.T) {
	t.Parallel()
	record := func(front, body string) string { return "+++\ntitle = \"A\"\n" + front + "\n+++\n" + body }
	for name, c := range map[string]struct {
		file string
		line int
		say  string
	}{
		"empty":                     {"", 0, "empty"},
		"truncated":                 {"+++\ntitle = \"A\"\n[extra]\nseverity = \"Min", 1, "never closed"},
		"only a fence":              {"+++", 1, "never closed"},
		"a web page":                {"\n<!doctype html><html><body>404</body></html>", 2, "HTML"},
		"YAML":                      {"---\ntitle: A\n---\n", 1, "YAML"},
		"a text":                    {"Dear sir,\n", 1, "begins with a line of +++"},
		"broken TOML":               {record("x = ", ""), 3, "not TOML"},
		"a key twice":               {record("title = \"B\"", ""), 3, "not TOML"},
		"a table twice":             {record("[extra]\na = 1\n[extra]\nb = 2", ""), 5, "not TOML"},
		"cut inside a text":         {record("x = \"\"\"never", ""), 0, "not TOML"},
		"NUL":                       {record("", "a\nb\x00c"), 6, "0x0"},
		"escape":                    {record("", "a\x1b[31mred"), 5, "0x1b"},
		"not UTF-8":                 {record("x = \"\xff\xfe\"", ""), 3, "UTF-8"},
		"UTF-16":                    {"\xff\xfe+\x00+\x00+\x00", 1, "UTF-8"},
		"huge":                      {record("", strings.Repeat("a ", register.MaxFile)), 0, "at most"},
		"huge front matter":         {record("x = \""+strings.Repeat("a", register.MaxFront)+"\"", ""), 1, "at most"},
		"huge text":                 {record("", strings.Repeat("word ", register.MaxBody/5+1)), 4, "at most"},
		"a huge field":              {record("x = \""+strings.Repeat("a", 70_000)+"\"", ""), 3, "x has 70000 bytes"},
		"10 MB field":               {record("x = \""+strings.Repeat("a", 10<<20)+"\"", ""), 0, "at most"},
		"deep arrays":               {record("x = "+strings.Repeat("[", 17)+strings.Repeat("]", 17), ""), 3, "levels deep"},
		"very deep arrays":          {record("x = "+strings.Repeat("[", 100_000)+strings.Repeat("]", 100_000), ""), 3, "deep"},
		"deep inline tables":        {record("x = "+strings.Repeat("{a=", 20)+"1"+strings.Repeat("}", 20), ""), 3, "levels deep"},
		"a deep table":              {record("["+strings.Repeat("a.", 40)+"b]", ""), 3, "levels deep"},
		"a deep key":                {record(strings.Repeat("a.", 40)+"b = 1", ""), 3, "levels deep"},
		"many keys":                 {record(manyKeys(2100), ""), 2003, "more than"},
		"a script in a title":       {"+++\ntitle = \"<script>alert(1)</script>\"\n+++\n", 2, "HTML (<script>)"},
		"a picture in a note":       {record("[extra.impact]\nindividuals_note = \"<img src=x onerror=alert(1)>\"", ""), 4, "HTML (<img>)"},
		"a script in a list":        {record("[extra]\ndata_types = [\"A\", \"<svg/onload=alert(1)>\"]", ""), 4, "HTML (<svg>)"},
		"control in a field":        {record(`x = "a\u0000b"`, ""), 3, "control character"},
		"javascript as source":      {record("[extra]\nseverity = \"Minor\"\nsource_url = \"javascript:alert(1)\"", ""), 5, "not javascript:"},
		"data as archive":           {record("[extra]\narchive_link = \"data:text/html,x\"", ""), 4, "not data:"},
		"a file as source":          {record("[extra]\nsource_url = \"file:///etc/passwd\"", ""), 4, "not file:"},
		"a path as source":          {record("[extra]\nsource_url = \"../../etc/passwd\"", ""), 4, "holds no .."},
		"no scheme":                 {record("[extra]\nsource_url = \"//evil.example/\"", ""), 4, "begins with https://"},
		"a user in the source":      {record("[extra]\nsource_url = \"https://bank.example@evil.example/\"", ""), 4, "user name"},
		"a path within the source":  {record("[extra]\nsource_url = \"https://a.example/%2e%2e/b\"", ""), 4, "no .."},
		"a backslash in the source": {record("[extra]\nsource_url = 'https://a.example\\@evil.example'", ""), 4, "backslashes"},
		"legal address":             {record("[[extra.legal]]\ntype = \"A\"\n[[extra.legal]]\nurl = \"javascript:1\"", ""), 6, "not javascript:"},
		"a slug outside":            {record("slug = \"../../etc/cron.d/x\"", ""), 3, "lead out"},
		"an alias outside":          {record("aliases = [\"a\", \"..\\\\..\\\\x\"]", ""), 3, "backslash"},
		"a script in the text":      {record("", "## A\n\ntext <script>alert(1)</script>"), 7, "HTML (<script>)"},
		"a block in the text":       {record("", "## A\n\n<iframe src=\"https://evil.example\"></iframe>\n"), 7, "HTML (<iframe"},
		"a comment never closed":    {record("", "a\n\n<!-- \n\nb"), 7, "never closed"},
		"a link that runs":          {record("", "a\nb [here](javascript:alert(1)) c"), 6, "javascript: leads nowhere"},
		"a link that hides":         {record("", "[here](java&#115;cript:alert(1))"), 5, "javascript: leads nowhere"},
		"a link with a tab":         {record("", "[here](<java\tscript:alert(1)>)"), 5, "javascript: leads nowhere"},
		"an autolink that runs":     {record("", "<javascript:alert(1)>"), 5, "javascript: leads nowhere"},
		"a picture that runs":       {record("", "![a](data:text/html;base64,AAAA)"), 5, "data: leads nowhere"},
		"deep quotes":               {record("", strings.Repeat(">", 100_000)), 5, "within one another"},
		"brackets":                  {record("", strings.Repeat("[", 100_000)), 5, "marks"},
		"emphasis":                  {record("", strings.Repeat("*a ", 20_000)), 5, "marks"},
		"emphasis all over":         {record("", strings.Repeat(strings.Repeat("*a ", 100)+"\n\n", 70)), 0, "in one text"},
		"one long paragraph":        {record("", strings.Repeat("word ", 5000)), 5, "paragraph of more than"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := register.Parse([]byte(c.file))
			var p *register.Problem
			if !errors.As(err, &p) {
				t.Fatalf("it was taken, or refused without a line: %v", err)
			}
			if c.line != 0 && p.Line != c.line || !strings.Contains(p.Say, c.say) {
				t.Errorf("refused with %q, expected line %d and %q", p, c.line, c.say)
			}
		})
	}
}

func manyKeys(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "k%d = 1\n", i)
	}
	return b.String()
}

// What looks like an attack and is none stands in real records, and is kept.
func TestPlainTextIsNoAttack(t *testing.T) {
	t.Parallel()
	for _, file := range []string{
		"+++\ntitle = \"Fewer than <50 people & 3 < 4\"\n+++\nwrite to <name@example.org>, see <https://a.example/x>",
		"+++\ntitle = \"A\"\n[extra]\nsource_url = \"https://a.example/Notice- Cyber security.pdf\"\narchive_link = \"https://web.archive.org/web/2024*/https://a.example/\"\n+++\n",
		"+++\ntitle = \"A\"\n+++\n```\n<script>alert(1)</script>\n```\nand `<b>`, a<br/>b <!-- note --> [x](/relative) [y](#part) [z](mailto:a@b.example)",
		"+++\ntitle = \"{{ 7*7 }} ${x} {% raw %}\"\nslug = \"a/b-c\"\n+++\n{{ shortcode(id=1) }}",
		"+++\ntitle = \"عيادة النيل \u202Eabc\"\n+++\n" + strings.Repeat("- ", 12) + "x\n\n* * * * * * * * * * * * * * * * * * * * * * * * * * * * * *\n",
	} {
		d, err := register.Parse([]byte(file))
		if err != nil {
			t.Errorf("%q: %v", file, err)
		} else if !bytes.Equal(d.Bytes(), []byte(file)) {
			t.Errorf("%q came back as %q", file, d.Bytes())
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, raw := range records(f) {
		f.Add(raw)
	}
	for _, seed := range []string{"", "+++", "+++\n+++", "\uFEFF+++\r\na=1\r\n+++\r\n", "+++\n[[a]]\n[[a.b]]\n[a.b.c]\nd={e=[1,{f=2}]}\n+++\nx\n[a]\n+++", "+++\n[ \"a[b\" ]\n'x.y'=1#c\n+++\n",
		"+++\na=\"\"\"\n+++\n\"\"\"\n+++\n", "+++\nextra=1\ntaxonomies=[]\ndate=1\n+++\n", "+++\n[extra]\nlegal={}\nimpact=[]\n[extra.dates]\ntold=1.5\n+++\n<!-- <br> -->"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		d, err := register.Parse(raw)
		var p *register.Problem
		if err != nil {
			if !errors.As(err, &p) || p.Say == "" {
				t.Fatalf("refused without a reason: %v", err)
			}
			return
		}
		if !bytes.Equal(d.Bytes(), raw) {
			t.Fatalf("%q came back as %q", raw, d.Bytes())
		}
		again := d.View()
		if len(again.Impact.Entries()) != 8 {
			t.Fatal("a view without figures")
		}
		for _, e := range again.Impact.Entries() {
			if e.Figure.State == register.Exact && e.Figure.Value == 0 {
				t.Fatalf("%s is an exact 0", e.Number)
			}
		}
		for _, s := range again.Sources {
			if s.Link != "" && !strings.HasPrefix(s.Link, "http") {
				t.Fatalf("a link to %q", s.Link)
			}
		}
	})
}
