package guard

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"net/netip"
	"slices"
	"sync"
	"time"

	"letterhead/fault"
	"letterhead/guard/passkey"
	"letterhead/guard/secret"
	"letterhead/guard/throttle"
	"letterhead/store"
	"letterhead/vault"
)

// PersonID names somebody who signs in, at whatever practices. UUIDv7.
type PersonID string

// Door is where people and programs come in. One serves a process.
type Door struct {
	db     *store.DB
	box    *secret.Box
	place  passkey.Place
	limits *throttle.Limits // of strangers
	known  *throttle.Limits // of devices that somebody has used: a flood of strangers takes none of its room
	hashes chan struct{}    // bounds how many passwords are hashed at once: each takes 19 MiB
	spent  *used
}

// mostBuckets bounds the memory of throttling, of strangers and of known devices: about 10 MB each.
const mostBuckets = 50_000

// NewDoor makes the door of an installation whose members' pages are at these origins; party is their host name.
func NewDoor(db *store.DB, keeper *vault.Keeper, party string, origins ...string) (*Door, error) {
	box, err := secret.NewBox(keeper.Derive("sign-in"))
	if err != nil {
		return nil, err
	}
	return &Door{db: db, box: box, place: passkey.Place{Origins: origins, Party: party}, limits: throttle.New(mostBuckets), known: throttle.New(mostBuckets), hashes: make(chan struct{}, 4), spent: newUsed()}, nil
}

// Browser is what is known of who asks before they have signed in.
type Browser struct {
	Device  string   // its own token, from its cookie; new when it had none
	New     bool     // the cookie must be set
	People  []string // who has signed in from it: HMACs of e-mail addresses
	Address string   // the network address it came from
	Label   string   // "Firefox on Windows"
}

type device struct {
	Token  string   `json:"t"`
	People []string `json:"p,omitempty"`
}

// DeviceLife is how long a device is remembered. (Browsers keep a cookie for at most 400 days.)
const DeviceLife = 400 * 24 * time.Hour

// mostPeople is how many people a device is known for.
const mostPeople = 12

// Browser reads the device's cookie. One that is not ours is as none.
func (d *Door) Browser(cookie, address, agent string) Browser {
	b := Browser{Address: Network(address), Label: label(agent)}
	var known device
	if cookie != "" && d.box.Unpack("device", cookie, d.db.Now(), &known) == nil && secret.TokenLike(known.Token) {
		b.Device, b.People = known.Token, known.People
		return b
	}
	b.Device, b.New = secret.NewToken(), true
	return b
}

// DeviceCookie is what a browser is given to be known by.
func (d *Door) DeviceCookie(b Browser) string {
	return d.box.Pack("device", d.db.Now().Add(DeviceLife), device{Token: b.Device, People: b.People})
}

// Remembered is the browser after somebody signed in from it.
func (d *Door) Remembered(b Browser, email string) Browser {
	hash := d.person(email)
	b.People = append([]string{hash}, slices.DeleteFunc(slices.Clone(b.People), func(p string) bool { return p == hash })...)
	b.People = b.People[:min(len(b.People), mostPeople)]
	return b
}

func (d *Door) person(email string) string   { return d.box.Hash("known", email)[:24] }
func (d *Door) device(b Browser) string      { return d.box.Hash("device", b.Device) }
func (b Browser) knows(person string) bool   { return slices.Contains(b.People, person) }
func same(a, b string) bool                  { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }
func (d *Door) kept(use, text string) string { return d.box.Hash(use, text) }

// Network is the part of an address that one household or office has: an IPv4 address, or an IPv6 /64.
func Network(address string) string {
	ip, err := netip.ParseAddr(address)
	if err != nil {
		return "unknown"
	}
	ip = ip.Unmap()
	if ip.Is6() {
		prefix, err := ip.WithZone("").Prefix(64)
		if err == nil {
			return prefix.String()
		}
	}
	return ip.String()
}

// The allowances. A stranger's is for the subject, whoever asks; a device that the subject has used has one of its own. ASVS 6.1.1, 6.3.1.
var (
	tryAddress      = throttle.Allowance{Burst: 30, Every: 10 * time.Second}
	tryStranger     = throttle.Allowance{Burst: 10, Every: 3 * time.Minute}
	tryKnown        = throttle.Allowance{Burst: 10, Every: time.Minute}
	tryCodeStranger = throttle.Allowance{Burst: 5, Every: 15 * time.Minute}
	tryCodeKnown    = throttle.Allowance{Burst: 5, Every: 3 * time.Minute}
	tryPasskey      = throttle.Allowance{Burst: 60, Every: 2 * time.Second}
	tryInvitation   = throttle.Allowance{Burst: 30, Every: 10 * time.Second}
	errTooManyTries = fault.New(fault.TooMany, "guard.too_many", "too many tries; wait a few minutes, or sign in with a passkey")
	errWrong        = fault.New(fault.Invalid, "guard.wrong", "the e-mail address and the password do not belong together")
	errWrongCode    = fault.New(fault.Invalid, "guard.wrong_code", "this code is not right, or was used already")
	errNoInvitation = fault.New(fault.NotFound, "guard.invitation", "this invitation was used, replaced or taken back, or it has expired")
	errTooBusy      = fault.New(fault.Unavailable, "guard.busy", "many people are signing in; try again in a moment")
)

