package trust

import (
	"bytes"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"letterhead/approval"
	"letterhead/approval/assertion"
	"letterhead/fault"
	"letterhead/store"
)

// Each practice has a file of its own below rootsFolder: the hash of a one-time secret until its first key was made, then that key for good.
const (
	rootsFolder = "roots"
	desksFile   = "desks.json"
	secretSize  = 32
	mostDesks   = 16
)

// Root is what the courier believes of a practice's first key.
type Root struct {
	Practice   store.PracticeID `json:"practice"`
	SecretHash string           `json:"secret_hash,omitempty"` // SHA-256 of the one-time secret, hex; "" once it was used
	Until      approval.Instant `json:"until,omitempty"`       // of the secret
	Key        string           `json:"key,omitempty"`         // approval.KeySubject of the first key; "" before
	PublicKey  approval.Bytes   `json:"public_key,omitempty"`  // COSE
	Proof      approval.Bytes   `json:"proof,omitempty"`       // HMAC-SHA256(secret, public key)
	At         approval.Instant `json:"at,omitempty"`          // when it was pinned
}

// Errors of the ceremony of the first key.
var (
	ErrNoRoot  = fault.New(fault.NotFound, "trust.no_root", "no first signing key is expected for this practice; make a new link with letterhead practice key")
	ErrPinned  = fault.New(fault.Conflict, "trust.pinned", "this practice has its first signing key already; it is never replaced by this way")
	ErrSecret  = fault.New(fault.Denied, "trust.secret", "the link is not valid any more; ask for a new one")
	ErrNoDesk  = fault.New(fault.Unavailable, "trust.no_desk", "the signing desk's address is not set; nothing can be signed")
	errRootBad = fault.New(fault.Unavailable, "trust.root_damaged", "a practice's root file cannot be read; nothing of it is sent")
)

// Expect makes a new one-time secret for a practice without a first key and returns it, to travel in a URL's fragment. Only its hash is kept; a
// secret that was expected before is worth nothing any more.
func Expect(folder string, practice store.PracticeID, until time.Time) (secret string, err error) {
	unlock, err := lockRoots(folder)
	if err != nil {
		return "", err
	}
	defer unlock()
	known, err := ReadRoot(folder, practice)
	if err != nil && !errors.Is(err, ErrNoRoot) {
		return "", err
	}
	if known.Key != "" {
		return "", ErrPinned
	}
	raw := make([]byte, secretSize)
	_, _ = rand.Read(raw) // never fails (crypto/rand)
	hash := sha256.Sum256(raw)
	err = writeRoot(folder, Root{Practice: practice, SecretHash: hex.EncodeToString(hash[:]), Until: approval.At(until)})
	return base64.RawURLEncoding.EncodeToString(raw), err
}

// Proof is what the holder of a secret says of a public key: HMAC-SHA256(secret, public key). The desk's page computes the same.
func Proof(secret string, publicKey []byte) ([]byte, error) {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(secret)
	if err != nil || len(raw) != secretSize {
		return nil, ErrSecret
	}
	mac := hmac.New(sha256.New, raw)
	mac.Write(publicKey)
	return mac.Sum(nil), nil
}

// Pin makes a key a practice's first, once and for ever, when secret is the one expected and proof is its word for this key.
func Pin(folder string, practice store.PracticeID, secret, key string, publicKey, proof []byte, now time.Time) (Root, error) {
	unlock, err := lockRoots(folder)
	if err != nil {
		return Root{}, err
	}
	defer unlock()
	known, err := ReadRoot(folder, practice)
	if err != nil {
		return Root{}, err
	}
	if known.Key != "" {
		return Root{}, ErrPinned
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(secret)
	hash := sha256.Sum256(raw)
	expected, hexError := hex.DecodeString(known.SecretHash)
	if err != nil || hexError != nil || !hmac.Equal(hash[:], expected) || approval.At(now) >= known.Until {
		return Root{}, ErrSecret
	}
	right, err := Proof(secret, publicKey)
	if err != nil || !hmac.Equal(right, proof) {
		return Root{}, ErrSecret
	}
	if _, err := approval.CredentialOf(key); err != nil {
		return Root{}, err
	}
	if _, err := assertion.ParseKey(publicKey); err != nil {
		return Root{}, fault.Field("public_key", "trust.public_key", "this signing key cannot be used; take another").With(err)
	}
	root := Root{Practice: practice, Key: key, PublicKey: publicKey, Proof: proof, At: approval.At(now)}
	return root, writeRoot(folder, root)
}

// ReadRoot reads what is believed of a practice's first key. ErrNoRoot: nothing.
func ReadRoot(folder string, practice store.PracticeID) (Root, error) {
	name, err := rootName(practice)
	if err != nil {
		return Root{}, err
	}
	raw, err := os.ReadFile(filepath.Join(folder, rootsFolder, name))
	if errors.Is(err, fs.ErrNotExist) {
		return Root{}, ErrNoRoot
	}
	if err != nil {
		return Root{}, errRootBad.With(err)
	}
	var r Root
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&r); err != nil {
		return Root{}, errRootBad.With(err)
	}
	expected, pinned := r.SecretHash != "", r.Key != ""
	if r.Practice != practice || expected == pinned || pinned && (len(r.PublicKey) == 0 || len(r.Proof) == 0) {
		return Root{}, errRootBad
	}
	return r, nil
}

