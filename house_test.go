package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"sort"
	"strings"
	"testing"

	"letterhead/rehearse/drill"
)

// The rules of the house as tests: which package may import which, who may name which table, and how long things may be. ARCHITECTURE.md
// says why in prose.

type goPackage struct {
	ImportPath string
	Imports    []string
	Standard   bool
	GoFiles    []string
	Dir        string
}

func packages(t *testing.T) []goPackage {
	t.Helper()
	out, err := exec.Command("go", "list", "-json=ImportPath,Imports,GoFiles,Dir", "./...").Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			t.Fatalf("go list: %s", exit.Stderr)
		}
		t.Fatal(err)
	}
	var all []goPackage
	decoder := json.NewDecoder(strings.NewReader(string(out)))
	for {
		var p goPackage
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}

// A package may import packages of a lower floor; on its own floor only what stands before it in the list, and its own sub-packages.
var floors = []struct {
	name     string
	packages []string
	ordered  bool // may import those before it; otherwise none of its floor
}{
	{"ground", []string{"fault", "zone", "qr", "store"}, true},
	{"machinery", []string{"vault", "job", "register", "wording", "approval", "guard", "ledger", "message", "courier"}, true},
	{"product", []string{"practice", "client", "calendar", "template", "plan", "letter", "merge", "order", "grant", "incident", "notice", "transfer", "erase"}, true},
	{"edges", []string{"web", "public", "sign", "api"}, false},
	{"test tools", []string{"testkit", "rehearse"}, true},
	{"app", []string{"app"}, true},
	{"main", []string{"", "scenario"}, true},
}

// Within a package's folder: the protocol and file packages below courier import no storage.
var pure = map[string]string{
	"wording":            "it is pure: no storage, no clock, no net",
	"courier/smtp":       "it is the protocol alone",
	"courier/dkim":       "it is the protocol alone",
	"courier/sms":        "it is the protocol alone",
	"fault":              "it is the ground",
	"zone":               "it is the ground",
	"testkit/sink":       "it stands for the outside world",
	"testkit/bare":       "it is what we measure against",
	"guard/secret":       "it is pure: what is kept where is guard's business",
	"guard/passkey":      "it is the protocol alone",
	"guard/throttle":     "it is pure",
	"web/ui":             "components know no data",
	"courier/trust":      "",
	"approval/assertion": "it reads bytes and knows no practice",
	"approval/audience":  "it reads bytes and knows no practice",
	"register":           "it reads bytes and writes pages: no storage, no clock, no net",
	"register/prose":     "it reads bytes",
	"register/site":      "it makes bytes",
	"incident":           "a record is a value; what keeps it comes beside it",
	"incident/form":      "it reads and writes bytes",
	"incident/law":       "it reads its own files",
	"ledger/leaf":        "it is bytes and hashes alone",
	"ledger/proof":       "it is bytes and hashes alone",
	"ledger/evidence":    "whoever verifies has the file and nothing else",
	"ledger/witness":     "a witness has no database",
}

func top(path string) string {
	path = strings.TrimPrefix(strings.TrimPrefix(path, "letterhead"), "/")
	first, _, _ := strings.Cut(path, "/")
	return first
}

func TestArrowsOnlyGoDown(t *testing.T) {
	type place struct{ floor, order int }
	places := map[string]place{}
	for f, floor := range floors {
		for o, name := range floor.packages {
			places[name] = place{f, o}
		}
	}
	for _, p := range packages(t) {
		from := top(p.ImportPath)
		here, known := places[from]
		if !known {
			t.Errorf("package %s stands on no floor: put it into the list above, and into ARCHITECTURE.md", p.ImportPath)
			continue
		}
		for _, i := range p.Imports {
			if !strings.HasPrefix(i, "letterhead/") || top(i) == from {
				continue
			}
			there, known := places[top(i)]
			switch {
			case !known:
				t.Errorf("%s imports %s, which stands on no floor", p.ImportPath, i)
			case there.floor > here.floor:
				t.Errorf("%s (%s) imports %s (%s): arrows only go down; let app hand it an interface", p.ImportPath, floors[here.floor].name, i, floors[there.floor].name)
			case there.floor == here.floor && (!floors[here.floor].ordered || there.order > here.order):
				t.Errorf("%s imports %s: on the floor %q only what stands before it in the list", p.ImportPath, i, floors[here.floor].name)
			}
			if top(i) == "testkit" && from != "rehearse" {
				t.Errorf("%s imports %s: only rehearse may, outside tests", p.ImportPath, i)
			}
		}
		if why, is := pure[strings.TrimPrefix(p.ImportPath, "letterhead/")]; is && why != "" {
			for _, i := range p.Imports {
				if i == "letterhead/store" || i == "database/sql" {
					t.Errorf("%s imports %s: %s", p.ImportPath, i, why)
				}
			}
		}
	}
}

