package canon

import (
	"encoding/json"
	"testing"

	"github.com/gowebpki/jcs"
)

// Every string is written as another implementation of RFC 8785 writes it.
func FuzzString(f *testing.F) {
	for _, s := range []string{"", "plain", "a\"b\\c", "\x00\x01\b\t\n\f\r\x1f\x7f", "Zoë €", "\u2028\u2029</script>&", "\xff\xfe broken \xc3", "😀 \U0010ffff", "\ufffd"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		plain, err := json.Marshal(text)
		if err != nil {
			t.Fatal(err)
		}
		want, err := jcs.Transform(append(append([]byte("["), plain...), ']'))
		if err != nil {
			t.Fatal(err)
		}
		w := Writer("[")
		w.String(text)
		if got := string(w) + "]"; got != string(want) {
			t.Fatalf("%q: %s, want %s", text, got, want)
		}
	})
}

func TestMembers(t *testing.T) {
	t.Parallel()
	var w Writer
	w.Open('{')
	w.Some("a", "")
	w.True("b", false)
	w.Texts("c", nil)
	w.Texts("d", []string{})
	w.Texts("e", []string{"x", "y"})
	SomeList(&w, "f", []int{}, func(*int) { t.Error("an empty list was written") })
	w.Number("g", -7)
	w.True("h", true)
	w.Some("i", "z")
	w.Close('}')
	if got, want := string(w), `{"c":null,"d":[],"e":["x","y"],"g":-7,"h":true,"i":"z"}`; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}
