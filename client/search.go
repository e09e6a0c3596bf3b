package client

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"
	"unicode"

	"letterhead/fault"
	"letterhead/practice"
	"letterhead/store"
	"letterhead/vault"
	"letterhead/zone"
)

// Query asks for clients by what somebody typed: a part of a name, a date of birth, a phone number or its last 4 to 6 digits, an e-mail address
// or what stands before its @. Empty text lists everybody.
type Query struct {
	Text     string
	Archived bool // also those out of use
	After    ID   // the last one of the page before; an id, for a name has no place in an address line
}

// Page is a part of the answer, in the order of last names.
type Page struct {
	Clients []Client
	Next    ID // "" when this was the last page
}

// MaxPage bounds one page, maxText what is typed, maxWords the parts of a name that are looked at.
const (
	MaxPage  = 100
	maxText  = 254
	maxWords = 4
)

// The pages that follow begin after the row of $2; its folded name is read here so that no cursor carries it.
const (
	after = ` AND (folded, id) > (COALESCE((SELECT folded FROM client WHERE practice = $1 AND id = $2), ''), $2) AND (archived_at = 0 OR $3)`
	page  = ` ORDER BY folded, id LIMIT $4`
	shown = `SELECT ` + columns + ` FROM (`
	// What a keyed index or a date finds is few: written like this, neither engine is tempted to walk the names in order instead.
	fewAfter = ` AND (folded || '', id) > (COALESCE((SELECT folded FROM client WHERE practice = $1 AND id = $2), ''), $2) AND (archived_at + 0 = 0 OR $3)`
	few      = ` ORDER BY folded || '', id LIMIT $4`
	andOpen  = `) hit JOIN client c ON c.practice = $1 AND c.id = hit.id ORDER BY c.folded, c.id`

	// A part of a name can begin anywhere in folded, so a search by name reads the practice's entries of one index (not its rows) until the page is
	// full: at worst all of them, 4 ms (SQLite) for 10,000 clients.
	nameQuery = `SELECT folded, id FROM client WHERE practice = $1` + after + ` AND folded LIKE $5 AND folded LIKE $6 AND folded LIKE $7 AND folded LIKE $8` + whoSees + page

	searchNames  = shown + nameQuery + andOpen
	searchWord   = shown + `SELECT folded, id FROM (` + nameQuery + `) n UNION SELECT folded, id FROM (SELECT folded, id FROM client WHERE practice = $1 AND local_index = $9 AND local_index <> ''` + fewAfter + whoSees + few + `) l` + page + andOpen
	searchEmail  = shown + `SELECT folded, id FROM client WHERE practice = $1 AND email_index = $5 AND email_index <> ''` + fewAfter + whoSees + few + andOpen
	searchLocal  = shown + `SELECT folded, id FROM client WHERE practice = $1 AND local_index = $5 AND local_index <> ''` + fewAfter + whoSees + few + andOpen
	searchMobile = shown + `SELECT folded, id FROM client WHERE practice = $1 AND mobile_index = $5 AND mobile_index <> ''` + fewAfter + whoSees + few + andOpen
	searchTail4  = shown + `SELECT folded, id FROM client WHERE practice = $1 AND tail4_index = $5 AND tail4_index <> ''` + fewAfter + whoSees + few + andOpen
	searchTail5  = shown + `SELECT folded, id FROM client WHERE practice = $1 AND tail5_index = $5 AND tail5_index <> ''` + fewAfter + whoSees + few + andOpen
	searchTail6  = shown + `SELECT folded, id FROM client WHERE practice = $1 AND tail6_index = $5 AND tail6_index <> ''` + fewAfter + whoSees + few + andOpen
	searchBorn   = shown + `SELECT folded, id FROM client WHERE practice = $1 AND born IN ($5, $6)` + fewAfter + whoSees + few + andOpen
)

