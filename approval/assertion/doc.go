// Package assertion verifies WebAuthn assertions by passkeys, offline and years later, and reads what a passkey says when it is made.
//
// It is the small exact part of WebAuthn Level 2 that an approval needs: type, challenge, origin and relying party as given, never from
// another site's frame, the person present and verified, ES256, EdDSA or RS256 with a key in COSE form. Everything is read strictly and
// within bounds; what is not understood is refused. Attestation is not looked at: which make of key somebody uses is not our business.
//
// Never: storage, a clock, the network; a signature counter relied on (synchronised passkeys have none).
package assertion
