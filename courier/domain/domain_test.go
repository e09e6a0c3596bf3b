package domain_test

import (
	"context"
	"crypto"
	"net"
	"reflect"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"letterhead/courier/dkim"
	"letterhead/courier/domain"
)

// keys are made once: an RSA key costs some 100 ms.
var keys = sync.OnceValue(func() []dkim.Key {
	var out []dkim.Key
	for selector, make := range map[string]func() (crypto.Signer, error){"lhr": dkim.GenerateRSA, "lhe": dkim.GenerateEd25519} {
		key, err := make()
		if err != nil {
			panic(err)
		}
		out = append(out, dkim.Key{Selector: selector, Private: key})
	}
	if out[0].Selector == "lhe" {
		out[0], out[1] = out[1], out[0]
	}
	return out
})

func own() domain.Setup {
	return domain.Setup{Name: "clinic.example", Platform: "mail.host.example", Relay: "relay.host.example", Keys: keys()}
}

func platform() domain.Setup {
	return domain.Setup{Name: "mail.host.example", Kind: domain.Platform, Platform: "mail.host.example", Relay: "relay.host.example", Keys: keys()}
}

func below() domain.Setup {
	return domain.Setup{Name: "wattle.mail.host.example", Kind: domain.Below, Platform: "mail.host.example", Relay: "relay.host.example"}
}

// zone is a DNS for tests.
type zone struct {
	txt   map[string][]string
	cname map[string]string
	mx    map[string][]string
	fail  string // names that contain it cannot be asked
	hang  bool   // answers never, whatever its context says
	asked chan struct{}
}

func none(name string) error { return &net.DNSError{Err: "no such host", Name: name, IsNotFound: true} }

func (z *zone) trouble(name string) error {
	if z.hang {
		<-z.asked
	}
	if z.fail != "" && strings.Contains(name, z.fail) {
		return &net.DNSError{Err: "server misbehaving", Name: name, IsTemporary: true}
	}
	return nil
}

// find follows a CNAME, and answers wildcards.
func find[T any](z *zone, from map[string]T, name string) (T, bool) {
	if to, is := z.cname[name]; is {
		name = to
	}
	if v, is := from[name]; is {
		return v, true
	}
	for at := strings.IndexByte(name, '.'); at >= 0; {
		if v, is := from["*"+name[at:]]; is {
			return v, true
		}
		next := strings.IndexByte(name[at+1:], '.')
		if next < 0 {
			break
		}
		at += next + 1
	}
	var zero T
	return zero, false
}

func (z *zone) LookupTXT(_ context.Context, name string) ([]string, error) {
	if err := z.trouble(name); err != nil {
		return nil, err
	}
	if v, is := find(z, z.txt, name); is {
		return v, nil
	}
	return nil, none(name)
}

func (z *zone) LookupCNAME(_ context.Context, name string) (string, error) {
	if err := z.trouble(name); err != nil {
		return "", err
	}
	if to, is := z.cname[name]; is {
		return to + ".", nil
	}
	return "", none(name) // also for a name without an address
}

func (z *zone) LookupMX(_ context.Context, name string) ([]*net.MX, error) {
	if err := z.trouble(name); err != nil {
		return nil, err
	}
	v, is := find(z, z.mx, name)
	if !is {
		return nil, none(name)
	}
	var out []*net.MX
	for _, host := range v {
		out = append(out, &net.MX{Host: host + ".", Pref: 10})
	}
	return out, nil
}

// published is a DNS where the records of setups were pasted.
func published(t *testing.T, setups ...domain.Setup) *zone {
	t.Helper()
	z := &zone{txt: map[string][]string{}, cname: map[string]string{}, mx: map[string][]string{}}
	for _, s := range setups {
		records, err := domain.Records(s)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range records {
			switch r.Type {
			case "TXT":
				z.txt[r.Name] = append(z.txt[r.Name], r.Value)
			case "CNAME":
				z.cname[r.Name] = r.Value
			case "MX":
				z.mx[r.Name] = append(z.mx[r.Name], strings.TrimPrefix(r.Value, "10 "))
			}
		}
	}
	return z
}

