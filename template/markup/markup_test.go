package markup

import (
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"letterhead/fault"
	"letterhead/practice"
	"letterhead/template"
	"letterhead/wording"
)

// Every word of the starter set, in English and Arabic, reads back as it was written.
func TestStarterTextsRoundTrip(t *testing.T) {
	t.Parallel()
	n := 0
	for _, language := range []string{"en", "ar"} {
		p := practice.New("Wattle Street", "AU", "Australia/Melbourne")
		p.Language, p.Phone, p.Email, p.Website = language, "(03) 5550 0142", "hello@wattle.example", "wattle.example"
		for _, s := range template.Starters(p, "mail.example") {
			for _, l := range s.Version.Languages {
				for _, b := range l.Blocks {
					back, err := ParseParagraphs("text", Paragraphs(b.Paragraphs))
					if err != nil || !reflect.DeepEqual(back, b.Paragraphs) {
						t.Errorf("%s: %v\n%s\n%+v\n%+v", s.Key, err, Paragraphs(b.Paragraphs), back, b.Paragraphs)
					}
					n++
				}
				for _, line := range append([][]wording.Inline{l.Subject, l.Preheader}, contents(l.SMS)...) {
					if back, err := ParseLine("line", Line(line)); err != nil || !reflect.DeepEqual(back, line) {
						t.Errorf("%s: %q: %v, %+v", s.Key, Line(line), err, back)
					}
				}
			}
		}
	}
	if n < 50 {
		t.Errorf("%d blocks", n)
	}
}

func contents(all []wording.Sentence) (out [][]wording.Inline) {
	for _, s := range all {
		out = append(out, s.Content)
	}
	return out
}

func TestWhatPeopleType(t *testing.T) {
	t.Parallel()
	for typed, want := range map[string]string{
		"Hello {recipient.first_name|there},\r\n\r\nwe are *closed* on _Monday_.": "Hello {recipient.first_name|there},\n\nwe are *closed* on _Monday_.",
		"**bold** and __italic__":                                    "*bold* and _italic_",
		"- one\n- two\n\n1) three\n2) four":                          "- one\n- two\n\n1. three\n2. four",
		"Bring:\n- a towel\n  and shoes\n- water\nSee you":           "Bring:\n\n- a towel\n  and shoes\n- water\n\nSee you",
		"• pasted\n• twice":                                          "- pasted\n- twice",
		"  a [page](https://clinic.example/a_b) and [call](Phone)  ": "a [page](https://clinic.example/a_b) and [call](phone)",
		`5 \* 3, a [bracket], 1. first is no list, \- nor this`:      `5 \* 3, a \[bracket], 1. first is no list, - nor this`,
		"\\- no bullet\n1\\. no number":                              "\\- no bullet\n1\\. no number",
		"*_both_*, _*both*_":                                         "*_both_*, *_both_*",
		"one\n\\\ntwo":                                               "one\n\\\ntwo",
		"\n\n\n":                                                     "",
		"a *bold\nover two lines* end":                               "a *bold*\n*over two lines* end",
	} {
		read, err := ParseParagraphs("text", typed)
		if err != nil {
			t.Errorf("%q: %v", typed, err)
			continue
		}
		if got := Paragraphs(read); got != want {
			t.Errorf("%q became %q, want %q", typed, got, want)
		}
	}
	for typed, says := range map[string]string{
		"a *bold word": "put another *", "an _italic": "put another _", "Hello {recipient.first_name": "a { begins a field", "[us](https://x": "has no end", "[ ](phone)": "needs words", "[us]()": "needs words",
		strings.Repeat("a", most+1): "shorter", "\xff": "shorter",
	} {
		if _, err := ParseParagraphs("text", typed); fault.As(err) == nil || fault.As(err).Field != "text" || !strings.Contains(err.Error(), says) {
			t.Errorf("%.40q: %v", typed, err)
		}
	}
	line, err := ParseLine("subject", " *see* you_ on\n{appointment.day} [at](ten) ")
	if err != nil || Line(line) != "*see* you_ on {appointment.day} [at](ten)" {
		t.Errorf("%q, %v", Line(line), err)
	}
}

