package register

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"letterhead/fault"
	"letterhead/register"
	"letterhead/register/site"
)

// builtName is the file by which a folder is known as one that this command wrote, and may replace.
const builtName = ".letterhead-register"

// build is the command's setting.
type build struct {
	from    []string
	options site.Options
	day     string
}

func (b *build) flags(f *flag.FlagSet) {
	f.Func("from", "with build: a record's `file`, or a folder of them; may be given more than once, and more files may follow", func(v string) error {
		b.from = append(b.from, v)
		return nil
	})
	f.StringVar(&b.options.Title, "title", "Register of incidents", "with build: the register's `title`")
	f.StringVar(&b.options.Keeper, "keeper", "", "with build: `who` keeps it, for citing")
	f.StringVar(&b.options.Address, "url", "", "with build: the `address` at which it will be found, for the feed and for citing")
	f.StringVar(&b.day, "day", "", "with build: the `day` that the pages say they were built on, such as 2026-12-01 (today)")
}

// run reads every record, names those that cannot be shown, and puts the register of the rest into its folder.
func (b *build) run(_ context.Context, c Call) error {
	if len(c.Args) == 0 {
		return fault.Field("DIR", "register.folder", "name the folder to write")
	}
	folder := filepath.Clean(c.Args[0])
	c.Args = append(b.from, c.Args[1:]...)
	if len(c.Args) == 0 {
		return fault.Field("--from", "flag.missing", "is needed; see --help")
	}
	b.options.Built = time.Now()
	if b.day != "" {
		day, err := time.Parse(time.DateOnly, b.day)
		if err != nil {
			return fault.Field("--day", "register.day", "it is a day such as 2026-12-01")
		}
		b.options.Built = day
	}
	if err := replaceable(folder); err != nil {
		return err
	}
	entries, unreadable := c.entries()
	if f := fault.As(unreadable); unreadable != nil && (f == nil || f.Key != keyUnreadable) {
		return unreadable
	}
	files, refused, err := site.Build(b.options, entries)
	if err != nil {
		return fault.Field("register", "register.build", "%v", err)
	}
	for _, r := range refused {
		fmt.Fprintf(c.Errs, "%s: %s\n", r.Name, r.Why)
	}
	if err := replace(folder, files); err != nil {
		return err
	}
	fmt.Fprintf(c.Out, "Wrote %s: %d incidents, %d files. Open %s.\n", folder, len(entries)-len(refused), len(files), filepath.Join(folder, "index.html"))
	if unreadable != nil {
		return unreadable
	}
	return nil
}

// entries are the records of the named files and folders. What is none is named, and the rest is there.
func (c Call) entries() (out []site.Entry, err error) {
	err = c.each(func(name string, d *register.Document) error {
		r := d.View()
		for _, m := range r.Remarks {
			fmt.Fprintf(c.Errs, "%s:%d: %s\n", name, m.Line, m.Say)
		}
		out = append(out, site.Entry{Name: filepath.Base(name), Raw: d.Bytes(), Record: r})
		return nil
	})
	return out, err
}

// Folder reads the records of a folder; what is none is told to errs, by line and reason, and the rest is there. A folder that is not there has none.
func Folder(folder string, errs io.Writer) ([]site.Entry, error) {
	if _, err := os.Stat(folder); errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	out, err := Call{Args: []string{folder}, Errs: errs}.entries()
	if f := fault.As(err); f != nil && f.Key == keyUnreadable {
		err = nil
	}
	return out, err
}

// Changed is a mark of a folder's records that changes with them.
func Changed(folder string) (string, error) {
	sum := sha256.New()
	files, _, err := list([]string{folder})
	if _, gone := os.Stat(folder); errors.Is(gone, os.ErrNotExist) {
		files, err = nil, nil
	}
	for _, name := range files {
		if info, wrong := os.Stat(name); wrong == nil {
			fmt.Fprintf(sum, "%q %d %d\n", name, info.Size(), info.ModTime().UnixNano())
		}
	}
	return hex.EncodeToString(sum.Sum(nil)), err
}

// replaceable says whether a folder may be written: it is not there, is empty, or is a register that this command wrote.
func replaceable(folder string) error {
	info, err := os.Lstat(folder)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil
	case err != nil:
		return fault.Field("DIR", "register.folder", "the folder cannot be read").With(err)
	case !info.IsDir():
		return fault.Field("DIR", "register.folder", "it is there and no folder")
	}
	entries, err := os.ReadDir(folder)
	if err != nil {
		return fault.Field("DIR", "register.folder", "the folder cannot be read").With(err)
	}
	for _, e := range entries {
		if e.Name() == builtName {
			return nil
		}
	}
	if len(entries) > 0 {
		return fault.Field("DIR", "register.folder", "there is something else in it: name a folder that is new, empty, or was written by this command")
	}
	return nil
}

// replace writes all files into a new folder beside the old one and moves it into its place: whoever reads sees the old register or the new one, or for
// an instant none, and never half of one.
func replace(folder string, files []site.File) (err error) {
	parent, name := filepath.Split(folder)
	beside := filepath.Join(parent, "."+name+"."+rand.Text())
	fresh, old := beside+".new", beside+".old"
	failed := func(err error) error {
		return fault.New(fault.Unavailable, "register.folder", "the register cannot be written; what was there is unchanged").With(err)
	}
	if err := os.MkdirAll(fresh, 0o755); err != nil { //nolint:gosec // a public register is read by everybody
		return failed(err)
	}
	defer os.RemoveAll(fresh)
	if err := write(fresh, files); err != nil {
		return failed(err)
	}
	switch err := os.Rename(folder, old); {
	case errors.Is(err, os.ErrNotExist):
	case err != nil:
		return failed(err)
	}
	if err := os.Rename(fresh, folder); err != nil {
		return failed(errors.Join(err, os.Rename(old, folder)))
	}
	return os.RemoveAll(old)
}

// write stays within its folder whatever a file is called: the system refuses names and links that lead out of it.
func write(folder string, files []site.File) error {
	root, err := os.OpenRoot(folder)
	if err != nil {
		return err
	}
	defer root.Close()
	for _, f := range files {
		if at := strings.LastIndexByte(f.Name, '/'); at > 0 {
			if err := root.MkdirAll(f.Name[:at], 0o755); err != nil {
				return err
			}
		}
		if err := root.WriteFile(f.Name, f.Bytes, 0o644); err != nil {
			return err
		}
	}
	return root.WriteFile(builtName, []byte("Written by letterhead register build, which may replace this folder.\n"), 0o644)
}
