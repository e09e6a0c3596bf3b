//go:build !unix

package sink

import "time"

// processCPU is not known here.
func processCPU() time.Duration { return 0 }