// Fingerprint is what an owner keeps on paper of the first key: 160 bits over installation, practice and public key, in groups of four.
func (r Root) Fingerprint(installation string) string {
	if r.Key == "" {
		return ""
	}
	sum := sha256.Sum256([]byte("letterhead root v1\n" + installation + "\n" + string(r.Practice) + "\n" + string(r.PublicKey)))
	return approval.Groups(sum[:20])
}

// rootName is the file of a practice; ids are UUIDs, and nothing that could leave the folder is one.
func rootName(practice store.PracticeID) (string, error) {
	if practice == "" || len(practice) > 64 || strings.Trim(string(practice), "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") != "" {
		return "", fault.Field("practice", "trust.practice", "a practice's id has letters, digits and hyphens")
	}
	return string(practice) + ".json", nil
}

func writeRoot(folder string, r Root) error {
	name, err := rootName(r.Practice)
	if err != nil {
		return err
	}
	return writeFile(filepath.Join(folder, rootsFolder), name, r)
}

// SetDesk says where the signing desk is from now on; where it was before is kept, for what was signed there stays good.
func SetDesk(folder string, desk assertion.Party) error {
	if err := checkDesk(desk); err != nil {
		return err
	}
	desks, err := readDesks(folder)
	if err != nil && !errors.Is(err, ErrNoDesk) {
		return err
	}
	if len(desks) > 0 && desks[len(desks)-1] == desk {
		return nil
	}
	if len(desks) >= mostDesks {
		return fault.New(fault.TooMany, "trust.desks", "the signing desk has moved too often")
	}
	return writeFile(folder, desksFile, append(desks, desk))
}

// checkDesk: an origin as browsers write it, and a relying party id that is its host or a parent domain (WebAuthn Level 2 §5.1.2). http is for this machine.
func checkDesk(d assertion.Party) error {
	wrong := fault.Field("desk", "trust.desk", "write the signing desk's origin such as https://sign.example.com, and its host as relying party id")
	u, err := url.Parse(d.Origin)
	if err != nil || u.Host == "" || d.Origin != u.Scheme+"://"+u.Host || strings.ToLower(d.Origin) != d.Origin {
		return wrong
	}
	host := u.Hostname()
	if u.Scheme != "https" && (u.Scheme != "http" || host != "localhost") {
		return wrong
	}
	if d.RPID != host && (!strings.HasSuffix(host, "."+d.RPID) || !strings.Contains(d.RPID, ".")) {
		return wrong
	}
	return nil
}

func readDesks(folder string) ([]assertion.Party, error) {
	raw, err := os.ReadFile(filepath.Join(folder, desksFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ErrNoDesk
	}
	if err != nil {
		return nil, fmt.Errorf("read where the signing desk is: %w", err)
	}
	var desks []assertion.Party
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&desks); err != nil {
		return nil, fmt.Errorf("read where the signing desk is: %w", err)
	}
	for _, d := range desks {
		if err := checkDesk(d); err != nil {
			return nil, err
		}
	}
	if len(desks) == 0 {
		return nil, ErrNoDesk
	}
	return desks, nil
}

// Desk is where the signing desk is today.
func Desk(folder string) (assertion.Party, error) {
	desks, err := readDesks(folder)
	if err != nil {
		return assertion.Party{}, err
	}
	return desks[len(desks)-1], nil
}

// Anchor is what is believed of a practice's approvals without the database, apart from what the journal has seen.
func Anchor(folder string, practice store.PracticeID) (approval.Anchor, error) {
	f, err := Read(folder)
	if err != nil {
		return approval.Anchor{}, err
	}
	desks, err := readDesks(folder)
	if err != nil {
		return approval.Anchor{}, err
	}
	root, err := ReadRoot(folder, practice)
	if err != nil && !errors.Is(err, ErrNoRoot) {
		return approval.Anchor{}, err
	}
	return approval.Anchor{
		Installation: f.Installation, Epoch: f.Epoch, Practice: practice, Parties: desks,
		Root: approval.Root{Key: root.Key, PublicKey: root.PublicKey, Proof: root.Proof},
	}, nil
}
