package ui

import (
	"fmt"
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
	want := map[int]string{9 * 60: "r-24 s-9 lane-1", 9*60 + 30: "r-30 s-6 lane-2", 9*60 + 45: "r-33 s-3 lane-1", 7*60 + 40: "r-8 s-6", 17*60 + 50: "r-130 s-3"}
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

func TestNothingOverlapsInALane(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var items []Item
		for range rapid.IntRange(0, 12).Draw(t, "count") {
			from := rapid.IntRange(0, 24*60-1).Draw(t, "from")
			items = append(items, Item{From: from, Until: min(from+rapid.IntRange(1, 200).Draw(t, "length"), 24*60)})
		}
		day := Day{Start: 9 * 60, End: 17 * 60, Columns: []Column{{Items: items}}}.fitted()
		placed := day.Columns[0].Items
		if len(placed) != len(items) {
			t.Fatalf("%d of %d are shown", len(placed), len(items))
		}
		taken := map[string]bool{}
		for _, item := range placed {
			if item.row < 0 || item.row > 287 || item.span < 1 || item.row+item.span > 288 {
				t.Fatalf("row %d, span %d have no class", item.row, item.span)
			}
			if item.lane == maxLanes {
				continue // what does not fit shares the last lane
			}
			for row := item.row; row < item.row+item.span; row++ {
				lanes := []int{item.lane}
				if item.lane == 0 {
					lanes = []int{1, 2, 3, 4, 5}
				}
				for _, lane := range lanes {
					place := fmt.Sprint(lane, row)
					if taken[place] {
						t.Fatalf("two things at %s", place)
					}
					taken[place] = true
				}
			}
		}
	})
}
