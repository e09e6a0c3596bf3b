package order

// The steps of Fix, for a run that stands still between two of them.
var (
	Begin = begin
	Clear = clear
)
