package public

import (
	"bytes"
	"net/http"

	"letterhead/courier/inbound"
	"letterhead/courier/sms"
)

// signed reads a hook's body and checks its signature against the secret of a name; nil and an answer when it is not to be believed.
func (s *server) signed(r *http.Request, secrets map[string][]byte, name string) ([]byte, *answer) {
	raw, cut := body(r)
	if cut != nil {
		return nil, cut
	}
	secret, known := secrets[name]
	if !known {
		secret = s.dummy
	}
	if err := sms.VerifyHook(secret, r.Header.Get(sms.SignatureHeader), raw, s.DB.Now()); err != nil || !known {
		a := s.stranger(r, inbound.Done{Did: "nothing", Why: inbound.Unauthenticated})
		return nil, &a
	}
	return raw, nil
}

// text takes a gateway's receipts and replies.
func (s *server) text(r *http.Request) answer {
	gateway := r.PathValue("gateway")
	raw, refused := s.signed(r, s.Gateways, gateway)
	if refused != nil {
		return *refused
	}
	hook, err := sms.ParseHook(raw)
	if err != nil {
		return answer{status: http.StatusUnprocessableEntity, raw: []byte(err.Error() + "\n"), kind: "text/plain; charset=utf-8", err: err}
	}
	var done inbound.Done
	if hook.Receipt != nil {
		fate := map[sms.Status]inbound.ReceiptFate{sms.Delivered: inbound.TextDelivered, sms.Undelivered: inbound.TextNotDelivered, sms.Delayed: inbound.TextDelayed}[hook.Receipt.Status]
		done, err = s.Inbound.Receipt(r.Context(), gateway, inbound.Receipt{OutsideID: hook.Receipt.Provider, Fate: fate, Detail: hook.Receipt.Code})
	} else {
		done, err = s.Inbound.Replied(r.Context(), gateway, inbound.Reply{Event: hook.Reply.Event, From: hook.Reply.From, To: hook.Reply.To, Text: hook.Reply.Text, InReplyTo: hook.Reply.Provider})
	}
	return s.outcome(done, err)
}

// report takes a mail that came back to a return path, as it was received (message/rfc822). A relay that pipes what is longer than 64 KB cuts
// it before it signs: what counts stands first.
func (s *server) report(r *http.Request) answer {
	raw, refused := s.signed(r, s.Relays, r.PathValue("relay"))
	if refused != nil {
		return *refused
	}
	return s.outcome(s.Inbound.Piped(r.Context(), bytes.NewReader(raw), ""))
}

// outcome answers a hook. Whoever sent it tries again after an error of ours, and only then.
func (s *server) outcome(done inbound.Done, err error) answer {
	if err != nil {
		a := trouble(err)
		a.status = max(a.status, http.StatusInternalServerError)
		return a
	}
	return said(done)
}
