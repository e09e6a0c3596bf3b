package socket

// Parse is for the fuzzer.
func Parse(line []byte) (r Request, err error) {
	err = parse(line, &r)
	return r, err
}
