package evidence

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"
)

// mostSaid bounds the approvals that are listed; the rest is counted.
const mostSaid = 50

func instant(micro int64) string {
	return time.UnixMicro(micro).UTC().Format("2006-01-02 15:04:05") + " UTC"
}

// Say tells a report to a person, with what it does not prove.
func Say(out io.Writer, r *Report) {
	if r.Leaves == 0 {
		fmt.Fprintf(out, "HOLDS. Nothing was ever recorded in the name of practice %s, as of checkpoint %d of %s.\n", r.Practice, r.Checkpoint, r.Origin)
	} else {
		fmt.Fprintf(out, "HOLDS. Practice %s, root %s.\nComplete in the ledger from %s to %s, as of checkpoint %d of %s.\n", r.Practice, r.Fingerprint, instant(r.First), instant(r.Last), r.Checkpoint, r.Origin)
	}
	sayCosigned(out, r)
	fmt.Fprintf(out, "\n%d messages", r.Messages)
	words := slices.SortedFunc(maps.Keys(r.Fates), func(a, b string) int { return cmp.Or(cmp.Compare(r.Fates[b], r.Fates[a]), cmp.Compare(a, b)) })
	for i, word := range words {
		fmt.Fprintf(out, "%s%d %s", map[bool]string{true: ": ", false: ", "}[i == 0], r.Fates[word], word)
	}
	fmt.Fprintf(out, ".\n%d of them to members (tests, and the program's own), which nobody need approve. Stops: %d%s, incidents: %d%s.\n", r.Members, r.Stops, sayList("not lifted", r.Stopped), r.Incidents,
		sayList("not closed", r.Unsettled))
	if r.Lost > 0 {
		fmt.Fprintf(out, "\nLOST: of %d signatures on record the text is lost, as the practice's people signed. %d messages went by those; who approved what cannot be shown of them.\n", r.Lost, r.Unproven)
	}
	if len(r.Approvals) > 0 {
		fmt.Fprint(out, "\nThe others, each approved:\n")
	}
	for i, a := range r.Approvals {
		if i == mostSaid {
			fmt.Fprintf(out, "  and by %d more approvals; --json lists them\n", len(r.Approvals)-mostSaid)
			break
		}
		fmt.Fprintf(out, "  %7d  by %s, signed by member %s\n", a.Messages, a.Kind+" "+a.Subject, strings.Join(a.Signers, " and "))
	}
	fmt.Fprint(out, notProved)
}

// sayList says which of some are still open.
func sayList(what string, which []string) string {
	if len(which) == 0 {
		return ""
	}
	return fmt.Sprintf(" (%s: %s)", what, strings.Join(which, ", "))
}

func sayCosigned(out io.Writer, r *Report) {
	said := map[string][]string{}
	for _, c := range r.Cosigned {
		said[c.Role] = append(said[c.Role], c.Name+" ("+time.Unix(c.At, 0).UTC().Format("2006-01-02 15:04")+" UTC)")
	}
	list := func(role, none string) string {
		if len(said[role]) == 0 {
			return none
		}
		return strings.Join(said[role], ", ")
	}
	fmt.Fprintf(out, "Counts audited by: %s.\nWitnessed by: %s.\n", list("auditor", "nobody whose key you gave; that the list has no second line of this practice is the log's word alone"),
		list("witness", "nobody whose key you gave; that others are shown the same log is the log's word alone"))
	if len(said["unknown"]) > 0 {
		fmt.Fprintf(out, "Also signed by keys that only the file vouches for: %s.\n", list("unknown", ""))
	}
}

const notProved = `
What this does not prove: that nothing left by another way. Whoever has the relay's or gateway's credentials, or the courier's machine, can send
without a leaf; compare the count with the relay's own log and with DMARC reports. Nor does it prove that a message arrived.
`
