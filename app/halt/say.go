package halt

import (
	"fmt"
	"io"
	"time"

	"letterhead/courier/socket"
	"letterhead/message"
)

// Say tells what a stop holds, how it ends, and what the relay may hold.
func Say(out io.Writer, stop message.Stop, begun []socket.Handed, total int) {
	fmt.Fprintf(out, "Sending is stopped (%s): no hand-off begins more than a second from now. Calendar and files stay open.\n", stop.Words())
	if stop.Scope == message.StopMember {
		fmt.Fprintln(out, "Their sessions and their programs' keys have ended. Their signing keys are revoked at the signing desk: only a signature can do it.")
	}
	if stop.Practice == "" {
		fmt.Fprintln(out, "letterhead lift on this host ends it.")
	} else {
		fmt.Fprintln(out, "The practice's people end it at the signing desk.")
	}
	sayBegun(out, begun, total)
}

// SayAnswers tells what couriers answered on their sockets.
func SayAnswers(out io.Writer, answers []socket.Answer) {
	if len(answers) == 0 {
		fmt.Fprintln(out, "No courier runs on this host. The stop is in the courier's journal, and holds for each that starts.")
		return
	}
	for _, a := range answers {
		fmt.Fprintf(out, "Courier %s: %d stops are open", a.Process, a.Stops)
		if a.Why != "" {
			fmt.Fprintf(out, "; nothing is sent: %s", a.Why)
		}
		fmt.Fprintln(out, ".")
		for _, s := range a.Stopped {
			fmt.Fprintf(out, "  %s  %s  %s: %s\n", s.At.Format(time.RFC3339), s.Practice, message.Stop{Scope: message.Scope(s.Scope), Subject: s.Subject}.Words(), s.Reason)
		}
	}
	sayBegun(out, answers[0].Begun, answers[0].Handed)
}

func sayBegun(out io.Writer, begun []socket.Handed, total int) {
	fmt.Fprintf(out, "In the last minute %d hand-offs had begun; what the relay took is with it.\n", total)
	for _, h := range begun {
		fmt.Fprintf(out, "  %s  %s  %s  %s\n", h.At.Format(time.RFC3339), h.Practice, h.Message, h.State)
	}
	if more := total - len(begun); more > 0 {
		fmt.Fprintf(out, "  and %d before these\n", more)
	}
}