func genText(signs string) *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		return strings.Join(rapid.SliceOfN(rapid.SampledFrom(append(strings.Split(signs, ""), "word", "مرحبا", "1. ", "- ", "• ", "12) ")), 1, 6).Draw(t, "signs"), "")
	})
}

// Whatever a version holds is written so that it reads back the same.
func TestEverythingReadsBack(t *testing.T) {
	t.Parallel()
	const signs = `\*_[](){}|-.•a1 `
	inline := rapid.Custom(func(t *rapid.T) wording.Inline {
		in := wording.Inline{Bold: rapid.Bool().Draw(t, "bold"), Italic: rapid.Bool().Draw(t, "italic")}
		switch rapid.IntRange(0, 4).Draw(t, "kind") {
		case 0:
			return wording.Inline{Break: true}
		case 1:
			in.Field = "recipient.first_name"
			if rapid.Bool().Draw(t, "fallback") {
				in.Fallback = genText(`\*_[](){}-.`).Draw(t, "instead")
			}
		case 2:
			in.Text = "x" + genText(signs).Draw(t, "label")
			to := rapid.SampledFrom([]wording.Target{{Kind: wording.ToPhone}, {Kind: wording.ToURL, URL: "https://a.example/(b)_c"}, {Kind: wording.ToUnsubscribe}}).Draw(t, "to")
			in.Link = &to
		default:
			in.Text = genText(signs).Draw(t, "text")
		}
		return in
	})
	rapid.Check(t, func(t *rapid.T) {
		var all []wording.Paragraph
		for range rapid.IntRange(1, 4).Draw(t, "paragraphs") {
			content := normal(rapid.SliceOfN(inline, 1, 7).Draw(t, "content"))
			all = append(all, wording.Paragraph{Style: rapid.SampledFrom([]wording.ParagraphStyle{wording.Plain, wording.Bullet, wording.Number}).Draw(t, "style"), Content: content})
		}
		text := Paragraphs(all)
		back, err := ParseParagraphs("text", text)
		if err != nil || !reflect.DeepEqual(back, all) {
			t.Fatalf("%q: %v\n%+v\n%+v", text, err, all, back)
		}
		var line []wording.Inline
		for _, in := range all[0].Content {
			if !in.Break && in.Link == nil {
				in.Bold, in.Italic = false, false
				line = append(line, in)
			}
		}
		line = normal(line)
		if back, err := ParseLine("line", Line(line)); err != nil || !reflect.DeepEqual(back, line) {
			t.Fatalf("%q: %v\n%+v\n%+v", Line(line), err, line, back)
		}
	})
}

func FuzzParseParagraphs(f *testing.F) {
	for _, seed := range []string{"a *b* _c_ [d](phone) {e|f}\n\n- g\n1. h", `\\ \* \`, "{", "[", "[](", "*_", "  - x", "\\\n\\", "- \\", "1. \n  "} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, typed string) {
		read, err := ParseParagraphs("text", typed)
		if err != nil {
			return
		}
		for i := range read {
			read[i].Content = normal(read[i].Content)
		}
		back, err := ParseParagraphs("text", Paragraphs(read))
		if err != nil || !reflect.DeepEqual(back, read) {
			t.Fatalf("%q wrote %q: %v\n%+v\n%+v", typed, Paragraphs(read), err, read, back)
		}
	})
}

// normal is a run of pieces as markup reads it: neighbours that look alike are one, and breaks have no look.
func normal(run []wording.Inline) []wording.Inline {
	var out []wording.Inline
	for _, in := range run {
		switch last := len(out) - 1; {
		case in.Break:
			out = append(out, wording.Inline{Break: true})
		case in.Text == "" && in.Field == "":
		case in.Text != "" && in.Link == nil && last >= 0 && out[last].Text != "" && out[last].Link == nil && out[last].Bold == in.Bold && out[last].Italic == in.Italic:
			out[last].Text += in.Text
		default:
			out = append(out, in)
		}
	}
	return out
}
