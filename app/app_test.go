package app

import (
	"bytes"
	"context"
	"letterhead/app/setting"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"letterhead/fault"
)

func run(env []string, args ...string) (code int, out, errs string) {
	var o, e bytes.Buffer
	code = Run(context.Background(), args, env, strings.NewReader(""), &o, &e)
	return code, o.String(), e.String()
}

// Every command has help with its flags and at least one example that names it.
func TestEveryCommandExplainsItself(t *testing.T) {
	t.Parallel()
	for _, cmd := range commands() {
		code, out, errs := run(nil, cmd.name, "--help")
		if code != 0 || errs != "" || !strings.Contains(out, "usage: letterhead "+cmd.name) || !strings.Contains(out, "--data FOLDER") {
			t.Errorf("%s: exit %d\n%s%s", cmd.name, code, out, errs)
		}
		if len(cmd.examples) == 0 || !strings.Contains(out, "  letterhead "+cmd.name) {
			t.Errorf("%s has no example", cmd.name)
		}
		if code, _, errs := run(nil, cmd.name, "--no-such-flag"); code != 2 || !strings.Contains(errs, "no-such-flag") {
			t.Errorf("%s: a wrong flag: exit %d %s", cmd.name, code, errs)
		}
	}
	if code, out, _ := run(nil); code != 0 || !strings.Contains(out, "letterhead COMMAND --help") {
		t.Errorf("without a command: exit %d %s", code, out)
	}
}

func TestExitCodesSayWhatToDo(t *testing.T) {
	t.Parallel()
	env := []string{"LETTERHEAD_DATA=" + filepath.Join(t.TempDir(), "data")}
	for _, c := range []struct {
		code int
		args []string
	}{
		{2, []string{"no-such-command"}},
		{5, []string{"plan", "--practice", "x"}},
		{2, []string{"init", "--name", "A"}},
		{2, []string{"init", "--name", "A", "--country", "AU", "--zone", "Mars/Base", "--owner", "o@example.com"}},
		{2, []string{"init", "--name", "A", "--country", "AU", "--zone", "Australia/Melbourne", "--owner", "nobody"}},
		{0, []string{"init", "--name", "A", "--country", "AU", "--zone", "Australia/Melbourne", "--owner", "o@example.com"}},
		{4, []string{"init", "--name", "A", "--country", "AU", "--zone", "Australia/Melbourne", "--owner", "o@example.com"}},
		{3, []string{"plan", "--practice", "01a1ffa0-0000-7000-8000-000000000000"}},
		{4, []string{"tick", "--at", "2026-12-01T10:00:00Z"}},
		{3, []string{"lift", "--reason", "nothing to lift"}},
		{2, []string{"stop", "01a1ffa0-0000-7000-8000-000000000000", "--reason", "meant for one practice"}},
		{2, []string{"plan", "--practice", "01a1ffa0-0000-7000-8000-000000000000", "dry-run"}},
		{0, []string{"stop", "--reason", "test"}},
		{4, []string{"tick"}},
		{3, []string{"practice", "close", "--practice", "01a1ffa0-0000-7000-8000-000000000000"}},
		{2, []string{"practice", "rename"}},
		{2, []string{"domain", "add"}},
		{2, []string{"domain", "show", "nobody.example"}}, // which host mail leaves from is not set
		{3, []string{"domain", "show", "nobody.example", "--relay", "relay.example.org"}},
		{0, []string{"practice", "list", "--json"}},
		{0, []string{"version", "--json"}},
		{5, []string{"doctor"}}, // it says what is stopped
		{0, []string{"lift", "--reason", "test"}},
		{0, []string{"doctor", "--json"}},
	} {
		if code, out, errs := run(env, c.args...); code != c.code {
			t.Errorf("%v: exit %d, want %d\n%s%s", c.args, code, c.code, out, errs)
		}
	}
}

func TestAWrongSettingIsNamed(t *testing.T) {
	t.Parallel()
	for text, field := range map[string]string{
		"databse = 'x'":                                                         "letterhead.toml",
		"listen = 8080":                                                         "letterhead.toml",
		"listen = 'example.com:8080'":                                           "listen",
		"listen = '0.0.0.0:8080'":                                               "listen",
		"listen = 'localhost'":                                                  "listen",
		"public_url = 'clinic.example'":                                         "public_url",
		"public_url = 'https://clinic.example/x'":                               "public_url",
		"[sign]\naddress = 'localhost'":                                         "sign.address",
		"[sign]\naddress = '0.0.0.0:8081'":                                      "sign",
		"[sign]\naddress = 'localhost:8080'":                                    "sign.address",
		"[sign]\nurl = 'http://sign.clinic.example'":                            "sign.url",
		"[sign]\nurl = 'https://sign.clinic.example/desk'":                      "sign.url",
		"public_url = 'https://a.example'\n[sign]\nurl = 'https://a.example'":   "sign.url",
		"[courier]\nplatform_domain = 'localhost'":                              "courier.platform_domain",
		"[[courier.relay]]\naddress = '1.2.3.4:25'":                             "courier.relay.name",
		"[[courier.relay]]\nname = 'a'\naddress = '192.0.2.1:25'\ntls = 'none'": "courier.relay.tls",
		"[[courier.gateway]]\nname = 'a'\nurl = 'http://sms.example/v1'":        "courier.gateway.url",
	} {
		folder := t.TempDir()
		if err := os.WriteFile(filepath.Join(folder, setting.File), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := setting.Read(folder, nil)
		f := fault.As(err)
		if f == nil || f.Field != field || f.Say == "" {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestTheEnvironmentOverridesTheFile(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, setting.File), []byte("listen = 'localhost:1'\ndatabase = 'sqlite:file.db'\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := setting.Read(folder, map[string]string{"LETTERHEAD_LISTEN": "localhost:2"})
	if err != nil || c.Listen != "localhost:2" || c.PublicURL != "http://localhost:2" || c.Database != "sqlite:"+filepath.Join(folder, "file.db") {
		t.Errorf("%+v %v", c, err)
	}
	if c, err = setting.Read(t.TempDir(), nil); err != nil || c.Listen != "localhost:8080" {
		t.Errorf("nothing configured: %+v %v", c, err)
	}
}
