// Letterhead is practice management for health clinics in which nothing leaves on a clinic's letterhead unless the clinic's own people signed
// it. See README.md for the two commands and ARCHITECTURE.md for the rooms.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"letterhead/app"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := app.Run(ctx, os.Args[1:], os.Environ(), os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}
