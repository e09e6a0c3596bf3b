package colour

import "testing"

func TestColours(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"#000000", "#ffffff", "#1f4e79", "#ffff00", "#7a9e3f", "#808080", "#ff0000", "#0000ff"} {
		c, ok := Parse(text)
		if !ok || c.String() != text {
			t.Fatalf("%s reads as %s", text, c)
		}
		if Contrast(c.ReadableOn(PaperDay), PaperDay) < leastContrast || Contrast(c.ReadableOn(PaperNight), PaperNight) < leastContrast {
			t.Errorf("a link in %s cannot be read", text)
		}
		if Contrast(InkOn(c), c) < 3.9 {
			t.Errorf("a button in %s cannot be read: %.1f", text, Contrast(InkOn(c), c))
		}
	}
	for _, bad := range []string{"", "#fff", "1f4e79#", "#1F4E79", "#1f4e7g", "red"} {
		if _, ok := Parse(bad); ok {
			t.Errorf("%q accepted", bad)
		}
	}
}