// Third-party modules and the standard library's sharp tools: each in the packages that wrap it.
var wrappers = []struct {
	prefix  string
	allowed []string
	why     string
}{
	{"database/sql", []string{"store", "testkit"}, "the raw database never leaves store"},
	{"modernc.org/sqlite", []string{"store"}, "drivers belong to store"},
	{"github.com/jackc/pgx", []string{"store", "testkit"}, "drivers belong to store"},
	{"net/http", []string{"web", "public", "sign", "api", "app", "rehearse", "testkit", "courier/sms", "fault"}, "HTTP belongs to the edges"},
	{"html/template", []string{"wording"}, "pages are templ; only mail layouts may use it"},
	{"text/template", []string{}, "a practice's text is never parsed as a template language"},
	{"github.com/tink-crypto", []string{"vault"}, "sealing belongs to vault"},
	{"github.com/nyaruka/phonenumbers", []string{"client", "practice"}, "phones are read in one place"},
	{"github.com/emersion", []string{"testkit", "courier"}, "mail libraries parse what comes in, and are references in tests"},
	{"github.com/letsencrypt", []string{"testkit/certify"}, "an authority for tests"},
	{"github.com/miekg/dns", []string{"testkit/certify"}, "a name server for tests"},
	{"filippo.io/age", []string{"app"}, "backups belong to app"},
	{"github.com/prometheus", []string{"app"}, "metrics belong to app"},
	{"net/smtp", []string{}, "mail leaves through courier/smtp"},
	{"rsc.io/qr", []string{"qr"}, "codes are drawn in one place"},
	{"golang.org/x/crypto", []string{"guard/secret", "app"}, "passwords are hashed in one place; app gets certificates"},
	{"golang.org/x/mod", []string{"ledger"}, "the log's mathematics belong to ledger"},
	{"github.com/pelletier/go-toml", []string{"register"}, "records are read in one place; configuration is BurntSushi's"},
	{"github.com/yuin/goldmark", []string{"register/prose"}, "text by somebody unknown is rendered in one place"},
	{"os/exec", []string{"app", "testkit", "rehearse"}, "nothing else starts programs"},
	{"math/rand\"", []string{}, "use math/rand/v2"},
}

func TestSharpToolsStayInTheirWrappers(t *testing.T) {
	for _, p := range packages(t) {
		name := strings.TrimPrefix(strings.TrimPrefix(p.ImportPath, "letterhead"), "/")
		if strings.HasPrefix(name, "web/ui/build") { // makes the committed assets; not part of the program
			continue
		}
		for _, i := range p.Imports {
			for _, w := range wrappers {
				if i != w.prefix && !strings.HasPrefix(i, w.prefix+"/") {
					continue
				}
				ok := false
				for _, a := range w.allowed {
					ok = ok || name == a || strings.HasPrefix(name, a+"/")
				}
				if !ok {
					t.Errorf("%s imports %s: %s", p.ImportPath, i, w.why)
				}
			}
		}
	}
}

// The few doors across practices, and what for.
var wide = map[string]string{
	"store": "owns them", "job": "claims", "courier": "claims and marks", "plan": "finds practices with something due", "message": "claims, receipts",
	"practice": "lists practices", "app": "operator commands", "testkit": "sets up tests", "rehearse": "demo and bench", "guard": "sign-in", "transfer": "clears after a dead import",
	"public": "finds a message or a version by its token", "ledger": "one log for all: its head, its hashes, its checkpoints",
	"order": "finds orders with something to do", "notice": "whether all who are concerned were told", "incident": "an incident is of the installation; what concerns a practice is asked for by its id",
}