// Search answers a query with at most limit clients (1 to MaxPage), and opens the details of those alone.
func Search(ctx context.Context, tx *store.Tx, keys *vault.Keys, q Query, limit int) (Page, error) {
	if limit < 1 || limit > MaxPage {
		return Page{}, fault.Field("limit", "client.limit", "ask for 1 to %d clients at a time", MaxPage)
	}
	if len(q.Text) > maxText {
		return Page{}, fault.Field("text", "client.search_too_long", "search for at most %d characters", maxText)
	}
	p, err := practice.Find(ctx, tx)
	if err != nil {
		return Page{}, err
	}
	looks, err := sightOf(ctx, tx)
	if err != nil {
		return Page{}, err
	}
	for _, s := range searches(keys, q.Text, p.Country) {
		query, args := looks.narrowed(s.query, append([]any{q.After, q.Archived, limit + 1}, s.args...))
		ids, err := hits(ctx, tx, keys, query, args)
		if err != nil {
			return Page{}, err
		}
		if len(ids) > limit {
			return Page{Clients: ids[:limit], Next: ids[limit-1].ID}, nil // the one more is on the log as well: it was opened
		}
		if len(ids) > 0 {
			return Page{Clients: ids}, nil
		}
	}
	return Page{}, nil
}

func hits(ctx context.Context, tx *store.Tx, keys *vault.Keys, query string, args []any) ([]Client, error) {
	rows, err := tx.Query(ctx, query, args...)
	return store.Collect(rows, err, func(r *store.Rows) (Client, error) { return scan(tx, keys, vault.Search, r) })
}

type search struct {
	query string
	args  []any
}

// searches are the ways to read what was typed; the first that finds somebody answers.
func searches(keys *vault.Keys, text, country string) []search {
	text = plainDigits(strings.TrimSpace(text))
	if born := birthdays(text); born[0] != "" {
		return []search{{searchBorn, []any{born[0], born[1]}}}
	}
	if local, _, ok := strings.Cut(text, "@"); ok {
		out := []search{{searchLocal, []any{keys.Index("local", strings.ToLower(local))}}}
		if whole := NormaliseEmail(text); whole.State == Good {
			out = []search{{searchEmail, []any{AddressIndex(keys, practice.Email, whole)}}}
		}
		return out
	}
	if digits, ok := phoneDigits(text); ok {
		switch n := len(digits); {
		case n == 4:
			return []search{{searchTail4, []any{keys.Index("tail4", digits)}}}
		case n == 5:
			return []search{{searchTail5, []any{keys.Index("tail5", digits)}}}
		case n == 6:
			return []search{{searchTail6, []any{keys.Index("tail6", digits)}}}
		case n > 6:
			// A number that was typed without its area code is found by its end.
			end := search{searchTail6, []any{keys.Index("tail6", digits[n-6:])}}
			if whole := NormaliseMobile(text, country); whole.State == Good {
				return []search{{searchMobile, []any{keys.Index("mobile", whole.Normal)}}, end}
			}
			return []search{end}
		}
	}
	return byName(keys, text)
}

func byName(keys *vault.Keys, text string) []search {
	words := strings.Fields(Fold(text))
	if len(words) == 0 && text != "" {
		return nil // nothing that a name could hold
	}
	args := make([]any, maxWords)
	for i := range args {
		args[i] = "%"
		if i < len(words) {
			args[i] = "% " + words[i] + "%"
		}
	}
	if text != "" && !strings.ContainsFunc(text, unicode.IsSpace) {
		return []search{{searchWord, append(args, keys.Index("local", strings.ToLower(text)))}}
	}
	return []search{{searchNames, args}}
}

// birthdays reads a date as it is written in most of the world and as in the United States; both are looked for.
func birthdays(text string) [2]string {
	var out [2]string
	for i, layout := range []string{"2006-1-2", "2/1/2006", "2.1.2006", "2-1-2006", "1/2/2006", "1-2-2006"} {
		t, err := time.Parse(layout, text)
		if err != nil {
			continue
		}
		day := zone.DateOf(t).String()
		if out[0] == "" {
			out = [2]string{day, day}
		} else if i > 3 {
			out[1] = day
		}
	}
	return out
}

