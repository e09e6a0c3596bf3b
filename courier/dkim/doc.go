// Package dkim signs the mail that Letterhead itself composes (RFC 6376, RFC 8463).
//
// A Signer holds one or two keys of one domain, an RSA key and an Ed25519 key, each under a selector of its own. Sign
// returns the DKIM-Signature fields to put in front of the message: one for each key, over one body hash.
//
// It promises:
//   - the header is canonicalised "relaxed", the body "simple" or "relaxed" (RFC 6376 §3.4); never l= (§8.2);
//   - From, To, Subject, Date, Message-ID, MIME-Version, Content-Type, Content-Transfer-Encoding, Cc, Reply-To,
//     Auto-Submitted, List-Unsubscribe and List-Unsubscribe-Post are signed when present (the last two: RFC 8058 §4);
//   - those a reader or a mail program acts upon are over-signed: named once more than they occur, so that a second
//     From, Subject, To, Cc, Reply-To, Date, Message-ID, MIME-Version or Content-Type breaks the signature (RFC 6376 §5.4.2);
//   - a message that could be read in two ways is refused: a bare CR or LF, a field that may occur once occurring twice,
//     a line that is no field, no From.
//
// It never looks anything up, never changes the message and never signs for a domain other than its own. A Signer has
// no state: any number of goroutines may use one. An RSA-2048 signature costs about 1 ms of CPU, everything else about 0.03 ms.
//
// Keys are kept as PKCS #8 PEM files that only their owner can read; Record gives what belongs into the DNS.
package dkim
