package store

// chunk is how many values one statement's list carries at most: on SQLite the cost of $n grows with the square of their number.
const chunk = 128

// Chunks calls fn for values in lists of a few fixed lengths (1, 2, 4 … 128), the last one padded with repeats of its last value: a statement with
// IN (list) then has few texts, which both engines keep prepared. list is placeholders from number first on, args its values.
func Chunks[T any](values []T, first int, fn func(list string, args []any) error) error {
	for len(values) > 0 {
		n := min(chunk, len(values))
		size := 1
		for size < n {
			size *= 2
		}
		args := make([]any, size)
		for i := range args {
			args[i] = values[min(i, n-1)]
		}
		if err := fn(List(first, size), args); err != nil {
			return err
		}
		values = values[n:]
	}
	return nil
}
