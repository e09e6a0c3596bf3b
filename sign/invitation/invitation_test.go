package invitation_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"letterhead/approval"
	"letterhead/fault"
	"letterhead/sign/invitation"
	"letterhead/store"
)

var noon = time.Date(2026, 11, 2, 12, 0, 0, 0, time.UTC)

func TestASecretIsUsedOnceAndKeptNowhere(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	b := &invitation.Book{Folder: folder}
	secret, err := b.Invite("p", "liam", "petra", approval.Manager, noon)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(filepath.Join(folder, "desk", "p.json"))
	if err != nil || strings.Contains(string(raw), secret) {
		t.Errorf("the file holds the secret (%v)", err)
	}
	if info, err := os.Stat(filepath.Join(folder, "desk", "p.json")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info.Mode(), err)
	}
	if _, err := b.Of("other", secret, noon); fault.KindOf(err) != fault.Denied {
		t.Errorf("at another practice: %v", err)
	}
	if _, err := b.Of("p", secret, noon.Add(invitation.Life)); fault.KindOf(err) != fault.Denied {
		t.Errorf("after its time: %v", err)
	}
	again := &invitation.Book{Folder: folder} // another process
	i, err := again.Of("p", secret, noon)
	if err != nil || i.Member != "liam" || i.Role != approval.Manager || i.By != "petra" {
		t.Fatalf("%+v %v", i, err)
	}
	if err := again.Answer("p", i.ID, "key", []byte("public"), noon); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Of("p", secret, noon); fault.KindOf(err) != fault.Denied {
		t.Errorf("a second time: %v", err)
	}
	if err := b.Answer("p", i.ID, "another", []byte("public"), noon); fault.KindOf(err) != fault.Denied {
		t.Errorf("another key in its place: %v", err)
	}
	if all, err := b.List("p", noon); err != nil || len(all) != 1 || all[0].Key != "key" {
		t.Errorf("%+v %v", all, err)
	}
	if err := b.Drop("p", noon, i.ID); err != nil {
		t.Fatal(err)
	}
	if all, err := b.List("p", noon); err != nil || len(all) != 0 {
		t.Errorf("%+v %v", all, err)
	}
}

func TestALaterInvitationTakesThePlaceOfAnEarlierOne(t *testing.T) {
	t.Parallel()
	b := &invitation.Book{Folder: t.TempDir()}
	first, err := b.Invite("p", "liam", "petra", approval.Manager, noon)
	if err != nil {
		t.Fatal(err)
	}
	if _, err = b.Invite("p", "liam", "petra", approval.Owner, noon); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Of("p", first, noon); fault.KindOf(err) != fault.Denied {
		t.Errorf("the first one: %v", err)
	}
	for n := range 60 {
		if _, err = b.Invite("p", store.MemberID(rune('a'+n%26))+store.MemberID(rune('a'+n/26)), "petra", approval.Manager, noon); err != nil {
			break
		}
	}
	if fault.KindOf(err) != fault.TooMany {
		t.Errorf("without an end: %v", err)
	}
}

func TestAPracticeIsNoPath(t *testing.T) {
	t.Parallel()
	b := &invitation.Book{Folder: t.TempDir()}
	for _, id := range []store.PracticeID{"", "../p", "a/b", ".", "p.json", store.PracticeID(strings.Repeat("a", 65))} {
		if fault.KindOf(b.Check(id)) != fault.NotFound {
			t.Errorf("%q is taken", id)
		}
		if _, err := b.Invite(id, "liam", "petra", approval.Manager, noon); err == nil {
			t.Errorf("%q is written", id)
		}
	}
}

func TestADamagedFileIsAnErrorAndIsNotWrittenOver(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	if err := os.MkdirAll(filepath.Join(folder, "desk"), 0o700); err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(folder, "desk", "p.json")
	if err := os.WriteFile(name, []byte(`[{"who":"x"}]`), 0o600); err != nil {
		t.Fatal(err)
	}
	b := &invitation.Book{Folder: folder}
	if _, err := b.Invite("p", "liam", "petra", approval.Manager, noon); err == nil {
		t.Error("it is written over")
	}
	if raw, err := os.ReadFile(name); err != nil || string(raw) != `[{"who":"x"}]` {
		t.Errorf("%s %v", raw, err)
	}
}
