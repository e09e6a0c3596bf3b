package courier

import (
	"letterhead/courier/stops"
	"letterhead/message"
)

// held tells whether a parcel is stopped, and by which scope.
func (p *parcel) held(by *stops.Known) (scope string, is bool) {
	switch {
	case by.Platform:
		return string(message.StopPlatform), true
	case p.Kind == message.System: // a practice's stop holds what it says, not what its people are told of the stop
		return "", false
	case by.All(p.Practice):
		return string(message.StopPractice), true
	case !by.Parts():
		return "", false
	}
	return by.Part(p.Practice, p.things())
}

// stopped ends a parcel that is stopped: held until the stop is lifted, or given back while the whole platform waits.
func (p *parcel) stopped(by *stops.Known) {
	if by.Platform {
		p.back(p.Turn)
	} else if scope, is := p.held(by); is {
		p.end(message.Held, message.ReasonFrozen, scope)
	}
}

// things are all by which a parcel can be stopped in part.
func (p *parcel) things() []stops.Thing {
	out := make([]stops.Thing, 0, 12)
	add := func(scope message.Scope, subject string) {
		out = append(out, stops.Thing{Scope: scope, Subject: subject})
	}
	add(message.StopVersion, p.Version)
	add(message.StopVersion, p.Digest)
	add(message.StopRule, p.Rule)
	if p.version != nil {
		for _, host := range p.version.hosts {
			add(message.StopHost, host)
		}
		for _, link := range p.version.links {
			add(message.StopLink, link)
		}
		add(message.StopText, p.version.text.Hex())
	}
	a := p.approved.Answer
	if a == nil {
		return out
	}
	add(message.StopWording, a.Wording)
	add(message.StopGrant, a.Grant)
	add(message.StopCredential, a.Credential)
	if part, is := partOf[p.Kind]; is {
		add(part, a.Subject)
	}
	for _, member := range a.Members {
		add(message.StopMember, string(member))
	}
	return out
}

// partOf is by which scope a kind of message is stopped.
var partOf = map[message.Kind]message.Scope{message.Order: message.StopOrder, message.Letter: message.StopLetter, message.Reply: message.StopLetter}
