// Package report reads what comes back about a mail: delivery reports (RFC 3464, RFC 6533) and abuse reports (RFC 5965).
//
// Anybody can send such a mail. Parse believes nothing of it: it says what the report claims, and which addresses it names as the return
// path; only a return path whose token verifies (package courier) makes it count.
//
// Promises: bounded in bytes, nesting, parts, recipients, field lengths and results; it does not look into returned messages beyond their
// header. What it returns holds no address of a recipient: they are cut from the diagnostic, with every word of theirs. Errors repeat nothing
// of the report.
//
// Never: storage, DNS, a guess from prose. A bounce that is only a text for people (RFC 3464 was 1996) is ErrOther, as is an out-of-office
// reply.
package report

import (
	"bufio"
	"io"
	"strings"

	"github.com/emersion/go-message"
	"github.com/emersion/go-message/textproto"
	"letterhead/fault"
)

// Kind is what a report says.
type Kind string

// The kinds of report.
const (
	Bounce    Kind = "bounce"    // it was not delivered and will not be
	Delay     Kind = "delay"     // not yet; the server goes on trying
	Delivered Kind = "delivered" // or handed to a server that reports no further
	Complaint Kind = "complaint" // the recipient called it abuse
)

// Report is what a report claims.
type Report struct {
	Kind        Kind
	Action      string   // failed, delayed, delivered, relayed, expanded; of an abuse report its type, such as abuse
	Status      string   // enhanced status code such as 5.1.1 (RFC 3463); "" when there is none
	Diagnostic  string   // the server's words, on one line, at most 300 bytes, without addresses
	MTA         string   // host name of the server that reports; "" when it says none
	MessageID   string   // of the mail that it is about, without brackets; "" when it says none
	ReturnPaths []string // addresses that may be the mail's return path, the likeliest first; unverified, not to be shown
}

// What Parse says of mail that it does not take.
var (
	ErrOther   = fault.New(fault.Invalid, "report.other", "this mail is no delivery report (RFC 3464) and no abuse report (RFC 5965)")
	ErrTooLong = fault.New(fault.Invalid, "report.long", "this mail is longer than a report may be")
)

// Bounds of a report. A usual one has three parts and one recipient.
const (
	maxHeader     = 64 << 10 // bytes of a header, the mail's or the returned one's
	maxStatus     = 64 << 10 // bytes of the machine-readable part
	maxDepth      = 3        // multipart in multipart; a report inside a list's or gateway's wrapping has 2
	maxParts      = 20
	maxGroups     = 50 // recipients in one report; ours is always one
	maxPaths      = 8
	maxDiagnostic = 300
	maxAddress    = 320
)

// Parse reads one mail of at most limit bytes.
func Parse(r io.Reader, limit int64) (Report, error) {
	bounded := &cutOff{from: r, left: limit}
	entity, err := message.ReadWithOptions(bounded, &message.ReadOptions{MaxHeaderBytes: maxHeader})
	if entity == nil || err != nil && !message.IsUnknownCharset(err) && !message.IsUnknownEncoding(err) {
		return Report{}, bounded.instead(ErrOther)
	}
	reading := &reading{}
	reading.recipients(entity.Header)
	reading.walk(entity, 1)
	if !reading.found {
		return Report{}, bounded.instead(ErrOther)
	}
	return reading.result()
}

// cutOff ends a reader with an error, not with a quiet EOF that looks like a whole mail.
type cutOff struct {
	from io.Reader
	left int64
	over bool
}

func (c *cutOff) Read(p []byte) (int, error) {
	if c.left <= 0 {
		// One more byte tells a mail that just fits from a longer one.
		var one [1]byte
		if n, err := c.from.Read(one[:]); n == 0 {
			return 0, err
		}
		c.over = true
		return 0, ErrTooLong
	}
	n, err := c.from.Read(p[:min(int64(len(p)), c.left)])
	c.left -= int64(n)
	return n, err
}

func (c *cutOff) instead(err error) error {
	if c.over {
		return ErrTooLong
	}
	return err
}

// reading is a report on its way through the parts.
type reading struct {
	found     bool // a machine-readable part
	feedback  string
	groups    []group
	mta       string
	messageID string
	inside    []string // return paths as the report or the returned header name them: they come first
	outside   []string // whom the report itself was sent to
	parts     int
}

// group is what a delivery report says of one recipient.
type group struct {
	action, status, diagnostic string
	addresses                  []string // only to cut them from the diagnostic
}

// recipients notes whom the mail was for: a report goes to the return path of what it is about.
func (r *reading) recipients(h message.Header) {
	for _, name := range []string{"X-Original-To", "Delivered-To", "Envelope-To", "To"} {
		for _, value := range h.Values(name) {
			r.outside = appendAddresses(r.outside, value)
		}
	}
}

// walk looks for the machine-readable part and the returned header. It ends at the bounds and at the first part that cannot be read: what
// was found before counts.
func (r *reading) walk(e *message.Entity, depth int) {
	reader := e.MultipartReader()
	if reader == nil || depth > maxDepth {
		return
	}
	inReport := mediaType(e.Header) == "multipart/report"
	for r.parts < maxParts {
		part, err := reader.NextPart()
		if part == nil || err != nil && !message.IsUnknownCharset(err) && !message.IsUnknownEncoding(err) {
			return
		}
		r.parts++
		r.part(part, inReport, depth)
	}
}

