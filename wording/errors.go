package wording

import (
	"fmt"

	"letterhead/fault"
)

// refuse is an Invalid fault: the input's path, the sentence's key, and what to do.
func refuse(field, key, format string, args ...any) error {
	return fault.Field(field, key, format, args...)
}

// broken is a failure of ours that nobody can mend by other input.
func broken(doing string, cause error) error {
	return fault.New(fault.Internal, "wording.internal", "").With(fmt.Errorf("%s: %w", doing, cause))
}
