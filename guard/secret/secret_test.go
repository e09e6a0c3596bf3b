package secret_test

import (
	"bytes"
	"errors"
	"runtime"
	"strings"
	"testing"
	"time"

	"letterhead/fault"
	"letterhead/guard/secret"
)

// RFC 6238 appendix B, SHA-1: the last six of its eight digits.
func TestCodesAreThoseOfTheRFC(t *testing.T) {
	t.Parallel()
	key := []byte("12345678901234567890")
	for at, want := range map[int64]string{59: "287082", 1111111109: "081804", 1111111111: "050471", 1234567890: "005924", 2000000000: "279037", 20000000000: "353130"} {
		if got := secret.Code(key, time.Unix(at, 0)); got != want {
			t.Errorf("%d: %s, want %s", at, got, want)
		}
	}
}

func TestACodeWorksOnceAndNear(t *testing.T) {
	t.Parallel()
	key, now := secret.NewCodeSecret(), time.Unix(1_800_000_000, 0)
	step, ok := secret.CheckCode(key, secret.Code(key, now), now, 0)
	if !ok {
		t.Fatal("refused")
	}
	if _, again := secret.CheckCode(key, secret.Code(key, now), now, step); again {
		t.Error("it works twice")
	}
	// Of two codes near the present, the earlier one is used up with the later.
	if _, earlier := secret.CheckCode(key, secret.Code(key, now.Add(-30*time.Second)), now, step); earlier {
		t.Error("an earlier one works after a later one")
	}
	for shift, want := range map[time.Duration]bool{-90 * time.Second: false, -30 * time.Second: true, 30 * time.Second: true, 90 * time.Second: false} {
		if _, ok := secret.CheckCode(key, secret.Code(key, now.Add(shift)), now, 0); ok != want {
			t.Errorf("%s away: %v", shift, ok)
		}
	}
	for _, bad := range []string{"", "00000", "abcdef", "1234567", strings.Repeat("1", 10_000)} {
		if _, ok := secret.CheckCode(key, bad, now, 0); ok {
			t.Errorf("%q is accepted", bad)
		}
	}
}

func TestPasswordsThatAreRefused(t *testing.T) {
	t.Parallel()
	for password, key := range map[string]string{
		"elevenchars": "guard.password_short", "ëlevènchárs": "guard.password_short", "passwordpassword": "guard.password_common", "Password1234": "guard.password_common",
		"P@ssw0rd-1234": "guard.password_common", "aaaaaaaaaaaaaa": "guard.password_common", "abcabcabcabcabc": "guard.password_common", "abcdefghijklmn": "guard.password_common",
		"petra@wattle.example": "guard.password_own", "petrapetra123": "guard.password_own", strings.Repeat("long ", 60): "guard.password_long", "\xff\xfe aaaaaaaaaaaaa": "guard.password_long",
		"four words at random": "", "tomorrow petra swims upstream": "", "пароль который помню": "",
	} {
		err := secret.CheckPassword(password, "petra@wattle.example", "Petra")
		if key == "" && err != nil || key != "" && (fault.As(err) == nil || fault.As(err).Key != key) {
			t.Errorf("%q: %v, want %q", password, err, key)
		}
	}
}

func TestAPasswordIsKeptAsAHash(t *testing.T) {
	t.Parallel()
	kept := secret.HashPassword("four words at random")
	if !strings.HasPrefix(kept, "$argon2id$v=19$m=19456,t=2,p=1$") || strings.Contains(kept, "random") {
		t.Errorf("kept as %s", kept)
	}
	if kept == secret.HashPassword("four words at random") {
		t.Error("without a salt of its own")
	}
	if !secret.SamePassword(kept, "four words at random") || secret.SamePassword(kept, "four words at randon") {
		t.Error("compared wrongly")
	}
	for _, never := range []string{"", "$argon2id$v=19$m=19456,t=2,p=1$$", "plain", "$argon2id$v=19$m=99999999,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"} {
		for _, typed := range []string{"", "four words at random", strings.Repeat("x", 5000)} {
			if secret.SamePassword(never, typed) {
				t.Errorf("%q is the password of %q", typed, never)
			}
		}
	}
}

