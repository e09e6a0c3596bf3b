package journal

// Die lets go of everything as a killed process does.
func (j *Journal) Die() {
	j.mu.Lock()
	defer j.mu.Unlock()
	_ = j.file.Close()
	_ = j.lock.Close()
}

// SegmentBytes is when the next segment begins.
const SegmentBytes = segmentBytes

// ReadRemains reads one segment.
func ReadRemains(raw []byte) Remains {
	r := Remains{Tries: map[Key]Try{}}
	r.read(raw)
	return r
}
