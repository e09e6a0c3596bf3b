package serving_test

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"letterhead/rehearse/drill/serving"
)

const child = "LETTERHEAD_TEST_DRILL"

// A drill that is killed leaves no program behind.
func TestWhatAKilledDrillStartedEnds(t *testing.T) {
	if os.Getenv(child) != "" { // the drill
		p, err := serving.Start(exec.Command("sh", "-c", `echo "http://localhost:1 $$" >&2; echo http://localhost:1; echo http://localhost:2; while :; do sleep 0.05; done`))
		if err != nil {
			t.Fatal(err)
		}
		for len(p.Log()[0]) == 0 {
			time.Sleep(time.Millisecond) // until it has said who it is
		}
		fmt.Println("\nstarted", strings.Fields(p.Log()[0])[1])
		select {}
	}
	t.Parallel()
	drill := exec.Command(os.Args[0], "-test.run", "^"+t.Name()+"$")
	drill.Env = append(os.Environ(), child+"=1")
	out, err := drill.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := drill.Start(); err != nil {
		t.Fatal(err)
	}
	pid := ""
	for lines := bufio.NewScanner(out); pid == "" && lines.Scan(); {
		pid, _ = strings.CutPrefix(lines.Text(), "started ")
		if pid == lines.Text() {
			pid = ""
		}
	}
	if pid == "" || !runs(pid) {
		t.Fatalf("%q does not run", pid)
	}
	_ = drill.Process.Kill()
	_ = drill.Wait()
	for end := time.Now().Add(10 * time.Second); runs(pid); {
		if time.Now().After(end) {
			t.Fatalf("%s still runs", pid)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// runs tells whether a process is there and is no more than the memory of one that ended.
func runs(pid string) bool {
	raw, err := os.ReadFile(filepath.Join("/proc", pid, "stat"))
	_, rest, _ := strings.Cut(string(raw), ") ")
	return err == nil && !strings.HasPrefix(rest, "Z")
}