func TestOnlyNamedPackagesSeeEveryPractice(t *testing.T) {
	eachGoFile(t, func(path string, file *ast.File, set *token.FileSet) {
		if strings.HasSuffix(path, "_test.go") {
			return
		}
		folder, _, _ := strings.Cut(path, "/")
		ast.Inspect(file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			if s, ok := call.Fun.(*ast.SelectorExpr); ok && (s.Sel.Name == "Whole" || s.Sel.Name == "WholeView" || s.Sel.Name == "ChangeEach") && wide[folder] == "" {
				t.Errorf("%s: %s opens the door across practices and is not in the list", set.Position(call.Pos()), folder)
			}
			return true
		})
	})
}

// merging lists who opens names and addresses without a row in the access log: what the courier merges. A message's leaf and timeline are its record.
var merging = map[string]string{
	"plan/source.go":   "addresses and names of a batch",
	"letter/source.go": "words of signed letters",
	"letter/sample.go": "indexes of members' own addresses",

	"app/outside/check.go": "salt and words of a message, to compare with what its recipient shows; nothing of it is answered",
}

func TestOnlyTheCourierOpensWithoutARow(t *testing.T) {
	eachGoFile(t, func(path string, file *ast.File, set *token.FileSet) {
		if strings.HasSuffix(path, "_test.go") {
			return
		}
		ast.Inspect(file, func(n ast.Node) bool {
			s, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			if s.Sel.Name == "Merging" && merging[path] == "" {
				t.Errorf("%s: opens without a row in the access log and is not in the list", set.Position(s.Pos()))
			}
			if x, ok := s.X.(*ast.Ident); ok && x.Name == "client" && s.Sel.Name == "Addresses" && path != "plan/source.go" {
				t.Errorf("%s: addresses are read as a set for the courier's source alone", set.Position(s.Pos()))
			}
			return true
		})
	})
}

// owners says which package owns which table; a statement elsewhere that names one is an error.
var owners = map[string]string{
	"migration": "store", "job": "job", "keyset": "vault", "member": "guard",
	"person": "guard", "passkey": "guard", "recovery": "guard", "spent": "guard", "session": "guard", "invitation": "guard", "credential": "guard", "client_member": "client",
	"practice": "practice", "directory": "practice", "picture": "practice", "practice_edit": "practice", "location": "practice", "service": "practice", "practitioner": "practice",
	"client": "client", "client_merge": "client", "contact": "client", "consent": "client",
	"appointment": "calendar", "attendee": "calendar", "opening": "calendar", "exception": "calendar", "holiday": "calendar", "room": "calendar",
	"letter": "letter", "answer": "letter",
	"look": "vault", "look_client": "vault",
	"wording": "template", "wording_version": "template", "wording_draft": "template", "rule": "plan", "due": "plan",
	"approval": "approval", "api_request": "api", "program_grant": "grant",
	"message": "message", "message_code": "message", "message_step": "message", "message_lease": "message", "suppression": "message", "freeze_entry": "message",
	"ledger_head": "ledger", "ledger_practice": "ledger", "ledger_leaf": "ledger", "ledger_hash": "ledger", "ledger_checkpoint": "ledger", "ledger_cosignature": "ledger", "ledger_wanted": "ledger",
	"bulk_order": "order", "order_recipient": "order", "notice": "notice",
	"incident": "incident", "incident_practice": "incident", "incident_stop": "incident", "incident_entry": "incident", "incident_figure": "incident", "incident_suspect": "incident", "route_use": "incident",
	"staged_client": "client", "staged_appointment": "calendar", "import_batch": "transfer", "import_change": "transfer",
}

// readers lists read models: a package that joins tables of packages below it for one page or one plan.
var readers = map[string][]string{
	"calendar": {"client", "practice", "practitioner", "service", "location"},
	"plan":     {"appointment", "attendee", "client", "contact", "consent", "location", "service", "practitioner", "practice", "wording", "wording_version"},
	"client":   {"appointment", "attendee", "practitioner", "member"},           // who sees whom: the condition of every list
	"order":    {"client", "consent", "appointment", "attendee", "suppression"}, // whom it is for, and who must not get it
	"transfer": {"client", "appointment", "attendee", "staged_client", "staged_appointment", "message", "due", "location", "service", "practitioner"},
	"courier":  {"message", "message_step", "freeze_entry", "suppression"},
	"incident": {"message", "message_step", "freeze_entry", "wording_version", "bulk_order", "letter", "program_grant", "look", "look_client", "practice"}, // what is measured, across all of it
	"notice":   {"message"},                                                                                                                                // whether it arrived
}

