package approval_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"letterhead/approval"
	"letterhead/testkit/key"
	"letterhead/wording/strict"
)

// every returns one good statement of each kind, with every member that it may have.
func every(t testing.TB) []*approval.Statement {
	t.Helper()
	c, root := found(t)
	limits := &approval.Limits{Day: 500, RecipientDay: 3, NewDay: 20, MemberDay: 50, CredentialDay: 10, Total: 5}
	window := &approval.Window{From: approval.At(noon), Until: approval.At(noon.Add(24 * time.Hour))}
	sum := sha256.Sum256([]byte("x"))
	make := func(kind approval.Kind, subject string, more func(*approval.Statement)) *approval.Statement {
		x := c.State.Draft(kind, subject, anna)
		if more != nil {
			more(x)
		}
		return x
	}
	approve := func(x *approval.Statement) { x.Digest = sum }
	sheet := approval.NewRecoverySheet()
	return []*approval.Statement{
		c.Enrol(key.New(key.Desk), ben, anna),
		c.Revoke(root, anna, anna, 5),
		make(approval.KindKey, approval.RecoverySubject(sheet.PublicKey()), func(x *approval.Statement) {
			x.Body.Key = &approval.KeyBody{Action: approval.Recovery, Member: anna, PublicKey: sheet.PublicKey(), Proof: approval.Bytes{}}
		}),
		make(approval.KindMember, "ben", func(x *approval.Statement) {
			x.Body.Member = &approval.MemberBody{Role: approval.Manager, Alone: 30, Channel: "sms", Address: approval.Commit(x.Nonce, "+61400000000")}
		}),
		make(approval.KindWording, "w", func(x *approval.Statement) {
			approve(x)
			x.Limits, x.Expires, x.Body.Wording = limits, approval.At(noon), &approval.WordingBody{Purpose: "marketing"}
		}),
		make(approval.KindDirectory, "directory", approve),
		make(approval.KindSender, "email:city", func(x *approval.Statement) {
			x.Body.Sender = &approval.SenderBody{Channel: "email", Address: "desk@clinic.example", Name: "Zoë & Söhne <Praxis> \"Süd\""}
		}),
		make(approval.KindHosts, "hosts", func(x *approval.Statement) {
			x.Body.Hosts = &approval.HostsBody{Hosts: []string{"a.example", "b.example"}}
		}),
		make(approval.KindHost, "a.example", func(x *approval.Statement) { x.Body.Host = &approval.HostBody{Off: true} }),
		make(approval.KindLimits, "limits", func(x *approval.Statement) { x.Limits = limits }),
		make(approval.KindSurge, "s", func(x *approval.Statement) { x.Limits, x.Window = limits, window }),
		make(approval.KindRule, "booked", func(x *approval.Statement) {
			approve(x)
			x.Body.Rule = &approval.RuleBody{Channel: "sms", Purpose: "appointments", Wording: "w"}
		}),
		order(c, "o", 40, 200, anna),
		make(approval.KindLetter, "l", func(x *approval.Statement) {
			approve(x)
			x.Expires, x.Body.Letter = approval.At(noon), &approval.LetterBody{Channel: "email", Client: "c", Recipient: "i"}
		}),
		make(approval.KindGrant, "g", func(x *approval.Statement) {
			approve(x)
			x.Limits = limits
			x.Body.Grant = &approval.GrantBody{Credential: "k", Purpose: "appointments", Wording: "w", Values: []approval.GrantValue{{Name: "a", OneOf: []string{"1", "ü"}}, {Name: "b", OneOf: []string{}, Digest: sum}}}
		}),
		make(approval.KindImport, "i", func(x *approval.Statement) {
			approve(x)
			x.Expires, x.Limits, x.Body.Import = approval.At(noon), limits, &approval.ImportBody{Addresses: 100}
		}),
		make(approval.KindWithdraw, approval.Digest(sum).String(), nil),
		make(approval.KindLift, "f", func(x *approval.Statement) { x.Body.Lift = &approval.LiftBody{Scope: "practice", Epoch: 3} }),
		make(approval.KindResume, "chain", func(x *approval.Statement) {
			x.Body.Resume = &approval.ResumeBody{From: approval.Head{Position: 3, Hash: sum}, Lost: approval.Head{Position: 9, Hash: sum}}
		}),
	}
}

