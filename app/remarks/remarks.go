// Package remarks says on a terminal what there was to remark on an import.
package remarks

import (
	"fmt"
	"io"
	"maps"
	"slices"

	"letterhead/transfer"
)

// Say says what there was to remark, how often, and where it stands first. The report's counts are of all remarks, its list of the first ones.
func Say(out io.Writer, report *transfer.Report) {
	if report.RemarkCount == 0 {
		return
	}
	fmt.Fprintf(out, "%d remarks, explained in docs/import.md; --remarks FILE writes each with its row:\n", report.RemarkCount)
	for _, m := range report.Remarks {
		if m.File != "clients.csv" && m.File != "appointments.csv" {
			fmt.Fprintf(out, "  %-13s  %6s  %-16s  %s\n", m.File, "", m.Reason, m.Say)
		}
	}
	for _, file := range []struct {
		name   string
		counts transfer.Counts
	}{{"clients", report.Clients}, {"appointments", report.Appointments}} {
		for _, reason := range slices.Sorted(maps.Keys(file.counts.Reasons)) {
			say := ""
			for _, m := range report.Remarks {
				if m.Reason == reason && (m.File == "clients.csv") == (file.name == "clients") {
					if say = m.Say; m.Line > 0 {
						say = fmt.Sprintf("%s, first in line %d", say, m.Line)
					}
					break
				}
			}
			fmt.Fprintf(out, "  %-13s  %6d  %-16s  %s\n", file.name, file.counts.Reasons[reason], reason, say)
		}
	}
}
