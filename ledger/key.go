package ledger

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"letterhead/fault"
)

// Key is the log's key: it signs checkpoints. Its name is the log's origin.
type Key struct {
	note.Signer
	Verifier note.Verifier
	Text     string // the verifier key, for everybody
}

// Origin names the log of an installation and epoch: a restored database is another log, which begins where the copy ends.
func Origin(installation string, epoch int64) string {
	return fmt.Sprintf("letterhead/%s/%d", installation, epoch)
}

// KeyFile is where the log's key lies.
func KeyFile(folder string, epoch int64) string {
	return filepath.Join(folder, fmt.Sprintf("ledger-%d.key", epoch))
}

// ErrNoKey is returned where the log's key is not in the courier's folder.
var ErrNoKey = fault.New(fault.Unavailable, "ledger.no_key", "the ledger's key is not in the courier's folder; put it back from a copy")

// MakeKey makes the log's key in the courier's folder, where the courier's other secrets are, unless it is there, and reads it. Whoever verifies has the
// verifier key on paper. A log has one key: it is made with the installation or the restore that begins the log, and not again.
func MakeKey(folder, installation string, epoch int64) (*Key, error) {
	file := KeyFile(folder, epoch)
	if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) {
		if err := makeKey(folder, file, Origin(installation, epoch)); err != nil {
			return nil, fmt.Errorf("make the ledger's key: %w", err)
		}
	}
	return OpenKey(folder, installation, epoch)
}

// OpenKey reads the log's key from the courier's folder.
func OpenKey(folder, installation string, epoch int64) (*Key, error) {
	file, origin := KeyFile(folder, epoch), Origin(installation, epoch)
	raw, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ErrNoKey.With(err)
	}
	if err != nil {
		return nil, fmt.Errorf("read the ledger's key: %w", err)
	}
	wrong := fault.New(fault.Unavailable, "ledger.key", "the ledger's key "+filepath.Base(file)+" cannot be read; put the file back from a copy")
	secret, public, found := strings.Cut(strings.TrimSpace(string(raw)), "\n")
	if !found {
		return nil, wrong
	}
	signer, err := note.NewSigner(secret)
	if err != nil {
		return nil, wrong.With(err)
	}
	verifier, err := note.NewVerifier(public)
	if err != nil {
		return nil, wrong.With(err)
	}
	if signer.Name() != origin || verifier.Name() != origin || verifier.KeyHash() != signer.KeyHash() {
		return nil, wrong.With(errors.New("it is another log's"))
	}
	return &Key{signer, verifier, public}, nil
}

// makeKey links the file into its place whole: of two processes that make one, one succeeds, and the other reads that.
func makeKey(folder, file, origin string) error {
	secret, public, err := note.GenerateKey(rand.Reader, origin)
	if err != nil {
		return err
	}
	temporary, err := os.CreateTemp(folder, filepath.Base(file)+".*")
	if err != nil {
		return err
	}
	defer os.Remove(temporary.Name())
	_, err = temporary.WriteString(secret + "\n" + public + "\n")
	if err = errors.Join(err, temporary.Sync(), temporary.Close()); err != nil {
		return err
	}
	if err := os.Link(temporary.Name(), file); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	opened, err := os.Open(folder)
	if err != nil {
		return err
	}
	return errors.Join(opened.Sync(), opened.Close())
}