func check(t *testing.T, z *zone, s domain.Setup) map[string]domain.Finding {
	t.Helper()
	found, err := domain.Check(t.Context(), z, s)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]domain.Finding{}
	for _, f := range found {
		if f.Good != (f.State == domain.Good) || (!f.Good && f.Say == "") || len(f.Found) > 10 {
			t.Errorf("finding %+v", f)
		}
		out[f.Type+" "+f.Name] = f
	}
	return out
}

func TestRecords(t *testing.T) {
	t.Parallel()
	local := own()
	local.Platform = "letterhead.localhost"
	spf := "v=spf1 a:relay.host.example -all"
	for name, test := range map[string]struct {
		setup domain.Setup
		want  []string
	}{
		"own": {own(), []string{"bounce.clinic.example CNAME bounce.mail.host.example", "lhr._domainkey.clinic.example TXT ", "lhe._domainkey.clinic.example TXT ", "_dmarc.clinic.example TXT v=DMARC1; p=none"}},
		"own, no platform": {local, []string{"bounce.clinic.example MX 10 relay.host.example", "bounce.clinic.example TXT " + spf, "lhr._domainkey.clinic.example TXT ", "lhe._domainkey.clinic.example TXT ",
			"_dmarc.clinic.example TXT v=DMARC1; p=none"}},
		"platform": {platform(), []string{"bounce.mail.host.example MX 10 relay.host.example", "bounce.mail.host.example TXT " + spf, "*.mail.host.example MX 10 relay.host.example", "*.mail.host.example TXT " + spf,
			"lhr._domainkey.mail.host.example TXT ", "lhe._domainkey.mail.host.example TXT ", "_dmarc.mail.host.example TXT v=DMARC1; p=none"}},
		"below": {below(), []string{"bounce.wattle.mail.host.example MX 10 relay.host.example", "bounce.wattle.mail.host.example TXT " + spf}},
	} {
		got, err := domain.Records(test.setup)
		if err != nil || len(got) != len(test.want) {
			t.Fatalf("%s: %+v, %v", name, got, err)
		}
		for i, r := range got {
			line := r.Name + " " + r.Type + " " + r.Value
			if strings.HasSuffix(test.want[i], " ") && !strings.HasPrefix(line, test.want[i]+"v=DKIM1; k=") || !strings.HasSuffix(test.want[i], " ") && line != test.want[i] {
				t.Errorf("%s: %s, want %s", name, line, test.want[i])
			}
			if len(r.Why) < 20 || r.Zone == "" {
				t.Errorf("%s: why %q zone %q", name, r.Why, r.Zone)
			}
			if r.Type == "TXT" {
				for part := range strings.SplitSeq(strings.Trim(r.Zone, `"`), `" "`) {
					if len(part) > 255 {
						t.Errorf("a string of %d bytes", len(part))
					}
				}
				if strings.Join(strings.Split(strings.Trim(r.Zone, `"`), `" "`), "") != r.Value {
					t.Errorf("%s: zone %s", name, r.Zone)
				}
			}
		}
	}
}

func TestWhatWasPastedIsGood(t *testing.T) {
	t.Parallel()
	z := published(t, own(), platform()) // below needs nothing of its own: the platform's wildcard answers
	for _, s := range []domain.Setup{own(), platform(), below()} {
		for name, f := range check(t, z, s) {
			if f.State != domain.Good {
				t.Errorf("%s: %+v", name, f)
			}
		}
	}
	local := own()
	local.Platform = ""
	for name, f := range check(t, published(t, local), local) {
		if f.State != domain.Good {
			t.Errorf("%s: %+v", name, f)
		}
	}
}

func TestAnEmptyDNSMissesEverything(t *testing.T) {
	t.Parallel()
	for _, s := range []domain.Setup{own(), platform(), below()} {
		for name, f := range check(t, &zone{}, s) {
			if f.State != domain.Missing || f.Say != "add this record" {
				t.Errorf("%s: %+v", name, f)
			}
		}
	}
}

