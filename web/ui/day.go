package ui

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"
)

// slotMinutes is the length of one row of a day's grid.
const slotMinutes = 5

// A column's width is 24 parts, so that two, three and four things share it evenly, and so does what is left beside a tile that counts the rest.
const (
	gridColumns = 24
	moreColumns = 6
)

// Day is a calendar day: practitioners in columns, time downwards. All its minutes are minutes of the wall clock since midnight.
type Day struct {
	Columns []Column
	Start   int // the first minute shown; rounded down to the hour
	End     int // the last minute shown; rounded up to the hour
	Now     int // 0 shows no line
	NowSay  string
	List    bool   // one under the other with all their words, as on phones
	Label   string // what the switch between columns is called, for those who do not see it
	Slots   int    // minutes of a free slot that can be pressed; 0: none can
	Moves   bool   // things can be dragged elsewhere
}

// Column is one practitioner's day.
type Column struct {
	Name   string
	Link   string // shows this column on phones
	All    string // shows the day as a list
	Chosen bool   // is shown on phones
	Date   string // and Who: whose day it is, for what is dropped here; "" takes nothing
	Who    string
	Book   string // address that books; the time of a slot is put behind it
	Items  []Item
}

// Mark is a sign on an item: one letter, and what it means.
type Mark struct {
	Kind      Kind
	Sign, Say string
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
	ID, Version string // of what can be dragged, or marked by a key; "" for what cannot
	Marks       []Mark

	row, span     int
	lane          int // from 1
	column, width int // of 24
	hidden        bool
	hides         int // of a tile that counts what is not shown beside it
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
		d.Columns[i].Items = d.placed(d.Columns[i].Items, d.most())
	}
	return d
}

// most is how many things stand side by side in a column: fewer, the more columns there are.
func (d Day) most() int {
	switch {
	case len(d.Columns) <= 2:
		return 4
	case len(d.Columns) <= 4:
		return 3
	}
	return 2
}

func (d Day) placed(items []Item, most int) []Item {
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
	return append(kept, setLanes(kept, most)...)
}

// setLanes puts things that overlap side by side. A group begins where nothing of the one before is still going on, and shares the width
// among as many as stand beside each other in it; what is alone in its group has the whole width. Where more overlap than a column holds,
// the last lane says how many are not shown there: the list shows them. What is cancelled takes nobody's time and gives way first.
func setLanes(items []Item, most int) (more []Item) {
	for begin := 0; begin < len(items); {
		until, end := items[begin].row+items[begin].span, begin+1
		if items[begin].Block {
			begin++
			continue
		}
		for ; end < len(items) && (items[end].Block || items[end].row < until); end++ {
			if !items[end].Block {
				until = max(until, items[end].row+items[end].span)
			}
		}
		more = append(more, setGroup(items[begin:end], most)...)
		begin = end
	}
	return more
}

func setGroup(group []Item, most int) (more []Item) {
	lanes := share(group, most)
	if lanes <= most {
		for i := range group {
			group[i].column, group[i].width = 1+(group[i].lane-1)*gridColumns/lanes, gridColumns/lanes
		}
		return nil
	}
	share(group, most-1)
	wide := (gridColumns - moreColumns) / (most - 1)
	for i := range group {
		switch g := &group[i]; {
		case g.Block:
		case g.lane < most:
			g.column, g.width = 1+(g.lane-1)*wide, wide
		default:
			g.hidden = true
			more = count(more, *g)
		}
	}
	return more
}

// share gives each thing the first lane that is free for it, and returns how many lanes there are; one more than most means that some found
// none. What is booked chooses before what is cancelled.
func share(group []Item, most int) (lanes int) {
	lanes = 1
	for _, off := range []bool{false, true} {
		for i := range group {
			g := &group[i]
			if g.Block || g.Off != off {
				continue
			}
			g.lane = 1
			for g.lane <= most && inTheWay(group, i) {
				g.lane++
			}
			lanes = max(lanes, g.lane)
		}
	}
	return lanes
}

// inTheWay says whether the lane of a thing is taken by one that chose before it.
func inTheWay(group []Item, at int) bool {
	g := &group[at]
	for i := range group {
		o := &group[i]
		before := i < at && o.Off == g.Off || g.Off && !o.Off
		if before && !o.Block && o.lane == g.lane && o.row < g.row+g.span && g.row < o.row+o.span {
			return true
		}
	}
	return false
}

// count adds a thing that is not shown to the tile that counts them, or begins one.
func count(more []Item, hidden Item) []Item {
	if last := len(more) - 1; last >= 0 && hidden.row < more[last].row+more[last].span {
		more[last].span = max(more[last].span, hidden.row+hidden.span-more[last].row)
		more[last].hides++
		return more
	}
	return append(more, Item{row: hidden.row, span: hidden.span, hides: 1, column: gridColumns - moreColumns + 1, width: moreColumns})
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

// slots are the minutes at which something can be booked by pressing there.
func (d Day) slots() []int {
	var minutes []int
	for minute := d.Start; d.Slots > 0 && minute+d.Slots <= d.End; minute += d.Slots {
		minutes = append(minutes, minute)
	}
	return minutes
}

func (d Day) slotClass(minute int) string {
	return "slot " + d.row(minute) + " s-" + strconv.Itoa(d.Slots/slotMinutes)
}

// clock writes a minute of the day as a time field does: 09:05.
func clock(minute int) string { return fmt.Sprintf("%02d:%02d", minute/60, minute%60) }

func (d Day) showsNow() bool { return d.Now > d.Start && d.Now < d.End }

func (d Day) row(minute int) string { return "r-" + strconv.Itoa((minute-d.Start)/slotMinutes) }

func (i Item) classes() string {
	classes := "r-" + strconv.Itoa(i.row) + " s-" + strconv.Itoa(i.span)
	if i.Block {
		return classes + " block"
	}
	if i.width > 0 && i.width < gridColumns {
		classes += " c-" + strconv.Itoa(i.column) + " w-" + strconv.Itoa(i.width)
	}
	if i.hidden {
		classes += " beyond"
	}
	if i.hides > 0 {
		classes += " more"
	}
	return classes
}

func (i Item) look() string {
	look := string(i.Kind)
	if i.Off {
		look = "off"
	}
	switch {
	case i.span < 7:
		look += " short"
	case i.width > 0 && i.width < gridColumns:
		look += " slim"
		if i.span < 10 { // two lines of the name alone
			look += " low"
		}
	}
	return look
}

// words are all of an item's words: what a narrow column cuts off is read from there.
func (i Item) words() string {
	all := []string{i.Title, i.Detail, i.More}
	for _, mark := range i.Marks {
		all = append(all, mark.Say)
	}
	all = slices.DeleteFunc(all, func(word string) bool { return word == "" })
	return strings.Join(all, ", ")
}

// takes says whose time a column is, for the script that lets things be dropped there.
func (c Column) takes(d Day) templ.Attributes {
	if !d.Moves || c.Date == "" {
		return nil
	}
	return templ.Attributes{"data-date": c.Date, "data-who": c.Who, "data-start": strconv.Itoa(d.Start)}
}
