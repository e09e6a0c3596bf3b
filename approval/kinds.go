package approval

import (
	"slices"
	"strings"
	"time"

	"letterhead/approval/assertion"
	"letterhead/approval/form"
)

// What a kind's statements carry. Who may sign it, and whether two must, stands in state.go.
type shape struct {
	digest  bool // of what is approved: required, else forbidden
	limits  bool
	window  bool
	subject string           // the only subject, "" for any
	longest time.Duration    // it must say its end (expires or window), and ends so long after it was signed at the latest; 0: need not
	oneShot bool             // its subject occurs once: serial 1 alone
	body    func(*Body) bool // takes the member of the kind out; false when it is not there
	check   func(*Statement) error
}

const day = 24 * time.Hour

var shapes = map[Kind]shape{
	KindKey:       {body: func(b *Body) bool { return take(&b.Key) }, check: checkKey},
	KindMember:    {body: func(b *Body) bool { return take(&b.Member) }, check: checkMember},
	KindWording:   {digest: true, limits: true, body: func(b *Body) bool { return take(&b.Wording) }, check: checkWording},
	KindDirectory: {digest: true, subject: "directory"},
	KindSender:    {body: func(b *Body) bool { return take(&b.Sender) }, check: checkSender},
	KindHosts:     {subject: "hosts", body: func(b *Body) bool { return take(&b.Hosts) }, check: checkHosts},
	KindHost:      {body: func(b *Body) bool { return take(&b.Host) }, check: checkHost},
	KindLimits:    {limits: true, subject: "limits", check: needLimits},
	KindSurge:     {limits: true, window: true, longest: 31 * day, oneShot: true, check: checkSurge},
	KindRule:      {digest: true, limits: true, body: func(b *Body) bool { return take(&b.Rule) }, check: checkRule},
	KindOrder:     {digest: true, limits: true, window: true, longest: 366 * day, body: func(b *Body) bool { return take(&b.Order) }, check: checkOrder},
	KindLetter:    {digest: true, longest: 31 * day, oneShot: true, body: func(b *Body) bool { return take(&b.Letter) }, check: checkLetter},
	KindGrant:     {digest: true, limits: true, body: func(b *Body) bool { return take(&b.Grant) }, check: checkGrant},
	KindImport:    {digest: true, limits: true, longest: 93 * day, oneShot: true, body: func(b *Body) bool { return take(&b.Import) }, check: checkImport},
	KindWithdraw:  {oneShot: true, check: checkWithdraw},
	KindLift:      {oneShot: true, body: func(b *Body) bool { return take(&b.Lift) }, check: checkLift},
	KindResume:    {subject: "chain", body: func(b *Body) bool { return take(&b.Resume) }, check: checkResume},
}

// Check holds a statement to its kind: which parts it has, and their bounds. It knows nothing of the chain.
func (s *Statement) Check() error {
	shape, known := shapes[s.Kind]
	switch {
	case s.Format != Format:
		return bad("format", "this program reads format %d", Format)
	case !known:
		return bad("kind", "there is no such kind of statement")
	case !form.ID(s.Installation):
		return bad("installation", "name the installation")
	case !form.ID(string(s.Practice)):
		return bad("practice", "name the practice")
	case !form.ID(string(s.Who)):
		return bad("who", "name the member who signs")
	case s.Subject == "" || len(s.Subject) > MaxSubject || !form.Printable(s.Subject):
		return bad("subject", "a subject has 1 to %d printable characters", MaxSubject)
	case shape.subject != "" && s.Subject != shape.subject:
		return bad("subject", "the subject of %s is %q", s.Kind, shape.subject)
	case s.Serial < 1 || s.Serial > 1<<40:
		return bad("serial", "serials are 1, 2, 3 and so on")
	case (s.Serial == 1) != (s.Supersedes == Digest{}):
		return bad("supersedes", "the first statement of a subject replaces none, every other one the one before it")
	case shape.oneShot && s.Serial != 1:
		return bad("serial", "there is one statement on each %s", s.Kind)
	case shape.digest != (s.Digest != Digest{}):
		return bad("digest", "a digest belongs to statements that approve something kept elsewhere, and to those only")
	case s.Nonce == Nonce{}:
		return bad("nonce", "a statement has a nonce")
	case s.Expires < 0 || s.Expires > latest:
		return bad("expires", "an expiry is an instant in microseconds, 0 for none")
	}
	if err := s.checkParts(shape); err != nil {
		return err
	}
	if shape.check != nil {
		return shape.check(s)
	}
	return nil
}

// latest is the last instant that a statement may name, in 2255: JSON keeps whole numbers below 2^53 exactly (RFC 8785 §3.2.2.3).
const latest = Instant(1<<53 - 1)

