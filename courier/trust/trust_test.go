package trust_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"letterhead/courier/trust"
	"letterhead/fault"
)

func TestATrustFileIsMadeOnceAndGrowsByEpochs(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "courier")
	if _, err := trust.Read(folder); !errors.Is(err, trust.ErrMissing) {
		t.Errorf("no file: %v", err)
	}
	made, err := trust.Create(folder, trust.Test)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := trust.Create(folder, trust.Real); fault.KindOf(err) != fault.Conflict {
		t.Errorf("a second one was made: %v", err)
	}
	next, err := trust.NextEpoch(folder)
	if err != nil || next.Epoch != 2 || next.Installation != made.Installation || next.Mark != trust.Test {
		t.Errorf("%+v %v", next, err)
	}
	read, err := trust.Read(folder)
	if err != nil || read != next {
		t.Errorf("%+v %v", read, err)
	}
	info, err := os.Stat(filepath.Join(folder, "trust.json"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info.Mode(), err)
	}
}

func TestADamagedTrustFileIsAnError(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "{", "{}", `{"installation":"x","epoch":0}`, `{"installation":"x","epoch":1,"roots":[]}`} {
		folder := t.TempDir()
		if err := os.WriteFile(filepath.Join(folder, "trust.json"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if f, err := trust.Read(folder); err == nil {
			t.Errorf("%q was read as %+v", text, f)
		}
	}
	if _, err := trust.Create(t.TempDir(), "production"); fault.KindOf(err) != fault.Invalid {
		t.Error(err)
	}
}
