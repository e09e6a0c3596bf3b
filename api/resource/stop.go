package resource

import (
	"context"
	"errors"
	"strings"
	"time"

	"letterhead/api/call"
	"letterhead/client"
	"letterhead/fault"
	"letterhead/guard"
	"letterhead/message"
	"letterhead/practice"
	"letterhead/store"
)

// StopOut is what is stopped.
type StopOut struct {
	ID      string    `json:"id"`
	Scope   string    `json:"scope" enum:"practice,wording,version,rule,order,letter,grant,host,link,text,member,credential"`
	Subject string    `json:"subject,omitempty"`
	Reason  string    `json:"reason"`
	At      time.Time `json:"at"`
}

func stopOut(s message.Stop) StopOut {
	return StopOut{ID: s.ID, Scope: string(s.Scope), Subject: s.Subject, Reason: s.Reason, At: s.At}
}

// StopList is what is stopped now.
type StopList struct {
	Stops []StopOut `json:"stops"`
}

// Stops lists what of the practice's sending is stopped: at most message.MostStops.
func Stops(c *call.Call, _ call.Nothing) (StopList, error) {
	out, err := listed(c, message.Frozen, stopOut)
	return StopList{out}, err
}

// Stopping is what is to be stopped, and why.
type Stopping struct {
	Scope   string `json:"scope" enum:"practice,wording,version,rule,order,letter,grant,host,link,text,credential" doc:"credential: this one alone; it ends with it. Members are stopped by people."`
	Subject string `json:"subject,omitempty" doc:"The id of what is stopped, a rule's key, a host's name, or the address that a link leads to; not there for a practice."`
	Reason  string `json:"reason" doc:"For the people who lift it; in a line."`
}

// Stop stops at once. What is stopped already stays as it is. Nothing here lifts a stop.
func Stop(c *call.Call, in Stopping) (StopOut, error) {
	scope, subject := message.Scope(in.Scope), in.Subject
	own := scope == message.StopCredential && (subject == "" || subject == c.Credential.ID)
	if own {
		subject = c.Credential.ID
	}
	if scope == message.StopHost {
		subject = strings.ToLower(subject)
	}
	if !own && scope == message.StopCredential {
		return StopOut{}, fault.Field("subject", "api.stop_credential", "a program stops its own credential alone; leave the subject out")
	}
	var stop message.Stop
	err := c.Change(func(ctx context.Context, tx *store.Tx) (err error) {
		if stop, err = message.FreezeOnly(ctx, tx, scope, subject, strings.Join(strings.Fields(in.Reason), " ")); err != nil || !own {
			return err
		}
		if err = guard.EndCredential(ctx, tx, subject); errors.Is(err, store.ErrNone) { // it has ended already
			err = nil
		}
		return err
	})
	return stopOut(stop), err
}

// Suppression is an address that is not to be written to.
type Suppression struct {
	Channel string `json:"channel" enum:"email,sms"`
	Address string `json:"address" doc:"An e-mail address, or a mobile number as the practice's country writes it."`
	Purpose string `json:"purpose,omitempty" enum:",marketing" doc:"Not there: nothing at all is sent to it."`
	Reason  string `json:"reason" enum:"bounce,complaint,stop,unsubscribe"`
}

// Suppressed says that it was noted; what was noted before stays as it is.
type Suppressed struct {
	Noted bool `json:"noted"`
}

// Suppress has nothing more sent to an address. It is kept as a keyed index alone; taking it back is for people.
func Suppress(c *call.Call, in Suppression) (Suppressed, error) {
	a := client.NormaliseEmail(in.Address)
	if message.Channel(in.Channel) == message.SMS {
		a = client.NormaliseMobile(in.Address, c.Practice.Country)
	}
	if a.State != client.Good {
		return Suppressed{}, fault.Field("address", "api.address", "write an e-mail address as name@example.com, or a mobile number")
	}
	err := c.Change(func(ctx context.Context, tx *store.Tx) error {
		keys, err := c.Keys(ctx, tx)
		if err != nil {
			return err
		}
		index := client.AddressIndex(keys, practice.Channel(in.Channel), a)
		return message.Suppress(ctx, tx, message.Suppression{Channel: message.Channel(in.Channel), AddressIndex: index, Purpose: message.Purpose(in.Purpose), Reason: in.Reason})
	})
	return Suppressed{Noted: err == nil}, err
}
