// Package page is what every members' page is made of: the visit (who asks, for which practice, at what time), the answers a page can
// give, and the routes that lead to it.
//
// A route is made by For, which wants a permission, or by Open or Public, which want a reason; there is no other way, so a route that has
// neither does not compile. A page reads and changes through its visit's View and Change alone, which are bound to the visitor's practice.
//
// A page never writes to the connection itself, never sees another practice, and puts no personal data into an address.
package page

import (
	"context"
	"io"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/a-h/templ"

	"letterhead/approval"
	"letterhead/fault"
	"letterhead/guard"
	"letterhead/incident/book"
	"letterhead/incident/measure"
	"letterhead/incident/tell"
	"letterhead/ledger"
	"letterhead/ledger/leaf"
	"letterhead/message"
	"letterhead/practice"
	"letterhead/store"
	"letterhead/transfer/upload"
	"letterhead/vault"
	"letterhead/web/ui"
	"letterhead/web/ui/text"
	"letterhead/wording/code"
)

// Handler answers a visit. An error becomes an error page by its kind.
type Handler func(*Visit) (Answer, error)

// Reason says why a route needs nobody to be signed in.
type Reason string

// Route is a line of the route table.
type Route struct {
	pattern    string
	permission guard.Permission
	reason     Reason
	handler    Handler
	plain      http.Handler
	upload     bool   // its form brings a file
	streams    bool   // it reads what comes, or writes what leaves, piece by piece
	quiet      bool   // a page asks it by itself
	again      string // where somebody is led back to who must first show anew that it is them; "" for routes that do not ask
}

// For is a members' route: method and path, and the permission it needs.
func For(pattern string, permission guard.Permission, handler Handler) Route {
	return Route{pattern: pattern, permission: permission, handler: handler}
}

// Open is a page that anybody may ask, with the reason why: its visit has a browser, and a session or none, and no practice.
func Open(pattern string, reason Reason, handler Handler) Route {
	return Route{pattern: pattern, reason: reason, handler: handler}
}

// Fresh is the route for those alone who have shown not long ago that it is them. Others are asked to, and led to an address after it: the form
// that leads to this route. ASVS 7.5.1, 7.5.3.
func (r Route) Fresh(back string) Route {
	r.again = back
	return r
}

// Upload is the route of a form that brings a file: its body may be up to MaxUpload.
func (r Route) Upload() Route {
	r.upload = true
	return r
}

// Streams is the route that writes a large answer piece by piece, or with Upload reads a large body so, by itself, and may take its time.
func (r Route) Streams() Route {
	r.streams = true
	return r
}

// IsStream tells whether it does.
func (r Route) IsStream() bool { return r.streams }

// Quiet is the route of what a page asks by itself: a session that nobody uses ends all the same.
func (r Route) Quiet() Route {
	r.quiet = true
	return r
}

// IsQuiet tells whether asking the route is no use of the session.
func (r Route) IsQuiet() bool { return r.quiet }

// MaxUpload bounds the body of a form that brings a file.
const MaxUpload = 6 << 20

// Uploads tells whether the route's form brings a file.
func (r Route) Uploads() bool { return r.upload }

// Back is where Fresh leads, "" for a route that does not ask.
func (r Route) Back() string { return r.again }

// Class is how a route's use is limited: "read" and "change" for each session, "open" for each network address; "" where nothing is computed.
func (r Route) Class() string {
	switch {
	case r.handler == nil:
		return ""
	case r.reason != "":
		return "open"
	case strings.HasPrefix(r.pattern, http.MethodPost):
		return "change"
	}
	return "read"
}

// Public is a route that anybody may ask, with the reason why. It gets no visit.
func Public(pattern string, reason Reason, handler http.Handler) Route {
	return Route{pattern: pattern, reason: reason, plain: handler}
}

// Pattern is the route's method and path.
func (r Route) Pattern() string { return r.pattern }

// Permission is what the route needs, "" for a public one.
func (r Route) Permission() guard.Permission { return r.permission }

// Reason is why the route is public, "" for the others.
func (r Route) Reason() Reason { return r.reason }

// Handler answers members, Plain anybody; one of the two is nil.
func (r Route) Handler() Handler { return r.handler }

// Plain answers anybody.
func (r Route) Plain() http.Handler { return r.plain }

// Check refuses a route that was not made by For or Public with everything they need.
func (r Route) Check() error {
	method, path, found := strings.Cut(r.pattern, " ")
	switch {
	case !found || (method != http.MethodGet && method != http.MethodPost) || !strings.HasPrefix(path, "/"):
		return fault.Field("route", "page.pattern", "%q: write a route as GET /path or POST /path", r.pattern)
	case r.again != "" && !strings.HasPrefix(r.again, "/"):
		return fault.Field("route", "page.fresh", "%q: say to which page Fresh leads back", r.pattern)
	case r.upload && (method != http.MethodPost || r.permission == "" || strings.Contains(path, "{")):
		return fault.Field("route", "page.upload", "%q: a file comes by POST, from a member, to one address", r.pattern)
	case r.streams && r.permission == "":
		return fault.Field("route", "page.stream", "%q: much comes and goes with members alone", r.pattern)
	case r.permission != "" && r.reason == "" && r.handler != nil && r.plain == nil:
		return nil
	case r.permission == "" && r.reason != "" && (r.handler == nil) != (r.plain == nil) && r.again == "":
		return nil
	}
	return fault.Field("route", "page.permission", "%q: a route needs a permission, or a reason why it is public, and one handler", r.pattern)
}

