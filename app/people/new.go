package people

import (
	"flag"

	"letterhead/fault"
	"letterhead/guard"
	"letterhead/practice"
)

// New is what init and practice add are told of a practice.
type New struct {
	Name, Country, Zone, Owner, OwnerName, Language, Phone, Email, Website, Address string
	ByHand                                                                          bool // in a root marked as a test: no key in software signs
}

// Flags declares the flags.
func (n *New) Flags(f *flag.FlagSet) {
	f.StringVar(&n.Name, "name", "", "the practice's `name`")
	f.StringVar(&n.Country, "country", "", "its country's two-letter `code`, such as AU")
	f.StringVar(&n.Zone, "zone", "", "its time `zone`, such as Australia/Melbourne")
	f.StringVar(&n.Owner, "owner", "", "the owner's `e-mail` address")
	f.StringVar(&n.OwnerName, "owner-name", "", "the owner's `name`")
	f.StringVar(&n.Language, "language", "", "the `language` of its messages, such as en; the country's when empty")
	f.StringVar(&n.Phone, "phone", "", "its phone `number`, as written on messages")
	f.StringVar(&n.Email, "email", "", "its e-mail `address`, for replies")
	f.StringVar(&n.Website, "website", "", "its `host` name, without https://")
	f.StringVar(&n.Address, "address", "", "its street `address`")
	f.BoolVar(&n.ByHand, "sign-by-hand", false, "in a root marked as a test: leave signing to people at the desk, as in a real one, instead of to a key in software")
}

// Check finds what is wrong before anything is made.
func (n *New) Check() error {
	for _, each := range [][2]string{{"name", n.Name}, {"country", n.Country}, {"zone", n.Zone}, {"owner", n.Owner}} {
		if each[1] == "" {
			return fault.Field("--"+each[0], "flag.missing", "is needed; see --help")
		}
	}
	if _, err := n.Practice().Check(); err != nil {
		return err
	}
	_, err := n.Member().Check()
	return err
}

// Practice is the practice that is described.
func (n *New) Practice() practice.Practice {
	p := practice.New(n.Name, n.Country, n.Zone)
	p.Phone, p.Email, p.Website, p.Address = n.Phone, n.Email, n.Website, n.Address
	if n.Language != "" {
		p.Language = n.Language
	}
	return p
}

// Member is its owner.
func (n *New) Member() guard.Member {
	return guard.Member{Email: n.Owner, Name: n.OwnerName, Role: guard.Owner}
}
