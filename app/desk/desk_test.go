package desk_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"letterhead/app/desk"
	"letterhead/app/setting"
	"letterhead/courier/trust"
	"letterhead/testkit"
	"letterhead/testkit/house"
)

func TestTheDeskListensOnAnAddressOfItsOwn(t *testing.T) {
	t.Parallel()
	folder, file := house.Folder(t)
	config, err := setting.Read(t.TempDir(), map[string]string{"LETTERHEAD_LISTEN": "localhost:0"})
	if err != nil {
		t.Fatal(err)
	}
	if err := desk.Settle(folder, config); err != nil {
		t.Fatal(err)
	}
	db := testkit.Open(t, testkit.SQLite, nil)
	d, err := desk.Open(desk.Of{DB: db, Folder: folder, Trust: file, Config: config, Log: slog.New(slog.DiscardHandler)}, false)
	if err != nil {
		t.Fatal(err)
	}
	at, err := trust.Desk(folder)
	if err != nil || at.Origin != d.Address || at.RPID != "localhost" {
		t.Errorf("the trust file says %+v, the desk is at %s, %v", at, d.Address, err)
	}
	link, err := desk.Invite(folder, "a-practice", db.Now())
	if err != nil || !strings.HasPrefix(link, d.Address+"/p/a-practice/first#") {
		t.Errorf("%s %v", link, err)
	}
	ended := errors.New("the other part ended")
	err = d.Beside(context.Background(), func(context.Context) error {
		answer, err := http.Get(d.Address + "/")
		if err != nil {
			return err
		}
		defer answer.Body.Close()
		said, err := io.ReadAll(answer.Body)
		if answer.StatusCode != http.StatusOK || !strings.Contains(string(said), "Signing desk") {
			t.Errorf("%d %s %v", answer.StatusCode, said, err)
		}
		return ended
	})
	if !errors.Is(err, ended) {
		t.Errorf("beside: %v", err)
	}
	if err := d.Close(); err != nil {
		t.Error(err)
	}
	if _, err := http.Get(d.Address + "/"); err == nil {
		t.Error("it still answers")
	}
}

func TestADeskElsewhereHasItsOwnHost(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "courier")
	if _, err := trust.Create(folder, trust.Real); err != nil {
		t.Fatal(err)
	}
	config, err := setting.Read(t.TempDir(), map[string]string{"LETTERHEAD_SIGN_URL": "https://sign.clinic.example", "LETTERHEAD_PUBLIC_URL": "https://clinic.example"})
	if err != nil || config.Sign.Address != "localhost:8081" {
		t.Fatalf("%+v %v", config.Sign, err)
	}
	if err := desk.Settle(folder, config); err != nil {
		t.Fatal(err)
	}
	at, err := trust.Desk(folder)
	if err != nil || at.Origin != "https://sign.clinic.example" || at.RPID != "sign.clinic.example" {
		t.Errorf("%+v %v", at, err)
	}
}
