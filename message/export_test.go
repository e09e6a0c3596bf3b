package message

// LaneQueries are the texts by which a line is read, for the test that looks whether they use their indexes.
func LaneQueries() []string { return lanes[:] }

// NoCode is what the statement that keeps codes reads besides.
const NoCode = noCode