func TestFindings(t *testing.T) {
	t.Parallel()
	other := dkim.Key{Selector: "lhr"}
	var err error
	if other.Private, err = dkim.GenerateRSA(); err != nil {
		t.Fatal(err)
	}
	wrong, err := dkim.Record(other.Private)
	if err != nil {
		t.Fatal(err)
	}
	const (
		path  = "bounce.clinic.example"
		alias = "CNAME " + path
		rsa   = "lhr._domainkey.clinic.example"
		dmarc = "_dmarc.clinic.example"
	)
	set := func(name string, values ...string) func(*zone) {
		return func(z *zone) { z.txt[name] = values }
	}
	byHand := func(mx string, spf ...string) func(*zone) {
		return func(z *zone) { delete(z.cname, path); z.mx[path] = []string{mx}; z.txt[path] = spf }
	}
	for name, test := range map[string]struct {
		change func(*zone)
		record string
		state  domain.State
		say    string // part of it
	}{
		"alias elsewhere":        {func(z *zone) { z.cname[path] = "elsewhere.example" }, alias, domain.Different, "leads elsewhere"},
		"platform not there":     {func(z *zone) { delete(z.mx, "bounce.mail.host.example"); delete(z.mx, "*.mail.host.example") }, alias, domain.Different, "domain check mail.host.example"},
		"by hand":                {byHand("relay.host.example", "v=spf1 a:relay.host.example -all"), alias, domain.Good, ""},
		"by hand, include":       {byHand("relay.host.example", "v=SPF1 ip4:192.0.2.1 +include:BOUNCE.mail.host.example ~all"), alias, domain.Good, ""},
		"by hand, redirect":      {byHand("relay.host.example", "v=spf1 redirect=bounce.mail.host.example"), alias, domain.Good, ""},
		"by hand, no SPF":        {byHand("relay.host.example", "some text"), alias, domain.Different, "there is no SPF record"},
		"by hand, two SPF":       {byHand("relay.host.example", "v=spf1 a:relay.host.example -all", "v=spf1 -all"), alias, domain.Different, "several SPF"},
		"by hand, after the end": {byHand("relay.host.example", "v=spf1 -all a:relay.host.example"), alias, domain.Different, "does not name our relay"},
		"by hand, refused":       {byHand("relay.host.example", "v=spf1 -a:relay.host.example ?all"), alias, domain.Different, "does not name our relay"},
		"by hand, spf10":         {byHand("relay.host.example", "v=spf10 a:relay.host.example"), alias, domain.Different, "there is no SPF record"},
		"by hand, other MX":      {byHand("mx.elsewhere.example", "v=spf1 a:relay.host.example -all"), alias, domain.Different, "leads elsewhere"},
		"another key":            {set(rsa, wrong), "TXT " + rsa, domain.Different, "another public key"},
		"revoked key":            {set(rsa, "v=DKIM1; p="), "TXT " + rsa, domain.Different, "holds no key"},
		"two keys":               {set(rsa, wrong, wrong), "TXT " + rsa, domain.Different, "several records"},
		"no key":                 {func(z *zone) { delete(z.txt, rsa) }, "TXT " + rsa, domain.Missing, "add"},
		"watching":               {set(dmarc, "v=DMARC1; p=none; rua=mailto:x@clinic.example"), "TXT " + dmarc, domain.Good, "only watches"},
		"rejecting":              {set(dmarc, "v=DMARC1;p=reject;"), "TXT " + dmarc, domain.Good, ""},
		"without p":              {set(dmarc, "v=DMARC1; rua=mailto:x@clinic.example"), "TXT " + dmarc, domain.Good, "only watches"},
		"removed tags":           {set(dmarc, "v=DMARC1; p=reject; pct=50; ri=86400; rf=afrf"), "TXT " + dmarc, domain.Good, "pct is no longer read"},
		"testing":                {set(dmarc, "v=DMARC1; p=reject; t=y"), "TXT " + dmarc, domain.Good, "t=y"},
		"public suffix":          {set(dmarc, "v=DMARC1; p=reject; psd=y"), "TXT " + dmarc, domain.Different, "psd=y"},
		"no policy":              {set(dmarc, "v=DMARC1; p=block"), "TXT " + dmarc, domain.Different, "p=none, quarantine or reject"},
		"np is none either":      {set(dmarc, "v=DMARC1; p=reject; np=maybe"), "TXT " + dmarc, domain.Different, "np is not a policy"},
		"two policies":           {set(dmarc, "v=DMARC1; p=reject", "v=DMARC1; p=none"), "TXT " + dmarc, domain.Different, "several"},
		"a policy and a text":    {set(dmarc, "v=spf1 -all", "v=DMARC1; p=reject"), "TXT " + dmarc, domain.Good, ""},
		"written otherwise":      {set(dmarc, "v=dmarc1; p=reject"), "TXT " + dmarc, domain.Missing, "add"},
		"p first":                {set(dmarc, "p=reject; v=DMARC1"), "TXT " + dmarc, domain.Missing, "add"},
		"a server in trouble":    {func(z *zone) { z.fail = "_dmarc" }, "TXT " + dmarc, domain.Unknown, "did not answer"},
		"its CNAME in trouble":   {func(z *zone) { z.fail = "bounce." }, alias, domain.Unknown, "did not answer"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			z := published(t, own(), platform())
			test.change(z)
			f := check(t, z, own())[test.record]
			if f.State != test.state || !strings.Contains(f.Say, test.say) || test.say == "" && f.Say != "" {
				t.Errorf("%s: %q, found %q", f.State, f.Say, f.Found)
			}
		})
	}
}