// phoneDigits returns the digits of what can only be a number: 4 at least, with what people write between them.
func phoneDigits(text string) (string, bool) {
	digits := strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, text)
	return digits, len(digits) >= 4 && strings.Trim(text, "0123456789 +-().\u00a0") == ""
}

// plainDigits writes the decimal digits of any script as 0 to 9: a number is typed on whatever keyboard is there.
func plainDigits(text string) string {
	return strings.Map(func(r rune) rune {
		if r < 0x80 || !unicode.Is(unicode.Nd, r) {
			return r
		}
		// Each script's digits are ten in a row, the zero first: how many stand before one is its value.
		value := rune(0)
		for unicode.Is(unicode.Nd, r-value-1) && value < 9 {
			value++
		}
		return '0' + value
	}, text)
}

// Twins are other clients of the same name and date of birth: to be looked at by somebody, never merged by themselves. At most 20.
func Twins(ctx context.Context, tx *store.Tx, c Client) ([]ID, error) {
	if c.Born == "" {
		return nil, nil
	}
	rows, err := tx.Query(ctx, `SELECT id, first_name, last_name, born FROM client WHERE practice = $1 AND born = $2 AND id <> $3 AND merged_into = '' ORDER BY id LIMIT 1000`, c.Born, c.ID)
	all, err := store.Collect(rows, err, scanTwin)
	if err != nil {
		return nil, err
	}
	all, err = seenTwins(ctx, tx, all)
	var out []ID
	for _, t := range all {
		if t.same(twin{first: c.FirstName, last: c.LastName, born: c.Born}) && len(out) < 20 {
			out = append(out, t.id)
		}
	}
	return out, err
}

// seenTwins leaves out those whom the actor does not see.
func seenTwins(ctx context.Context, tx *store.Tx, all []twin) ([]twin, error) {
	ids := make([]ID, 0, len(all))
	for _, t := range all {
		ids = append(ids, t.id)
	}
	hidden, err := Hidden(ctx, tx, ids)
	return slices.DeleteFunc(all, func(t twin) bool { return hidden[t.id] }), err
}

type twin struct {
	id                ID
	first, last, born string
}

func scanTwin(r *store.Rows) (twin, error) {
	var t twin
	return t, r.Scan(&t.id, &t.first, &t.last, &t.born)
}

func (t twin) same(o twin) bool {
	return t.born == o.born && FoldNames(t.first, t.last, "") == FoldNames(o.first, o.last, "")
}

// Duplicates are groups of clients of the same name and date of birth, in the order of the dates: at most limit groups. It reads the practice once
// along the index of dates and keeps the clients of one date at a time.
func Duplicates(ctx context.Context, tx *store.Tx, limit int) ([][]ID, error) {
	rows, err := tx.Query(ctx, `SELECT id, first_name, last_name, born FROM client WHERE practice = $1 AND born > '' AND archived_at = 0 ORDER BY born, id`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out [][]ID
	var born string
	groups := map[string][]ID{}
	var order []string
	flush := func() {
		for _, name := range order {
			if len(groups[name]) > 1 && len(out) < limit {
				out = append(out, groups[name])
			}
		}
		clear(groups)
		order = order[:0]
	}
	for len(out) < limit && rows.Next() {
		t, err := scanTwin(rows)
		if err != nil {
			return nil, err
		}
		if t.born != born {
			flush()
			born = t.born
		}
		name := FoldNames(t.first, t.last, "")
		if groups[name] == nil {
			order = append(order, name)
		}
		groups[name] = append(groups[name], t.id)
	}
	flush()
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return nil, err
	}
	hidden, err := Hidden(ctx, tx, slices.Concat(out...))
	return slices.DeleteFunc(out, func(group []ID) bool {
		return slices.ContainsFunc(group, func(id ID) bool { return hidden[id] })
	}), err
}
