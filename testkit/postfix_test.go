package testkit_test

import (
	"net/smtp"
	"os"
	"strings"
	"testing"
	"time"

	"letterhead/testkit"
)

func TestPostfixDeliversWhatItAccepts(t *testing.T) {
	t.Parallel()
	p := testkit.StartPostfix(t)
	if err := smtp.SendMail(p.Address, nil, "a@one.example", []string{"b@two.example"}, []byte("Subject: x\r\n\r\nhello\r\n")); err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(p.Wait(t, 1, 20*time.Second)[0])
	if err != nil || !strings.Contains(string(raw), "Delivered-To: b@two.example") {
		t.Errorf("%v\n%s", err, raw)
	}
}
