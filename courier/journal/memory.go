package journal

import (
	"os"
	"path/filepath"
)

// What the breaker remembers of ordinary days is one file, replaced as a whole by whoever holds what was seen (Shared.Change).
const memoryFile = "breaker.mem"

// Memory returns it; fs.ErrNotExist where none was kept yet.
func (j *Journal) Memory() ([]byte, error) { return os.ReadFile(filepath.Join(j.folder, memoryFile)) }

// Remember keeps it.
func (j *Journal) Remember(raw []byte) error { return writeFile(j.folder, memoryFile, raw) }
