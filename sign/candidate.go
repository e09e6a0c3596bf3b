package sign

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"letterhead/approval"
	"letterhead/fault"
	"letterhead/store"
)

// Invitations lie in the courier's folder, not in the database: whoever writes rows could put a key of their own in the place of a member's.
const (
	deskFolder     = "desk"
	invitationLife = 7 * 24 * time.Hour
	mostCandidates = 50
	secretSize     = 32
)

// candidate is an invited member, with the key that their page made once it did.
type candidate struct {
	ID         string           `json:"id"`
	Member     store.MemberID   `json:"member"`
	Role       approval.Role    `json:"role"`
	SecretHash string           `json:"secret_hash,omitempty"` // SHA-256, hex; "" once it was used
	By         store.MemberID   `json:"by"`
	Until      approval.Instant `json:"until"`
	Key        string           `json:"key,omitempty"`
	PublicKey  approval.Bytes   `json:"public_key,omitempty"`
}

// candidates are kept in a file for each practice.
type candidates struct {
	folder string
	mu     sync.Mutex
}

var (
	errInvitation = fault.New(fault.Denied, "sign.invitation", "this link is not valid any more; ask an owner of your practice for a new one")
	errInvited    = fault.New(fault.TooMany, "sign.invited", "too many invitations are open; take some back first")
)

func (c *candidates) file(practice store.PracticeID) (string, error) {
	if practice == "" || len(practice) > 64 || strings.Trim(string(practice), "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") != "" {
		return "", errNothing
	}
	return filepath.Join(c.folder, deskFolder, string(practice)+".json"), nil
}

// list returns what is open, without what has run out.
func (c *candidates) list(practice store.PracticeID, now time.Time) ([]candidate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.read(practice, now)
}

func (c *candidates) read(practice store.PracticeID, now time.Time) ([]candidate, error) {
	name, err := c.file(practice)
	if err != nil {
		return nil, err
	}
	raw, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read who is invited to sign: %w", err)
	}
	var all []candidate
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&all); err != nil {
		return nil, fmt.Errorf("read who is invited to sign: %w", err)
	}
	return slices.DeleteFunc(all, func(each candidate) bool { return approval.At(now) >= each.Until }), nil
}

// change rewrites the file as a whole.
func (c *candidates) change(practice store.PracticeID, now time.Time, do func([]candidate) ([]candidate, error)) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	all, err := c.read(practice, now)
	if err != nil {
		return err
	}
	if all, err = do(all); err != nil {
		return err
	}
	name, err := c.file(practice)
	if err != nil {
		return err
	}
	raw, err := json.MarshalIndent(all, "", "\t")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		return fmt.Errorf("write who is invited to sign: %w", err)
	}
	temporary, err := os.CreateTemp(filepath.Dir(name), "new.*")
	if err != nil {
		return fmt.Errorf("write who is invited to sign: %w", err)
	}
	defer os.Remove(temporary.Name())
	_, err = temporary.Write(append(raw, '\n'))
	if err = errors.Join(err, temporary.Sync(), temporary.Close()); err == nil {
		err = os.Rename(temporary.Name(), name)
	}
	if err != nil {
		return fmt.Errorf("write who is invited to sign: %w", err)
	}
	return nil
}

// invite makes a link's secret for a member; one that was made for them before is worth nothing any more.
func (c *candidates) invite(practice store.PracticeID, member, by store.MemberID, role approval.Role, now time.Time) (secret string, err error) {
	raw := make([]byte, secretSize)
	_, _ = rand.Read(raw) // never fails (crypto/rand)
	hash := sha256.Sum256(raw)
	err = c.change(practice, now, func(all []candidate) ([]candidate, error) {
		all = slices.DeleteFunc(all, func(each candidate) bool { return each.Member == member })
		if len(all) >= mostCandidates {
			return nil, errInvited
		}
		return append(all, candidate{ID: newToken(), Member: member, Role: role, By: by, SecretHash: hex.EncodeToString(hash[:]), Until: approval.At(now.Add(invitationLife))}), nil
	})
	return base64.RawURLEncoding.EncodeToString(raw), err
}

// of finds the open invitation that a secret belongs to.
func (c *candidates) of(practice store.PracticeID, secret string, now time.Time) (candidate, error) {
	all, err := c.list(practice, now)
	if err != nil {
		return candidate{}, err
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(secret)
	if err != nil || len(raw) != secretSize {
		return candidate{}, errInvitation
	}
	hash := sha256.Sum256(raw)
	for _, each := range all {
		if each.SecretHash == hex.EncodeToString(hash[:]) { // of hashes: time tells nothing of the secret
			return each, nil
		}
	}
	return candidate{}, errInvitation
}

// answer notes the key that an invited member's page made, once.
func (c *candidates) answer(practice store.PracticeID, id, key string, publicKey []byte, now time.Time) error {
	return c.change(practice, now, func(all []candidate) ([]candidate, error) {
		for i := range all {
			if all[i].ID == id && all[i].SecretHash != "" {
				all[i].SecretHash, all[i].Key, all[i].PublicKey = "", key, publicKey
				return all, nil
			}
		}
		return nil, errInvitation
	})
}

// drop takes invitations away: taken back, or in the chain now.
func (c *candidates) drop(practice store.PracticeID, now time.Time, ids ...string) error {
	if len(ids) == 0 {
		return nil
	}
	return c.change(practice, now, func(all []candidate) ([]candidate, error) {
		return slices.DeleteFunc(all, func(each candidate) bool { return slices.Contains(ids, each.ID) }), nil
	})
}
