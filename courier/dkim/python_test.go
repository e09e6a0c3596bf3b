package dkim_test

import (
	"crypto"
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"letterhead/courier/dkim"
)

// independent verifies each signature of each message with Debian's python3-dkim and a made-up DNS.
const independent = `
import sys, json, dkim
given = json.load(sys.stdin)
def dns(name, timeout=5):
    return given["dns"].get(name.decode().rstrip("."), "").encode() or None
out = []
for message in given["messages"]:
    verifier = dkim.DKIM(message.encode("utf-8"))
    count = sum(1 for name, _ in verifier.headers if name.lower() == b"dkim-signature")
    good = []
    for i in range(count):
        try:
            good.append(bool(verifier.verify(idx=i, dnsfunc=dns)))
        except dkim.DKIMException as e:
            good.append(False)
    out.append(good)
json.dump(out, sys.stdout)
`

// TestPythonVerifies runs where Debian's python3-dkim is installed; elsewhere go-msgauth alone judges.
func TestPythonVerifies(t *testing.T) {
	t.Parallel()
	const python = "/usr/bin/python3"
	if exec.Command(python, "-c", "import dkim, nacl").Run() != nil {
		t.Log("python3-dkim with python3-nacl is not installed: checked by go-msgauth alone")
		return
	}
	first, second := keys()
	records := map[string]string{}
	for selector, key := range map[string]crypto.Signer{"lh1": first, "lh2": second} {
		record, err := dkim.Record(key)
		if err != nil {
			t.Fatal(err)
		}
		records[selector+"._domainkey.clinic.example"] = record
	}
	var messages, names []string
	var want []bool
	add := func(name, message string, good bool) {
		messages, names, want = append(messages, message), append(names, name), append(want, good)
	}
	for formName, form := range forms {
		s := signer(t, "clinic.example", dkim.Options{Body: form, Lifetime: 24 * time.Hour})
		for name, body := range bodies {
			add(formName+"/"+name, sign(t, s, header, body), true)
		}
		message := sign(t, s, header, body)
		add(formName+"/body changed", strings.Replace(message, "last line", "last lime", 1), false)
		add(formName+"/subject changed", strings.Replace(message, "appointment", "prize", 1), false)
		add(formName+"/second From", "From: eve@evil.example\r\n"+message, false)
		add(formName+"/second Subject", "Subject: prize\r\n"+message, false)
	}
	given, err := json.Marshal(map[string]any{"dns": records, "messages": messages})
	if err != nil {
		t.Fatal(err)
	}
	command := exec.Command(python, "-c", independent)
	command.Stdin, command.Stderr = strings.NewReader(string(given)), os.Stderr
	out, err := command.Output()
	if err != nil {
		t.Fatal(err)
	}
	var good [][]bool
	if err := json.Unmarshal(out, &good); err != nil || len(good) != len(messages) {
		t.Fatalf("answer %s: %v", out, err)
	}
	for i := range messages {
		if len(good[i]) != 2 || good[i][0] != want[i] || good[i][1] != want[i] {
			t.Errorf("%s: verified %v, want both %v", names[i], good[i], want[i])
		}
	}
}