func (s *Statement) checkParts(shape shape) error {
	if s.Limits != nil {
		if !shape.limits {
			return bad("limits", "%s has no limits", s.Kind)
		}
		l := s.Limits
		for _, n := range []int64{l.CredentialDay, l.Day, l.MemberDay, l.NewDay, l.RecipientDay, l.Total} {
			if !count(n) {
				return bad("limits", "a limit is 0 to %d", maxCount)
			}
		}
	}
	if s.Window != nil && !shape.window {
		return bad("window", "%s has no window", s.Kind)
	}
	if w := s.Window; w != nil && (w.From < 1 || w.Until <= w.From || w.Until > latest) {
		return bad("window", "a window ends after it begins")
	}
	if shape.longest > 0 && s.end() == 0 {
		return bad("expires", "say until when this holds")
	}
	if s.Window != nil && time.Duration(s.Window.Until-s.Window.From)*time.Microsecond > shape.longest {
		return bad("window", "a window of %s has at most %d days", s.Kind, shape.longest/day)
	}
	b := s.Body
	if shape.body != nil && !shape.body(&b) {
		return bad("body", "the body of %s is missing", s.Kind)
	}
	if b != (Body{}) {
		return bad("body", "the body holds what does not belong to %s", s.Kind)
	}
	return nil
}

func take[T any](member **T) bool {
	there := *member != nil
	*member = nil
	return there
}

// end is when the statement ends: its expiry or the end of its window, whichever is first; 0 for never.
func (s *Statement) end() Instant {
	end := s.Expires
	if s.Window != nil && (end == 0 || s.Window.Until < end) {
		end = s.Window.Until
	}
	return end
}

const (
	maxCount     = 10_000_000
	maxHosts     = 200
	maxValues    = 20
	maxOneOf     = 20
	maxPublicKey = 1024
)

func count(n int64) bool { return n >= 0 && n <= maxCount }

func line(field, text string, most int) error {
	if text == "" || len(text) > most || !form.Printable(text) {
		return bad(field, "write 1 to %d printable characters", most)
	}
	return nil
}

func channel(text string) bool { return text == "email" || text == "sms" }

func oneOf(field, text string, words ...string) error {
	if !slices.Contains(words, text) {
		return bad(field, "this is one of %s", strings.Join(words, ", "))
	}
	return nil
}

func checkKey(s *Statement) error {
	k := s.Body.Key
	switch {
	case !form.ID(string(k.Member)):
		return bad("member", "name the member whose key this is")
	case k.Action == Revoke:
		if len(k.PublicKey) != 0 || len(k.Proof) != 0 || k.Since < 0 || k.Since > MaxEntries || s.Serial < 2 {
			return bad("key", "a revocation names the key and, when it was stolen, the first position that does not count")
		}
		return nil
	case k.Since != 0 || s.Serial != 1:
		return bad("serial", "a key is enrolled once; a revoked key stays revoked")
	case k.Action == Recovery:
		if len(k.PublicKey) != recoveryKeySize || len(k.Proof) != 0 || s.Subject != RecoverySubject(k.PublicKey) {
			return bad("public_key", "a recovery key has %d bytes and is its own subject", recoveryKeySize)
		}
		return nil
	case k.Action != Enrol:
		return bad("action", "a key is enrolled, made for recovery, or revoked")
	case len(k.PublicKey) == 0 || len(k.PublicKey) > maxPublicKey || len(k.Proof) != 0 && len(k.Proof) != 32:
		return bad("public_key", "a key has at most %d bytes, and a proof none or 32", maxPublicKey)
	}
	if _, err := CredentialOf(s.Subject); err != nil {
		return err
	}
	if _, err := assertion.ParseKey(k.PublicKey); err != nil {
		return refuse(Malformed, "read the public key: %w", err)
	}
	return nil
}

var roles = []string{string(Owner), string(Manager), string(Practitioner), string(FrontDesk), string(Bookkeeper), string(ReadOnly)}

func checkMember(s *Statement) error {
	m := s.Body.Member
	switch {
	case !form.ID(s.Subject):
		return bad("subject", "the subject is the member's id")
	case !count(m.Alone):
		return bad("alone", "a threshold is 0 to %d recipients", maxCount)
	case (m.Channel == "") != (m.Address == Digest{}) || m.Channel != "" && !channel(m.Channel):
		return bad("channel", "a second channel is email or sms, with its address")
	}
	return oneOf("role", string(m.Role), roles...)
}

func checkPurpose(text string) error { return oneOf("purpose", text, "appointments", "marketing") }

func checkChannel(text string) error { return oneOf("channel", text, "email", "sms") }

func checkWording(s *Statement) error { return checkPurpose(s.Body.Wording.Purpose) }

func checkSender(s *Statement) error {
	b := s.Body.Sender
	kind, location, with := strings.Cut(s.Subject, ":")
	if err := checkChannel(b.Channel); err != nil {
		return err
	}
	if kind != b.Channel || with && !form.ID(location) {
		return bad("subject", "the subject is the channel, or the channel, a colon and a location's id")
	}
	if (b.Channel == "email") != strings.Contains(b.Address, "@") || strings.ContainsAny(b.Address, " <>,;\"") {
		return bad("address", "a sender is one e-mail address, or one SMS sender id or number")
	}
	if b.Name != "" {
		if err := line("name", b.Name, 120); err != nil {
			return err
		}
	}
	return line("address", b.Address, 254)
}

