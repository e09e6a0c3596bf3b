// Package sink holds the outside world for demo, drill, bench and tests: an SMTP relay and an SMS gateway that keep what
// they are given and deliver nothing, and proxies that make a network worse than loopback is.
//
// It promises: it listens on loopback only; what it keeps is bounded in number and bytes, oldest first out, while counts
// go on; Count, List, Get and Wait answer the same way for mail and SMS; a message is in them before its sender gets the
// answer. With Discard set it only counts, at the least cost. It never forwards anything.
//
// The SMTP sink is emersion/go-smtp, a server written by others than our client. It offers PIPELINING and CHUNKING unless
// told not to. Serve runs one as a process of its own, so that its CPU time is not the sender's.
package sink
