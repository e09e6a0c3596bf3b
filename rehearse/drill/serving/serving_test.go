package serving_test

import (
	"os/exec"
	"strings"
	"testing"

	"letterhead/rehearse/drill/serving"
)

func TestItSaysWhereItIs(t *testing.T) {
	t.Parallel()
	p, err := serving.Start(exec.Command("sh", "-c", `trap 'exit 0' TERM; echo '{"msg":"hello"}' >&2; echo "Open http://localhost:8123/"; echo "The signing desk is at http://localhost:8124"; while :; do sleep 0.05; done`))
	if err != nil {
		t.Fatal(err)
	}
	if p.Pages != "http://localhost:8123" || p.Desk != "http://localhost:8124" {
		t.Errorf("%s, %s", p.Pages, p.Desk)
	}
	if err := p.Stop(); err != nil {
		t.Error(err)
	}
	if log := strings.Join(p.Log(), "\n"); log != `{"msg":"hello"}` {
		t.Error(log)
	}
}

func TestWhatEndsIsAnError(t *testing.T) {
	t.Parallel()
	_, err := serving.Start(exec.Command("sh", "-c", "echo 'the journal is missing' >&2; exit 5"))
	if err == nil || !strings.Contains(err.Error(), "the journal is missing") {
		t.Error(err)
	}
	if _, err := serving.Start(exec.Command("/nowhere/letterhead")); err == nil {
		t.Error("it started")
	}
}
