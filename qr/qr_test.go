package qr_test

import (
	"fmt"
	"strings"
	"testing"

	"letterhead/fault"
	"letterhead/qr"
)

// drawn is the code as its path draws it.
func drawn(t *testing.T, c qr.Code) [][]bool {
	t.Helper()
	out := make([][]bool, c.Size)
	for y := range out {
		out[y] = make([]bool, c.Size)
	}
	for _, part := range strings.Split(strings.TrimSuffix(c.Path, "z"), "z") {
		var x, y, long, back int
		if n, err := fmt.Sscanf(part, "M%d %dh%dv1h-%d", &x, &y, &long, &back); err != nil || n != 4 || long != back {
			t.Fatalf("%q: %v", part, err)
		}
		for i := range long {
			if out[y][x+i] {
				t.Fatalf("%d, %d is drawn twice", x+i, y)
			}
			out[y][x+i] = true
		}
	}
	return out
}

// The parts that every reader looks for stand where they must (ISO/IEC 18004 §5.3): three finders, the timing between them, the dark module.
func TestACodeHasWhatReadersLookFor(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"a", "https://sign.example.com/p/0198f000-0000-7000-8000-00000000000a", strings.Repeat("x", qr.Most)} {
		c, err := qr.Of(text)
		if err != nil {
			t.Fatal(err)
		}
		m, last := drawn(t, c), c.Size-7
		if (c.Size-21)%4 != 0 {
			t.Fatalf("%d modules", c.Size)
		}
		for _, corner := range [][2]int{{0, 0}, {last, 0}, {0, last}} {
			for y := range 7 {
				for x := range 7 {
					ring := max(abs(x-3), abs(y-3))
					if m[corner[1]+y][corner[0]+x] != (ring != 2) {
						t.Fatalf("%d bytes: the finder at %v", len(text), corner)
					}
				}
			}
		}
		for i := 8; i < last; i++ {
			if m[6][i] != (i%2 == 0) || m[i][6] != (i%2 == 0) {
				t.Errorf("%d bytes: the timing at %d", len(text), i)
			}
		}
		if !m[c.Size-8][8] {
			t.Error("the dark module is not there")
		}
		if want := fmt.Sprintf("-4 -4 %d %d", c.Size+8, c.Size+8); c.Box() != want {
			t.Error(c.Box())
		}
	}
}

func abs(n int) int { return max(n, -n) }

func TestCodesAreBounded(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", strings.Repeat("x", qr.Most+1)} {
		if _, err := qr.Of(text); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%d bytes: %v", len(text), err)
		}
	}
	one, _ := qr.Of("https://a.example/")
	other, _ := qr.Of("https://b.example/")
	if one.Path == other.Path {
		t.Error("two addresses look the same")
	}
}
