package domain

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	"letterhead/courier/dkim"
)

// Resolver is what Check asks; *net.Resolver is one.
type Resolver interface {
	LookupTXT(ctx context.Context, name string) ([]string, error)
	LookupCNAME(ctx context.Context, name string) (string, error)
	LookupMX(ctx context.Context, name string) ([]*net.MX, error)
}

// State is how a record compares.
type State string

// The states of a record.
const (
	Good      State = "good"
	Missing   State = "missing"
	Different State = "different"
	Unknown   State = "unknown" // the DNS did not answer
)

// Finding is how one record stands in the DNS.
type Finding struct {
	Record
	State State    `json:"state"`
	Good  bool     `json:"good"`
	Found []string `json:"found"`
	Say   string   `json:"say"` // what to do; a good one may have a remark
}

// Bounds of a check.
const (
	perLookUp = 5 * time.Second
	maxFound  = 10  // values of one name
	maxQuoted = 512 // bytes of one value
	maxWalk   = 8   // look-ups of one DMARC policy (RFC 9989 §4.10)
)

// Check compares the DNS with Records, all records at the same time.
func Check(ctx context.Context, r Resolver, s Setup) ([]Finding, error) {
	records, err := Records(s)
	if err != nil {
		return nil, err
	}
	out := make([]Finding, len(records))
	var wait sync.WaitGroup
	for i, want := range records {
		wait.Go(func() {
			f := &Finding{Record: want}
			c := checking{Setup: s, ctx: ctx, resolver: r, finding: f}
			if err := c.look(); err != nil {
				f.State, f.Say = Unknown, "the DNS did not answer; try again in a few minutes"
			}
			f.Good = f.State == Good
			for n := range f.Found {
				f.Found[n] = bounded(f.Found[n])
			}
			f.Found = f.Found[:min(len(f.Found), maxFound)]
			out[i] = *f
		})
	}
	wait.Wait()
	return out, nil
}

func bounded(s string) string {
	s = strings.ToValidUTF8(s, "?")
	if len(s) > maxQuoted {
		s = strings.ToValidUTF8(s[:maxQuoted], "") + "…"
	}
	return s
}

// checking is one record being looked at.
type checking struct {
	Setup
	ctx      context.Context
	resolver Resolver
	finding  *Finding
}

func (c *checking) is(state State, format string, args ...any) error {
	c.finding.State, c.finding.Say = state, fmt.Sprintf(format, args...)
	return nil
}

func (c *checking) look() error {
	want := c.finding
	switch {
	case want.Type == "CNAME":
		return c.alias()
	case want.Type == "MX":
		return c.exchange(asked(want.Name))
	case strings.HasPrefix(want.Name, "_dmarc."):
		return c.policy()
	case strings.HasPrefix(want.Value, "v=spf1"):
		return c.spf(asked(want.Name))
	}
	return c.key()
}

// asked is a name that a wildcard must answer.
func asked(name string) string {
	if below, wild := strings.CutPrefix(name, "*."); wild {
		return "bounce.letterhead-check." + below
	}
	return name
}

// answerOf asks once, within perLookUp, also where a resolver does not heed its context. No such name is an empty answer.
func answerOf[T any](c *checking, ask func(context.Context) (T, error)) (T, error) {
	type answer struct {
		value T
		err   error
	}
	ctx, cancel := context.WithTimeout(c.ctx, perLookUp)
	defer cancel()
	done := make(chan answer, 1)
	go func() {
		value, err := ask(ctx)
		done <- answer{value, err}
	}()
	var none T
	select {
	case <-ctx.Done():
		return none, ctx.Err()
	case a := <-done:
		var missing *net.DNSError
		if errors.As(a.err, &missing) && missing.IsNotFound {
			return none, nil
		}
		return a.value, a.err
	}
}

func (c *checking) texts(name string) ([]string, error) {
	return answerOf(c, func(ctx context.Context) ([]string, error) { return c.resolver.LookupTXT(ctx, name) })
}

func host(name string) string { return strings.ToLower(strings.TrimSuffix(name, ".")) }