var tableInSQL = regexp.MustCompile(`\b(FROM|JOIN|INTO|UPDATE)\s+([a-z_]+)`)

func TestATableBelongsToOnePackage(t *testing.T) {
	known := map[string]bool{}
	raw, err := filepath.Glob("store/migrations/*.sql")
	if err != nil {
		t.Fatal(err)
	}
	create, drop := regexp.MustCompile(`CREATE TABLE (\w+)`), regexp.MustCompile(`DROP TABLE (\w+);`)
	gone := map[string]bool{}
	for _, file := range raw {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range drop.FindAllStringSubmatch(string(text), -1) {
			gone[m[1]] = !strings.Contains(string(text), "RENAME TO "+m[1]+";")
		}
	}
	for _, file := range raw {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range create.FindAllStringSubmatch(string(text), -1) {
			known[m[1]] = true
			if strings.HasSuffix(m[1], "_rebuilt") && strings.Contains(string(text), "ALTER TABLE "+m[1]+" RENAME TO "+strings.TrimSuffix(m[1], "_rebuilt")+";") {
				delete(known, m[1]) // it takes the place of one that has an owner
				continue
			}
			if gone[m[1]] {
				delete(known, m[1])
				continue
			}
			if owners[m[1]] == "" {
				t.Errorf("%s: table %s has no owner in the list", file, m[1])
			}
		}
	}
	for table := range owners {
		if !known[table] {
			t.Errorf("table %s is in the list and in no migration", table)
		}
	}
	eachGoFile(t, func(path string, file *ast.File, set *token.FileSet) {
		folder, _, _ := strings.Cut(path, "/")
		if strings.HasSuffix(path, "_test.go") || folder == "testkit" || folder == "store" || folder == "rehearse" {
			return
		}
		ast.Inspect(file, func(n ast.Node) bool {
			literal, ok := n.(*ast.BasicLit)
			if !ok || literal.Kind != token.STRING {
				return true
			}
			for _, m := range tableInSQL.FindAllStringSubmatch(literal.Value, -1) {
				owner := owners[m[2]]
				if owner == "" || owner == folder {
					continue
				}
				allowed := false
				for _, table := range readers[folder] {
					allowed = allowed || table == m[2] && (m[1] == "FROM" || m[1] == "JOIN")
				}
				if !allowed {
					t.Errorf("%s: %s names table %s of %s", set.Position(literal.Pos()), folder, m[2], owner)
				}
			}
			return true
		})
	})
}

const (
	longestFunction = 80
	longestFile     = 600
	longestPackage  = 2500
)

// Long on purpose, each with its reason; the list may only shrink.
var longOnPurpose = map[string]string{
	"template/english.go:english": "the starter set: words, one after the other",
}

func TestNothingGrowsTooLong(t *testing.T) {
	sizes := map[string]int{}
	eachGoFile(t, func(path string, file *ast.File, set *token.FileSet) {
		if strings.HasSuffix(path, "_test.go") {
			return
		}
		lines := set.Position(file.End()).Line
		if lines > longestFile && longOnPurpose[path] == "" {
			t.Errorf("%s has %d lines (at most %d)", path, lines, longestFile)
		}
		sizes[filepath.Dir(path)] += lines
		for _, d := range file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok {
				continue
			}
			n := set.Position(f.End()).Line - set.Position(f.Pos()).Line + 1
			if name := path + ":" + f.Name.Name; n > longestFunction && longOnPurpose[name] == "" {
				t.Errorf("%s has %d lines (at most %d)", name, n, longestFunction)
			}
		}
	})
	var names []string
	for name := range sizes {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		if sizes[name] > longestPackage && longOnPurpose[name] == "" {
			t.Errorf("package %s has %d lines (at most %d)", name, sizes[name], longestPackage)
		}
	}
}

