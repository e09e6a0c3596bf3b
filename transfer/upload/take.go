package upload

import (
	"archive/zip"
	"bytes"
	"errors"
	"io"
	"os"
	"path"
	"strings"

	"letterhead/fault"
	"letterhead/store"
)

// Part is one file of what is handed in.
type Part struct {
	Field   string // clients, appointments, practice or zip
	Content io.Reader
}

const mostEntries = 1000 // of a zip that are looked at

// Take keeps the files that somebody hands in; next returns them one after the other and io.EOF at the end. What was handed in by the same member before
// and is not under way goes.
func (d *Desk) Take(by store.Actor, next func() (Part, error)) (id ID, err error) {
	earlier, err := d.List(by)
	if err != nil {
		return "", err
	}
	for _, u := range earlier {
		if u.State == Ready || u.State == Checked || u.State == Failed {
			if err := d.Discard(by, u.ID); err != nil {
				return "", err
			}
		}
	}
	u, err := d.open(by)
	if err != nil {
		return "", err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(d.path(u, "")))
		}
	}()
	for {
		part, err := next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return "", err
		}
		if err := d.part(u, part); err != nil {
			return "", err
		}
	}
	for _, name := range []string{clientsFile, appointmentsFile} {
		if u.Lines[name] == 0 {
			field := strings.TrimSuffix(name, ".csv")
			return "", fault.Field(field, "upload.missing_"+field, "choose the file of %s, or a zip file that holds %s", field, name)
		}
	}
	return u.ID, d.save(u)
}

func (d *Desk) part(u Upload, part Part) error {
	name := map[string]string{"clients": clientsFile, "appointments": appointmentsFile, "practice": practiceFile, "zip": "export.zip"}[part.Field]
	if name == "" {
		_, err := io.Copy(io.Discard, io.LimitReader(part.Content, maxFile))
		return err
	}
	lines, err := d.write(u, name, part.Field, part.Content)
	if err != nil || lines == 0 {
		return err
	}
	if name != "export.zip" {
		u.Lines[name] = lines
		return nil
	}
	defer func() { _ = os.Remove(d.path(u, name)) }()
	return d.unpack(u, d.path(u, name))
}

// unpack takes the files that we know by their names out of a zip. The names of its entries are compared and never used; how large an entry says that it
// is does not count.
func (d *Desk) unpack(u Upload, file string) error {
	archive, err := zip.OpenReader(file)
	if err != nil {
		return fault.Field("zip", "upload.no_zip", "this is no zip file that can be read").With(err)
	}
	defer func() { _ = archive.Close() }()
	if len(archive.File) > mostEntries {
		return fault.Field("zip", "upload.zip_many", "the zip file holds more than %d files", mostEntries)
	}
	for _, entry := range archive.File {
		name := strings.ToLower(path.Base(strings.ReplaceAll(entry.Name, `\`, "/")))
		if name != clientsFile && name != appointmentsFile && name != practiceFile || strings.HasPrefix(entry.Name, "__MACOSX/") || !entry.Mode().IsRegular() {
			continue
		}
		if u.Lines[name] > 0 {
			return fault.Field("zip", "upload.zip_twice", "there are two files %s; leave one", name)
		}
		content, err := entry.Open()
		if err != nil {
			return fault.Field("zip", "upload.no_zip", "%s in it cannot be unpacked", name).With(err)
		}
		u.Lines[name], err = d.write(u, name, "zip", packed{content, name})
		_ = content.Close()
		if err != nil {
			return err
		}
	}
	return nil
}

// packed says of an entry that cannot be unpacked that it is damaged.
type packed struct {
	content io.Reader
	name    string
}

func (p packed) Read(into []byte) (int, error) {
	n, err := p.content.Read(into)
	if err != nil && !errors.Is(err, io.EOF) {
		err = fault.Field("zip", "upload.no_zip", "%s in it is damaged", p.name).With(err)
	}
	return n, err
}

// write keeps one file and counts its lines. An empty one is none.
func (d *Desk) write(u Upload, name, field string, content io.Reader) (lines int, err error) {
	out, err := os.OpenFile(d.path(u, name), os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	count := &counter{}
	n, err := io.Copy(io.MultiWriter(out, count), io.LimitReader(content, maxFile+1))
	switch {
	case err != nil:
		return 0, err
	case n > maxFile:
		return 0, fault.Field(field, "upload.too_large", "%s is larger than %d MB; split it", name, maxFile>>20)
	case n == 0:
		return 0, os.Remove(d.path(u, name))
	}
	return count.lines + 1 - count.ended, nil
}

// counter counts lines.
type counter struct {
	lines int
	ended int // 1 when the last byte ended a line
}

func (c *counter) Write(p []byte) (int, error) {
	c.lines += bytes.Count(p, []byte{'\n'})
	if len(p) > 0 {
		c.ended = 0
		if p[len(p)-1] == '\n' {
			c.ended = 1
		}
	}
	return len(p), nil
}
