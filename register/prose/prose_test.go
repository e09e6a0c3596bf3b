package prose_test

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"letterhead/register/prose"
)

func TestTextIsRendered(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		"## A\n\nb *c* **d** ~~e~~":           "<h2>A</h2>\n<p>b <em>c</em> <strong>d</strong> <del>e</del></p>\n",
		"### A\n\n##### B\n\n### C":           "<h2>A</h2>\n<h3>B</h3>\n<h2>C</h2>\n",
		"A\n===\n\nB\n---":                    "<h2>A</h2>\n<h3>B</h3>\n",
		"[a](https://x.example/?a=1&b=2)":     "<p><a rel=\"noopener noreferrer nofollow\" href=\"https://x.example/?a=1&amp;b=2\">a</a></p>\n",
		"[a](/b) [c](mailto:d@e.example)":     "<p>a c</p>\n",
		"[a](https://u@x.example)":            "<p>a</p>\n",
		"![a \"b\"](https://x.example/p.png)": "<p>Picture: <a rel=\"noopener noreferrer nofollow\" href=\"https://x.example/p.png\">a &quot;b&quot;</a></p>\n",
		"<https://x.example/a_b>":             "<p><a rel=\"noopener noreferrer nofollow\" href=\"https://x.example/a_b\">https://x.example/a_b</a></p>\n",
		"see https://x.example/a.":            "<p>see <a rel=\"noopener noreferrer nofollow\" href=\"https://x.example/a\">https://x.example/a</a>.</p>\n",
		"write a@b.example":                   "<p>write a@b.example</p>\n",
		"a<br>b<BR/>c <!-- d --> e":           "<p>a<br>b<br>c  e</p>\n",
		"<!-- a -->\n\nb":                     "\n<p>b</p>\n",
		"<script>alert(1)</script>":           "&lt;script&gt;alert(1)&lt;/script&gt;",
		"a <b onclick=x>b</b>":                "<p>a &lt;b onclick=x&gt;b&lt;/b&gt;</p>\n",
		"`<b>` & \"c\"":                       "<p><code>&lt;b&gt;</code> &amp; &quot;c&quot;</p>\n",
	} {
		got, err := prose.HTML(body, 2)
		if err != nil || got != want {
			t.Errorf("%q becomes %q, expected %q (%v)", body, got, want, err)
		}
	}
}

func TestTextWithoutMarks(t *testing.T) {
	t.Parallel()
	if got := prose.Text("## A &amp; B\n\n* **c**\n* [d](https://x.example)\n\ne\nf `g`"); got != "A & B\nc\n\nd\n\n\ne f g" {
		t.Errorf("%q", got)
	}
}

// Texts that make a parser of Markdown slow are refused before it sees them, or take seconds at the most.
func TestNothingTakesLong(t *testing.T) {
	t.Parallel()
	began := time.Now()
	for _, mark := range []string{"*a ", "_a", "`", "![a](", "[a](b", "<a ", "www.a.b ", "https://", "> ", "- a\n", "* a\n *", "a|b\n-|-\n", "[a]: b\n", "<!-- ", "&#1;", "~~a", "]", "\\"} {
		for _, every := range []int{1 << 18, 500} {
			body := strings.Repeat(mark, 200_000/len(mark))
			var b strings.Builder
			for at := 0; at < len(body); at += every {
				b.WriteString(body[at:min(len(body), at+every)] + "\n\n")
			}
			if len(prose.Check(b.String())) > 0 {
				continue
			}
			if _, err := prose.HTML(b.String(), 2); err != nil {
				t.Error(err)
			}
		}
	}
	if took := time.Since(began); took > time.Minute { // unbounded, the first of them alone takes hours
		t.Errorf("it took %s", took)
	}
}

var allowed = map[string]bool{"h2": true, "h3": true, "h4": true, "h5": true, "h6": true, "p": true, "em": true, "strong": true, "del": true, "a": true, "ul": true, "ol": true, "li": true, "code": true,
	"pre": true, "blockquote": true, "hr": true, "br": true, "table": true, "thead": true, "tbody": true, "tr": true, "th": true, "td": true}

var attributes = regexp.MustCompile(`^(rel=noopener noreferrer nofollow|href=https?://.+|start=\d+|class=language-.*|style=text-align:(left|center|right)|align=(left|center|right))$`)

// Whatever the text is, what comes out has no element, attribute or address but those that a record needs.
func FuzzHTML(f *testing.F) {
	for _, seed := range []string{"# a", "<script>", "[a](javascript:b)", "![a](x)", "<a href=x>", "```x onload=1\ny\n```", "3. a", "| a |\n|:-:|\n| b |", "[a]: javascript:b\n[a]", "<https://x.example\"onclick=1>",
		"[a](<https://x.example/\" onclick=\"b>)", "&lt;script&gt;", "a\n: b", "~~~ \"><script>\n~~~", "[x](https://a.example/%22)", "<br onload=x>", "<!--><script>-->", "https://x.example/'\"<b>"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		prose.Check(body)
		out, err := prose.HTML(body, 2)
		if err != nil {
			t.Fatal(err)
		}
		z := html.NewTokenizer(strings.NewReader(out))
		for {
			switch z.Next() {
			case html.ErrorToken:
				return
			case html.CommentToken, html.DoctypeToken:
				t.Fatalf("%q: a comment in %q", body, out)
			case html.StartTagToken, html.SelfClosingTagToken:
				token := z.Token()
				if !allowed[token.Data] {
					t.Fatalf("%q: <%s> in %q", body, token.Data, out)
				}
				for _, a := range token.Attr {
					if !attributes.MatchString(a.Key + "=" + a.Val) {
						t.Fatalf("%q: %s=%q in %q", body, a.Key, a.Val, out)
					}
				}
			}
		}
	})
}
