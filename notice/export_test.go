package notice

// DayInAll is how many notices a practice can get in a day.
func DayInAll() (n int) {
	for _, u := range uses {
		n += u.practice
	}
	return n
}