func (c *checking) exchangers(name string) ([]string, bool, error) {
	all, err := answerOf(c, func(ctx context.Context) ([]*net.MX, error) { return c.resolver.LookupMX(ctx, name) })
	var found []string
	ours := false
	for _, mx := range all {
		found = append(found, fmt.Sprintf("%d %s", mx.Pref, host(mx.Host)))
		ours = ours || host(mx.Host) == c.Relay
	}
	return found, ours, err
}

func (c *checking) exchange(name string) error {
	found, ours, err := c.exchangers(name)
	c.finding.Found = found
	switch {
	case err != nil:
		return err
	case ours:
		return c.is(Good, "")
	case len(found) == 0:
		return c.is(Missing, "add this record")
	}
	return c.is(Different, "it leads elsewhere: add %s, and take the others away", c.finding.Value)
}

// alias accepts the CNAME, and whatever says the same without one.
func (c *checking) alias() error {
	name := c.finding.Name
	// An alias to a name that has no address is an error to some resolvers: what follows tells, too.
	target, err := answerOf(c, func(ctx context.Context) (string, error) { return c.resolver.LookupCNAME(ctx, name) })
	aliased := err == nil && host(target) == c.finding.Value
	if err == nil && target != "" && host(target) != name {
		c.finding.Found = append(c.finding.Found, "CNAME "+host(target))
	}
	exchangers, ours, err := c.exchangers(name)
	if err != nil {
		return err
	}
	texts, err := c.texts(name)
	if err != nil {
		return err
	}
	for _, e := range exchangers {
		c.finding.Found = append(c.finding.Found, "MX "+e)
	}
	policies := starting(texts, "v=spf1")
	for _, p := range policies {
		c.finding.Found = append(c.finding.Found, "TXT "+p)
	}
	spf := c.judge(policies)
	switch {
	case ours && spf == "":
		return c.is(Good, "")
	case aliased:
		return c.is(Different, "this record is right, but the platform's own are not: run letterhead domain check %s", c.Platform)
	case len(c.finding.Found) == 0:
		return c.is(Missing, "add this record")
	case ours:
		return c.is(Different, "TXT %s: %s; or take what is there away and add this record", name, spf)
	}
	return c.is(Different, "it leads elsewhere: take what is there away and add this record")
}

func starting(texts []string, start string) []string {
	return slices.DeleteFunc(slices.Clone(texts), func(s string) bool {
		first, _, _ := strings.Cut(strings.ToLower(s), " ")
		return strings.TrimSpace(first) != start
	})
}

func (c *checking) spf(name string) error {
	texts, err := c.texts(name)
	if err != nil {
		return err
	}
	c.finding.Found = starting(texts, "v=spf1")
	if len(c.finding.Found) == 0 {
		return c.is(Missing, "add this record")
	}
	if say := c.judge(c.finding.Found); say != "" {
		return c.is(Different, "%s", say)
	}
	return c.is(Good, "")
}

// judge says what is wrong with a name's SPF records; "" when our relay passes.
func (c *checking) judge(policies []string) string {
	want := "a:" + c.Relay
	if len(policies) == 0 {
		return "there is no SPF record; add " + c.sender()
	}
	if len(policies) > 1 {
		return "there are several SPF records, which counts as none (RFC 7208 §4.5); keep one"
	}
	passes := []string{want, "include:" + ReturnPath(c.Platform), "redirect=" + ReturnPath(c.Platform)}
	for _, term := range strings.Fields(strings.ToLower(policies[0]))[1:] {
		term = strings.TrimPrefix(term, "+")
		if slices.Contains(passes, term) {
			return ""
		}
		if len(term) > 0 && strings.TrimLeft(term, "-~?") == "all" {
			break // what stands after it is not read (RFC 7208 §5.1)
		}
	}
	return "the SPF record does not name our relay: add " + want + " before its end"
}

func (c *checking) key() error {
	selector, _, _ := strings.Cut(c.finding.Name, ".")
	texts, err := c.texts(c.finding.Name)
	if err != nil {
		return err
	}
	c.finding.Found = texts
	if len(texts) == 0 {
		return c.is(Missing, "add this record")
	}
	if len(texts) > 1 {
		return c.is(Different, "there are several records, and receivers take any (RFC 6376 §3.6.2.2): keep this one alone")
	}
	at := slices.IndexFunc(c.Keys, func(k dkim.Key) bool { return k.Selector == selector })
	if at < 0 {
		return fmt.Errorf("no key for selector %s", selector)
	}
	if err := dkim.CheckRecord(texts[0], c.Keys[at].Private); err != nil {
		return c.is(Different, "%s; replace it by this record", strings.TrimPrefix(err.Error(), "dkim: "))
	}
	return c.is(Good, "")
}

