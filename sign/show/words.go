package show

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"letterhead/approval"
	"letterhead/store"
)

// Words are what facts take from outside a statement: rows know the names, a statement knows ids.
type Words struct {
	Self    store.MemberID // who looks
	Zone    *time.Location
	Member  func(store.MemberID) string
	Wording func(subject string) string  // the name of a wording
	Thing   func(id string) string       // the name of a service, location, practitioner or program
	Of      func(approval.Digest) string // what the statement that a digest names is about
}

// Fingerprint is what two people compare of a key, digit by digit: 100 bits over its public key, in groups of four.
func Fingerprint(publicKey []byte) string {
	sum := sha256.Sum256(append([]byte("letterhead key v1\n"), publicKey...))
	return approval.Groups(sum[:13])[:24]
}

// Kind is what a kind of statement is called on a page.
func Kind(k approval.Kind) string {
	return map[approval.Kind]string{
		approval.KindKey: "Signing key", approval.KindMember: "Team member", approval.KindWording: "Template", approval.KindDirectory: "Practice details",
		approval.KindSender: "Sender", approval.KindHosts: "Websites that links may lead to", approval.KindHost: "One website", approval.KindLimits: "Limits",
		approval.KindSurge: "More than the limits for a while", approval.KindRule: "Automatic message", approval.KindOrder: "Bulk message", approval.KindLetter: "Message",
		approval.KindGrant: "Program", approval.KindImport: "Import", approval.KindWithdraw: "Withdrawal", approval.KindLift: "End of a stop", approval.KindResume: "Record of approvals",
	}[k]
}

// Title is what a statement does, as a heading.
func Title(x *approval.Statement, w Words) string {
	b := x.Body
	switch {
	case b.Key != nil:
		return keyTitle(x, w)
	case b.Member != nil:
		return w.Member(store.MemberID(x.Subject)) + " may sign as " + string(b.Member.Role)
	case b.Sender != nil:
		return "Send " + channel(b.Sender.Channel) + " as " + b.Sender.Address
	case b.Host != nil && b.Host.Off:
		return "Switch off all links to " + x.Subject
	case b.Host != nil:
		return "Switch links to " + x.Subject + " on again"
	case b.Order != nil:
		return fmt.Sprintf("Send “%s” to %s recipients", w.Wording(b.Order.Wording), number(b.Order.Count))
	case b.Lift != nil:
		return "Let messages go again"
	case x.Kind == approval.KindWithdraw:
		return "Withdraw: " + w.about(x.Subject)
	case b.Rule != nil:
		return "Send “" + w.Wording(b.Rule.Wording) + "” by itself"
	case x.Kind == approval.KindWording:
		return w.Wording(x.Subject)
	}
	return Kind(x.Kind)
}

func (w Words) about(subject string) string {
	d, err := approval.ParseDigest(subject)
	if err != nil {
		return ""
	}
	return w.Of(d)
}

func keyTitle(x *approval.Statement, w Words) string {
	name := w.Member(x.Body.Key.Member)
	switch x.Body.Key.Action {
	case approval.Recovery:
		return "Recovery sheet of " + name
	case approval.Revoke:
		if x.Body.Key.Since > 0 {
			return "Revoke a stolen signing key of " + name
		}
		return "Revoke a lost signing key of " + name
	}
	return "Signing key of " + name
}

// Facts says in words what a statement says, beside what its content shows.
func Facts(x *approval.Statement, w Words) []Fact {
	out := body(x, w)
	if l := x.Limits; l != nil {
		out = append(out, limits(x.Kind, l)...)
	}
	if x.Window != nil {
		out = append(out, fact("Begins", moment(x.Window.From, w.Zone)), fact("Not after", moment(x.Window.Until, w.Zone)))
	}
	if x.Expires > 0 {
		out = append(out, fact("Ends by itself", moment(x.Expires, w.Zone)))
	}
	return out
}

func body(x *approval.Statement, w Words) []Fact {
	b := x.Body
	switch {
	case b.Key != nil:
		return key(b.Key, w)
	case b.Member != nil:
		out := []Fact{fact("Member", w.Member(store.MemberID(x.Subject))), fact("May sign as", string(b.Member.Role), may(b.Member.Role))}
		if b.Member.Alone > 0 {
			out = append(out, fact("Alone", "bulk messages to at most "+number(b.Member.Alone)+" recipients"))
		}
		if b.Member.Channel != "" {
			out = append(out, fact("Second channel", "is told by "+channel(b.Member.Channel)+" of everything that waits"))
		}
		return out
	case b.Wording != nil:
		return []Fact{fact("Purpose", b.Wording.Purpose)}
	case b.Sender != nil:
		return []Fact{fact("Address", b.Sender.Address), fact("Shown as", b.Sender.Name), fact("For", channel(b.Sender.Channel))}
	case b.Hosts != nil:
		if len(b.Hosts.Hosts) == 0 {
			return []Fact{fact("Links may lead to", "nowhere")}
		}
		return []Fact{fact("Links may lead to", b.Hosts.Hosts...)}
	case b.Host != nil:
		if b.Host.Off {
			return []Fact{fact("From now on", "no link leads to "+x.Subject+", of messages that were delivered long ago too")}
		}
		return []Fact{fact("From then on", "links lead to "+x.Subject+" again where the list of websites has it")}
	case b.Rule != nil:
		return []Fact{fact("Sends", w.Wording(b.Rule.Wording)), fact("By", channel(b.Rule.Channel)), fact("Purpose", b.Rule.Purpose)}
	case b.Order != nil:
		return []Fact{fact("Sends", w.Wording(b.Order.Wording)), fact("By", channel(b.Order.Channel)), fact("To", number(b.Order.Count)+" recipients, each of them fixed",
			"the practice has "+number(b.Order.Active)+" active clients"), fact("Purpose", b.Order.Purpose)}
	case b.Letter != nil:
		return []Fact{fact("By", channel(b.Letter.Channel))}
	case b.Grant != nil:
		return grant(b.Grant, w)
	case b.Import != nil:
		return []Fact{fact("Brings", number(b.Import.Addresses)+" addresses that were never written to")}
	case b.Lift != nil:
		return []Fact{fact("Lifts", b.Lift.Scope)}
	case b.Resume != nil:
		return []Fact{fact("Goes on behind", "entry "+number(b.Resume.From.Position)), fact("Given up", "what was signed after it, up to entry "+number(b.Resume.Lost.Position))}
	case x.Kind == approval.KindWithdraw:
		return []Fact{fact("Withdraws", w.about(x.Subject)), fact("Then", "nothing of it is sent any more, and what it replaced does not come back")}
	}
	return nil
}