func TestThePolicyOfAParentCounts(t *testing.T) {
	t.Parallel()
	s := own()
	s.Name = "a.b.c.d.e.f.g.h.i.clinic.example" // more labels than are walked one by one
	z := &zone{txt: map[string][]string{"_dmarc.clinic.example": {"v=DMARC1; p=reject; sp=none"}, "_dmarc.example": {"v=DMARC1; p=reject; psd=y"}}}
	f := check(t, z, s)["TXT _dmarc."+s.Name]
	if f.State != domain.Good || !strings.Contains(f.Say, "the record of clinic.example counts") || !strings.Contains(f.Say, "only watches") {
		t.Errorf("%+v", f)
	}
	for _, test := range []struct {
		parents map[string]string
		counts  string // "": none
	}{
		{map[string]string{"h.i.clinic.example": "", "clinic.example": ""}, "clinic.example"},               // the highest
		{map[string]string{"h.i.clinic.example": "psd=n", "clinic.example": ""}, "h.i.clinic.example"},      // says that it is the organisation
		{map[string]string{"i.clinic.example": "", "clinic.example": "psd=y"}, "i.clinic.example"},          // right below a public suffix
		{map[string]string{"h.i.clinic.example": "", "clinic.example": "psd=y"}, ""},                        // not right below
		{map[string]string{"a.b.c.d.e.f.g.h.i.clinic.other": "", "b.c.d.e.f.g.h.i.clinic.example": ""}, ""}, // jumped over
	} {
		walk := &zone{txt: map[string][]string{}}
		for name, tag := range test.parents {
			walk.txt["_dmarc."+name] = []string{"v=DMARC1; p=reject; " + tag}
		}
		f := check(t, walk, s)["TXT _dmarc."+s.Name]
		if test.counts == "" && f.State != domain.Missing || test.counts != "" && !strings.Contains(f.Say, "the record of "+test.counts+" counts") {
			t.Errorf("%v: %s %q", test.parents, f.State, f.Say)
		}
	}
	delete(z.txt, "_dmarc.clinic.example")
	if f := check(t, z, s)["TXT _dmarc."+s.Name]; f.State != domain.Missing {
		t.Errorf("a registry's record counts: %+v", f)
	}
	strict := published(t, platform())
	strict.txt["_dmarc.mail.host.example"] = []string{"v=DMARC1; p=reject; adkim=s"}
	if f := check(t, strict, platform())["TXT _dmarc.mail.host.example"]; f.State != domain.Different || !strings.Contains(f.Say, "adkim=s") {
		t.Errorf("strict alignment of the platform: %+v", f)
	}
}

func TestAServerThatNeverAnswersIsLeft(t *testing.T) {
	t.Parallel()
	setup := own()
	synctest.Test(t, func(t *testing.T) {
		z := &zone{hang: true, asked: make(chan struct{})}
		begun := time.Now()
		found, err := domain.Check(t.Context(), z, setup)
		if err != nil || len(found) != 4 {
			t.Fatalf("%d findings, %v", len(found), err)
		}
		if took := time.Since(begun); took > 15*time.Second {
			t.Errorf("it took %v", took)
		}
		for _, f := range found {
			if f.State != domain.Unknown {
				t.Errorf("%+v", f)
			}
		}
		close(z.asked)
		synctest.Wait()
	})
}

