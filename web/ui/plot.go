package ui

// Bar is one number of a plot.
type Bar struct {
	Name  string // under it
	Say   string // the number, above it
	Value int
}

// The measures of a plot, in units of its own.
const (
	barWide  = 80
	plotHigh = 190
	zero     = 160
	highest  = 130
)

// top is where a bar ends: the largest is the highest.
func top(bars []Bar, b Bar) int {
	most := 1
	for _, each := range bars {
		most = max(most, each.Value)
	}
	return zero - max(0, b.Value)*highest/most
}