func TestEveryKindInOneForm(t *testing.T) {
	t.Parallel()
	kinds := map[approval.Kind]bool{}
	for _, x := range every(t) {
		kinds[x.Kind] = true
		text, err := x.Canonical()
		if err != nil {
			t.Errorf("%s: %v", x, err)
			continue
		}
		if oracle, err := strict.Canonical(x); err != nil || !bytes.Equal(oracle, text) {
			t.Errorf("%s: RFC 8785 has\n%s, not\n%s", x, oracle, text)
		}
		read, digest, err := approval.ParseStatement(text)
		if err != nil {
			t.Errorf("%s: %v", x, err)
			continue
		}
		if again, _ := read.Canonical(); !bytes.Equal(again, text) || digest != sha256.Sum256(text) {
			t.Errorf("%s changes when it is read", x)
		}
		for name, other := range map[string]string{
			"space": " " + string(text), "after": string(text) + " ", "twice": strings.Replace(string(text), `"format":1`, `"format":1,"format":1`, 1),
			"capital": strings.Replace(string(text), `"format"`, `"Format"`, 1), "unknown": strings.Replace(string(text), `"format"`, `"formal":1,"format"`, 1),
			"float": strings.Replace(string(text), `"format":1`, `"format":1.0`, 1), "escaped": strings.Replace(string(text), `"kind"`, `"\u006bind"`, 1),
			"null body": strings.Replace(string(text), `"body":{`, `"body":{"grant":null,`, 1),
		} {
			if _, _, err := approval.ParseStatement([]byte(other)); approval.ReasonOf(err) != approval.Malformed {
				t.Errorf("%s, %s: %v", x, name, err)
			}
		}
	}
	if len(kinds) != 17 {
		t.Errorf("%d kinds are tried", len(kinds))
	}
}

// What belongs to one kind is refused in every other.
func TestNoKindCarriesWhatIsAnothers(t *testing.T) {
	t.Parallel()
	all := every(t)
	for _, x := range all {
		for _, other := range all {
			if x.Kind == other.Kind {
				continue
			}
			y := *x
			y.Body = other.Body
			if y.Body != (approval.Body{}) || x.Body != (approval.Body{}) {
				if err := y.Check(); err == nil {
					t.Errorf("%s with the body of %s", x.Kind, other.Kind)
				}
			}
			if y = *x; x.Limits == nil {
				y.Limits = &approval.Limits{Day: 1}
				checkLimits := y.Check()
				if may := map[approval.Kind]bool{approval.KindRule: true}[x.Kind]; may != (checkLimits == nil) {
					t.Errorf("%s with limits: %v", x.Kind, checkLimits)
				}
			}
			if y = *x; x.Digest == (approval.Digest{}) {
				y.Digest = digest(1)
				if y.Check() == nil {
					t.Errorf("%s with a digest", x.Kind)
				}
			} else if y.Digest = (approval.Digest{}); y.Check() == nil {
				t.Errorf("%s without a digest", x.Kind)
			}
		}
	}
}

