package ui

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestDayPlacement(t *testing.T) {
	t.Parallel()
	day := Day{Start: 8 * 60, End: 17 * 60, Columns: []Column{{Items: []Item{
		{From: 7*60 + 40, Until: 8*60 + 10}, // before the day's usual start: the day grows
		{From: 9 * 60, Until: 9*60 + 45}, {From: 9*60 + 30, Until: 10 * 60}, {From: 9*60 + 45, Until: 10 * 60},
		{From: 17*60 + 50, Until: 18*60 + 5},
		{From: 0, Until: 9 * 60, Block: true},
	}}}}.fitted()
	if day.Start != 7*60 || day.End != 19*60 {
		t.Errorf("shown from %d to %d", day.Start, day.End)
	}
	want := map[int]string{9 * 60: "r-24 s-9 c-1 w-12", 9*60 + 30: "r-30 s-6 c-13 w-12", 9*60 + 45: "r-33 s-3 c-1 w-12", 7*60 + 40: "r-8 s-6", 17*60 + 50: "r-130 s-3"}
	for _, item := range day.Columns[0].Items {
		if item.Block {
			if have := item.classes(); have != "r-0 s-24 block" {
				t.Errorf("block: %s", have)
			}
			continue
		}
		if have := item.classes(); have != want[item.From] {
			t.Errorf("at %d: %s, want %s", item.From, have, want[item.From])
		}
	}
	if day.hoursHigh() != "h-12" || day.height() != "taller" || len(day.hours()) != 11 {
		t.Errorf("%s, %q, %d hours", day.hoursHigh(), day.height(), len(day.hours()))
	}
}

// Nothing covers anything: what is shown has its own rows and parts of the width, and what is not is counted by a tile beside it.
func TestNothingOverlaps(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var items []Item
		for range rapid.IntRange(0, 14).Draw(t, "count") {
			from := rapid.IntRange(0, 24*60-1).Draw(t, "from")
			items = append(items, Item{Title: "x", From: from, Until: min(from+rapid.IntRange(1, 300).Draw(t, "length"), 24*60), Off: rapid.IntRange(0, 3).Draw(t, "off") == 0})
		}
		columns := make([]Column, rapid.IntRange(1, 7).Draw(t, "columns"))
		columns[0].Items = items
		day := Day{Start: 9 * 60, End: 17 * 60, Columns: columns}.fitted()
		taken := map[[2]int]bool{}
		shown, hidden, counted := 0, 0, 0
		for _, item := range day.Columns[0].Items {
			if item.row < 0 || item.row > 287 || item.span < 1 || item.row+item.span > 288 {
				t.Fatalf("row %d, span %d have no class", item.row, item.span)
			}
			counted += item.hides
			switch {
			case item.hidden:
				hidden++
				continue
			case item.hides == 0:
				shown++
			}
			from, width := max(item.column, 1), item.width
			if width == 0 {
				width = gridColumns
			}
			if width < gridColumns && (!slices.Contains([]int{6, 8, 9, 12, 18}, width) || !slices.Contains([]int{1, 7, 9, 10, 13, 17, 19}, from)) {
				t.Fatalf("part %d, %d wide: web/ui/build makes no class for it", from, width)
			}
			if width < gridColumns/4 || from+width > gridColumns+1 {
				t.Fatalf("part %d, %d wide", from, width)
			}
			for row := item.row; row < item.row+item.span; row++ {
				for part := from; part < from+width; part++ {
					if taken[[2]int{row, part}] {
						t.Fatalf("two things in row %d, part %d", row, part)
					}
					taken[[2]int{row, part}] = true
				}
			}
		}
		if shown+hidden != len(items) || counted != hidden {
			t.Fatalf("%d shown, %d hidden and %d counted, of %d", shown, hidden, counted, len(items))
		}
	})
}

// What is cancelled gives way to what is booked, and a wide column shows more beside each other than a narrow one.
func TestWhatIsBookedComesFirst(t *testing.T) {
	t.Parallel()
	items := []Item{{From: 600, Until: 630, Title: "cancelled", Off: true}, {From: 600, Until: 645, Title: "a"}, {From: 605, Until: 645, Title: "b"}, {From: 610, Until: 640, Title: "c"}, {From: 620, Until: 640, Title: "d"}}
	for columns, want := range map[int]string{1: "a b c", 3: "a b", 6: "a"} {
		day := Day{Start: 540, End: 1020, Columns: make([]Column, columns)}
		day.Columns[0].Items = items
		shown, more := "", 0
		for _, item := range day.fitted().Columns[0].Items {
			more += item.hides
			if !item.hidden && item.hides == 0 {
				shown += " " + item.Title
			}
		}
		if shown != " "+want || more != 5-len(want)/2-1 {
			t.Errorf("%d columns show%s and %d more, want %s", columns, shown, more, want)
		}
	}
}