// No path of a machine, no unfinished word, no clock but the transaction's in the product.
func TestTheSourceKeepsTheHouseRules(t *testing.T) {
	unfinished := regexp.MustCompile(`\b(TODO|FIXME|XXX)\b`)
	eachGoFile(t, func(path string, file *ast.File, set *token.FileSet) {
		if path == "house_test.go" {
			return
		}
		for _, group := range file.Comments {
			if m := unfinished.FindString(group.Text()); m != "" {
				t.Errorf("%s: %s", set.Position(group.Pos()), m)
			}
		}
		folder, _, _ := strings.Cut(path, "/")
		if strings.HasSuffix(path, "_test.go") || folder == "testkit" || folder == "rehearse" {
			return
		}
		ast.Inspect(file, func(n ast.Node) bool {
			s, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			if x, ok := s.X.(*ast.Ident); ok && x.Name == "time" && s.Sel.Name == "Now" && clockless[folder] {
				t.Errorf("%s: time.Now: the clock comes from the transaction", set.Position(s.Pos()))
			}
			return true
		})
	})
}

var clockless = map[string]bool{
	"practice": true, "client": true, "calendar": true, "template": true, "plan": true, "order": true, "transfer": true, "message": true, "wording": true, "guard": true, "job": true, "vault": true, "approval": true,
}

func eachGoFile(t *testing.T, see func(path string, file *ast.File, set *token.FileSet)) {
	t.Helper()
	err := filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && (entry.Name() == "node_modules" || entry.Name() == "testdata" || (strings.HasPrefix(entry.Name(), ".") && path != ".")) {
			return filepath.SkipDir
		}
		if entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_templ.go") || generated(path) {
			return nil
		}
		set := token.NewFileSet()
		file, err := parser.ParseFile(set, path, nil, parser.ParseComments)
		if err != nil {
			return err
		}
		see(path, file, set)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func generated(path string) bool {
	file, err := os.Open(path)
	if err != nil {
		return false
	}
	defer file.Close()
	scanner := bufio.NewScanner(file)
	for range 3 {
		if scanner.Scan() && strings.Contains(scanner.Text(), "DO NOT EDIT") {
			return true
		}
	}
	return false
}

// Somebody new finds the room for a change from ARCHITECTURE.md alone: every package and every room in it is named there.
func TestTheTreeNamesEveryRoom(t *testing.T) {
	raw, err := os.ReadFile("ARCHITECTURE.md")
	if err != nil {
		t.Fatal(err)
	}
	_, tree, _ := strings.Cut(string(raw), "\n```\n")
	tree, _, _ = strings.Cut(tree, "\n```\n")
	rooms, here := map[string]map[string]bool{}, map[string]bool{}
	for line := range strings.Lines(tree) {
		words := strings.Fields(line)
		if len(words) > 0 && !strings.HasPrefix(line, " ") {
			here = map[string]bool{}
			for _, word := range words {
				if name, is := strings.CutSuffix(word, "/"); is {
					rooms[name] = here
				}
			}
		}
		for _, word := range words {
			here[word] = true
		}
	}
	for _, p := range packages(t) {
		house, _, within := strings.Cut(p.ImportPath, "letterhead/")
		if house != "" || !within {
			continue
		}
		path := strings.Split(strings.TrimPrefix(p.ImportPath, "letterhead/"), "/")
		if rooms[path[0]] == nil {
			t.Errorf("ARCHITECTURE.md's tree has no line for %s/", path[0])
			continue
		}
		for _, room := range path[1:] {
			if !rooms[path[0]][room] {
				t.Errorf("ARCHITECTURE.md's tree does not name %s below %s/", room, path[0])
			}
		}
	}
}

// Each row of the table of attackers names tests that are there, and each attack of the drill has its row.
func TestTheTableOfAttackersNamesWhatIsThere(t *testing.T) {
	raw, err := os.ReadFile("docs/threat.md")
	if err != nil {
		t.Fatal(err)
	}
	there := map[string]bool{}
	eachGoFile(t, func(_ string, file *ast.File, _ *token.FileSet) {
		for _, declared := range file.Decls {
			if f, is := declared.(*ast.FuncDecl); is {
				there[f.Name.Name] = true
			}
		}
	})
	for _, name := range regexp.MustCompile(`\b(?:Test|Fuzz)[A-Z][A-Za-z0-9]+`).FindAllString(string(raw), -1) {
		if !there[name] {
			t.Errorf("docs/threat.md names %s, which is not there", name)
		}
	}
	for _, name := range drill.Names() {
		if !strings.Contains(string(raw), name) {
			t.Errorf("docs/threat.md has no row for the attack %s", name)
		}
	}
}