func key(k *approval.KeyBody, w Words) []Fact {
	out := []Fact{fact("Whose", w.Member(k.Member))}
	switch k.Action {
	case approval.Enrol:
		out = append(out, fact("Fingerprint", Fingerprint(k.PublicKey)))
		if k.Member != w.Self {
			out = append(out, fact("Compare", "ask "+w.Member(k.Member)+" to read the fingerprint to you, in person or by phone"))
		}
	case approval.Recovery:
		out = append(out, fact("May", "enrol a new signing key for an owner, and nothing else; the new key waits 3 days"))
	case approval.Revoke:
		if k.Since > 0 {
			out = append(out, fact("Stolen", "what it signed from entry "+number(k.Since)+" on does not count any more"))
		} else {
			out = append(out, fact("Lost", "what it signed stays approved"))
		}
		out = append(out, fact("For good", "a revoked key never comes back"))
	}
	return out
}

func grant(g *approval.GrantBody, w Words) []Fact {
	out := []Fact{fact("Program", w.Thing(g.Credential)), fact("May send", w.Wording(g.Wording)), fact("To", "clients that it names, one at a time; names and addresses are the practice’s own"), fact("Purpose", g.Purpose)}
	for _, v := range g.Values {
		what := v.OneOf
		if len(what) == 0 {
			what = []string{"anything that its type allows"}
		}
		out = append(out, fact("Value "+v.Name, what...))
	}
	return out
}

func may(r approval.Role) string {
	switch r {
	case approval.Owner:
		return "everything; keys, roles, senders, websites and limits need an owner"
	case approval.Manager:
		return "everything; some things need an owner's signature too"
	case approval.Practitioner, approval.FrontDesk:
		return "messages to one client, and switching a website off"
	}
	return "nothing"
}

func limits(kind approval.Kind, l *approval.Limits) []Fact {
	var out []Fact
	for _, each := range []struct {
		name string
		n    int64
	}{
		{"Messages a day", l.Day}, {"To one address a day", l.RecipientDay}, {"One member's a day", l.MemberDay}, {"One program's a day", l.CredentialDay},
		{"New addresses a day", l.NewDay}, {"Messages in all", l.Total},
	} {
		if each.n > 0 || kind == approval.KindLimits && each.name != "Messages in all" {
			out = append(out, fact(each.name, "at most "+number(each.n)))
		}
	}
	return out
}

func channel(c string) string {
	switch c {
	case "email":
		return "e-mail"
	case "sms":
		return "text message"
	case "preference":
		return "whichever channel the client prefers"
	}
	return c
}

func number(n int64) string {
	digits := strconv.FormatInt(n, 10)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

func moment(i approval.Instant, zone *time.Location) string { return Moment(i.Time(), zone) }

// Moment writes an instant as the practice's clock shows it.
func Moment(at time.Time, zone *time.Location) string {
	return at.In(zone).Format("Mon 2 Jan 2006, 15:04")
}

// Changed marks what a statement says otherwise than the one in force.
func Changed(now, before []Fact) []Fact {
	out := slices.Clone(now)
	for i, f := range out {
		for _, b := range before {
			if b.Name == f.Name && !slices.Equal(b.Value, f.Value) {
				out[i].Before = b.Value
			}
		}
	}
	return out
}

// Members lists the members of a JSON object, nested ones by their path: for content that has no words of its own yet. Every member is shown.
func Members(content []byte) []Fact {
	var value any
	if err := json.Unmarshal(content, &value); err != nil {
		return []Fact{fact("Content", string(content))}
	}
	return members("", value)
}

func members(path string, value any) []Fact {
	switch v := value.(type) {
	case map[string]any:
		var out []Fact
		for _, name := range slices.Sorted(maps.Keys(v)) {
			out = append(out, members(strings.TrimPrefix(path+" › "+strings.ReplaceAll(name, "_", " "), " › "), v[name])...)
		}
		return out
	case []any:
		f := Fact{Name: path}
		for _, each := range v {
			f.Value = append(f.Value, fmt.Sprint(each))
		}
		return []Fact{f}
	case bool:
		if v {
			return []Fact{fact(path, "yes")}
		}
		return []Fact{fact(path, "no")}
	}
	return []Fact{fact(path, fmt.Sprint(value))}
}
