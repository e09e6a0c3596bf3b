package open

import (
	_ "embed"
	"maps"
	"slices"
	"strings"

	"letterhead/zone"
)

//go:embed holidays.txt
var holidays string

// Regions are those with a list of holidays: a country, or a country and a state (ISO 3166-2, GB-ENG with Wales).
func Regions() []string {
	seen := map[string]bool{}
	for line := range strings.Lines(holidays) {
		if fields := strings.Fields(line); len(fields) > 2 && fields[0] != "#" {
			for _, region := range strings.Split(fields[1], ",") {
				seen[region] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(seen))
}

// Listed returns the holidays of a region's list, in order of time.
func Listed(region string) ([]Holiday, error) {
	var out []Holiday
	for line := range strings.Lines(holidays) {
		day, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		regions, name, _ := strings.Cut(rest, " ")
		if day == "#" || region == "" || !slices.Contains(strings.Split(regions, ","), region) {
			continue
		}
		date, err := zone.ParseDate(day)
		if err != nil {
			return nil, err
		}
		out = append(out, Holiday{Day: date, Name: name, Region: region})
	}
	if len(out) == 0 {
		return nil, errRegion
	}
	return out, nil
}
