package journal

import (
	"cmp"
	"os"
	"slices"
	"time"
)

// Handed is a message whose first byte was about to leave, as the journal has it.
type Handed struct {
	Process string
	Entry
	Answer *Answer // nil: the relay has not said anything that was noted yet
}

const mostHanded = 5000

// Recent returns what began since an instant, by the segments that are in a folder, of processes that live and of those that died: what a relay may
// hold. The latest comes first; total says how many there are where not all fit. What a courier that ended in peace had settled is in the database alone.
func Recent(folder string, since time.Time) (list []Handed, total int, err error) {
	all, err := segments(folder)
	if err != nil {
		return nil, 0, ErrBroken.With(err)
	}
	for process, files := range all {
		r := Remains{Process: process, Tries: map[Key]Try{}}
		for _, name := range files {
			if info, err := os.Stat(name); err != nil || info.ModTime().Before(since) {
				continue // it ended meanwhile, or nothing in it is as young
			}
			raw, err := os.ReadFile(name)
			if os.IsNotExist(err) {
				continue
			}
			if err != nil {
				return nil, 0, ErrBroken.With(err)
			}
			r.read(raw)
		}
		for _, try := range r.Tries {
			if !try.At.Before(since) {
				list = append(list, Handed{process, try.Entry, try.Answer})
			}
		}
	}
	slices.SortFunc(list, func(a, b Handed) int {
		return cmp.Or(b.At.Compare(a.At), cmp.Compare(a.Practice, b.Practice), cmp.Compare(a.ID, b.ID))
	})
	return list[:min(len(list), mostHanded)], len(list), nil
}
