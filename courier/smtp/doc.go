// Package smtp hands mail to a relay: a submission client (RFC 6409, RFC 5321) that always knows what has left.
//
// A Conn is one connection, used by one goroutine at a time. Send takes a batch of messages, each to one recipient, and
// ends each in exactly one Result:
//
//	NotBegun    nothing of the content left: send it again, nobody can have it
//	Incomplete  content began to leave, its end did not: a relay must not deliver it (RFC 5321 §4.1.1.4, RFC 3030 §2)
//	Accepted    the relay took responsibility
//	Refused     the relay (or a rule of ours, Stage "local") said no, for now (4xx) or for good (5xx)
//	MaybeSent   the end of the content left, no final reply came: only the relay knows
//
// Hooks.Begin is called before the first byte of a message's content can leave, once for all the messages whose content
// goes into one write; when it returns an error, nothing of them is written and Send ends. Content bytes count as left once
// the kernel has taken them, so MaybeSent is exact: a smaller claim would be false, a larger one unnecessary.
//
// How it sends, by what the relay offers in EHLO:
//   - CHUNKING and PIPELINING (RFC 3030, RFC 2920): envelope and content of several messages (Options.Window) in flight. The
//     first message of a connection goes alone, so that a relay which only claims CHUNKING is found out with one message.
//   - PIPELINING only: content of one message and envelope of the next in one write: one round trip a message.
//   - neither: one command, one reply.
//
// Promises: TLS 1.2 or later with a verified certificate before a name, a password or an address is told, unless Plain is
// configured and the peer is this machine; LoopbackOnly holds before the connection is opened; every reply, line, phase and
// buffer is bounded; dot-stuffing (§4.5.2) only under DATA, done here, after signing; bare CR or LF, NUL and lines above 998
// characters are refused (no smuggling); addresses outside ASCII are refused (SMTPUTF8, RFC 6531, is not used), but
// domains in Unicode are turned into A-labels. Cancelling the context begins no further message and gives those in flight
// Options.Drain to end.
//
// Errors and Reply.String name code, status and stage but never text that came from the relay, which may repeat an
// address; Reply.Text has that, for sealed storage only.
//
// A Pool keeps connections to one relay: how many, how often, and how long to wait after a refusal. Neither knows of
// storage or of what is in a message.
package smtp
