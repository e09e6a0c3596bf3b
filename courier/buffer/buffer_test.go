package buffer_test

import (
	"testing"

	"letterhead/courier/buffer"
)

func TestBuffersComeBackEmptyAndBounded(t *testing.T) {
	t.Parallel()
	s := buffer.New()
	b := s.Borrow()
	b.Body = append(b.Body, "of one practice"...)
	s.Return(b)
	if again := s.Borrow(); len(again.Body)+len(again.Header)+len(again.Signature) != 0 || &again.Body[:1][0] != &b.Body[0] {
		t.Errorf("%q came back", again.Body)
	}
	s.Return(buffer.Buffers{})
	s.Return(buffer.Buffers{Body: make([]byte, 0, 1<<20)})
	if len(s) != 0 {
		t.Errorf("%d are kept of nothing and of a picture's", len(s))
	}
	for range 2 * cap(s) {
		s.Return(buffer.Buffers{Body: make([]byte, 0, 1)})
	}
	if len(s) != cap(s) {
		t.Errorf("%d are kept", len(s))
	}
}
