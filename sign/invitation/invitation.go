// Package invitation keeps who is invited to make a signing key, and the key that their page made, until it is in the chain.
//
// A file for each practice lies in the courier's folder, not in the database: whoever writes rows could put a key of their own in the place of a
// member's. It is replaced as a whole. A secret is used once, within a week, and only its hash is kept. What is here counts for nothing: a key
// counts when those who may have signed it.
package invitation

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

const (
	deskFolder = "desk"
	Life       = 7 * 24 * time.Hour
	most       = 50
	secretSize = 32
)

// Invitation is an invited member, with the key that their page made once it did.
type Invitation struct {
	ID         string           `json:"id"`
	Member     store.MemberID   `json:"member"`
	Role       approval.Role    `json:"role"`
	SecretHash string           `json:"secret_hash,omitempty"` // SHA-256, hex; "" once it was used
	By         store.MemberID   `json:"by"`
	Until      approval.Instant `json:"until"`
	Key        string           `json:"key,omitempty"`
	PublicKey  approval.Bytes   `json:"public_key,omitempty"`
}

// Book is the invitations of an installation.
type Book struct {
	Folder string // the courier's

	mu sync.Mutex
}

// Errors of this package.
var (
	ErrPractice = fault.New(fault.NotFound, "sign.nothing", "there is nothing here")
	ErrOver     = fault.New(fault.Denied, "sign.invitation", "this link is not valid any more; ask an owner of your practice for a new one")
	errMany     = fault.New(fault.TooMany, "sign.invited", "too many invitations are open; take some back first")
)

// Check tells whether a practice's id can be one.
func (c *Book) Check(practice store.PracticeID) error {
	_, err := c.file(practice)
	return err
}

func (c *Book) file(practice store.PracticeID) (string, error) {
	if practice == "" || len(practice) > 64 || strings.Trim(string(practice), "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") != "" {
		return "", ErrPractice
	}
	return filepath.Join(c.Folder, deskFolder, string(practice)+".json"), nil
}

// List returns what is open, without what has run out.
func (c *Book) List(practice store.PracticeID, now time.Time) ([]Invitation, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.read(practice, now)
}

func (c *Book) read(practice store.PracticeID, now time.Time) ([]Invitation, error) {
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
	var all []Invitation
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&all); err != nil {
		return nil, fmt.Errorf("read who is invited to sign: %w", err)
	}
	return slices.DeleteFunc(all, func(each Invitation) bool { return approval.At(now) >= each.Until }), nil
}

// change rewrites the file as a whole.
func (c *Book) change(practice store.PracticeID, now time.Time, do func([]Invitation) ([]Invitation, error)) error {
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

// Invite makes a link's secret for a member; one that was made for them before is worth nothing any more.
func (c *Book) Invite(practice store.PracticeID, member, by store.MemberID, role approval.Role, now time.Time) (secret string, err error) {
	raw := make([]byte, secretSize)
	_, _ = rand.Read(raw) // never fails (crypto/rand)
	hash := sha256.Sum256(raw)
	err = c.change(practice, now, func(all []Invitation) ([]Invitation, error) {
		all = slices.DeleteFunc(all, func(each Invitation) bool { return each.Member == member })
		if len(all) >= most {
			return nil, errMany
		}
		return append(all, Invitation{ID: store.NewID[string](), Member: member, Role: role, By: by, SecretHash: hex.EncodeToString(hash[:]), Until: approval.At(now.Add(Life))}), nil
	})
	return base64.RawURLEncoding.EncodeToString(raw), err
}

// Of finds the open invitation that a secret belongs to.
func (c *Book) Of(practice store.PracticeID, secret string, now time.Time) (Invitation, error) {
	all, err := c.List(practice, now)
	if err != nil {
		return Invitation{}, err
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(secret)
	if err != nil || len(raw) != secretSize {
		return Invitation{}, ErrOver
	}
	hash := sha256.Sum256(raw)
	for _, each := range all {
		if each.SecretHash == hex.EncodeToString(hash[:]) { // of hashes: time tells nothing of the secret
			return each, nil
		}
	}
	return Invitation{}, ErrOver
}

// Answer notes the key that an invited member's page made, once.
func (c *Book) Answer(practice store.PracticeID, id, key string, publicKey []byte, now time.Time) error {
	return c.change(practice, now, func(all []Invitation) ([]Invitation, error) {
		for i := range all {
			if all[i].ID == id && all[i].SecretHash != "" {
				all[i].SecretHash, all[i].Key, all[i].PublicKey = "", key, publicKey
				return all, nil
			}
		}
		return nil, ErrOver
	})
}

// Drop takes invitations away: taken back, or in the chain now.
func (c *Book) Drop(practice store.PracticeID, now time.Time, ids ...string) error {
	if len(ids) == 0 {
		return nil
	}
	return c.change(practice, now, func(all []Invitation) ([]Invitation, error) {
		return slices.DeleteFunc(all, func(each Invitation) bool { return slices.Contains(ids, each.ID) }), nil
	})
}