// Visit is one request of a member who may make it; on an open route, of anybody.
type Visit struct {
	Request   *http.Request
	Session   guard.Session // without ID when nobody is signed in
	Token     string        // the session's, from its cookie; "" when nobody is signed in
	Browser   guard.Browser
	Door      *guard.Door
	Secure    bool // reached by https
	Actor     store.Actor
	Member    guard.Member
	Practice  practice.Practice
	Location  *time.Location // of the practice's zone
	Now       time.Time
	Text      *text.Catalogue
	DB        *store.DB
	Keeper    *vault.Keeper
	Base      ui.Frame     // without title and place
	Desk      string       // address of the signing desk; "" where nobody said
	Record    Record       // what can be said of the record of messages; nil where nobody can
	Codes     Codes        // what can be said of the codes of mails; nil where nobody can
	Sender    Sender       // what can be said of where messages come from; nil where nobody can
	Incidents Incidents    // what is known of incidents; nil where nobody can tell
	Platform  string       // the domain below which each practice has a name
	Uploads   *upload.Desk // takes exports that are handed in; nil where nobody does

	LooksKept int // days that the access log is kept; 0: for ever

	// Signed reads what the practice's people signed, within a transaction; nil where nobody can tell.
	Signed func(ctx context.Context, tx *store.Tx, read func(*approval.State) error) error
}

// Record is what the process that answers can say of the record of messages.
type Record interface {
	About(ctx context.Context, practice store.PracticeID) (About, error)
	// Evidence writes the practice's evidence file, as of the last checkpoint.
	Evidence(ctx context.Context, practice store.PracticeID, out io.Writer) error
	// Leaf finds the first leaf of the practice, not before an instant, that fits, and proves that it is in the log. store.ErrNone: there is none;
	// ledger.ErrDamaged: what stands there is not what was signed.
	Leaf(ctx context.Context, practice store.PracticeID, since time.Time, fits func(*leaf.Leaf) bool) (ledger.Proved, error)
}

// Incidents knows what went wrong with messages. What does not concern the practice is not found.
type Incidents interface {
	List(ctx context.Context, practice store.PracticeID) ([]book.Case, error)
	Show(ctx context.Context, by store.Actor, id string) (Incident, error)
	// Open stops something of the practice and opens an incident of it; it returns its id.
	Open(ctx context.Context, by store.Actor, title string, stop message.Stop) (string, error)
	Note(ctx context.Context, by store.Actor, id string, e book.Entry) error
	// Correct has the check page say of the practice's messages of an incident that the practice did not write them, or say so no more.
	Correct(ctx context.Context, by store.Actor, id string, publish bool) error
}

// Incident is one, as a practice sees it.
type Incident struct {
	Case       book.Case
	Stops      []message.Stop
	Figures    []book.Figure
	Entries    []book.Entry
	List       []measure.Listed // the practice's messages of it, the first of them
	Drafts     []tell.Draft
	Names      map[string]string // of members
	Correction string            // what the check page says, once it is published
	Published  bool
}

// Codes knows the mails by their codes.
type Codes interface {
	// Code tells what is known of a mail of the member's practice. A fault of kind TooMany: the member asks too often.
	Code(ctx context.Context, by store.Actor, c code.Code) (Coded, error)
}

// Verdict is what can be said of a mail with a code.
type Verdict int

// The verdicts.
const (
	NotOurs Verdict = iota
	Sent
	Withdrawn
	Erased // it was sent, and what it said is erased
)

// Coded is the answer.
type Coded struct {
	Verdict Verdict
	Message string // its id; "" where it is not ours
	At      time.Time
	Hosts   []string // that its links lead to
}

// Sender is what the process that answers can say of where a practice's messages come from.
type Sender interface {
	// Records are what the DNS must say of a domain; with check, whether it does.
	Records(ctx context.Context, domain string, check bool) ([]SenderRecord, error)
	// Texts is the sender id of a practice's text messages, "" when it has none.
	Texts(practice store.PracticeID) string
}

// SenderRecord is one of them.
type SenderRecord struct {
	Type, Name, Value, Why string
	Checked, Good          bool
	Say                    string // what the DNS says instead
}

// About is what there is to compare an evidence file with, and who watches the record.
type About struct {
	Fingerprint string    // of the practice's first signing key; "" where it has none
	LogKey      string    // the verifier key
	Size        int64     // of the last checkpoint, of all practices
	At          time.Time // when it was made
	Wanted      int       // witnesses; 0: none is asked
	Names       []string  // of those who signed last
	Witnessed   time.Time
	Since       time.Time // since when too few have; zero: enough have
}

