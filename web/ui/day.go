package ui

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// slotMinutes is the length of one row of a day's grid.
const slotMinutes = 5

// maxLanes is how many overlapping things stand side by side; more share the last lane.
const maxLanes = 6

// Day is a calendar day: practitioners in columns, time downwards. All its minutes are minutes of the wall clock since midnight.
type Day struct {
	Columns []Column
	Start   int // the first minute shown; rounded down to the hour
	End     int // the last minute shown; rounded up to the hour
	Now     int // 0 shows no line
	NowSay  string
	Label   string // what the switch between columns is called, for those who do not see it
}

// Column is one practitioner's day.
type Column struct {
	Name   string
	Link   string // shows this column on phones
	Chosen bool   // is shown on phones
	Items  []Item
}

// Item is something with a place in a column.
type Item struct {
	From, Until int // minutes since midnight; Until > From
	Kind        Kind
	Off         bool // cancelled: struck through
	Block       bool // time when nobody can be booked
	Title       string
	Detail      string
	More        string // a third line where there is room
	To          string
	Current     bool

	row, span, lane int
}

// Minute is the minute of the day of a wall time.
func Minute(at time.Time) int { return at.Hour()*60 + at.Minute() }

// fitted returns the day with its edges on whole hours and wide enough for all its items, and items placed in rows and lanes.
func (d Day) fitted() Day {
	d.Columns = slices.Clone(d.Columns)
	for _, column := range d.Columns {
		for _, item := range column.Items {
			if !item.Block {
				d.Start, d.End = min(d.Start, item.From), max(d.End, item.Until)
			}
		}
	}
	d.Start = max(d.Start, 0) / 60 * 60
	d.End = min((max(d.End, d.Start+60)+59)/60*60, 24*60)
	for i := range d.Columns {
		d.Columns[i].Items = d.placed(d.Columns[i].Items)
	}
	return d
}

func (d Day) placed(items []Item) []Item {
	var kept []Item
	for _, item := range items {
		item.From, item.Until = max(item.From, d.Start), min(item.Until, d.End)
		if item.Until <= item.From {
			continue
		}
		item.row = (item.From - d.Start) / slotMinutes
		item.span = max((item.Until-d.Start+slotMinutes-1)/slotMinutes-item.row, 1)
		kept = append(kept, item)
	}
	slices.SortStableFunc(kept, func(a, b Item) int { return a.row - b.row })
	setLanes(kept)
	return kept
}

// setLanes puts things that overlap side by side. A group begins where nothing of the one before is still going on; what is alone in
// its group keeps lane 0: the whole width.
func setLanes(items []Item) {
	var ends [maxLanes]int // the row at which each lane is free again
	var group []int
	until := 0
	for i := range items {
		if items[i].Block {
			continue
		}
		if items[i].row >= until {
			group = nil
		}
		lane := maxLanes - 1
		for candidate, end := range ends {
			if end <= items[i].row {
				lane = candidate
				break
			}
		}
		ends[lane] = items[i].row + items[i].span
		until = max(until, ends[lane])
		group = append(group, i)
		if len(group) == 1 {
			continue
		}
		items[group[0]].lane = 1
		items[i].lane = lane + 1
	}
}

func (c Column) lanes() string {
	lanes := 0
	for _, item := range c.Items {
		lanes = max(lanes, item.lane)
	}
	if lanes < 2 {
		return ""
	}
	return "lanes-" + strconv.Itoa(lanes)
}

// height is how high an hour must be for the shortest thing in the day.
func (d Day) height() string {
	shortest := 12
	for _, column := range d.Columns {
		for _, item := range column.Items {
			if !item.Block {
				shortest = min(shortest, item.span)
			}
		}
	}
	switch {
	case shortest < 4:
		return "taller"
	case shortest < 5:
		return "tall"
	}
	return ""
}

func (d Day) hoursHigh() string { return "h-" + strconv.Itoa((d.End-d.Start)/60) }

func (d Day) hours() []int {
	var hours []int
	for hour := d.Start/60 + 1; hour < (d.End+59)/60; hour++ {
		hours = append(hours, hour)
	}
	return hours
}

func (d Day) showsNow() bool { return d.Now > d.Start && d.Now < d.End }

func (d Day) row(minute int) string { return "r-" + strconv.Itoa((minute-d.Start)/slotMinutes) }

func (i Item) classes() string {
	classes := "r-" + strconv.Itoa(i.row) + " s-" + strconv.Itoa(i.span)
	if i.Block {
		return classes + " block"
	}
	if i.lane > 0 {
		classes += " lane-" + strconv.Itoa(i.lane)
	}
	return classes
}

func (i Item) look() string {
	look := string(i.Kind)
	if i.Off {
		look = "off"
	}
	if i.span < 7 {
		look += " short"
	}
	return look
}

// words are all of an item's words: what a narrow column cuts off is read from there.
func (i Item) words() string {
	all := slices.DeleteFunc([]string{i.Title, i.Detail, i.More}, func(word string) bool { return word == "" })
	return strings.Join(all, ", ")
}
