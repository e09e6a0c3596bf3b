// Package buffer lends what a batch is rendered into, and keeps what comes back for later batches. (A sync.Pool forgets it with every collection.)
package buffer

// Buffers are one message's: they live as long as its batch.
type Buffers struct{ Body, Header, Signature []byte }

// Shelf keeps some 10 MB: what four batches have in hand. It is safe for concurrent use.
type Shelf chan Buffers

const (
	most    = 800
	largest = 16 << 10 // one that a picture made grow is left to the collector
)

// New makes an empty shelf.
func New() Shelf { return make(Shelf, most) }

// Borrow gives empty buffers.
func (s Shelf) Borrow() Buffers {
	select {
	case b := <-s:
		return Buffers{b.Body[:0], b.Header[:0], b.Signature[:0]}
	default:
		return Buffers{make([]byte, 0, 8<<10), make([]byte, 0, 1<<10), make([]byte, 0, 1<<10)}
	}
}

// Return takes buffers that nobody reads any more.
func (s Shelf) Return(b Buffers) {
	if b.Body == nil || cap(b.Body)+cap(b.Header)+cap(b.Signature) > largest {
		return
	}
	select {
	case s <- b:
	default:
	}
}
