package journal

// Check says whether a folder is the journal of an installation and epoch, without opening it for a process.
func Check(folder, installation string, epoch int64) error {
	known, err := readIdentity(folder)
	if err != nil {
		return err
	}
	if known != (identity{installation, epoch}) {
		return ErrMismatch
	}
	return nil
}
