package trust_test

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"letterhead/approval/assertion"
	"letterhead/courier/trust"
	"letterhead/fault"
	"letterhead/store"
	"letterhead/testkit/key"
)

var noon = time.Date(2026, 11, 2, 12, 0, 0, 0, time.UTC)

const clinic = store.PracticeID("0198f000-0000-7000-8000-00000000000a")

func expect(t *testing.T, folder string) string {
	t.Helper()
	secret, err := trust.Expect(folder, clinic, noon.Add(24*time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	return secret
}

func pin(folder, secret string, k *key.Key, now time.Time) error {
	proof, err := trust.Proof(secret, k.COSE)
	if err != nil {
		return err
	}
	_, err = trust.Pin(folder, clinic, secret, k.Subject(), k.COSE, proof, now)
	return err
}

func TestTheFirstKeyIsPinnedByWhoHoldsTheSecret(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	mine, thief := key.New(key.Desk), key.New(key.Desk)
	if err := pin(folder, strings.Repeat("A", 43), thief, noon); !errors.Is(err, trust.ErrNoRoot) {
		t.Errorf("before any is expected: %v", err)
	}
	old := expect(t, folder)
	secret := expect(t, folder)
	raw, err := os.ReadFile(filepath.Join(folder, "roots", string(clinic)+".json"))
	if err != nil || strings.Contains(string(raw), secret) {
		t.Errorf("the file holds the secret: %v", err)
	}
	right, _ := trust.Proof(secret, mine.COSE)
	for name, err := range map[string]error{
		"a guess": pin(folder, strings.Repeat("A", 43), thief, noon), "no base64": pin(folder, "!", thief, noon), "an older secret": pin(folder, old, mine, noon), "too late": pin(folder, secret, mine, noon.Add(24*time.Hour)),
		"the proof of another key": func() error {
			_, err := trust.Pin(folder, clinic, secret, thief.Subject(), thief.COSE, right, noon)
			return err
		}(),
	} {
		if !errors.Is(err, trust.ErrSecret) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := trust.Pin(folder, clinic, secret, "short", mine.COSE, right, noon); err == nil {
		t.Error("a subject that is no credential")
	}
	if root, err := trust.ReadRoot(folder, clinic); err != nil || root.Key != "" || root.Fingerprint("house") != "" {
		t.Errorf("%+v %v", root, err)
	}
	if err := pin(folder, secret, mine, noon); err != nil {
		t.Fatal(err)
	}
	root, err := trust.ReadRoot(folder, clinic)
	if err != nil || root.Key != mine.Subject() || root.SecretHash != "" {
		t.Errorf("%+v %v", root, err)
	}
	if err := pin(folder, secret, thief, noon); !errors.Is(err, trust.ErrPinned) {
		t.Errorf("a second time: %v", err)
	}
	if _, err := trust.Expect(folder, clinic, noon); !errors.Is(err, trust.ErrPinned) {
		t.Errorf("a new secret: %v", err)
	}
	print := root.Fingerprint("house")
	if !regexp.MustCompile(`^([A-Z2-7]{4} ){7}[A-Z2-7]{4}$`).MatchString(print) || root.Fingerprint("other") == print {
		t.Error(print)
	}
	if info, err := os.Stat(filepath.Join(folder, "roots", string(clinic)+".json")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info.Mode(), err)
	}
}

func TestARootFileThatSaysSomethingElse(t *testing.T) {
	t.Parallel()
	k := key.New(key.Desk)
	good := map[string]any{"practice": string(clinic), "key": k.Subject(), "public_key": "AA", "proof": "AA", "at": 1}
	for name, change := range map[string]func(map[string]any){
		"another practice":  func(m map[string]any) { m["practice"] = "other" },
		"no key, no secret": func(m map[string]any) { delete(m, "key") },
		"a secret beside":   func(m map[string]any) { m["secret_hash"] = "00" },
		"no proof":          func(m map[string]any) { delete(m, "proof") },
		"unknown":           func(m map[string]any) { m["trusted"] = true },
	} {
		folder, m := t.TempDir(), map[string]any{}
		for name, value := range good {
			m[name] = value
		}
		change(m)
		raw, _ := json.Marshal(m)
		if err := errors.Join(os.MkdirAll(filepath.Join(folder, "roots"), 0o700), os.WriteFile(filepath.Join(folder, "roots", string(clinic)+".json"), raw, 0o600)); err != nil {
			t.Fatal(err)
		}
		if root, err := trust.ReadRoot(folder, clinic); fault.KindOf(err) != fault.Unavailable {
			t.Errorf("%s: %+v %v", name, root, err)
		}
	}
	for _, id := range []store.PracticeID{"", "../trust", "a/b", "a.b", store.PracticeID(strings.Repeat("a", 65))} {
		if _, err := trust.ReadRoot(t.TempDir(), id); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%q: %v", id, err)
		}
	}
}

func TestWhereTheDeskIs(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	if _, err := trust.Create(folder, trust.Test); err != nil {
		t.Fatal(err)
	}
	if _, err := trust.Desk(folder); !errors.Is(err, trust.ErrNoDesk) {
		t.Error(err)
	}
	if _, err := trust.Anchor(folder, clinic); !errors.Is(err, trust.ErrNoDesk) {
		t.Error(err)
	}
	for _, bad := range []assertion.Party{
		{}, {Origin: "https://sign.example.com"}, {Origin: "http://sign.example.com", RPID: "sign.example.com"}, {Origin: "https://sign.example.com/", RPID: "sign.example.com"},
		{Origin: "https://sign.example.com", RPID: "com"}, {Origin: "https://sign.example.com", RPID: "gn.example.com"}, {Origin: "https://user@sign.example.com", RPID: "sign.example.com"},
		{Origin: "https://Sign.example.com", RPID: "sign.example.com"}, {Origin: "sign.example.com", RPID: "sign.example.com"}, {Origin: "https://sign.example.com", RPID: "other.example.com"},
	} {
		if err := trust.SetDesk(folder, bad); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%+v: %v", bad, err)
		}
	}
	first, second := assertion.Party{Origin: "http://localhost:8090", RPID: "localhost"}, assertion.Party{Origin: "https://sign.example.com", RPID: "example.com"}
	for _, d := range []assertion.Party{first, first, second, second} {
		if err := trust.SetDesk(folder, d); err != nil {
			t.Fatal(err)
		}
	}
	anchor, err := trust.Anchor(folder, clinic)
	if err != nil || len(anchor.Parties) != 2 || anchor.Parties[0] != first || anchor.Root.Key != "" || anchor.Epoch != 1 {
		t.Errorf("%+v %v", anchor, err)
	}
	if desk, err := trust.Desk(folder); err != nil || desk != second {
		t.Errorf("%+v %v", desk, err)
	}
	if err := os.WriteFile(filepath.Join(folder, "desks.json"), []byte(`[{"origin":"https://evil.example","rp":"evil.example","also":1}]`), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := trust.Anchor(folder, clinic); err == nil {
		t.Error("a desk file with an unknown member was read")
	}
}
