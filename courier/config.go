package courier

import (
	"time"

	"letterhead/courier/setting"
)

// The courier's part of the configuration file.
type (
	Config  = setting.Config
	Relay   = setting.Relay
	Gateway = setting.Gateway
)

// Waits and bounds that are nobody's choice.
const (
	batchSize    = 200
	requeued     = 5000             // of one practice and reason at a time
	claimFor     = 10 * time.Minute // longer than a batch ever takes; another courier may have a killed one's practices after it
	freezeEvery  = 200 * time.Millisecond
	freezeStale  = 700 * time.Millisecond // a stop state older than this is read again before a first byte
	freezeLate   = 900 * time.Millisecond // and one that took so long to read does not count
	factsGood    = time.Minute            // from a batch's claim: what has not begun by then is claimed and looked at anew
	sweepEvery   = 15 * time.Second
	drainWithin  = 4 * time.Second  // SIGTERM to end: 5 s
	unwitnessed  = 15 * time.Minute // until an order's message is looked at again
	deferFirst   = time.Minute      // after the first 4xx, doubled each time
	deferMost    = 2 * time.Hour
	versionCache = 4 << 20  // bytes of compiled versions that are kept
	perVersion   = 24 << 10 // of one, without its pictures; measured: 4 kB of JSON make some 22 kB
)
