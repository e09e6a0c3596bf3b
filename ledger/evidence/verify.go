package evidence

import (
	"bufio"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"letterhead/approval/assertion"
	"letterhead/approval/form"
	"letterhead/fault"
	"letterhead/ledger/proof"
)

// phases of a file, in the order in which their lines stand.
const (
	phaseHeader = iota
	phaseDesk
	phaseCosigner
	phaseCheckpoint
	phaseList
	phaseItem
	phaseEnd
)

type verifier struct {
	log       note.Verifier
	root      string // fingerprint, letters alone
	cosigners []*proof.Cosigner
	roles     map[string]string // verifier key → role

	line  int
	phase int
	desks []assertion.Party
	point *proof.Signed
	lines []proof.Line
	tree  proof.Range
	claims
	report *Report
}

func newVerifier(expect Expect) (*verifier, error) {
	v := &verifier{roles: map[string]string{}, report: &Report{Fates: map[string]int{}}}
	v.root = letters(expect.Root)
	if len(v.root) != 32 {
		return nil, fault.Field("--root", "evidence.root", "give the fingerprint of the practice's first key: eight groups of four letters, from its paper")
	}
	var err error
	if v.log, err = note.NewVerifier(strings.TrimSpace(expect.LogKey)); err != nil {
		return nil, fault.Field("--log-key", "evidence.log_key", "give the log's verifier key: name+hash+key").With(err)
	}
	for role, keys := range map[string][]string{"witness": expect.Witnesses, "auditor": expect.Auditors} {
		for _, key := range keys {
			c, err := proof.ParseCosigner(strings.TrimSpace(key))
			if err != nil {
				return nil, fault.Field("--"+role, "evidence.cosigner", "give a cosigner's verifier key: name+hash+key").With(err)
			}
			v.addCosigner(c, role)
		}
	}
	v.claims = newClaims()
	return v, nil
}

func (v *verifier) addCosigner(c *proof.Cosigner, role string) {
	if v.roles[c.String()] == "" {
		v.roles[c.String()] = role
		v.cosigners = append(v.cosigners, c)
	}
}

// letters takes a fingerprint as people write it.
func letters(text string) string {
	return strings.ToUpper(strings.NewReplacer(" ", "", "-", "", "\n", "", "\t", "").Replace(text))
}

func (v *verifier) wrong(code, format string, args ...any) error {
	return &Problem{Line: v.line, Code: code, Say: fmt.Sprintf(format, args...)}
}

func (v *verifier) read(in io.Reader) (*Report, error) {
	lines := bufio.NewReaderSize(in, 64<<10)
	var buffer []byte
	for {
		v.line++
		raw, err := readLine(lines, buffer[:0])
		buffer = raw
		switch {
		case errors.Is(err, io.EOF) && len(raw) == 0 && v.phase == phaseEnd:
			return v.report, nil
		case errors.Is(err, io.EOF):
			return nil, v.wrong(CodeTruncated, "the file ends before it should")
		case errors.Is(err, errLong):
			return nil, v.wrong(CodeLine, "the line is too long")
		case err != nil:
			return nil, fmt.Errorf("read the file: %w", err)
		}
		if err := v.take(string(raw[:len(raw)-1])); err != nil {
			return nil, err
		}
	}
}

var errLong = errors.New("a line is too long")

func readLine(r *bufio.Reader, into []byte) ([]byte, error) {
	for {
		part, err := r.ReadSlice('\n')
		into = append(into, part...)
		switch {
		case len(into) > maxLine:
			return into, errLong
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		}
		return into, err
	}
}

// places says in which phase a word may stand, and which phase follows.
var places = map[string]struct{ first, last, next int }{
	"desk":       {phaseDesk, phaseDesk, phaseDesk},
	"cosigner":   {phaseDesk, phaseCosigner, phaseCosigner},
	"checkpoint": {phaseDesk, phaseCosigner, phaseList},
	"list":       {phaseList, phaseList, phaseList},
	"entry":      {phaseList, phaseItem, phaseItem},
	"leaf":       {phaseList, phaseItem, phaseItem},
	"hash":       {phaseList, phaseItem, phaseItem},
	"end":        {phaseList, phaseItem, phaseEnd},
}

func (v *verifier) take(text string) error {
	if v.phase == phaseHeader {
		if text != Header {
			return v.wrong(CodeFormat, "this is no evidence file, or one of another version")
		}
		v.phase = phaseDesk
		return nil
	}
	fields := strings.Split(text, " ")
	place, known := places[fields[0]]
	if !known || v.phase < place.first || v.phase > place.last {
		return v.wrong(CodeLine, "this line cannot stand here")
	}
	v.phase = place.next
	switch fields[0] {
	case "desk":
		return v.desk(fields[1:])
	case "cosigner":
		return v.cosigner(fields[1:])
	case "checkpoint":
		return v.checkpoint(fields[1:])
	case "list":
		return v.list(fields[1:])
	case "entry":
		return v.entry(fields[1:])
	case "leaf":
		return v.leaf(fields[1:])
	case "hash":
		return v.hash(fields[1:])
	}
	return v.end(fields[1:])
}

// raw reads base64 (RFC 4648 §4) in its one form.
func (v *verifier) raw(text string) ([]byte, error) {
	raw, err := base64.StdEncoding.Strict().DecodeString(text)
	if err != nil || strings.ContainsAny(text, "\r\n") {
		return nil, v.wrong(CodeLine, "this is not base64")
	}
	return raw, nil
}

