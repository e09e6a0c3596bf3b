package budget

// Dump is the whole state as a snapshot's records, for comparing.
func (b *Budget) Dump(now int64) []string {
	var out []string
	b.book.state.snapshot(now, func(record []byte) { out = append(out, string(record)) })
	return out
}

// Take takes records into an empty state; it returns the snapshot of that state, and whether all fitted.
func Take(now int64, records ...[]byte) (out [][]byte, fits bool) {
	s := newState()
	for _, r := range records {
		if len(r) == 0 || !s.take(r) {
			return nil, false
		}
	}
	s.tidy(now)
	s.snapshot(now, func(record []byte) { out = append(out, append([]byte(nil), record...)) })
	return out, true
}
