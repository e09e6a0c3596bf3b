package vault

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

const kekHeader = "letterhead key-encryption key 1"

// CreateKEK writes a new key-encryption key to a file that only its owner can read. It never overwrites one: that would lose all that is sealed.
func CreateKEK(path string) error {
	key := make([]byte, 32)
	if _, err := rand.Read(key); err != nil {
		return fmt.Errorf("make a key: %w", err)
	}
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("there is a key file at %s already; it is never overwritten, for everything sealed with it would be lost", path)
	}
	if err != nil {
		return fmt.Errorf("make the key file: %w", err)
	}
	_, err = io.WriteString(file, kekHeader+"\n"+base64.StdEncoding.EncodeToString(key)+"\n")
	if err == nil {
		err = file.Sync()
	}
	if err = errors.Join(err, file.Close()); err != nil {
		return fmt.Errorf("write the key file: %w", err)
	}
	return syncFolder(filepath.Dir(path))
}

// ReadKEK reads the key of a file that CreateKEK made. A file that others on the machine can read is refused.
func ReadKEK(path string) ([]byte, error) {
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("there is no key file at %s: put it back from where it is backed up (it is not in the backup of the database), or run letterhead init for a new installation", path)
	}
	if err != nil {
		return nil, fmt.Errorf("open the key file: %w", err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, fmt.Errorf("look at the key file: %w", err)
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("the key file %s is not a regular file", path)
	}
	if wide := info.Mode().Perm() & 0o077; wide != 0 {
		return nil, fmt.Errorf("the key file %s can be read by others (mode %04o): run chmod 600 on it, and consider whether somebody has read it", path, info.Mode().Perm())
	}
	raw, err := io.ReadAll(io.LimitReader(file, 4096))
	if err != nil {
		return nil, fmt.Errorf("read the key file: %w", err)
	}
	head, rest, _ := strings.Cut(string(raw), "\n")
	if strings.TrimSpace(head) != kekHeader {
		return nil, fmt.Errorf("%s is not a key file: its first line must be %q", path, kekHeader)
	}
	key, err := base64.StdEncoding.DecodeString(strings.TrimSpace(rest))
	if err != nil || len(key) != 32 {
		return nil, fmt.Errorf("the key file %s is damaged: after its first line stand 32 bytes in base64", path)
	}
	return key, nil
}

func syncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("open the folder of the key file: %w", err)
	}
	return errors.Join(folder.Sync(), folder.Close())
}
