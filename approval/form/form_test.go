package form_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"letterhead/approval/form"
	"letterhead/wording/strict"
)

type value struct {
	Bytes  form.Bytes  `json:"bytes"`
	Digest form.Digest `json:"digest"`
	Nonce  form.Nonce  `json:"nonce"`
	Text   string      `json:"text"`
}

func TestValuesInTheirOnlyForm(t *testing.T) {
	t.Parallel()
	v := value{Bytes: form.Bytes{0, 255, 3}, Digest: form.Digest{1}, Nonce: form.NewNonce(), Text: "<Zoë> & \u2028 \u0007 \"x\" \\ \U0001F600"}
	text, err := form.Canonical(&v, 1000)
	if err != nil {
		t.Fatal(err)
	}
	if oracle, err := strict.Canonical(&v); err != nil || !bytes.Equal(oracle, text) {
		t.Errorf("RFC 8785 has %s, not %s", oracle, text)
	}
	var read value
	if err := form.Parse(text, 1000, &read); err != nil || read.Text != v.Text || read.Nonce != v.Nonce {
		t.Error(err)
	}
	if form.Parse(text, len(text)-1, &read) == nil {
		t.Error("longer than its bound")
	}
	for name, c := range map[string]string{
		"a digest in capitals": strings.Replace(string(text), `"digest":"01`, `"digest":"0A`, 1), "a short digest": `"digest":"01"`, "padding": strings.Replace(string(text), `"AP8D"`, `"AP8D="`, 1),
		"other base64": strings.Replace(string(text), `"AP8D"`, `"AP+D"`, 1), "a short nonce": `{"bytes":"","digest":"","nonce":"00","text":""}`, "no UTF-8": "{\"bytes\":\"\",\"digest\":\"\",\"nonce\":\"" + strings.Repeat("0", 32) + "\",\"text\":\"\xff\"}",
	} {
		if form.Parse([]byte(c), 1000, new(value)) == nil {
			t.Errorf("%s was read", name)
		}
	}
	if raw, err := json.Marshal(form.Digest{}); err != nil || string(raw) != `""` {
		t.Errorf("%s %v", raw, err)
	}
}

func TestWhichTextMayStandInWhatIsSigned(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"Zoë's Praxis": true, "日本": true, "": true, "a\tb": false, "a\u00a0b": false, "a\u202eb": false, "a\u200bb": false, "a\u2028b": false, "a\x00": false, "a\xff": false, "a\u00adb": false, "\ufeffa": false, "a\ufffdb": false,
	} {
		if form.Printable(text) != want {
			t.Errorf("%q: %v", text, !want)
		}
	}
	for text, want := range map[string]bool{
		"www.clinic.example": true, "xn--e1afmkfd.example": true, "a-b.c": true, "localhost": false, "10.0.0.1": false, "a..b": false, ".a.b": false, "a.b.": false, "-a.b": false, "a-.b": false, "A.b": false,
		"a.b:80": false, "a/b.c": false, "u@a.b": false, "a_b.c": false, "сайт.example": false, strings.Repeat("a", 64) + ".b": false, strings.Repeat("a.", 127) + "bc": false, "": false, "1.2.3": false,
	} {
		if form.Host(text) != want {
			t.Errorf("host %q: %v", text, !want)
		}
	}
	for text, want := range map[string]bool{"0198f000-0000-7000-8000-000000000001": true, "a.b_c": true, "": false, "a b": false, "a/b": false, strings.Repeat("a", 65): false, "ä": false} {
		if form.ID(text) != want {
			t.Errorf("id %q: %v", text, !want)
		}
	}
}

func TestPaper(t *testing.T) {
	t.Parallel()
	seed := bytes.Repeat([]byte{0xa5, 3}, 16)
	text := form.Paper(seed)
	typed := strings.NewReplacer("O", "0", "I", "1", "B", "8", " ", "-").Replace(strings.ToLower(text))
	for _, one := range []string{text, typed, " " + strings.ReplaceAll(text, " ", "\n")} {
		if read, err := form.ParsePaper(one); err != nil || !bytes.Equal(read, seed) {
			t.Errorf("%q: %v", one, err)
		}
	}
	for at, was := range text { // one wrong letter is found
		for _, c := range "AZ27" {
			if wrong := text[:at] + string(c) + text[at+1:]; c != was && was != ' ' {
				if _, err := form.ParsePaper(wrong); err == nil {
					t.Fatalf("%q passes for %q", wrong, text)
				}
			}
		}
	}
	for _, wrong := range []string{"", "AAAA", text[:20], text + " AAAA", strings.Repeat(text, 5), "é"} {
		if _, err := form.ParsePaper(wrong); err == nil {
			t.Errorf("%q was read", wrong)
		}
	}
}