// allow takes a try for a subject, such as an address that somebody typed. What is answered does not depend on whether the subject exists.
func (d *Door) allow(b Browser, class, subject string, known, stranger throttle.Allowance) error {
	now := d.db.Now()
	if b.knows(subject) {
		if ok, _ := d.known.Take(now, class, subject+" "+b.Device, known); !ok {
			return errTooManyTries
		}
		return nil
	}
	if ok, _ := d.limits.Take(now, "address", b.Address, tryAddress); !ok {
		return errTooManyTries
	}
	if ok, _ := d.limits.Take(now, class, subject, stranger); !ok {
		return errTooManyTries
	}
	return nil
}

// Known tells whether somebody has signed in from it.
func (b Browser) Known() bool { return len(b.People) > 0 }

// Source is whose allowance a browser uses where nobody is named: its own when somebody has signed in from it before, otherwise that of its network
// address. So a flood from an address that others share does not shut them out.
func (b Browser) Source() string {
	if b.Known() {
		return "device " + b.Device
	}
	return b.Address
}

func (d *Door) allowAddress(b Browser, class string, a throttle.Allowance) error {
	limits := d.limits
	if b.Known() {
		limits = d.known
	}
	if ok, _ := limits.Take(d.db.Now(), class, b.Source(), a); !ok {
		return errTooManyTries
	}
	return nil
}

// hashing waits for its turn to hash a password.
func (d *Door) hashing(ctx context.Context) (done func(), err error) {
	waiting, stop := context.WithTimeout(ctx, 5*time.Second)
	defer stop()
	select {
	case d.hashes <- struct{}{}:
		return func() { <-d.hashes }, nil
	case <-waiting.Done():
		return nil, errTooBusy
	}
}

// Ceremony is what a challenge is for. An answer to one is none to another.
type Ceremony string

// The ceremonies.
const (
	SignIn Ceremony = "sign in"
	Prove  Ceremony = "prove"
	Enrol  Ceremony = "enrol"
	Join   Ceremony = "join"
)

// challengeLife is how long somebody may take to touch their key.
const challengeLife = 5 * time.Minute

// state is what a form carries from a challenge to its answer, sealed: nothing of it is in a row that somebody could write.
type state struct {
	Challenge []byte   `json:"c"`
	Device    string   `json:"d"`           // the device that was asked
	Subject   string   `json:"s,omitempty"` // the session or invitation it was asked for
	Person    PersonID `json:"p,omitempty"` // whose key it will be
}

// Challenge is what a page gives to the browser, and gets back with the answer.
type Challenge struct {
	State   string
	Options string // JSON, for navigator.credentials
}

func (d *Door) challenge(c Ceremony, b Browser, subject string, person PersonID) (state, string) {
	s := state{Challenge: passkey.Challenge(), Device: d.device(b), Subject: subject, Person: person}
	return s, d.box.Pack("challenge "+string(c), d.db.Now().Add(challengeLife), s)
}

// opened returns what a form's state says, if it was made for this ceremony, device and subject, and not used yet.
func (d *Door) opened(c Ceremony, b Browser, subject, text string) (state, error) {
	var s state
	if err := d.box.Unpack("challenge "+string(c), text, d.db.Now(), &s); err != nil {
		return s, err
	}
	if !same(s.Device, d.device(b)) || !same(s.Subject, subject) || d.spent.has(d.kept("challenge", string(s.Challenge))) {
		return s, secret.ErrState
	}
	return s, nil
}

// spend makes sure that what has this hash is used once, by this process or another.
func (d *Door) spend(ctx context.Context, w *store.Wide, hash string, life time.Duration) error {
	if _, err := w.Exec(ctx, `DELETE FROM spent WHERE until < $1`, store.Micro(w.Now)); err != nil {
		return err
	}
	n, err := w.Exec(ctx, `INSERT INTO spent (practice, hash, until) VALUES ('', $1, $2) ON CONFLICT (practice, hash) DO NOTHING`, hash, store.Micro(w.Now.Add(life)))
	if err == nil && (n == 0 || d.spent.has(hash)) {
		return secret.ErrState
	}
	return err
}

// used remembers in memory what was used, so that a row that is deleted brings nothing back.
type used struct {
	mu    sync.Mutex
	until map[string]time.Time
}

func newUsed() *used { return &used{until: map[string]time.Time{}} }

func (u *used) has(hash string) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	_, there := u.until[hash]
	return there
}

// add is called after the transaction that spent it was committed: only what was right gets here, so that nobody fills it.
func (u *used) add(hash string, now time.Time, life time.Duration) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for old, until := range u.until {
		if now.After(until) {
			delete(u.until, old)
		}
	}
	u.until[hash] = now.Add(life)
}

type object = map[string]any

func jsonText(v any) string {
	raw, err := json.Marshal(v)
	if err != nil {
		panic("guard: options that are no JSON: " + err.Error()) // the program's own types
	}
	return string(raw)
}