// Nobody's password takes the same work as somebody's, told by the memory that argon2id fills: clocks depend on what else the machine does.
func TestAnUnknownAddressCostsAsMuch(t *testing.T) { // not parallel: others would allocate meanwhile
	kept := secret.HashPassword("four words at random")
	filled := func(kept string) uint64 {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		secret.SamePassword(kept, "another four words")
		runtime.ReadMemStats(&after)
		return after.TotalAlloc - before.TotalAlloc
	}
	known, unknown := filled(kept), filled("")
	if known < 16<<20 || unknown < known-1<<20 || unknown > known+1<<20 {
		t.Errorf("known fills %d bytes, unknown %d", known, unknown)
	}
}

func TestWhatIsSealedOpensAtItsPlaceAlone(t *testing.T) {
	t.Parallel()
	box, err := secret.NewBox(bytes.Repeat([]byte{1}, 32))
	if err != nil {
		t.Fatal(err)
	}
	other, _ := secret.NewBox(bytes.Repeat([]byte{2}, 32))
	sealed := box.Seal("totp a", []byte("secret"))
	if plain, err := box.Open("totp a", sealed); err != nil || string(plain) != "secret" {
		t.Errorf("%q %v", plain, err)
	}
	if _, err := box.Open("totp b", sealed); err == nil {
		t.Error("it opens for another person")
	}
	if _, err := other.Open("totp a", sealed); err == nil {
		t.Error("it opens with another key")
	}
	now := time.Unix(1_800_000_000, 0)
	var out string
	packed := box.Pack("sign in", now.Add(time.Minute), "value")
	if err := box.Unpack("sign in", packed, now, &out); err != nil || out != "value" {
		t.Errorf("%q %v", out, err)
	}
	for name, err := range map[string]error{
		"another purpose": box.Unpack("prove", packed, now, &out), "too late": box.Unpack("sign in", packed, now.Add(time.Minute), &out), "another key": other.Unpack("sign in", packed, now, &out),
		"changed": box.Unpack("sign in", packed[:len(packed)-2]+"AA", now, &out), "empty": box.Unpack("sign in", "", now, &out), "long": box.Unpack("sign in", strings.Repeat("A", 1<<20), now, &out),
		"a sealed value": box.Unpack("sign in", string(sealed), now, &out),
	} {
		if !errors.Is(err, secret.ErrState) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if box.Hash("a", "token") == box.Hash("b", "token") || box.Hash("a", "token") == other.Hash("a", "token") {
		t.Error("a hash is the same for another use or key")
	}
}

func TestRecoveryCodes(t *testing.T) {
	t.Parallel()
	codes := secret.NewRecoveries()
	seen := map[string]bool{}
	for _, code := range codes {
		plain := secret.PlainRecovery(strings.ToLower(" " + code + " "))
		if len(code) != 14 || len(plain) != 12 || seen[plain] {
			t.Errorf("%q", code)
		}
		seen[plain] = true
	}
	if len(seen) != secret.Recoveries {
		t.Errorf("%d codes", len(seen))
	}
}

func FuzzUnpack(f *testing.F) {
	box, err := secret.NewBox(make([]byte, 32))
	if err != nil {
		f.Fatal(err)
	}
	f.Add("")
	f.Add("AAAA")
	f.Add(strings.Repeat("_", 80))
	f.Fuzz(func(t *testing.T, text string) {
		var out any
		if box.Unpack("x", text, time.Unix(0, 0), &out) == nil {
			t.Error("what nobody sealed opens")
		}
		secret.SamePassword("$argon2id$v=19$"+text, "x")
	})
}
