// Package archive is the form of a backup: an age-encrypted tar whose first entry says what it is.
//
// It promises: what is written is whole or not there (written beside, linked into place, never over another file); what is read stays inside
// the folder it is unpacked into, and nothing is unpacked of a file that is no backup. It never holds the key-encryption key: whoever writes
// leaves that out.
package archive

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"filippo.io/age"
	"letterhead/fault"
)

const (
	version  = "letterhead backup 1"
	noteName = "BACKUP"
	maxNote  = 4 << 10
	maxEntry = 1 << 40 // bytes of one file in a backup
)

// File is one file of a backup: where it lies, and its name in the archive, with slashes.
type File struct{ Path, Name string }

// Write makes the backup path for a recipient. note is lines that say which installation it is of; work is a folder on the same file system.
// It returns its size in bytes.
func Write(path, work, note string, to age.Recipient, files []File) (size int64, err error) {
	beside := filepath.Join(work, "out")
	out, err := os.OpenFile(beside, os.O_CREATE|os.O_WRONLY|os.O_EXCL, 0o600)
	if err != nil {
		return 0, err
	}
	sealed, err := age.Encrypt(out, to)
	if err != nil {
		return 0, errors.Join(err, out.Close())
	}
	archive := tar.NewWriter(sealed)
	err = errors.Join(pack(archive, note, files), archive.Close(), sealed.Close(), out.Sync())
	if info, statErr := out.Stat(); statErr == nil {
		size = info.Size()
	}
	if err = errors.Join(err, out.Close()); err != nil {
		return 0, fmt.Errorf("write the backup: %w", err)
	}
	// Link refuses an existing file, where a rename would replace it.
	if err := os.Link(beside, path); err != nil {
		return 0, fault.New(fault.Conflict, "backup.exists", "the backup file exists already, or cannot be made there").With(err)
	}
	return size, nil
}

func pack(archive *tar.Writer, note string, files []File) error {
	note = version + "\n" + note
	if err := archive.WriteHeader(&tar.Header{Name: noteName, Mode: 0o600, Size: int64(len(note))}); err != nil {
		return err
	}
	if _, err := io.WriteString(archive, note); err != nil {
		return err
	}
	for _, f := range files {
		if err := packFile(archive, f); err != nil {
			return err
		}
	}
	return nil
}

func packFile(archive *tar.Writer, f File) error {
	file, err := os.Open(f.Path)
	if err != nil {
		return err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	if err := archive.WriteHeader(&tar.Header{Name: f.Name, Mode: 0o600, Size: info.Size(), ModTime: info.ModTime()}); err != nil {
		return err
	}
	_, err = io.CopyN(archive, file, info.Size())
	return err
}

// Tree lists the regular files below root, named as they lie below base, without what skip says.
func Tree(base, root string, skip func(path string) bool) (files []File, err error) {
	err = filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case skip(path):
			return filepath.SkipDir
		case !entry.Type().IsRegular():
			return nil
		}
		name, err := filepath.Rel(base, path)
		files = append(files, File{path, filepath.ToSlash(name)})
		return err
	})
	return files, err
}

// Read unpacks a backup into a folder.
func Read(path, folder string, identity age.Identity) error {
	file, err := os.Open(path)
	if err != nil {
		return fault.New(fault.NotFound, "restore.missing", "the backup cannot be read").With(err)
	}
	defer file.Close()
	plain, err := age.Decrypt(file, identity)
	if err != nil {
		return fault.New(fault.Denied, "restore.identity", "the backup was not made for this identity or passphrase, or it is damaged").With(err)
	}
	archive := tar.NewReader(plain)
	header, err := archive.Next()
	if err != nil || header.Name != noteName {
		return fault.New(fault.Invalid, "restore.form", "this is no backup of Letterhead")
	}
	note, err := io.ReadAll(io.LimitReader(archive, maxNote))
	if err != nil || !strings.HasPrefix(string(note), version+"\n") {
		return fault.New(fault.Invalid, "restore.version", "the backup was written by another version of Letterhead")
	}
	for {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fault.New(fault.Invalid, "restore.damaged", "the backup is damaged or cut short").With(err)
		}
		if err := unpack(archive, header, folder); err != nil {
			return err
		}
	}
}

func unpack(archive *tar.Reader, header *tar.Header, folder string) error {
	if !filepath.IsLocal(header.Name) || header.Typeflag != tar.TypeReg || header.Size > maxEntry {
		return fault.New(fault.Invalid, "restore.entry", "the backup holds an entry that leads out of the folder")
	}
	path := filepath.Join(folder, filepath.FromSlash(header.Name))
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.CopyN(file, archive, header.Size)
	if err = errors.Join(err, file.Sync(), file.Close()); err != nil {
		return fmt.Errorf("unpack the backup: %w", err)
	}
	return nil
}

// Recipient is whom a backup is for: an age recipient (age1…), or the passphrase in a file.
func Recipient(recipient, passphraseFile string) (age.Recipient, error) {
	if recipient != "" {
		to, err := age.ParseX25519Recipient(recipient)
		if err != nil {
			return nil, fault.Field("--recipient", "backup.recipient", "write an age recipient: age1…")
		}
		return to, nil
	}
	secret, err := passphrase(passphraseFile)
	if err != nil {
		return nil, err
	}
	return age.NewScryptRecipient(secret)
}

// Identity is Recipient's counterpart: a file with an age identity, or with the passphrase.
func Identity(identityFile, passphraseFile string) (age.Identity, error) {
	if identityFile == "" {
		secret, err := passphrase(passphraseFile)
		if err != nil {
			return nil, err
		}
		return age.NewScryptIdentity(secret)
	}
	file, err := os.Open(identityFile)
	if err != nil {
		return nil, fault.Field("--identity-file", "restore.identity", "cannot be read")
	}
	defer file.Close()
	identities, err := age.ParseIdentities(io.LimitReader(file, 1<<16))
	if err != nil || len(identities) == 0 {
		return nil, fault.Field("--identity-file", "restore.identity", "holds no age identity (AGE-SECRET-KEY-…)")
	}
	return identities[0], nil
}

// passphrase comes from a file, so that it is in no process list.
func passphrase(path string) (string, error) {
	if path == "" {
		return "", fault.Field("--passphrase-file", "backup.whom", "name a recipient or identity, or a file that holds the passphrase")
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		return "", fault.Field("--passphrase-file", "backup.passphrase", "cannot be read")
	}
	text := strings.TrimSpace(string(raw))
	if len(text) < 12 {
		return "", fault.Field("--passphrase-file", "backup.short", "a passphrase has at least 12 characters")
	}
	return text, nil
}