func (r *reading) part(part *message.Entity, inReport bool, depth int) {
	kind := mediaType(part.Header)
	switch {
	case strings.HasPrefix(kind, "multipart/"):
		r.walk(part, depth+1)
	case !inReport:
	case (kind == "message/delivery-status" || kind == "message/global-delivery-status") && !r.found:
		r.deliveryStatus(part.Body)
	case kind == "message/feedback-report" && !r.found:
		r.feedbackReport(part.Body)
	case kind == "message/rfc822" || kind == "text/rfc822-headers" || kind == "message/global" || kind == "message/global-headers":
		r.returned(part.Body)
	}
}

func mediaType(h message.Header) string {
	kind, _, _ := strings.Cut(h.Get("Content-Type"), ";")
	return strings.ToLower(strings.TrimSpace(kind))
}

// deliveryStatus reads the groups of fields of RFC 3464 §2.1: first the message's, then one for each recipient.
func (r *reading) deliveryStatus(body io.Reader) {
	fields := bufio.NewReader(io.LimitReader(body, maxStatus))
	first := true
	for len(r.groups) < maxGroups {
		if _, err := fields.Peek(1); err != nil {
			break
		}
		h, err := textproto.ReadHeader(fields)
		if err != nil && h.Len() == 0 {
			break
		}
		if h.Len() == 0 {
			continue // an empty line too many, as some servers write it
		}
		if first {
			r.mta = hostOf(h.Get("Reporting-Mta"))
			first = false
			if !h.Has("Action") && !h.Has("Final-Recipient") {
				continue
			}
		}
		r.group(h)
	}
	r.found = len(r.groups) > 0
}

func (r *reading) group(h textproto.Header) {
	g := group{
		action:     strings.ToLower(word(h.Get("Action"))),
		status:     statusOf(h.Get("Status")),
		diagnostic: typed(h.Get("Diagnostic-Code")),
	}
	for _, name := range []string{"Final-Recipient", "Original-Recipient", "X-Actual-Recipient", "X-Failed-Recipients"} {
		g.addresses = appendAddresses(g.addresses, typed(h.Get(name)))
	}
	if h.Has("Action") || g.status != "" {
		r.groups = append(r.groups, g)
	}
}

// feedbackReport reads the fields of RFC 5965 §3.
func (r *reading) feedbackReport(body io.Reader) {
	h, err := textproto.ReadHeader(bufio.NewReader(io.LimitReader(body, maxStatus)))
	if err != nil && h.Len() == 0 {
		return
	}
	r.feedback = strings.ToLower(word(h.Get("Feedback-Type")))
	r.mta = hostOf(h.Get("Reporting-Mta"))
	r.inside = appendAddresses(r.inside, h.Get("Original-Mail-From"))
	r.found = r.feedback != ""
}

// returned reads the header of the mail that the report is about, as it came back.
func (r *reading) returned(body io.Reader) {
	h, err := textproto.ReadHeader(bufio.NewReader(io.LimitReader(body, maxHeader)))
	if err != nil && h.Len() == 0 {
		return
	}
	if r.messageID == "" {
		r.messageID = messageIDOf(h.Get("Message-Id"))
	}
	r.inside = appendAddresses(r.inside, h.Get("Return-Path"))
}

// complaints are the feedback types that say: I did not want this (RFC 5965 §7.3). not-spam (RFC 6430) and auth-failure (RFC 6591) do not.
var complaints = map[string]bool{"abuse": true, "fraud": true, "virus": true, "other": true, "opt-out": true, "opt-out-list": true}

func (r *reading) result() (Report, error) {
	out := Report{MTA: r.mta, MessageID: r.messageID, ReturnPaths: merged(r.inside, r.outside)}
	if r.feedback != "" {
		if !complaints[r.feedback] {
			return Report{}, ErrOther
		}
		out.Kind, out.Action = Complaint, r.feedback
		return out, nil
	}
	for _, g := range r.groups {
		kind, action := g.kind()
		if kind == "" || weight[kind] <= weight[out.Kind] {
			continue
		}
		out.Kind, out.Action = kind, action
		out.Diagnostic = withoutAddresses(g.diagnostic, g.addresses)
		out.Status = better(g.status, out.Diagnostic)
	}
	if out.Kind == "" {
		return Report{}, ErrOther
	}
	return out, nil
}

// weight: of several recipients, which ours never have, the worst counts.
var weight = map[Kind]int{Delivered: 1, Delay: 2, Bounce: 3}

// kind follows the action (RFC 3464 §2.3.3), or the status where a server wrote an action of its own.
func (g group) kind() (Kind, string) {
	switch g.action {
	case "failed":
		return Bounce, g.action
	case "delayed":
		return Delay, g.action
	case "delivered", "relayed", "expanded":
		return Delivered, g.action
	}
	switch {
	case strings.HasPrefix(g.status, "5."):
		return Bounce, "failed"
	case strings.HasPrefix(g.status, "4."):
		return Delay, "delayed"
	case strings.HasPrefix(g.status, "2."):
		return Delivered, "delivered"
	}
	return "", ""
}