func (v *verifier) desk(fields []string) error {
	if len(fields) != 2 || fields[0] == "" || fields[1] == "" || len(v.desks) >= maxDesks {
		return v.wrong(CodeLine, "a desk is an origin and a relying party, of at most %d", maxDesks)
	}
	v.desks = append(v.desks, assertion.Party{Origin: fields[0], RPID: fields[1]})
	return nil
}

func (v *verifier) cosigner(fields []string) error {
	if len(fields) != 1 || len(v.cosigners) >= maxCosigners {
		return v.wrong(CodeLine, "a cosigner is its verifier key")
	}
	c, err := proof.ParseCosigner(fields[0])
	if err != nil {
		return v.wrong(CodeLine, "a cosigner's verifier key cannot be read")
	}
	v.addCosigner(c, "unknown")
	return nil
}

func (v *verifier) checkpoint(fields []string) error {
	if len(fields) != 1 {
		return v.wrong(CodeLine, "a checkpoint is one field")
	}
	raw, err := v.raw(fields[0])
	if err != nil {
		return err
	}
	if v.point, err = proof.OpenCheckpoint(raw, v.log, v.cosigners...); err != nil {
		return v.wrong(CodeCheckpoint, "the checkpoint does not hold: %v", err)
	}
	v.report.Origin, v.report.Checkpoint = v.point.Origin, v.point.Size
	v.report.Cosigned = []Cosigned{}
	for _, c := range v.point.Cosigned {
		role := ""
		for _, k := range v.cosigners {
			if k.Name() == c.Name && k.KeyHash() == c.Key {
				role = v.roles[k.String()]
			}
		}
		v.report.Cosigned = append(v.report.Cosigned, Cosigned{c.Name, c.At, role})
	}
	slices.SortFunc(v.report.Cosigned, func(a, b Cosigned) int { return strings.Compare(a.Name+a.Role, b.Name+b.Role) })
	return nil
}

func number(text string, most int64) (int64, bool) {
	n, err := strconv.ParseInt(text, 10, 64)
	return n, err == nil && n >= 0 && n <= most && strconv.FormatInt(n, 10) == text
}

func (v *verifier) list(fields []string) error {
	if len(fields) != 3 || len(v.lines) >= 2 {
		return v.wrong(CodeLine, "a line of the list has an index, itself and a proof, and there are two at most")
	}
	index, ok := number(fields[0], proof.MaxSize)
	if !ok {
		return v.wrong(CodeLine, "an index is a number")
	}
	raw, err := v.raw(fields[1])
	if err != nil {
		return err
	}
	count, err := proof.ParseCount(raw)
	if err != nil {
		return v.wrong(CodeLine, "a line of the list has %d bytes", proof.CountSize)
	}
	hashes, err := v.raw(fields[2])
	if err != nil {
		return err
	}
	if len(hashes)%32 != 0 || len(hashes) > 63*32 {
		return v.wrong(CodeLine, "a proof is of whole hashes")
	}
	line := proof.Line{Index: index, Count: count}
	for at := 0; at < len(hashes); at += 32 {
		line.Proof = append(line.Proof, proof.Hash(hashes[at:]))
	}
	v.lines = append(v.lines, line)
	return nil
}

func (v *verifier) hash(fields []string) error {
	if len(fields) != 2 {
		return v.wrong(CodeLine, "a hash has a level and itself")
	}
	level, ok := number(fields[0], 47)
	if !ok {
		return v.wrong(CodeLine, "a level is a number")
	}
	raw, err := v.raw(fields[1])
	if err != nil {
		return err
	}
	if len(raw) != 32 {
		return v.wrong(CodeLine, "a hash has 32 bytes")
	}
	if v.tree.Subtree(int(level), proof.Hash(raw)) != nil || v.tree.Size() > v.point.Size {
		return v.wrong(CodeHash, "2^%d leaves cannot stand here", level)
	}
	return nil
}

func (v *verifier) end(fields []string) error {
	if len(fields) != 1 || fields[0] != strconv.Itoa(v.line) {
		return v.wrong(CodeLine, "the last line says how many lines there are")
	}
	if v.state == nil {
		return v.wrong(CodeTruncated, "the practice's root is missing")
	}
	if err := v.whole(); err != nil {
		return err
	}
	if err := v.found(); err != nil {
		return err
	}
	count, there, err := proof.CheckLines(v.lines, v.point.Checkpoint, v.label)
	switch {
	case err != nil:
		return v.wrong(CodeList, "%v", err)
	case !there && v.count == 0 && v.tree.Size() == 0: // nothing was ever recorded; the neighbours in the list prove it
		if err := v.state.Add(v.pending); err != nil {
			return v.refused(err)
		}
	case !there:
		return v.wrong(CodeList, "the list says that this practice has no leaves")
	case v.tree.Size() != v.point.Size:
		return v.wrong(CodeSize, "%d leaves, and the checkpoint is over %d", v.tree.Size(), v.point.Size)
	case v.tree.Root() != v.point.Root:
		return v.wrong(CodeTree, "these are not the leaves that the checkpoint is over")
	case count.Count != v.count:
		return v.wrong(CodeCount, "%d leaves of the practice, and the list says %d", v.count, count.Count)
	case count.Head != v.previous:
		return v.wrong(CodeHead, "the last leaf is not the one that the list says")
	}
	v.finish()
	return nil
}

// fingerprint is that of trust.Root: what an owner keeps on paper of the first key.
func fingerprint(installation, practice string, key []byte) string {
	return form.Groups(rootSum(installation, practice, key))
}
