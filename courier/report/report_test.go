package report_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"letterhead/courier/report"
)

const (
	limit = 1 << 20
	verp  = "b-oexmhtuq4bzz7ahuo6yvxkkyn3hn4@bounce.clinic.example"
)

func sample(t testing.TB, name string) []byte {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", name+".eml"))
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func TestSamples(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]struct {
		kind   report.Kind
		action string
		status string
		why    string
		hard   bool
		mta    string
		says   string // in the diagnostic
	}{
		"postfix-unknown":   {report.Bounce, "failed", "5.1.1", "no such mailbox", true, "relay.example", "User unknown in virtual mailbox table"},
		"postfix-delay":     {report.Delay, "delayed", "4.4.1", "delayed", false, "relay.example", "Connection timed out"},
		"postfix-full":      {report.Bounce, "failed", "5.2.2", "mailbox full", false, "relay.example", "quota exceeded"},
		"postfix-delivered": {report.Delivered, "relayed", "2.0.0", "delivered", false, "relay.example", "queued as 99"},
		"gmail-disabled":    {report.Bounce, "failed", "5.2.1", "mailbox closed", true, "big.example", "is inactive"},
		"exchange":          {report.Bounce, "failed", "5.1.10", "takes no mail", true, "melpr01.office.example", "RecipientNotFound"},
		"base64-global":     {report.Bounce, "failed", "5.1.2", "no such domain", true, "relay.example", "550"},
		"complaint":         {report.Complaint, "abuse", "", "complaint", false, "mail.isp.example", ""},
		"wrapped":           {report.Bounce, "failed", "5.2.1", "mailbox closed", true, "relay.example", ""},
		"expired":           {report.Bounce, "failed", "4.4.7", "given up", false, "relay.example", "451 try again later"},
		"no-action":         {report.Bounce, "failed", "5.1.1", "no such mailbox", true, "relay.example", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for form, raw := range map[string][]byte{"CRLF": sample(t, name), "LF": bytes.ReplaceAll(sample(t, name), []byte("\r\n"), []byte("\n"))} {
				got, err := report.Parse(bytes.NewReader(raw), limit)
				if err != nil {
					t.Fatalf("%s: %v", form, err)
				}
				if got.Kind != want.kind || got.Action != want.action || got.Status != want.status || got.Why() != want.why || got.Hard() != want.hard || got.MTA != want.mta {
					t.Errorf("%s: got %+v %q hard %v, want %+v", form, got, got.Why(), got.Hard(), want)
				}
				if !strings.Contains(got.Diagnostic, want.says) {
					t.Errorf("%s: diagnostic %q lacks %q", form, got.Diagnostic, want.says)
				}
				if low := strings.ToLower(got.Diagnostic); strings.Contains(low, "lindqvist") || strings.Contains(low, "@") || strings.Contains(low, "%40") || strings.Contains(low, "home.example") {
					t.Errorf("%s: the diagnostic names the recipient: %q", form, got.Diagnostic)
				}
				if len(got.ReturnPaths) == 0 || got.ReturnPaths[0] != verp {
					t.Errorf("%s: return paths %q", form, got.ReturnPaths)
				}
				if name != "base64-global" && got.MessageID != "0195f0aa-1111-7abc-8def-000000000001@clinic.example" {
					t.Errorf("%s: message id %q", form, got.MessageID)
				}
			}
		})
	}
}