// Context is the request's, with its deadline and the answer's nonce.
func (v *Visit) Context() context.Context { return v.Request.Context() }

// View reads in one transaction of the visitor's practice.
func (v *Visit) View(fn func(ctx context.Context, tx *store.Tx) error) error {
	ctx := v.Context()
	return v.DB.View(ctx, v.Actor, func(tx *store.Tx) error { return fn(ctx, tx) })
}

// Change changes in one transaction of the visitor's practice; fn may run twice.
func (v *Visit) Change(fn func(ctx context.Context, tx *store.Tx) error) error {
	ctx := v.Context()
	return v.DB.Change(ctx, v.Actor, func(tx *store.Tx) error { return fn(ctx, tx) })
}

// Keys are the practice's keys.
func (v *Visit) Keys(ctx context.Context, tx *store.Tx) (*vault.Keys, error) {
	return v.Keeper.Keys(ctx, tx)
}

// Frame is the frame of a page with this title, in this place of the menu.
func (v *Visit) Frame(title, place string) ui.Frame {
	frame := v.Base
	frame.Title, frame.Current = title, place
	return frame
}

// Say and Count speak from the visitor's catalogue.
func (v *Visit) Say(key string, values ...any) string { return v.Text.Say(key, values...) }

// Count is Say for a number of things.
func (v *Visit) Count(key string, n int) string { return v.Text.Count(key, n) }

// May says whether the visitor has a permission, for a page that shows or hides a button. The route decides whether it works.
func (v *Visit) May(p guard.Permission) bool { return v.Member.Role.May(p) }

// Path is a part of the address, such as {id}.
func (v *Visit) Path(name string) string { return v.Request.PathValue(name) }

// maxValue bounds one value of an address, and a password, in bytes. What else is posted is bounded by the form's body: whoever keeps it says how long it may
// be, and what is longer is shown again.
const maxValue = 2000

// Query is a value of the address, "" when it is missing, too long or not text.
func (v *Visit) Query(name string) string {
	value := v.Request.URL.Query().Get(name)
	if len(value) > maxValue {
		return ""
	}
	return plain(value)
}

// Form is a posted value without the blanks around it, "" when it is missing or not text.
func (v *Visit) Form(name string) string { return plain(v.Request.PostForm.Get(name)) }

// Long is a posted value exactly as it came, such as a passkey's answer.
func (v *Visit) Long(name string) string { return v.Request.PostForm.Get(name) }

// File is a posted file, of a route that takes one; empty when none was chosen.
func (v *Visit) File(name string) ([]byte, error) {
	form := v.Request.MultipartForm
	if form == nil || len(form.File[name]) != 1 {
		return nil, nil
	}
	file, err := form.File[name][0].Open()
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	return io.ReadAll(io.LimitReader(file, MaxUpload))
}

// Secret is a posted password: exactly as it was typed (ASVS 6.2.8), "" when it is no text.
func (v *Visit) Secret(name string) string {
	value := v.Request.PostForm.Get(name)
	if len(value) > maxValue || !utf8.ValidString(value) {
		return ""
	}
	return value
}

func plain(value string) string {
	if !utf8.ValidString(value) || strings.ContainsRune(value, 0) {
		return ""
	}
	return strings.TrimSpace(value)
}

// Answer is what a page says.
type Answer struct {
	Status int
	Body   templ.Component       // a page
	To     string                // or where to go next
	Raw    []byte                // or bytes
	Stream func(io.Writer) error // or bytes that are made while they leave; an error then breaks the answer off
	Header map[string]string     // content type, its own policy
	Enter  string                // the token of a session that begins here
	Known  *guard.Browser        // what the device is known by from here on
	Leave  bool                  // the session ends here
}

// Show answers with a page.
func Show(body templ.Component) (Answer, error) {
	return Answer{Status: http.StatusOK, Body: body}, nil
}

// Again answers with a form that was refused: what was typed and what to mend.
func Again(body templ.Component, err error) (Answer, error) {
	return Answer{Status: fault.Status(fault.KindOf(err)), Body: body}, nil
}

// Go answers a change with where to look next (303).
func Go(to string) (Answer, error) { return Answer{Status: http.StatusSeeOther, To: to}, nil }

// Problem makes of an error what a form shows; nil means that the person can do nothing about it, and the error page speaks.
func Problem(t *text.Catalogue, err error) *ui.Problem {
	f := fault.As(err)
	if f == nil {
		return nil
	}
	switch f.Kind {
	case fault.Invalid, fault.Conflict, fault.TooMany:
		return &ui.Problem{Field: f.Field, Say: Sentence(t, f)}
	}
	return nil
}

// Sentence is what a fault says: the catalogue's sentence of its key, or the ready one it brought.
func Sentence(t *text.Catalogue, f *fault.Error) string {
	if key := "fault." + f.Key; f.Key != "" && t.Known(key) {
		return t.Say(key)
	}
	if f.Say == "" {
		return t.Say("error.internal.say")
	}
	say := strings.TrimSuffix(f.Say, ".")
	first, size := utf8.DecodeRuneInString(say)
	return strings.ToUpper(string(first)) + say[size:] + "."
}
