package assertion

import (
	"encoding/binary"
	"fmt"
	"math"
)

// The part of CBOR (RFC 8949) that CTAP2 uses: whole numbers, bytes, text, arrays and maps of definite length, false, true, null. (CTAP2 §6)
const (
	uintType  = 0
	nintType  = 1
	bytesType = 2
	textType  = 3
	arrayType = 4
	mapType   = 5
	otherType = 7

	mostDeep = 4
)

func brokenCBOR(what string) error { return fmt.Errorf("%w: CBOR: %s", ErrForm, what) }

// head reads an item's type and argument. Arguments are in their shortest form.
func head(raw []byte) (kind byte, n uint64, rest []byte, err error) {
	if len(raw) == 0 {
		return 0, 0, nil, brokenCBOR("it ends early")
	}
	kind, low, rest := raw[0]>>5, raw[0]&0x1f, raw[1:]
	if low < 24 {
		return kind, uint64(low), rest, nil
	}
	size := 1 << (low - 24)
	if low > 27 || len(rest) < size || kind == otherType {
		return 0, 0, nil, brokenCBOR("a length")
	}
	var least uint64
	switch size {
	case 1:
		n, least = uint64(rest[0]), 24
	case 2:
		n, least = uint64(binary.BigEndian.Uint16(rest)), 1<<8
	case 4:
		n, least = uint64(binary.BigEndian.Uint32(rest)), 1<<16
	case 8:
		n, least = binary.BigEndian.Uint64(rest), 1<<32
	}
	if n < least {
		return 0, 0, nil, brokenCBOR("a number that is longer than it need be")
	}
	return kind, n, rest[size:], nil
}

// skip passes over one item.
func skip(raw []byte, deep int) ([]byte, error) {
	kind, n, rest, err := head(raw)
	if err != nil {
		return nil, err
	}
	switch kind {
	case uintType, nintType:
		return rest, nil
	case bytesType, textType:
		if n > uint64(len(rest)) {
			return nil, brokenCBOR("it ends early")
		}
		return rest[n:], nil
	case arrayType, mapType:
		if deep >= mostDeep || n > uint64(len(rest)) {
			return nil, brokenCBOR("too deep or too many")
		}
		if kind == mapType {
			n *= 2
		}
		for range n {
			if rest, err = skip(rest, deep+1); err != nil {
				return nil, err
			}
		}
		return rest, nil
	case otherType:
		if n >= 20 && n <= 22 {
			return rest, nil
		}
	}
	return nil, brokenCBOR("a kind of item that is not used here")
}

// stringOf reads bytes or text, as wanted.
func stringOf(raw []byte, want byte) (value, rest []byte, err error) {
	kind, n, rest, err := head(raw)
	if err != nil {
		return nil, nil, err
	}
	if kind != want || n > uint64(len(rest)) {
		return nil, nil, brokenCBOR("another type, or it ends early")
	}
	return rest[:n], rest[n:], nil
}

// integer reads a whole number.
func integer(raw []byte) (value int64, rest []byte, err error) {
	kind, n, rest, err := head(raw)
	if err != nil {
		return 0, nil, err
	}
	if kind > nintType || n > math.MaxInt64 {
		return 0, nil, brokenCBOR("no number")
	}
	if kind == nintType {
		return -1 - int64(n), rest, nil
	}
	return int64(n), rest, nil
}

// members counts a map's members.
func members(raw []byte) (n int, rest []byte, err error) {
	kind, count, rest, err := head(raw)
	if err != nil {
		return 0, nil, err
	}
	if kind != mapType || count > uint64(len(rest)) {
		return 0, nil, brokenCBOR("no map")
	}
	return int(count), rest, nil
}

// authDataOf returns authData of an attestation object: {"fmt": text, "attStmt": map, "authData": bytes}.
func authDataOf(raw []byte) ([]byte, error) {
	n, rest, err := members(raw)
	if err != nil {
		return nil, err
	}
	if n != 3 {
		return nil, brokenCBOR("an attestation has three members")
	}
	var data []byte
	seen := map[string]bool{}
	for range n {
		var name []byte
		if name, rest, err = stringOf(rest, textType); err != nil {
			return nil, err
		}
		if seen[string(name)] {
			return nil, brokenCBOR("a member is there twice")
		}
		seen[string(name)] = true
		if string(name) == "authData" {
			data, rest, err = stringOf(rest, bytesType)
		} else {
			rest, err = skip(rest, 0)
		}
		if err != nil {
			return nil, err
		}
	}
	if !seen["fmt"] || !seen["attStmt"] || !seen["authData"] || len(rest) > 0 {
		return nil, brokenCBOR("an attestation is fmt, attStmt and authData")
	}
	return data, nil
}