func TestWhatIsNoReport(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"out-of-office", "old-bounce", "not-spam"} {
		got, err := report.Parse(bytes.NewReader(sample(t, name)), limit)
		if !errors.Is(err, report.ErrOther) || strings.Contains(err.Error(), "lindqvist") {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

// dsn makes a delivery report around fields.
func dsn(fields string) string {
	return "To: " + verp + "\r\nMIME-Version: 1.0\r\nContent-Type: multipart/report; boundary=x\r\n\r\n--x\r\nContent-Type: message/delivery-status\r\n\r\n" + fields + "\r\n--x--\r\n"
}

func TestStatusCodes(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ status, diagnostic, want string }{
		{"5.1.1", "550 5.7.1 no", "5.1.1"},
		{"5.0.0", "550 5.1.1 unknown", "5.1.1"},
		{"5.0.0", "550 no such user", "5.0.0"},
		{"5.0.0", "host mx[5.1.1.3] said: 550 no", "5.0.0"},
		{"5.0.0", "452 4.2.2 full", "5.0.0"},
		{"", "550 5.1.1. Unknown", "5.1.1"},
		{"5.1.1 (bad destination mailbox address)", "", "5.1.1"},
		{"5.1.1.1", "", ""},
		{"15.1.1", "", ""},
		{"5.1234.1", "", ""},
		{"3.1.1", "", ""},
	} {
		got, err := report.Parse(strings.NewReader(dsn("Reporting-MTA: dns; a.example\r\n\r\nAction: failed\r\nStatus: "+test.status+"\r\nDiagnostic-Code: smtp; "+test.diagnostic+"\r\n")), limit)
		if err != nil || got.Status != test.want {
			t.Errorf("%q, %q: got %q, %v; want %q", test.status, test.diagnostic, got.Status, err, test.want)
		}
	}
}

func TestOnlyTheAddressItselfIsGivenUp(t *testing.T) {
	t.Parallel()
	hard := map[string]bool{"5.1.1": true, "5.1.2": true, "5.1.3": true, "5.1.6": true, "5.1.10": true, "5.2.1": true}
	for class := 2; class <= 5; class++ {
		for subject := 0; subject <= 7; subject++ {
			for detail := 0; detail <= 12; detail++ {
				status := fmt.Sprintf("%d.%d.%d", class, subject, detail)
				for _, kind := range []report.Kind{report.Bounce, report.Delay, report.Delivered, report.Complaint} {
					r := report.Report{Kind: kind, Status: status}
					if r.Hard() != (kind == report.Bounce && hard[status]) || !slices.Contains(report.Reasons(), r.Why()) {
						t.Errorf("%s %s: hard %v, %q", kind, status, r.Hard(), r.Why())
					}
				}
			}
		}
	}
}

func TestHostileReports(t *testing.T) {
	t.Parallel()
	many := func(s string, n int) string { return strings.Repeat(s, n) }
	nested := func(depth int) string {
		text := "Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; a\r\n\r\nAction: failed\r\nStatus: 5.1.1\r\n"
		for i := range depth {
			text = fmt.Sprintf("Content-Type: multipart/report; boundary=b%d\r\n\r\n--b%d\r\n%s\r\n--b%d--\r\n", i, i, text, i)
		}
		return text
	}
	for name, test := range map[string]struct {
		text string
		err  error // nil: a bounce with this status
		want string
	}{
		"empty":                     {"", report.ErrOther, ""},
		"no header":                 {"\r\n\r\n", report.ErrOther, ""},
		"binary":                    {"\x00\xff\xfe\x00", report.ErrOther, ""},
		"first line is folded":      {" To: x\r\n\r\n", report.ErrOther, ""},
		"empty boundary":            {"Content-Type: multipart/report; boundary=\"\"\r\n\r\n--\r\n", report.ErrOther, ""},
		"no boundary":               {"Content-Type: multipart/report\r\n\r\n--x\r\n", report.ErrOther, ""},
		"never closed":              {strings.TrimSuffix(dsn("A: b\r\n\r\nAction: failed\r\nStatus: 5.1.1\r\n"), "--x--\r\n"), nil, "5.1.1"},
		"header too long":           {"X: " + many("a", 100<<10) + "\r\n" + dsn("A: b\r\n\r\nAction: failed\r\n"), report.ErrOther, ""},
		"too long":                  {dsn("A: b\r\n\r\n")[:40] + many("x", limit), report.ErrOther, ""},
		"long body before":          {strings.Replace(dsn("A: b\r\n\r\nAction: failed\r\nStatus: 5.1.1\r\n"), "--x", many("preamble\r\n", limit/8)+"--x", 1), report.ErrTooLong, ""},
		"long body after":           {dsn("A: b\r\n\r\nAction: failed\r\nStatus: 5.1.1\r\n") + many("y", 2*limit), nil, "5.1.1"},
		"a long line before":        {strings.Replace(dsn("A: b\r\n\r\nAction: failed\r\n"), "--x", many("p", 100_000)+"\r\n--x", 1), report.ErrOther, ""},
		"many parts before":         {strings.Replace(dsn("A: b\r\n\r\nAction: failed\r\nStatus: 5.1.1\r\n"), "--x", many("--x\r\n\r\n\r\n", 30)+"--x", 1), report.ErrOther, ""},
		"many recipients":           {dsn("A: b\r\n\r\n" + many("Action: delayed\r\nStatus: 4.1.1\r\n\r\n", 60) + "Action: failed\r\nStatus: 5.1.1\r\n"), nil, "4.1.1"},
		"one of some failed":        {dsn("A: b\r\n\r\n" + many("Action: delayed\r\nStatus: 4.1.1\r\n\r\n", 6) + "Action: failed\r\nStatus: 5.1.1\r\n"), nil, "5.1.1"},
		"long fields":               {dsn("A: b\r\n\r\nAction: failed\r\nStatus: 5.1.1\r\nDiagnostic-Code: smtp; " + many("z ", 20_000) + "\r\n"), nil, "5.1.1"},
		"status in an attachment":   {strings.Replace(dsn("A: b\r\n\r\nAction: failed\r\nStatus: 5.1.1\r\n"), "multipart/report", "multipart/mixed", 1), report.ErrOther, ""},
		"status in a returned mail": {"Content-Type: multipart/report; boundary=y\r\n\r\n--y\r\nContent-Type: message/rfc822\r\n\r\n" + dsn("A: b\r\n\r\nAction: failed\r\nStatus: 5.1.1\r\n") + "\r\n--y--\r\n", report.ErrOther, ""},
		"nested three deep":         {nested(3), nil, "5.1.1"},
		"nested four deep":          {nested(4), report.ErrOther, ""},
		"unknown encoding":          {strings.Replace(dsn("A: b\r\n\r\nAction: failed\r\nStatus: 5.1.1\r\n"), "Content-Type: message", "Content-Transfer-Encoding: x-zip\r\nContent-Type: message", 1), nil, "5.1.1"},
		"unknown action":            {dsn("A: b\r\n\r\nAction: exploded\r\n"), report.ErrOther, ""},
		"bare group":                {dsn("Action: failed\r\nStatus: 5.1.1\r\n"), nil, "5.1.1"},
		"empty status":              {dsn(""), report.ErrOther, ""},
		"only empty lines":          {dsn(many("\r\n", 5000)), report.ErrOther, ""},
		"line without a colon":      {dsn("A: b\r\n\r\nhello\r\n\r\nAction: failed\r\nStatus: 5.1.1\r\n"), report.ErrOther, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := report.Parse(strings.NewReader(test.text), limit)
			if !errors.Is(err, test.err) || test.err == nil && (err != nil || got.Status != test.want) {
				t.Fatalf("got %+v, %v; want %q, %v", got, err, test.want, test.err)
			}
			checkBounds(t, got)
		})
	}
}