func TestLongAnswersAreCut(t *testing.T) {
	t.Parallel()
	many := make([]string, 50)
	for i := range many {
		many[i] = "v=DMARC1; p=none; x=" + strings.Repeat("é", 5000)
	}
	f := check(t, &zone{txt: map[string][]string{"_dmarc.clinic.example": many}}, own())["TXT _dmarc.clinic.example"]
	if len(f.Found) != 10 || len(f.Found[0]) > 520 {
		t.Errorf("%d values of %d bytes", len(f.Found), len(f.Found[0]))
	}
}

func TestCheckName(t *testing.T) {
	t.Parallel()
	for _, good := range []string{"clinic.example", "mail.clinic.example", "xn--prxis-hra.example", "a-b.co.uk", "1.example", "clinic.com.au"} {
		if err := domain.CheckName(good, "mail.host.example"); err != nil {
			t.Errorf("%s: %v", good, err)
		}
	}
	for bad, says := range map[string]string{
		"": "lower case", "example": "two parts", "Clinic.example": "lower case|as the DNS has it", "clinic.example.": "lower case", "https://clinic.example": "lower case", "präxis.example": "xn--prxis-hra.example",
		"clinic..example": "lower case", "-a.example": "lower case", "a-.example": "lower case", "a_b.example": "lower case", "a b.example": "lower case", "xn--a.example": "lower case", "ab--c.example": "lower case",
		"co.uk": "many owners", "github.io": "many owners", "com.au": "many owners", "192.0.2.1": "machine", "clinic.localhost": "localhost", "x.onion": "onion",
		"mail.host.example": "platform", "wattle.mail.host.example": "platform", "../../etc": "lower case", strings.Repeat("a.", 130) + "example": "lower case", strings.Repeat("a", 64) + ".example": "lower case",
	} {
		err := domain.CheckName(bad, "mail.host.example")
		ok := false
		for part := range strings.SplitSeq(says, "|") {
			ok = ok || err != nil && strings.Contains(err.Error(), part)
		}
		if !ok {
			t.Errorf("%q: %v, want %q", bad, err, says)
		}
	}
	if err := domain.CheckName("host.example", "mail.host.example"); err != nil {
		t.Errorf("above the platform's: %v", err)
	}
}

func TestRelated(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		a, b string
		want bool
	}{{"clinic.example", "clinic.example", true}, {"mail.clinic.example", "clinic.example", true}, {"clinic.example", "a.b.clinic.example", true}, {"myclinic.example", "clinic.example", false}, {"a.clinic.example", "b.clinic.example", false}} {
		if domain.Related(test.a, test.b) != test.want || domain.Related(test.b, test.a) != test.want {
			t.Errorf("%s and %s", test.a, test.b)
		}
	}
}

func TestTheRealResolverFits(t *testing.T) {
	t.Parallel()
	if !reflect.TypeFor[*net.Resolver]().Implements(reflect.TypeFor[domain.Resolver]()) {
		t.Error("net.Resolver cannot be asked")
	}
	if _, err := domain.Records(domain.Setup{Name: "a.example", Keys: []dkim.Key{{Selector: "x"}}}); err == nil {
		t.Error("a key that is none")
	}
}

func FuzzCheck(f *testing.F) {
	for _, seed := range []string{"v=DMARC1; p=none", "v=spf1 a:relay.host.example -all", "v=DKIM1; k=rsa; p=AA==", ";;=;", "v=DMARC1;=;p", "v=spf1", "v=DMARC1; p = reject ; PCT=5", "\xff;v=DMARC1"} {
		f.Add(seed, seed)
	}
	setup := own()
	f.Fuzz(func(t *testing.T, first, second string) {
		z := &zone{txt: map[string][]string{}, mx: map[string][]string{"bounce.clinic.example": {"relay.host.example"}}}
		for _, name := range []string{"bounce.clinic.example", "lhr._domainkey.clinic.example", "lhe._domainkey.clinic.example", "_dmarc.clinic.example"} {
			z.txt[name] = []string{first}
			if second != "" {
				z.txt[name] = append(z.txt[name], second)
			}
		}
		for name, f := range check(t, z, setup) {
			if f.State == "" || f.State == domain.Unknown {
				t.Errorf("%s: %+v", name, f)
			}
		}
	})
}
