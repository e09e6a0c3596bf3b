package smtp

import (
	"errors"
	"fmt"
	"net"
)

// Class is the fate of a message handed to Send; see the package comment.
type Class uint8

// The zero Class is none, so that a forgotten Result cannot pass for a good one.
const (
	NotBegun Class = iota + 1
	Incomplete
	Accepted
	Refused
	MaybeSent
)

func (c Class) String() string {
	names := [...]string{"none", "not begun", "incomplete", "accepted", "refused", "maybe sent"}
	if int(c) < len(names) {
		return names[c]
	}
	return "none"
}

// Stage is where in the conversation something happened.
type Stage string

// The stages in order.
const (
	StageLocal    Stage = "local" // a rule of ours, before anything was sent
	StageConnect  Stage = "connect"
	StageGreeting Stage = "greeting"
	StageHello    Stage = "hello"
	StageTLS      Stage = "tls"
	StageAuth     Stage = "auth"
	StageReset    Stage = "reset"
	StageMail     Stage = "mail"
	StageRcpt     Stage = "rcpt"
	StageData     Stage = "data"    // the reply to DATA
	StageContent  Stage = "content" // writing the content
	StageFinal    Stage = "final"   // the reply to the end of the content
)

// Message is one message to one recipient.
type Message struct {
	From string // return path; "" is the null one
	To   string
	// Data is the content in segments, signed and complete, lines ending in CRLF. It is not changed, and not kept after Done.
	Data net.Buffers
}

// Result is the fate of one message.
type Result struct {
	Class Class
	Stage Stage // where it was decided
	Reply Reply // the relay's reply that decided it; zero if none
	// Temporary says of Refused that the same message may be taken later.
	Temporary bool
	// Err says why there was no reply, or why a rule of ours refused.
	Err error
}

// Hooks are how Send tells what happens while it happens. Both are called by the goroutine that called Send.
type Hooks struct {
	// Begin is told which messages (places in the batch, ascending) are about to have their content written. After an
	// error nothing of them is written, they and all later ones end NotBegun, and Send returns that error. The slice is
	// valid during the call only. Nil means no need to know.
	Begin func(places []int) error
	// Still is asked right before the content of a message that Begin was told of together with one before it (BeginAhead), so that much
	// time may have passed since. An error is as one of Begin. Nil means yes.
	Still func(place int) error
	// Done is told the fate of each message once, as soon as it is known.
	Done func(place int, result Result)
}

// Error is why a connection could not be made or went down.
type Error struct {
	Stage Stage
	Reply Reply // zero if the relay said nothing
	// Temporary says that trying again later, with nothing changed, makes sense.
	Temporary bool
	Err       error
}

func (e *Error) Error() string {
	text := "smtp: " + string(e.Stage)
	if e.Reply.Code != 0 {
		text += ": relay answered " + e.Reply.String()
	}
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

func (e *Error) Unwrap() error { return e.Err }

var (
	// ErrNotLocal: the peer is not this machine, and only that is allowed.
	ErrNotLocal = errors.New("the relay is not on this machine (loopback)")
	// ErrProtocol: the relay's answer is not SMTP or beyond a bound.
	ErrProtocol = errors.New("the relay's answer breaks the protocol")
	// ErrUsedUp: the connection has carried its share of messages, is closed or is broken.
	ErrUsedUp = errors.New("the connection is used up")
	// ErrUTF8 : the address needs SMTPUTF8.
	ErrUTF8 = errors.New("the address has letters outside ASCII before its @, which mail here cannot carry (SMTPUTF8)")
)

func protocolError(format string, values ...any) error {
	return fmt.Errorf("%w: %s", ErrProtocol, fmt.Sprintf(format, values...))
}
