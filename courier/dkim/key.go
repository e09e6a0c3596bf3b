package dkim

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// maxKeyFile bounds a key file, in bytes; an RSA-4096 key takes 3.2 kB.
const maxKeyFile = 16 << 10

// GenerateRSA makes a new RSA-2048 key: the one that every receiver verifies.
func GenerateRSA() (crypto.Signer, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, fmt.Errorf("dkim: making an RSA key: %w", err)
	}
	return key, nil
}

// GenerateEd25519 makes a new Ed25519 key (RFC 8463), to be used beside an RSA key.
func GenerateEd25519() (crypto.Signer, error) {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("dkim: making an Ed25519 key: %w", err)
	}
	return key, nil
}

// Save writes a key as PKCS #8 PEM to a new file with mode 0600 and has the disk keep it. It never overwrites.
func Save(path string, key crypto.Signer) error {
	if _, err := algorithmOf(key); err != nil {
		return fmt.Errorf("dkim: saving key to %s: %w", path, err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return fmt.Errorf("dkim: saving key to %s: %w", path, err)
	}
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("dkim: saving key: %w", err)
	}
	_, err = file.Write(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	if err == nil {
		err = file.Sync()
	}
	if err = errors.Join(err, file.Close()); err != nil {
		return errors.Join(fmt.Errorf("dkim: saving key: %w", err), os.Remove(path))
	}
	folder, err := os.Open(filepath.Dir(path))
	if err != nil {
		return fmt.Errorf("dkim: saving key: %w", err)
	}
	return errors.Join(folder.Sync(), folder.Close())
}

// Load reads a key file that only its owner can read: PKCS #8, or PKCS #1 as older tools write it.
func Load(path string) (crypto.Signer, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("dkim: loading key: %w", err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, fmt.Errorf("dkim: loading key: %w", err)
	}
	if !info.Mode().IsRegular() || info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("dkim: key file %s has mode %v: make it a file that only its owner can read (chmod 600)", path, info.Mode())
	}
	text, err := io.ReadAll(io.LimitReader(file, maxKeyFile+1))
	if err != nil {
		return nil, fmt.Errorf("dkim: loading key: %w", err)
	}
	key, err := parseKey(text)
	if err != nil {
		return nil, fmt.Errorf("dkim: key file %s: %w", path, err)
	}
	return key, nil
}

func parseKey(text []byte) (crypto.Signer, error) {
	if len(text) > maxKeyFile {
		return nil, fmt.Errorf("it has more than %d bytes", maxKeyFile)
	}
	block, rest := pem.Decode(text)
	if block == nil || len(bytes.TrimSpace(rest)) > 0 {
		return nil, errors.New("it is not one PEM block")
	}
	var key any
	var err error
	switch block.Type {
	case "PRIVATE KEY":
		key, err = x509.ParsePKCS8PrivateKey(block.Bytes)
	case "RSA PRIVATE KEY":
		key, err = x509.ParsePKCS1PrivateKey(block.Bytes)
	default:
		return nil, fmt.Errorf("its PEM block is %q instead of PRIVATE KEY", block.Type)
	}
	if err != nil {
		return nil, err
	}
	signer, ok := key.(crypto.Signer)
	if !ok {
		return nil, fmt.Errorf("key type %T is not supported: use RSA or Ed25519", key)
	}
	if _, err := algorithmOf(signer); err != nil {
		return nil, err
	}
	return signer, nil
}

// Record is the text of the TXT record at <selector>._domainkey.<domain> for a key (RFC 6376 §3.6.1, RFC 8463 §4).
func Record(key crypto.Signer) (string, error) {
	algorithm, err := algorithmOf(key)
	if err != nil {
		return "", fmt.Errorf("dkim: DNS record: %w", err)
	}
	public, _ := key.Public().(ed25519.PublicKey) // the bare 32 bytes
	kind := "ed25519"
	if algorithm == "rsa-sha256" {
		kind = "rsa"
		if public, err = x509.MarshalPKIXPublicKey(key.Public()); err != nil {
			return "", fmt.Errorf("dkim: DNS record: %w", err)
		}
	}
	return "v=DKIM1; k=" + kind + "; p=" + base64.StdEncoding.EncodeToString(public), nil
}

// RecordStrings splits a record into the strings of at most 255 bytes that DNS allows (RFC 1035 §3.3).
func RecordStrings(record string) []string {
	var parts []string
	for len(record) > 255 {
		parts = append(parts, record[:255])
		record = record[255:]
	}
	return append(parts, record)
}

// ZoneText is the record as it stands in a zone file: quoted strings side by side.
func ZoneText(record string) string {
	return `"` + strings.Join(RecordStrings(record), `" "`) + `"`
}

// ErrNoKey says that a published record revokes its key or holds none.
var ErrNoKey = errors.New("dkim: the record holds no key (p= is empty)")

// CheckRecord says whether a record found in the DNS, its strings joined, lets receivers verify what key signs.
// The error names what to change.
func CheckRecord(record string, key crypto.Signer) error {
	want, err := Record(key)
	if err != nil {
		return err
	}
	if len(record) > 4096 {
		return fmt.Errorf("dkim: the record has %d bytes, more than 4096", len(record))
	}
	found, err := parseTags(record)
	if err != nil {
		return err
	}
	expected, err := parseTags(want)
	if err != nil {
		return err
	}
	kind, ok := found["k"]
	if !ok {
		kind = "rsa" // RFC 6376 §3.6.1: the default
	}
	version, versioned := found["v"]
	hashes, limited := found["h"]
	services, narrowed := found["s"]
	switch {
	case versioned && version != "DKIM1":
		return fmt.Errorf("dkim: the record has v=%.20q instead of DKIM1", version)
	case found["p"] == "":
		return ErrNoKey
	case kind != expected["k"]:
		return fmt.Errorf("dkim: the record is for a %.20q key, ours is %q", kind, expected["k"])
	case limited && !listed(hashes, "sha256"):
		return fmt.Errorf("dkim: the record's h= does not allow sha256")
	case narrowed && !listed(services, "email") && !listed(services, "*"):
		return fmt.Errorf("dkim: the record's s= does not allow email")
	case found["p"] != expected["p"]:
		return errors.New("dkim: the record holds another public key than ours")
	case listed(found["t"], "y"):
		return errors.New("dkim: the record says t=y (testing): receivers treat the mail as unsigned")
	}
	return nil
}

// parseTags reads a tag list (RFC 6376 §3.2), without white space inside values.
func parseTags(record string) (map[string]string, error) {
	tags := map[string]string{}
	for part := range strings.SplitSeq(record, ";") {
		if strings.Trim(part, " \t\r\n") == "" {
			continue
		}
		name, value, ok := strings.Cut(part, "=")
		name = strings.Trim(name, " \t\r\n")
		if !ok || name == "" {
			return nil, errors.New("dkim: the record is not a list of tag=value; …")
		}
		if _, twice := tags[name]; twice {
			return nil, fmt.Errorf("dkim: the record has the tag %.20q twice", name)
		}
		tags[name] = strings.Map(func(r rune) rune {
			if r == ' ' || r == '\t' || r == '\r' || r == '\n' {
				return -1
			}
			return r
		}, value)
	}
	return tags, nil
}

func listed(list, item string) bool {
	for entry := range strings.SplitSeq(list, ":") {
		if entry == item {
			return true
		}
	}
	return false
}
