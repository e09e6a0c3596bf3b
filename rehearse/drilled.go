package rehearse

import (
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"letterhead/zone"
)

// What the drill shares with the bench.

// Itself is the path of this program by the name it was started with, by which a program of several names knows what to do.
func Itself() (string, error) {
	path, err := exec.LookPath(os.Args[0])
	if err == nil {
		path, err = filepath.Abs(path)
	}
	if err != nil {
		return os.Executable()
	}
	return path, nil
}

// Noon is a zone where it is about noon now: no quiet hours are near. Ten is ten o'clock today there, and Day two days later.
type Noon struct {
	Zone string
	Ten  time.Time
	Day  zone.Date
}

// NextNoon finds one.
func NextNoon(now time.Time) (Noon, error) {
	m, err := nextNoon(now)
	return Noon{m.zone, m.ten, m.day}, err
}

// CSV writes rows as an export has them.
func CSV(rows [][]string) string { return table(rows) }

// CopyFolder copies a data folder that nobody has open.
func CopyFolder(to, from string) error { return copyFolder(to, from) }
