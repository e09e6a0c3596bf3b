package diary

import "testing"

func TestClock(t *testing.T) {
	t.Parallel()
	for typed, want := range map[string]int{"9:05": 545, "09:05": 545, "0905": 545, "905": 545, "9.05": 545, "14h30": 870, "00:00": 0, "23:59": 1439,
		"": -1, "9": -1, "24:00": -1, "12:60": -1, "12:3x": -1, "123456": -1, "-9:05": -1, "٩:٠٥": -1} {
		minute, ok := clock(typed)
		if !ok {
			minute = -1
		}
		if minute != want {
			t.Errorf("%q is minute %d, want %d", typed, minute, want)
		}
	}
}

func FuzzClock(f *testing.F) {
	for _, typed := range []string{"9:05", "14h30", "24:00", ":::", "\x00"} {
		f.Add(typed)
	}
	f.Fuzz(func(t *testing.T, typed string) {
		if minute, ok := clock(typed); ok && (minute < 0 || minute > 1439) {
			t.Errorf("%q is minute %d", typed, minute)
		}
	})
}
