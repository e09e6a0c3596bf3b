package wording

import "letterhead/fault"

// refuse is an Invalid fault: the input's path, the sentence's key, and what to do.
func refuse(field, key, format string, args ...any) error {
	return fault.Field(field, key, format, args...)
}