func TestBoundsOfStatements(t *testing.T) {
	t.Parallel()
	of := map[approval.Kind]*approval.Statement{}
	for _, x := range every(t) {
		if of[x.Kind] == nil {
			of[x.Kind] = x
		}
	}
	long := strings.Repeat("x", 400)
	for name, c := range map[string]struct {
		kind approval.Kind
		do   func(*approval.Statement)
	}{
		"format":                 {approval.KindWording, func(x *approval.Statement) { x.Format = 2 }},
		"kind":                   {approval.KindWording, func(x *approval.Statement) { x.Kind = "wordings" }},
		"installation":           {approval.KindWording, func(x *approval.Statement) { x.Installation = "" }},
		"practice":               {approval.KindWording, func(x *approval.Statement) { x.Practice = "a b" }},
		"who":                    {approval.KindWording, func(x *approval.Statement) { x.Who = "" }},
		"long subject":           {approval.KindWording, func(x *approval.Statement) { x.Subject = long }},
		"bidi subject":           {approval.KindWording, func(x *approval.Statement) { x.Subject = "a\u202eb" }},
		"line in subject":        {approval.KindWording, func(x *approval.Statement) { x.Subject = "a\nb" }},
		"separator in subject":   {approval.KindWording, func(x *approval.Statement) { x.Subject = "a\u2028b" }},
		"serial 0":               {approval.KindWording, func(x *approval.Statement) { x.Serial = 0 }},
		"serial 2 alone":         {approval.KindWording, func(x *approval.Statement) { x.Serial = 2 }},
		"serial 1 that replaces": {approval.KindWording, func(x *approval.Statement) { x.Supersedes = digest(1) }},
		"no nonce":               {approval.KindWording, func(x *approval.Statement) { x.Nonce = approval.Nonce{} }},
		"expires before 1970":    {approval.KindWording, func(x *approval.Statement) { x.Expires = -1 }},
		"expires too late":       {approval.KindWording, func(x *approval.Statement) { x.Expires = 1 << 60 }},
		"negative limit":         {approval.KindWording, func(x *approval.Statement) { x.Limits = &approval.Limits{Day: -1} }},
		"great limit":            {approval.KindWording, func(x *approval.Statement) { x.Limits = &approval.Limits{Day: 1 << 40} }},
		"purpose":                {approval.KindWording, func(x *approval.Statement) { x.Body.Wording = &approval.WordingBody{Purpose: "spam"} }},
		"window that ends first": {approval.KindOrder, func(x *approval.Statement) { x.Window = &approval.Window{From: 5, Until: 5} }},
		"order without window":   {approval.KindOrder, func(x *approval.Statement) { x.Window = nil }},
		"cap above count":        {approval.KindOrder, func(x *approval.Statement) { x.Limits = &approval.Limits{Total: 41} }},
		"order without cap":      {approval.KindOrder, func(x *approval.Statement) { x.Limits = nil }},
		"letter without end":     {approval.KindLetter, func(x *approval.Statement) { x.Expires = 0 }},
		"letter twice":           {approval.KindLetter, func(x *approval.Statement) { x.Serial, x.Supersedes = 2, digest(1) }},
		"surge of a year":        {approval.KindSurge, func(x *approval.Statement) { x.Window = &approval.Window{From: 1, Until: 366 * 24 * 3600 * 1e6} }},
		"directory of that name": {approval.KindDirectory, func(x *approval.Statement) { x.Subject = "phones" }},
		"hosts out of order": {approval.KindHosts, func(x *approval.Statement) {
			x.Body.Hosts = &approval.HostsBody{Hosts: []string{"b.example", "a.example"}}
		}},
		"hosts twice": {approval.KindHosts, func(x *approval.Statement) {
			x.Body.Hosts = &approval.HostsBody{Hosts: []string{"a.example", "a.example"}}
		}},
		"no hosts list":        {approval.KindHosts, func(x *approval.Statement) { x.Body.Hosts = &approval.HostsBody{} }},
		"a host with a port":   {approval.KindHosts, func(x *approval.Statement) { x.Body.Hosts = &approval.HostsBody{Hosts: []string{"a.example:8080"}} }},
		"an address":           {approval.KindHosts, func(x *approval.Statement) { x.Body.Hosts = &approval.HostsBody{Hosts: []string{"10.0.0.1"}} }},
		"a host in capitals":   {approval.KindHosts, func(x *approval.Statement) { x.Body.Hosts = &approval.HostsBody{Hosts: []string{"A.example"}} }},
		"a host in Cyrillic":   {approval.KindHosts, func(x *approval.Statement) { x.Body.Hosts = &approval.HostsBody{Hosts: []string{"сlinic.example"}} }},
		"a host without a dot": {approval.KindHosts, func(x *approval.Statement) { x.Body.Hosts = &approval.HostsBody{Hosts: []string{"localhost"}} }},
		"sender of two addresses": {approval.KindSender, func(x *approval.Statement) {
			x.Body.Sender = &approval.SenderBody{Channel: "email", Address: "a@b.example,c@d.example"}
		}},
		"sender of other channel": {approval.KindSender, func(x *approval.Statement) { x.Body.Sender = &approval.SenderBody{Channel: "sms", Address: "Clinic"} }},
		"sender with a line": {approval.KindSender, func(x *approval.Statement) {
			x.Body.Sender = &approval.SenderBody{Channel: "email", Address: "a@b.example", Name: "a\r\nBcc: x"}
		}},
		"role": {approval.KindMember, func(x *approval.Statement) { x.Body.Member = &approval.MemberBody{Role: "root"} }},
		"channel without address": {approval.KindMember, func(x *approval.Statement) {
			x.Body.Member = &approval.MemberBody{Role: approval.Owner, Channel: "sms"}
		}},
		"key of that credential":  {approval.KindKey, func(x *approval.Statement) { x.Subject = "short" }},
		"no public key":           {approval.KindKey, func(x *approval.Statement) { x.Body.Key = &approval.KeyBody{Action: approval.Enrol, Member: ben} }},
		"withdraw of nothing":     {approval.KindWithdraw, func(x *approval.Statement) { x.Subject = "w" }},
		"grant without a number":  {approval.KindGrant, func(x *approval.Statement) { x.Limits = &approval.Limits{} }},
		"import without a number": {approval.KindImport, func(x *approval.Statement) { x.Limits = &approval.Limits{} }},
		"lift of no epoch":        {approval.KindLift, func(x *approval.Statement) { x.Body.Lift = &approval.LiftBody{Scope: "practice"} }},
		"resume from nowhere":     {approval.KindResume, func(x *approval.Statement) { x.Body.Resume = &approval.ResumeBody{} }},
	} {
		x := *of[c.kind]
		c.do(&x)
		if err := x.Check(); approval.ReasonOf(err) != approval.Malformed {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestSheetsAreBounded(t *testing.T) {
	t.Parallel()
	c, root := found(t)
	var many []*approval.Statement
	for i := range approval.MaxStatements {
		many = append(many, wording(c, fmt.Sprintf("w%d", i), 1, anna))
	}
	sign(t, c, root, many...) // a new owner approves all starter wordings with one touch
	if n := len(c.State.All(approval.KindWording, c.Now)); n != approval.MaxStatements {
		t.Errorf("%d", n)
	}
	if _, err := c.State.Prepare(c.Now, append(many, wording(c, "one more", 1, anna))...); approval.ReasonOf(err) != approval.Malformed {
		t.Error(err)
	}
	if _, err := c.State.Prepare(c.Now); approval.ReasonOf(err) != approval.Malformed {
		t.Error(err)
	}
	if _, err := c.State.Prepare(c.Now, many[0], many[0]); approval.ReasonOf(err) != approval.Malformed {
		t.Error(err)
	}
	signing, err := c.State.Prepare(c.Now, wording(c, "a", 1, anna), wording(c, "b", 1, anna))
	if err != nil {
		t.Fatal(err)
	}
	signing.Statements[0], signing.Statements[1] = signing.Statements[1], signing.Statements[0]
	_, err = signing.Entry(c.State.Head(), root.Sign(signing.Challenge))
	refused(t, err, approval.BadSignature)
	signing.Statements = signing.Statements[:1]
	_, err = signing.Entry(c.State.Head(), root.Sign(signing.Challenge))
	refused(t, err, approval.Malformed)
}

// A digest of what is signed must not change with the program: this one was made by this program's first version.
func TestTheFormIsFrozen(t *testing.T) {
	t.Parallel()
	x := &approval.Statement{Format: 1, Installation: "house", Practice: "clinic", Kind: approval.KindWording, Subject: "w", Serial: 1, Who: "anna", Nonce: approval.Nonce{1}, Digest: digest(1),
		Body: approval.Body{Wording: &approval.WordingBody{Purpose: "appointments"}}}
	text, err := x.Canonical()
	const want = `{"body":{"wording":{"purpose":"appointments"}},"digest":"0101000000000000000000000000000000000000000000000000000000000000","expires":0,"format":1,"installation":"house","kind":"wording","nonce":"01000000000000000000000000000000","practice":"clinic","serial":1,"subject":"w","supersedes":"","who":"anna"}`
	if err != nil || string(text) != want {
		t.Errorf("%s %v", text, err)
	}
	sheet := &approval.Sheet{Format: 1, Installation: "house", Practice: "clinic", Epoch: 1, Nonce: approval.Nonce{2}, At: 5, Statements: []approval.Digest{sha256.Sum256(text)}}
	raw, err := sheet.Canonical()
	if err != nil {
		t.Fatal(err)
	}
	if got := sha256.Sum256(append([]byte("letterhead approval v1\n"), raw...)); got != approval.Challenge(raw) {
		t.Error("the challenge is SHA-256 over a prefix and the sheet")
	}
}

func FuzzStatement(f *testing.F) {
	for _, x := range every(f) {
		text, err := x.Canonical()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Add([]byte(`{"body":{},"Kind":"wording"}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		x, digest, err := approval.ParseStatement(raw)
		if err != nil {
			if approval.ReasonOf(err) != approval.Malformed {
				t.Fatal(err)
			}
			return
		}
		oracle, err := strict.Canonical(x)
		if err != nil || !bytes.Equal(oracle, raw) || digest != sha256.Sum256(raw) {
			t.Fatalf("%s is not what RFC 8785 has: %s", raw, oracle)
		}
	})
}

func FuzzEntry(f *testing.F) {
	c, root := found(f)
	sign(f, c, root, wording(c, "w", 1, anna), hosts(c, anna, "a.example"))
	for _, e := range c.Entries {
		f.Add(e.Text)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		e, err := approval.ParseEntry(raw)
		if err != nil {
			if approval.ReasonOf(err) == "" {
				t.Fatal(err)
			}
			return
		}
		var any any
		if json.Unmarshal(raw, &any) != nil {
			t.Fatalf("%q was read and is no JSON", raw)
		}
		if oracle, err := strict.Canonical(any); err != nil || !bytes.Equal(oracle, raw) {
			t.Fatalf("%s is not what RFC 8785 has", raw)
		}
		if e.Head.Position < 1 || len(e.Statements()) == 0 {
			t.Fatal("an entry of nothing")
		}
	})
}
