// Package result is what the drill has seen, and how it is shown.
package result

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"text/tabwriter"
)

// Verdict is how an attack ended.
type Verdict string

// The verdicts. Unbounded: the gate has no control yet that this attack's bound rests on.
const (
	Kept      Verdict = "kept"
	Broken    Verdict = "BROKEN"
	Unbounded Verdict = "not yet bounded"
)

// Result is what was seen of an attack.
type Result struct {
	Name    string  `json:"name"`
	Class   string  `json:"class"` // of docs/threat.md
	Tries   string  `json:"tries"` // what is tried
	Stopped string  `json:"stopped"`
	Left    int     `json:"left"`            // messages that the attacker got out
	Bound   int     `json:"bound"`           // how many may
	Words   int     `json:"words"`           // of them, with words that nobody approved
	Others  int     `json:"others"`          // the other practice's approved reminders that arrived
	Seconds float64 `json:"seconds"`         // from the attack to the last message that it concerned, stopped or gone
	Keyed   bool    `json:"keyed,omitempty"` // the attacker had a key: the words were signed
	Verdict Verdict `json:"verdict"`
	Why     string  `json:"why,omitempty"`
}

// Print writes results as a table, with what is wrong below it, or as JSON.
func Print(out io.Writer, results []Result, asJSON bool) error {
	if asJSON {
		encoder := json.NewEncoder(out)
		encoder.SetEscapeHTML(false)
		encoder.SetIndent("", "  ")
		return encoder.Encode(results)
	}
	table := tabwriter.NewWriter(out, 2, 0, 2, ' ', 0)
	fmt.Fprintf(table, "attack\tclass\tstopped by\tleft\tmay\tcontained\t\n")
	count := map[Verdict]int{}
	for _, r := range results {
		count[r.Verdict]++
		fmt.Fprintf(table, "%s\t%s\t%s\t%d\t%d\t%.1f s\t%s\n", r.Name, r.Class, cmp.Or(shorten(r.Stopped, 72), "–"), r.Left, r.Bound, r.Seconds, r.Verdict)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	for _, r := range results {
		if r.Why != "" {
			fmt.Fprintf(out, "\n%s: %s\n  tried: %s\n", r.Name, r.Why, r.Tries)
		}
	}
	words, others := 0, 0
	for _, r := range results {
		others += r.Others
		if !r.Keyed {
			words += r.Words
		}
	}
	fmt.Fprintf(out, "\n%d attacks: %d kept, %d broken, %d not yet bounded. Words that nobody approved, sent: %d. Another practice's approved reminders, delivered meanwhile: %d.\n",
		len(results), count[Kept], count[Broken], count[Unbounded], words, others)
	return nil
}

func shorten(text string, most int) string {
	if r := []rune(text); len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return text
}