func TestDiagnosticLosesEveryWordOfTheRecipient(t *testing.T) {
	t.Parallel()
	for _, words := range []string{
		"550 unknown user jo.lindqvist", "550 <jo.lindqvist@home.example> no", "550 'jo.lindqvist' no", "user lindqvist left", "see mailto:x+jo.lindqvist=home.example@relay.example",
		"JO.LINDQVIST not found", "rfc822;Jo.Lindqvist@HOME.example", "(lindqvist)", "u%40home", "jo%40x", `"Jo Lindqvist-Berg" said no`, `mailbox of "Lindqvist`,
	} {
		got, err := report.Parse(strings.NewReader(dsn("A: b\r\n\r\nFinal-Recipient: rfc822; jo.lindqvist@home.example\r\nAction: failed\r\nStatus: 5.1.1\r\nDiagnostic-Code: smtp; kept "+words+" end\r\n")), limit)
		low := strings.ToLower(got.Diagnostic)
		if err != nil || strings.Contains(low, "lindqvist") || strings.Contains(low, "@") || strings.Contains(low, "%40") || !strings.HasPrefix(low, "kept ") || !strings.HasSuffix(low, " end") && !strings.Contains(words, "mailbox of") {
			t.Errorf("%q became %q, %v", words, got.Diagnostic, err)
		}
	}
}

var host = regexp.MustCompile(`^[a-z0-9.-]*$`)

func checkBounds(t *testing.T, r report.Report) {
	t.Helper()
	if len(r.Diagnostic) > 300 || !utf8.ValidString(r.Diagnostic) || strings.ContainsAny(r.Diagnostic, "\r\n\x00@") {
		t.Errorf("diagnostic %q", r.Diagnostic)
	}
	if len(r.MTA) > 253 || !host.MatchString(r.MTA) || len(r.MessageID) > 255 || strings.ContainsAny(r.MessageID, "<> \r\n") || len(r.Action) > 80 || len(r.Status) > 9 {
		t.Errorf("unbounded: %+v", r)
	}
	if len(r.ReturnPaths) > 8 {
		t.Errorf("%d return paths", len(r.ReturnPaths))
	}
	for _, p := range r.ReturnPaths {
		if len(p) > 320 || strings.ContainsAny(p, " <>\r\n\x00") {
			t.Errorf("return path %q", p)
		}
	}
}

func FuzzParse(f *testing.F) {
	files, err := filepath.Glob("testdata/*.eml")
	if err != nil || len(files) < 10 {
		f.Fatalf("%d samples, %v", len(files), err)
	}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		r, err := report.Parse(bytes.NewReader(raw), 64<<10)
		if err != nil {
			if !errors.Is(err, report.ErrOther) && !errors.Is(err, report.ErrTooLong) {
				t.Errorf("another error: %v", err)
			}
			return
		}
		if r.Kind == "" || r.Why() == "" {
			t.Errorf("a report that says nothing: %+v", r)
		}
		checkBounds(t, r)
	})
}
