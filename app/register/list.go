package register

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"letterhead/fault"
)

// maxFiles bounds one register.
const maxFiles = 10_000

type skip struct{ name, why string }

// list finds the records: files as they are named, and in a folder whatever ends with .md. Links within folders are not followed: they may lead
// anywhere. A file _index.md is a page of its site and no record.
func list(names []string) (files []string, skipped []skip, err error) {
	for _, name := range names {
		info, err := os.Stat(name)
		switch {
		case name == "-" && len(names) == 1:
			files = append(files, name)
			continue
		case err != nil:
			return nil, nil, fault.Field("FILE", "register.file", "%s: there is no such file", name)
		case !info.IsDir():
			files = append(files, name)
			continue
		}
		err = filepath.WalkDir(name, func(path string, entry fs.DirEntry, err error) error {
			switch {
			case err != nil:
				return err
			case entry.IsDir() || !strings.HasSuffix(path, ".md"):
				return nil
			case !entry.Type().IsRegular():
				skipped = append(skipped, skip{path, "skipped: it is no plain file"})
			case entry.Name() == "_index.md":
				skipped = append(skipped, skip{path, "skipped: a page of the site, no record"})
			default:
				files = append(files, path)
			}
			if len(files) > maxFiles {
				return fmt.Errorf("more than %d records", maxFiles)
			}
			return nil
		})
		if err != nil {
			return nil, nil, fault.Field("FILE", "register.file", "%s cannot be read whole", name).With(err)
		}
	}
	if len(files) > maxFiles {
		return nil, nil, fault.Field("FILE", "register.many", "a register has at most %d records", maxFiles)
	}
	slices.Sort(files)
	return slices.Compact(files), skipped, nil
}