func checkHosts(s *Statement) error {
	hosts := s.Body.Hosts.Hosts
	if hosts == nil || len(hosts) > maxHosts {
		return bad("hosts", "list 0 to %d hosts", maxHosts)
	}
	for i, h := range hosts {
		if !form.Host(h) {
			return bad("hosts", "a host is a name in lower case such as www.example.com, in ASCII, without port or path")
		}
		if i > 0 && hosts[i-1] >= h {
			return bad("hosts", "hosts stand in order, each once")
		}
	}
	return nil
}

func checkHost(s *Statement) error {
	if !form.Host(s.Subject) {
		return bad("subject", "the subject is a host in lower case")
	}
	return nil
}

func needLimits(s *Statement) error {
	if s.Limits == nil {
		return bad("limits", "say the limits")
	}
	return nil
}

func checkSurge(s *Statement) error {
	if s.Window == nil || !form.ID(s.Subject) {
		return bad("window", "a surge permit has an id and a window")
	}
	return needLimits(s)
}

func checkRule(s *Statement) error {
	b := s.Body.Rule
	if err := oneOf("channel", b.Channel, "email", "sms", "preference"); err != nil {
		return err
	}
	if err := checkPurpose(b.Purpose); err != nil {
		return err
	}
	return line("wording", b.Wording, MaxSubject)
}

func checkOrder(s *Statement) error {
	b := s.Body.Order
	switch {
	case !form.ID(s.Subject):
		return bad("subject", "the subject is the order's id")
	case s.Window == nil:
		return bad("window", "an order has a window")
	case s.Limits == nil || s.Limits.Total < 1 || s.Limits.Total > b.Count:
		return bad("limits", "an order has a cap (total) of 1 to its number of recipients")
	case b.Root == Digest{} || !count(b.Count) || !count(b.Active):
		return bad("root", "an order names the root and number of its recipients, and the active clients")
	}
	if err := checkChannel(b.Channel); err != nil {
		return err
	}
	if err := checkPurpose(b.Purpose); err != nil {
		return err
	}
	return line("wording", b.Wording, MaxSubject)
}

func checkLetter(s *Statement) error {
	b := s.Body.Letter
	if !form.ID(s.Subject) || !form.ID(b.Client) {
		return bad("client", "name the letter and the client")
	}
	if err := checkChannel(b.Channel); err != nil {
		return err
	}
	return line("recipient", b.Recipient, 128)
}

func checkGrant(s *Statement) error {
	b := s.Body.Grant
	if !form.ID(b.Credential) || s.Limits == nil || s.Limits.Day < 1 {
		return bad("credential", "name the credential, and how many messages a day (limits.day)")
	}
	if b.Values == nil || len(b.Values) > maxValues {
		return bad("values", "list 0 to %d values", maxValues)
	}
	for i, v := range b.Values {
		if err := line("values", v.Name, 64); err != nil {
			return err
		}
		if i > 0 && b.Values[i-1].Name >= v.Name || v.OneOf == nil || len(v.OneOf) > maxOneOf {
			return bad("values", "values stand in order of name, each once, with 0 to %d choices", maxOneOf)
		}
		for _, text := range v.OneOf {
			if err := line("values", text, 200); err != nil {
				return err
			}
		}
	}
	if err := checkPurpose(b.Purpose); err != nil {
		return err
	}
	return line("wording", b.Wording, MaxSubject)
}

func checkImport(s *Statement) error {
	if !form.ID(s.Subject) || s.Body.Import.Addresses < 1 || !count(s.Body.Import.Addresses) || s.Limits == nil || s.Limits.NewDay < 1 {
		return bad("addresses", "name the import, how many new addresses it brings, and how many of them a day (limits.new_day)")
	}
	return nil
}

func checkWithdraw(s *Statement) error {
	if d, err := ParseDigest(s.Subject); err != nil || d == (Digest{}) {
		return bad("subject", "the subject is the digest of the statement that is withdrawn")
	}
	return nil
}

func checkLift(s *Statement) error {
	b := s.Body.Lift
	if !form.ID(s.Subject) || b.Epoch < 1 || b.Epoch > 1<<40 {
		return bad("epoch", "name the freeze and its epoch")
	}
	return line("scope", b.Scope, 200)
}

func checkResume(s *Statement) error {
	b := s.Body.Resume
	if b.From.Position < 1 || b.From.Position > MaxEntries || b.Lost.Position < 1 || b.Lost.Position > MaxEntries ||
		b.From.Hash == (Digest{}) || b.Lost.Hash == (Digest{}) {
		return bad("resume", "name the last entry that is there and the last one that was seen")
	}
	return nil
}