// policy finds the DMARC policy as receivers do: the domain's own record, else that of its organisation, which is found by walking up the
// tree (RFC 9989 §4.10).
func (c *checking) policy() error {
	texts, err := c.texts("_dmarc." + c.Name)
	if err != nil {
		return err
	}
	c.finding.Found = versioned(texts)
	switch len(c.finding.Found) {
	case 0:
	case 1:
		return c.judgePolicy(c.Name, c.finding.Found[0])
	default:
		return c.is(Different, "there are several DMARC records, which counts as none; keep one")
	}
	name, record, err := c.above()
	if err != nil {
		return err
	}
	if record == "" {
		return c.is(Missing, "add this record")
	}
	c.finding.Found = []string{record}
	return c.judgePolicy(name, record)
}

// above is the record of the organisation's domain: the one that says psd=n, or stands right below one that says psd=y, else the highest. What
// a registry of one label says is not looked at: it is not the practice's.
func (c *checking) above() (name, record string, err error) {
	labels := strings.Split(c.Name, ".")
	last := ""
	for range maxWalk - 1 {
		last = strings.Join(labels, ".")
		labels = labels[max(1, len(labels)-7):]
		if len(labels) < 2 {
			break
		}
		target := strings.Join(labels, ".")
		texts, err := c.texts("_dmarc." + target)
		if err != nil {
			return "", "", err
		}
		found := versioned(texts)
		if len(found) != 1 { // several count as none
			continue
		}
		switch tagsOf(found[0])["psd"] {
		case "n":
			return target, found[0], nil
		case "y":
			if name != last {
				return "", "", nil
			}
			return name, record, nil
		}
		name, record = target, found[0]
	}
	return name, record, nil
}

// versioned keeps the texts that are DMARC records: their first tag says so, in these letters (RFC 9989 §4.7).
func versioned(texts []string) []string {
	return slices.DeleteFunc(slices.Clone(texts), func(s string) bool {
		first, _, _ := strings.Cut(s, ";")
		name, value, _ := strings.Cut(first, "=")
		return strings.TrimSpace(name) != "v" || strings.TrimSpace(value) != "DMARC1"
	})
}

func tagsOf(record string) map[string]string {
	tags := map[string]string{}
	for tag := range strings.SplitSeq(record, ";") {
		key, value, _ := strings.Cut(tag, "=")
		tags[strings.ToLower(strings.TrimSpace(key))] = strings.ToLower(strings.TrimSpace(value))
	}
	return tags
}

func (c *checking) judgePolicy(name, record string) error {
	tags := tagsOf(record)
	for _, key := range []string{"p", "sp", "np"} {
		if value, there := tags[key]; there && value != "none" && value != "quarantine" && value != "reject" {
			return c.is(Different, "%s is not a policy: write %s=none, quarantine or reject", key, key)
		}
	}
	switch {
	case c.Kind == Platform && tags["adkim"] == "s":
		return c.is(Different, "adkim=s refuses the signature of this domain for its labels: take it away")
	case tags["psd"] == "y":
		return c.is(Different, "psd=y says that many owners have names below this domain: take it away")
	}
	var remarks []string
	if name != c.Name {
		remarks = append(remarks, "the record of "+name+" counts for this domain")
	}
	policy := tags["p"]
	if name != c.Name && tags["sp"] != "" {
		policy = tags["sp"]
	}
	if policy == "" || policy == "none" {
		remarks = append(remarks, "it only watches: when reports show that all real mail passes, go on to p=quarantine, then p=reject")
	}
	if tags["t"] == "y" {
		remarks = append(remarks, "t=y asks receivers not to apply the policy in full yet")
	}
	for _, gone := range []string{"pct", "rf", "ri"} {
		if _, there := tags[gone]; there {
			remarks = append(remarks, gone+" is no longer read (RFC 9989): take it away")
		}
	}
	return c.is(Good, "%s", strings.Join(remarks, "; "))
}
