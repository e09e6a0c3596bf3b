package scenario

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"letterhead/testkit/visitor"
)

// asks is a program that comes in with a key.
type asks struct {
	*testing.T
	address, key string
}

func (a asks) do(method, path, body string, header ...string) (int, map[string]any) {
	a.Helper()
	request, err := http.NewRequest(method, a.address+path, strings.NewReader(body))
	if err != nil {
		a.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+a.key)
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		a.Fatal(err)
	}
	defer answer.Body.Close()
	out := map[string]any{}
	if err := json.NewDecoder(io.LimitReader(answer.Body, 1<<20)).Decode(&out); err != nil {
		a.Fatal(err)
	}
	return answer.StatusCode, out
}

// demonstration runs the demo and returns the link that signs its owner in.
func demonstration(t *testing.T) string {
	t.Helper()
	path, err := program()
	if err != nil {
		t.Fatal(err)
	}
	demo := exec.Command(path, "demo", "--listen", "localhost:0")
	out, err := demo.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := demo.Start(); err != nil {
		t.Fatal(err)
	}
	link := ""
	lines := bufio.NewScanner(out)
	for link == "" && lines.Scan() {
		link = regexp.MustCompile(`http://localhost:\d+/enter/\S+`).FindString(lines.Text())
	}
	ended := make(chan error, 1)
	go func() {
		_, _ = io.Copy(io.Discard, out)
		ended <- demo.Wait()
	}()
	t.Cleanup(func() { // it takes its folder away with it
		_ = demo.Process.Signal(syscall.SIGTERM)
		select {
		case <-ended:
		case <-time.After(10 * time.Second):
			_ = demo.Process.Kill()
		}
	})
	if link == "" {
		t.Fatal("the demonstration gave no link")
	}
	return link
}

// reachable is a client who may be written to by e-mail, and an appointment of theirs.
func (a asks) reachable() (client, appointment string) {
	a.Helper()
	today := time.Now()
	_, booked := a.do("GET", "/api/v1/appointments?limit=100&from="+today.AddDate(0, 0, 1).Format(time.DateOnly)+"&to="+today.AddDate(0, 0, 14).Format(time.DateOnly), "")
	list, _ := booked["appointments"].([]any)
	for _, each := range list {
		e := each.(map[string]any)
		who, _ := e["attendees"].([]any)[0].(map[string]any)["client"].(string)
		_, c := a.do("GET", "/api/v1/clients/"+who, "")
		if email, _ := c["email"].(map[string]any); e["booking"] == "booked" && email["state"] == "good" && c["reminders"] != "none" && c["reminders"] != "sms" {
			return who, e["id"].(string)
		}
	}
	a.Fatalf("nobody can be written to: %v", booked)
	return "", ""
}

// A program, from the page where its key is made to the mail that it asked for: nothing before people signed, then the words that they signed, then
// nothing any more.
func TestAProgramSendsWhatPeopleSigned(t *testing.T) {
	t.Parallel()
	link := demonstration(t)
	address, path, _ := strings.Cut(link, "/enter/")
	owner := visitor.New(t, address)
	if status, _ := owner.Ask("/enter/" + path); status != http.StatusOK {
		t.Fatalf("the link: %d", status)
	}
	_, shown := owner.Send("/programs/new", "name", "Website", "months", "1", "scope", "message.send", "scope", "message.read", "scope", "client.read", "scope", "calendar.read", "scope", "sending.stop")
	key := regexp.MustCompile(`lh_[A-Za-z0-9_-]{43}`).FindString(shown)
	a := asks{t, address, key}
	to, appointment := a.reachable()
	_, form := owner.Ask("/programs/grants/new")
	option := func(name, says string) string {
		list := regexp.MustCompile(`(?s)name="` + name + `".*?</select>`).FindString(form)
		found := regexp.MustCompile(`value="([^"]+)"[^>]*>` + says).FindStringSubmatch(list)
		if found == nil {
			t.Fatalf("no %s in %s", says, list)
		}
		return found[1]
	}
	if status, page := owner.Send("/programs/grants/new", "credential", option("credential", "Website"), "wording", option("wording", "[A-Z]"), "day", "3", "months", "1"); status != http.StatusOK {
		t.Fatalf("preparing: %d %s", status, page)
	}
	_, list := a.do("GET", "/api/v1/grants", "")
	grant := list["grants"].([]any)[0].(map[string]any)["id"].(string)
	message, asked := "", fmt.Sprintf(`{"grant":%q,"client":%q,"channel":"email","appointment":%q}`, grant, to, appointment)
	wait := func(what string, done func() bool) {
		t.Helper()
		for until := time.Now().Add(90 * time.Second); !done(); time.Sleep(200 * time.Millisecond) {
			if time.Now().After(until) {
				t.Fatal(what)
			}
		}
	}
	early := 0
	wait("nobody signed", func() bool {
		status, said := a.do("POST", "/api/v1/messages", asked, "Idempotency-Key", "scenario-1")
		if message, _ = said["id"].(string); status == http.StatusConflict && said["key"] == "grant.unsigned" {
			early++
		}
		return status == http.StatusAccepted
	})
	fate := map[string]any{}
	wait("it never left", func() bool {
		_, fate = a.do("GET", "/api/v1/messages/"+message, "")
		return fate["fate"] != "queued" && fate["fate"] != "leaving"
	})
	if fate["fate"] != "sent" || fate["address"] == nil || fate["grant"] != grant {
		t.Errorf("%v", fate)
	}
	if status, again := a.do("POST", "/api/v1/messages", asked, "Idempotency-Key", "scenario-1"); status != http.StatusAccepted || again["id"] != message {
		t.Errorf("asked again: %d %v", status, again)
	}
	t.Logf("refused %d times before it was signed", early)
	// The program stops itself: its key is out, and what it asked for stays here.
	if status, said := a.do("POST", "/api/v1/stops", `{"scope":"credential","reason":"our key was published"}`); status != http.StatusOK {
		t.Errorf("%d %v", status, said)
	}
	if status, _ := a.do("GET", "/api/v1/messages", ""); status != http.StatusUnauthorized {
		t.Errorf("a stopped key: %d", status)
	}
}
