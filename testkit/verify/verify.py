#!/usr/bin/env python3
"""A second reader of evidence files, written from docs/evidence.md alone: it shares no code and no language with the program that writes them.

    verify.py --root FINGERPRINT --log-key KEY [--witness KEY] [--auditor KEY] FILE
    verify.py --batch          one JSON object a line on standard input, one answer a line on standard output

It says the same as `letterhead verify --json` of every file, but for one thing: who may sign what, and after which waiting time (the code
"rules"), is the approvals' own law, which it does not know; it checks that every signature is by a key that the practice's own chain enrolled.
"""

import argparse
import base64
import binascii
import functools
import hashlib
import json
import re
import struct
import sys

import curves

HEADER = "letterhead-evidence/1"
GRACE = 60_000_000
MAX_LINE = 3 << 20
MAX_SIZE = 1 << 48
ZERO = bytes(32)
FATES = {0: "without an outcome yet", 1: "sent", 2: "deferred", 3: "refused", 4: "maybe sent", 5: "did not leave"}
RIGHTS = {1: "rule", 2: "order", 3: "letter", 4: "letter", 5: "grant"}


class Problem(Exception):
    def __init__(self, line, code, say):
        super().__init__(f"line {line}: {say} ({code})")
        self.line, self.code, self.say = line, code, say


def sha(raw):
    return hashlib.sha256(raw).digest()


def node(left, right):
    return sha(b"\x01" + left + right)


ed25519 = functools.lru_cache(4096)(curves.ed25519)
ecdsa = functools.lru_cache(4096)(curves.ecdsa_p256)


class Tree:
    """The right edge of an RFC 6962 tree."""

    def __init__(self):
        self.size, self.edge = 0, []

    def add(self, level, h):
        if self.size & ((1 << level) - 1) or self.size + (1 << level) > MAX_SIZE:
            return False
        n = self.size >> level
        while n & 1:
            h, n = node(self.edge.pop(), h), n >> 1
        self.edge.append(h)
        self.size += 1 << level
        return True

    def root(self):
        if not self.edge:
            return sha(b"")
        h = self.edge[-1]
        for left in reversed(self.edge[:-1]):
            h = node(left, h)
        return h


def inclusion(index, size, h, proof, root):
    """RFC 9162 section 2.1.3.2."""
    if not 0 <= index < size:
        return False
    fn, sn = index, size - 1
    for p in proof:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            h = node(p, h)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            h = node(h, p)
        fn, sn = fn >> 1, sn >> 1
    return sn == 0 and h == root


# --- signed notes (C2SP signed-note, tlog-checkpoint, tlog-cosignature) ------------------------------------------------------------------


def vkey(text, kind):
    parts = text.split("+", 2)
    if len(parts) != 3 or not parts[0] or len(parts[1]) != 8 or any(c.isspace() for c in parts[0]):
        return None
    raw = unbase(parts[2])
    if raw is None or len(raw) != 33 or raw[0] != kind:
        return None
    key_id = sha(parts[0].encode() + b"\n" + raw)[:4]
    if parts[1].lower() != key_id.hex():
        return None
    return parts[0], key_id, raw[1:]


def unbase(text):
    """RFC 4648 section 4, in its one form."""
    try:
        raw = base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, ValueError):
        return None
    return raw if base64.b64encode(raw).decode() == text else None


def open_note(raw, keys):
    """Returns the text and the (name, key id, signature) that are known and hold; None when the note does not hold."""
    try:
        note = raw.decode("utf-8")
    except UnicodeDecodeError:
        return None
    if any(c < " " and c != "\n" for c in note):
        return None
    split = note.rfind("\n\n")
    if split < 0 or not note.endswith("\n") or split + 2 >= len(note):
        return None
    text, good, seen = note[:split + 1], [], set()
    lines = note[split + 2:-1].split("\n")
    if len(lines) > 100:
        return None
    for line in lines:
        if not line.startswith("\u2014 "):
            return None
        name, _, b64 = line[2:].partition(" ")
        try:
            sig = base64.b64decode(b64.encode("ascii"), validate=True)
        except (binascii.Error, ValueError):
            return None
        if not name or "+" in name or any(c.isspace() for c in name) or not b64 or len(sig) < 5:
            return None
        who = (name, sig[:4])
        if who not in keys or who in seen:
            continue
        seen.add(who)
        kind, key = keys[who]
        body, sig = text.encode(), sig[4:]
        if kind == 1:
            holds = ed25519(key, body, sig)
        else:
            at = int.from_bytes(sig[:8], "big") if len(sig) == 72 else 1 << 63
            holds = at < 1 << 63 and ed25519(key, b"cosignature/v1\ntime %d\n" % at + body, sig[8:])
        if not holds:
            return None
        good.append((name, who[1], sig))
    return text, good


def number(text, most=MAX_SIZE):
    return int(text) if re.fullmatch(r"0|[1-9][0-9]{0,18}", text) and int(text) <= most else None


# --- approvals: one entry, its statements, its signature ---------------------------------------------------------------------------------

ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
HEX = re.compile(r"[0-9a-f]{64}")
LATEST = (1 << 53) - 1


def unique(pairs):
    out = {}
    for k, v in pairs:
        if k in out:
            raise ValueError("a member is there twice")
        out[k] = v
    return out


def canonical(v):
    return json.dumps(v, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def url64(text):
    if not isinstance(text, str) or not re.fullmatch(r"[A-Za-z0-9_-]*", text):
        return None
    try:
        raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError):
        return None
    return raw if base64.urlsafe_b64encode(raw).decode().rstrip("=") == text else None


def whole(v, least, most):
    return isinstance(v, int) and not isinstance(v, bool) and least <= v <= most


def good_head(h):
    return isinstance(h, dict) and set(h) == {"hash", "position"} and whole(h["position"], 0, 200_000) and (
        h["hash"] == "" if h["position"] == 0 else isinstance(h["hash"], str) and HEX.fullmatch(h["hash"]) and h["hash"] != "0" * 64)


def good_sheet(s):
    want = {"after", "at", "epoch", "format", "installation", "nonce", "practice", "statements"}
    if not isinstance(s, dict) or set(s) != want or s["format"] != 1 or not good_head(s["after"]):
        return False
    if not all(isinstance(s[k], str) and ID.fullmatch(s[k]) for k in ("installation", "practice")):
        return False
    if not whole(s["epoch"], 1, 1 << 40) or not whole(s["at"], 1, LATEST):
        return False
    if not isinstance(s["nonce"], str) or not re.fullmatch(r"[0-9a-f]{32}", s["nonce"]) or s["nonce"] == "0" * 32:
        return False
    d = s["statements"]
    return isinstance(d, list) and 1 <= len(d) <= 500 and all(isinstance(x, str) and HEX.fullmatch(x) for x in d) and len(set(d)) == len(d)


def good_signature(s):
    if not isinstance(s, dict) or set(s) != {"authenticator_data", "client_data", "key", "signature", "type"}:
        return False
    data, client, sig = (url64(s[k]) for k in ("authenticator_data", "client_data", "signature"))
    if data is None or client is None or sig is None or not isinstance(s["key"], str) or not 1 <= len(s["key"].encode()) <= 360 or not s["key"].isprintable():
        return False
    if not 1 <= len(sig) <= 1024:
        return False
    if s["type"] == "webauthn.get":
        return 0 < len(data) <= 4096 and 0 < len(client) <= 4096
    return s["type"] == "recovery" and not data and not client


def parse_entry(raw):
    """The entry as an object, with its hash and the raw text of sheet and statements; None when it is not of the form."""
    if len(raw) > 2 << 20:
        return None
    try:
        text = raw.decode("utf-8")
        e = json.loads(text, object_pairs_hook=unique)
    except (ValueError, RecursionError):
        return None
    if not isinstance(e, dict) or set(e) != {"format", "position", "previous", "sheet", "signature", "statements"} or e["format"] != 1:
        return None
    if canonical({k: v for k, v in e.items()}) != raw:
        return None
    if not whole(e["position"], 1, 200_000) or not isinstance(e["previous"], str) or not isinstance(e["statements"], list):
        return None
    if not HEX.fullmatch(e["previous"]) and e["previous"] != "" or (e["position"] == 1) != (e["previous"] == "") or e["previous"] == "0" * 64:
        return None
    if not good_signature(e["signature"]) or not good_sheet(e["sheet"]) or len(e["statements"]) != len(e["sheet"]["statements"]):
        return None
    for s, digest in zip(e["statements"], e["sheet"]["statements"]):
        if not isinstance(s, dict) or sha(canonical(s)).hex() != digest or s.get("format") != 1:
            return None
    e["hash"] = sha(b"letterhead approval entry v1\n" + raw)
    return e


class Cbor:
    def __init__(self, raw):
        self.raw, self.at = raw, 0

    def head(self):
        first = self.raw[self.at]
        kind, n = first >> 5, first & 31
        self.at += 1
        if n >= 24:
            if n > 27:
                raise ValueError("an indefinite length")
            size = 1 << n - 24
            if self.at + size > len(self.raw):
                raise ValueError("cut off")
            n = int.from_bytes(self.raw[self.at:self.at + size], "big")
            self.at += size
        return kind, n

    def value(self, depth=0):
        if depth > 8:
            raise ValueError("too deep")
        kind, n = self.head()
        if kind == 0:
            return n
        if kind == 1:
            return -1 - n
        if kind in (2, 3):
            if self.at + n > len(self.raw):
                raise ValueError("cut off")
            self.at += n
            return self.raw[self.at - n:self.at]
        if kind == 4:
            return [self.value(depth + 1) for _ in range(n)]
        if kind == 5:
            return {self.value(depth + 1): self.value(depth + 1) for _ in range(n)}
        if kind == 7:
            return None
        raise ValueError("a tag")


def cose(raw):
    try:
        c = Cbor(raw)
        k = c.value()
    except (ValueError, IndexError, TypeError):
        return None
    return k if isinstance(k, dict) and c.at == len(raw) else None


def key_verifies(raw, message, signature):
    k = cose(raw)
    if k is None:
        return False
    if k.get(1) == 2 and k.get(3) == -7 and k.get(-1) == 1:
        return ecdsa(int.from_bytes(k[-2], "big"), int.from_bytes(k[-3], "big"), message, signature)
    if k.get(1) == 1 and k.get(3) == -8 and k.get(-1) == 6:
        return ed25519(k[-2], message, signature)
    if k.get(1) == 3 and k.get(3) == -257:
        return curves.rsa(int.from_bytes(k[-1], "big"), int.from_bytes(k[-2], "big"), message, signature)
    return False


def assertion_holds(s, sheet, key, desks):
    """Web Authentication level 2, section 7.2."""
    data, client, sig = url64(s["authenticator_data"]), url64(s["client_data"]), url64(s["signature"])
    try:
        c = json.loads(client.decode("utf-8"), object_pairs_hook=unique)
    except (ValueError, RecursionError):
        return False
    if not isinstance(c, dict) or not all(isinstance(c.get(k), str) for k in ("type", "challenge", "origin")):
        return False
    challenge = url64(c["challenge"])
    if c["type"] != "webauthn.get" or challenge != sha(b"letterhead approval v1\n" + sheet):
        return False
    if "topOrigin" in c or c.get("crossOrigin", False) is not False:
        return False
    party = next((rp for origin, rp in desks if origin == c["origin"]), None)
    if party is None or len(data) < 37 or data[:32] != sha(party.encode()) or data[32] & 5 != 5 or data[32] & 0x40:
        return False
    rest = data[37:]
    if data[32] & 0x80:
        try:
            extensions = Cbor(rest)
            if not rest or rest[0] >> 5 != 5:
                return False
            extensions.value()
        except (ValueError, IndexError, TypeError):
            return False
        rest = rest[extensions.at:]
    return not rest and key_verifies(key, data + sha(client), sig)


def fingerprint(installation, practice, key):
    raw = sha(b"letterhead root v1\n" + f"{installation}\n{practice}\n".encode() + key)[:20]
    text = base64.b32encode(raw).decode()
    return " ".join(text[i:i + 4] for i in range(0, len(text), 4))


def letters(text):
    return re.sub(r"[ \-\n\t]", "", text).upper()


# --- leaves ------------------------------------------------------------------------------------------------------------------------------

KINDS = {1: "message", 2: "outcome", 3: "statement", 4: "withdrawal", 5: "freeze", 6: "lift", 7: "incident"}


class Fields:
    def __init__(self, raw):
        self.raw, self.at = raw, 0

    def take(self, n):
        if self.at + n > len(self.raw):
            raise ValueError("too short")
        self.at += n
        return self.raw[self.at - n:self.at]

    def number(self, n=8):
        return int.from_bytes(self.take(n), "big")

    def text(self):
        raw = self.take(self.number(1))
        if len(raw) > 64 or any(not 32 <= c <= 126 for c in raw):
            raise ValueError("a text")
        return raw.decode()


def require(truth):
    if not truth:
        raise ValueError("not of the form")


def parse_leaf(raw):
    require(82 <= len(raw) <= 9084 and raw[0] == 1 and raw[1] in KINDS)
    f = Fields(raw)
    f.take(2)
    l = {"kind": KINDS[raw[1]], "label": f.take(32), "sequence": f.number(), "previous": f.take(32), "at": f.number()}
    if l["kind"] == "message":
        l["class"], l["channel"] = f.number(1), f.number(1)
        for name in ("version", "approval", "wording", "links", "recipient", "text", "words"):
            l[name] = f.take(32)
        approved, worded = l["approval"] != ZERO, l["wording"] != ZERO
        require(l["class"] in range(1, 8) and l["channel"] in (1, 2))
        require((approved, worded) == ((True, True) if l["class"] in (1, 2, 5) else (True, False) if l["class"] in (3, 4) else (False, False)))
        require(ZERO not in (l["version"], l["links"], l["recipient"], l["text"], l["words"]))
    elif l["kind"] == "outcome":
        n = f.number(2)
        require(1 <= n <= 1000)
        l["results"] = [(f.number(), f.number(1)) for _ in range(n)]
        require(all(s > 0 and 1 <= fate <= 5 for s, fate in l["results"]))
    elif l["kind"] in ("statement", "withdrawal"):
        l["position"], l["index"], l["seen"], l["digest"], l["entry"] = f.number(), f.number(2), f.number(), f.take(32), f.take(32)
        l["withdrawn"] = f.take(32) if l["kind"] == "withdrawal" else ZERO
        require(0 < l["position"] <= 1 << 53 and 0 < l["seen"] < 1 << 53 and ZERO not in (l["digest"], l["entry"]))
        require((l["withdrawn"] != ZERO) == (l["kind"] == "withdrawal"))
    else:
        l["id"], l["word"], l["epoch"], l["digest"] = f.text(), f.text(), f.number(), f.take(32)
        require(l["id"] != "" and (l["kind"] == "lift") == (l["word"] == "") and l["epoch"] <= 1 << 53)
        if l["kind"] == "incident":
            require(l["word"] in ("opened", "changed", "closed") and 0 < l["epoch"] <= l["at"] and l["digest"] != ZERO)
    require(f.at == len(raw))
    require(0 < l["sequence"] <= 1 << 62 and (l["sequence"] == 1) == (l["previous"] == ZERO) and 0 < l["at"] < 1 << 53)
    return l


# --- a file ------------------------------------------------------------------------------------------------------------------------------

PLACES = {"desk": (1, 1, 1), "cosigner": (1, 2, 2), "checkpoint": (1, 2, 4), "list": (4, 4, 4), "entry": (4, 5, 5), "leaf": (4, 5, 5), "hash": (4, 5, 5), "end": (4, 5, 6)}


class Verifier:
    def __init__(self, root, log_key, witnesses=(), auditors=()):
        self.root, self.log = letters(root), vkey(log_key.strip(), 1)
        if len(self.root) != 32 or self.log is None:
            raise ValueError("give the root's fingerprint and the log's verifier key")
        self.cosigners, self.roles = [], {}
        for role, keys in (("witness", witnesses), ("auditor", auditors)):
            for key in keys:
                self.add_cosigner(key.strip(), role)
        self.line, self.phase, self.desks, self.lines = 0, 0, [], []
        self.tree, self.point = Tree(), None
        self.label = self.pending = None
        self.count, self.previous, self.at, self.next, self.position, self.chain = 0, ZERO, 0, 0, 0, ""
        self.kinds, self.keys, self.signed, self.frozen, self.nonces = bytearray(), {}, {}, {}, set()
        self.incidents = {}
        self.loss, self.gone, self.gone_until = None, set(), 0
        self.report = {"members": 0, "stops": 0, "first": 0, "lost": 0, "unproven": 0, "cosigned": []}

    def add_cosigner(self, text, role):
        key = vkey(text, 4)
        if key is None:
            return False
        if text not in self.roles:
            self.roles[text] = role
            self.cosigners.append((text, key))
        return True

    def wrong(self, code, say):
        raise Problem(self.line, code, say)

    def raw(self, text):
        raw = unbase(text)
        if raw is None:
            self.wrong("line", "this is not base64")
        return raw

    def read(self, file):
        while True:
            self.line += 1
            raw = file.readline(MAX_LINE + 1)
            if not raw and self.phase == 6:
                return self.report
            if len(raw) > MAX_LINE:
                self.wrong("line", "the line is too long")
            if not raw.endswith(b"\n"):
                self.wrong("truncated", "the file ends before it should")
            self.take(raw[:-1].decode("utf-8", "surrogateescape"))

    def take(self, text):
        if self.phase == 0:
            if text != HEADER:
                self.wrong("format", "this is no evidence file, or one of another version")
            self.phase = 1
            return
        fields = text.split(" ")
        first, last, after = PLACES.get(fields[0], (7, 7, 7))
        if not first <= self.phase <= last:
            self.wrong("line", "this line cannot stand here")
        self.phase = after
        getattr(self, "take_" + fields[0])(fields[1:])

    def take_desk(self, fields):
        if len(fields) != 2 or "" in fields or len(self.desks) >= 16:
            self.wrong("line", "a desk is an origin and a relying party")
        self.desks.append(tuple(fields))

    def take_cosigner(self, fields):
        if len(fields) != 1 or len(self.cosigners) >= 32 or not self.add_cosigner(fields[0], "unknown"):
            self.wrong("line", "a cosigner is its verifier key")

    def take_checkpoint(self, fields):
        if len(fields) != 1:
            self.wrong("line", "a checkpoint is one field")
        raw = self.raw(fields[0])
        name, key_id, key = self.log
        keys = {(name, key_id): (1, key)}
        for _, (cname, cid, ckey) in self.cosigners:
            keys[(cname, cid)] = (4, ckey)
        opened = open_note(raw, keys) if len(raw) <= 16 << 10 else None
        if opened is None or not any((n, i) == (name, key_id) for n, i, _ in opened[1]):
            self.wrong("checkpoint", "the checkpoint is not signed by the log")
        text, good = opened
        lines = text.split("\n")
        counts = lines[3].split(" ") if len(lines) == 5 else []
        if len(counts) != 3 or counts[0] != "letterhead-counts" or lines[0] != name:
            self.wrong("checkpoint", "the checkpoint is not of the form, or of another log")
        size, root, listed, top = number(lines[1]), unbase(lines[2]), number(counts[1]), unbase(counts[2])
        if None in (size, root, listed, top) or len(root) != 32 or len(top) != 32 or listed > size:
            self.wrong("checkpoint", "the checkpoint is not of the form")
        self.point = (size, root, listed, top)
        self.report["origin"], self.report["checkpoint"] = name, size
        for n, i, sig in good:
            for vk, (cname, cid, _) in self.cosigners:
                if (n, i) == (cname, cid):
                    self.report["cosigned"].append({"name": n, "at": int.from_bytes(sig[:8], "big"), "role": self.roles[vk]})
        self.report["cosigned"].sort(key=lambda c: c["name"] + c["role"])

    def take_list(self, fields):
        if len(fields) != 3 or len(self.lines) >= 2:
            self.wrong("line", "a line of the list has an index, itself and a proof")
        index = number(fields[0])
        if index is None:
            self.wrong("line", "an index is a number")
        count = self.raw(fields[1])
        if len(count) != 72:
            self.wrong("line", "a line of the list has 72 bytes")
        proof = self.raw(fields[2])
        if len(proof) % 32 or len(proof) > 63 * 32:
            self.wrong("line", "a proof is of whole hashes")
        self.lines.append((index, count, [proof[i:i + 32] for i in range(0, len(proof), 32)]))

    def take_hash(self, fields):
        if len(fields) != 2:
            self.wrong("line", "a hash has a level and itself")
        level = number(fields[0], 47)
        if level is None:
            self.wrong("line", "a level is a number")
        raw = self.raw(fields[1])
        if len(raw) != 32:
            self.wrong("line", "a hash has 32 bytes")
        if not self.tree.add(level, raw) or self.tree.size > self.point[0]:
            self.wrong("hash", "these leaves cannot stand here")

    # the practice's approvals

    def complete(self):
        if self.pending is not None and self.count > 0 and self.next < len(self.pending["statements"]):
            self.wrong("statement", "a statement has no leaf")

    def take_entry(self, fields):
        if len(fields) != 1:
            self.wrong("line", "an entry is one field")
        raw = self.raw(fields[0])
        self.complete()
        if self.label is not None and self.count == 0:
            self.wrong("entry", "an entry whose statements have no leaves")
        e = parse_entry(raw)
        if e is None:
            self.wrong("entry", "an entry is not of the form")
        if self.label is None:
            self.begin(e)
        if self.loss is not None and not any(self.resumes(x) for x in e["statements"]):
            self.wrong("lost", "what was signed is missing, and nobody signed that it was lost")
        self.pending, self.next = e, 0

    def resumes(self, x):
        """A statement by which the practice's people said that just these entries were lost."""
        if x["kind"] != "resume":
            return False
        start, lost = x["body"]["resume"]["from"], x["body"]["resume"]["lost"]
        return (start["position"], start["hash"]) == (self.position, self.chain) and (
            (lost["position"], lost["hash"]) == self.loss[:2] or lost["position"] > self.loss[0])

    def lost(self, l):
        """A statement's leaf without its entry."""
        key = (l["position"], l["entry"].hex())
        starts = l["position"] == (self.loss[0] if self.loss else self.position) + 1 and l["index"] == 0
        goes_on = self.loss is not None and (*key, l["index"], l["seen"]) == (*self.loss[:2], self.loss[2] + 1, self.loss[3])
        if not starts and not goes_on or l["seen"] > l["at"]:
            self.wrong("statement", "a leaf is not of the statement that has to come next")
        self.loss = (*key, l["index"], l["seen"])
        if l["digest"] not in self.signed:
            self.gone.add(l["digest"])
        self.report["lost"] += 1
        self.withdraw(l)

    def was_lost(self, l, digest):
        """Something that was lost and could still count."""
        return digest in self.gone and digest not in self.signed and (self.loss is not None or l["at"] <= self.gone_until)

    def withdraw(self, l):
        target = self.signed.get(l["withdrawn"])
        if target is not None and not target["withdrawn"]:
            target["withdrawn"] = l["at"]

    def begin(self, e):
        first = e["statements"][0]
        body = first.get("body", {}).get("key", {})
        if e["position"] != 1 or first.get("kind") != "key" or body.get("action") != "enrol":
            self.wrong("root", "the first entry is not a practice's root")
        key = url64(body["public_key"])
        sheet, r = e["sheet"], self.report
        r["installation"], r["practice"] = sheet["installation"], sheet["practice"]
        r["fingerprint"] = fingerprint(r["installation"], r["practice"], key)
        if letters(r["fingerprint"]) != self.root:
            self.wrong("root", "the practice's root is another one")
        self.label = bytes.fromhex(sheet["statements"][0])
        self.keys[first["subject"]] = (key, body["member"], False)

    def add_entry(self, e):
        sheet, signature = e["sheet"], e["signature"]
        if e["position"] != self.position + 1 or e["previous"] != self.chain or sheet["nonce"] in self.nonces:
            self.wrong("entry", "an entry does not follow the one before")
        for x in [sheet] + e["statements"]:
            if (x["installation"], x["practice"]) != (self.report["installation"], self.report["practice"]):
                self.wrong("entry", "an entry of another practice")
        if signature["key"] not in self.keys or e["position"] == 1 and signature["key"] != e["statements"][0]["subject"]:
            self.wrong("key", "an entry is signed by a key that is not enrolled, or revoked")
        key, member, recovery = self.keys[signature["key"]]
        text = canonical(sheet)
        if recovery != (signature["type"] == "recovery"):
            self.wrong("signature", "a key of another type")
        if recovery:
            holds = ed25519(key, b"letterhead approval v1\n" + text, url64(signature["signature"]))
        else:
            holds = assertion_holds(signature, text, key, self.desks)
        if not holds:
            self.wrong("signature", "the signature does not hold")
        self.position, self.chain = e["position"], e["hash"].hex()
        self.nonces.add(sheet["nonce"])
        e["member"] = member
        for s in e["statements"]:
            if s["kind"] != "key":
                continue
            body = s["body"]["key"]
            if body["action"] == "revoke":
                self.keys.pop(s["subject"], None)
            elif s["subject"] not in self.keys:
                self.keys[s["subject"]] = (url64(body["public_key"]), body["member"], body["action"] == "recovery")

    # its leaves

    def take_leaf(self, fields):
        if len(fields) != 1:
            self.wrong("line", "a leaf is one field")
        raw = self.raw(fields[0])
        try:
            l = parse_leaf(raw)
        except ValueError:
            self.wrong("leaf", "a leaf is not of the form")
        if self.label is None or l["label"] != self.label:
            self.wrong("label", "a leaf of another practice")
        if l["sequence"] != self.count + 1:
            self.wrong("sequence", "a leaf is missing, or there twice")
        if l["previous"] != self.previous:
            self.wrong("previous", "a leaf does not name the one before it")
        if l["at"] < self.at:
            self.wrong("time", "a leaf is of an earlier instant than the one before it")
        if self.tree.size >= self.point[0]:
            self.wrong("size", "there are more leaves than the checkpoint is over")
        h = sha(b"\x00" + raw)
        self.tree.add(0, h)
        self.count, self.previous, self.at = l["sequence"], h, l["at"]
        self.kinds.append(255)
        if self.count == 1:
            self.report["first"] = l["at"]
        if l["kind"] not in ("statement", "withdrawal"):
            self.complete()
        {"message": self.message, "outcome": self.outcome, "statement": self.statement, "withdrawal": self.statement}.get(l["kind"], self.event)(l)

    def statement(self, l):
        e = self.pending
        if e is not None and self.next == len(e["statements"]):
            self.lost(l)
            return
        if e is None or self.next >= len(e["statements"]) or e["position"] != l["position"] or l["index"] != self.next or e["hash"] != l["entry"] \
                or bytes.fromhex(e["sheet"]["statements"][self.next]) != l["digest"] or l["seen"] > l["at"]:
            self.wrong("statement", "a leaf is not of the statement that has to come next")
        x = e["statements"][self.next]
        if (x["kind"] == "withdraw") != (l["withdrawn"] != ZERO) or x["kind"] == "withdraw" and l["withdrawn"].hex() != x["subject"]:
            self.wrong("statement", "a leaf is not of the statement that has to come next")
        if self.next == 0:
            self.add_entry(e)
            e["seen"] = l["seen"]
            if self.loss is not None:
                self.loss, self.gone_until = None, l["at"] + GRACE
        elif e["seen"] != l["seen"]:
            self.wrong("statement", "the statements of an entry are seen at once")
        self.next += 1
        known = self.signed.setdefault(l["digest"], {"statement": x, "signers": [], "withdrawn": 0, "messages": 0})
        if e["member"] not in known["signers"]:
            known["signers"].append(e["member"])
        self.withdraw(l)

    def message(self, l):
        self.kinds[-1] = 0
        if any(l["at"] > since + GRACE and word in ("practice", "platform") for since, word, _ in self.frozen.values()):
            self.wrong("frozen", "a message left while sending was stopped")
        if l["class"] not in RIGHTS:
            self.report["members"] += 1
            return
        by = self.signed.get(l["approval"])
        if by is None and self.was_lost(l, l["approval"]):
            self.report["unproven"] += 1
            return
        if by is None or by["statement"]["kind"] != RIGHTS[l["class"]] or l["class"] != 1 and by["statement"]["digest"] != l["version"].hex():
            self.wrong("approval", "nobody had approved a message")
        self.counts(l, by)
        if l["wording"] != ZERO and not self.was_lost(l, l["wording"]):
            w = self.signed.get(l["wording"])
            if w is None or w["statement"]["kind"] != "wording" or w["statement"]["digest"] != l["version"].hex():
                self.wrong("wording", "nobody had approved a message's wording")
            self.counts(l, w)
        by["messages"] += 1

    def end(self, x):
        return min((t for t in (x["expires"], (x.get("window") or {}).get("until", 0)) if t), default=0)

    def counts(self, l, known):
        x = known["statement"]
        end = self.end(x)
        if x.get("window") is not None and l["at"] < x["window"]["from"]:
            self.wrong("early", "a message left before the window of its approval")
        if end and l["at"] > end + GRACE:
            self.wrong("expired", "a message left after its approval had run out")
        if known["withdrawn"] and l["at"] > known["withdrawn"] + GRACE:
            self.wrong("withdrawn", "a message left after its approval was withdrawn")

    def outcome(self, l):
        for sequence, fate in l["results"]:
            if sequence >= self.count or self.kinds[sequence - 1] == 255:
                self.wrong("outcome", "a leaf says what became of what is no message")
            self.kinds[sequence - 1] = fate

    def event(self, l):
        if l["kind"] == "freeze":
            if l["id"] not in self.frozen:
                self.report["stops"] += 1
                self.frozen[l["id"]] = (l["at"], l["word"], l["digest"])
        elif l["kind"] == "lift":
            self.lift(l)
        else:
            self.incidents[l["id"]] = l["word"]

    def over(self, l, held, s):
        x = s["statement"]
        for other in self.signed.values():
            of, end = other["statement"], self.end(other["statement"])
            ended = other["withdrawn"] and other["withdrawn"] <= l["at"] or end and end <= l["at"]
            if (of["kind"], of["subject"]) == (x["kind"], x["subject"]) and (not ended or of["serial"] > x["serial"]):
                return False
        words = f"messages of the {x['kind']} {x['subject']}".encode()
        return x["kind"] in ("order", "letter", "grant") and held == sha(b"letterhead stop v1\n" + words)

    def lift(self, l):
        _, word, held = self.frozen.get(l["id"], (0, "platform", ZERO))
        s = self.signed.get(l["digest"])
        still = held != ZERO and any(i != l["id"] and h == held for i, (_, _, h) in self.frozen.items())
        if l["digest"] == ZERO and (still or word.startswith("platform")) or s is None and self.was_lost(l, l["digest"]):
            pass
        elif s is not None and self.over(l, held, s):
            pass
        elif s is None or s["statement"]["kind"] != "lift" or s["statement"]["subject"] != l["id"]:
            self.wrong("lift", "a stop is lifted without a signature")
        elif held != ZERO and held != sha(b"letterhead stop v1\n" + s["statement"]["body"]["lift"]["scope"].encode()):
            self.wrong("lift", "a stop is lifted by a signature over something else")
        self.frozen.pop(l["id"], None)

    # the end

    def place(self):
        """The practice's line of the list, or None where its neighbours prove that there is none."""
        size, top = self.point[2], self.point[3]
        for index, count, proof in self.lines:
            if not inclusion(index, size, sha(b"\x00" + count), proof, top):
                self.wrong("list", "a line of the list does not hold")
        found = [(i, c[:32]) for i, c, _ in self.lines]
        if len(found) == 1 and found[0][1] == self.label:
            return self.lines[0][1]
        gap = (not found and size == 0 or len(found) == 1 and found[0][0] == 0 and self.label < found[0][1]
               or len(found) == 1 and found[0][0] == size - 1 and found[0][1] < self.label
               or len(found) == 2 and found[0][0] + 1 == found[1][0] and found[0][1] < self.label < found[1][1])
        if not gap:
            self.wrong("list", "these lines of the list say nothing of this practice")
        return None

    def take_end(self, fields):
        if len(fields) != 1 or fields[0] != str(self.line):
            self.wrong("line", "the last line says how many lines there are")
        if self.label is None:
            self.wrong("truncated", "the practice's root is missing")
        self.complete()
        if self.loss is not None:
            self.wrong("lost", "what was signed is missing, and nobody signed that it was lost")
        count = self.place()
        if count is None:
            if self.count or self.tree.size:
                self.wrong("list", "the list says that this practice has no leaves")
            self.add_entry(self.pending)
        elif self.tree.size != self.point[0]:
            self.wrong("size", "fewer leaves than the checkpoint is over")
        elif self.tree.root() != self.point[1]:
            self.wrong("tree", "these are not the leaves that the checkpoint is over")
        elif struct.unpack(">Q", count[32:40])[0] != self.count:
            self.wrong("count", "not as many leaves of the practice as the list says")
        elif count[40:] != self.previous:
            self.wrong("head", "the last leaf is not the one that the list says")
        r = self.report
        r["stopped"] = sorted(word for _, word, _ in self.frozen.values())
        r["incidents"], r["unsettled"] = len(self.incidents), sorted(i for i, word in self.incidents.items() if word != "closed")
        messages = [k for k in self.kinds if k != 255]
        r["leaves"], r["last"], r["messages"], r["fates"] = self.count, self.at, len(messages), {}
        for k in messages:
            r["fates"][FATES[k]] = r["fates"].get(FATES[k], 0) + 1
        r["approvals"] = sorted(
            ({"kind": s["statement"]["kind"], "subject": s["statement"]["subject"], "digest": d.hex(), "signers": s["signers"], "messages": s["messages"]}
             for d, s in self.signed.items() if s["messages"]), key=lambda a: (-a["messages"], a["digest"]))


def verify(path, root, log_key, witnesses=(), auditors=()):
    with open(path, "rb") as file:
        try:
            return {"complete": True, "report": Verifier(root, log_key, witnesses, auditors).read(file)}
        except Problem as p:
            return {"complete": False, "problem": {"line": p.line, "code": p.code, "say": p.say}}
        except (KeyError, TypeError, AttributeError) as e:  # an entry whose statements are not as the program writes them
            return {"complete": False, "problem": {"line": 0, "code": "entry", "say": repr(e)}}


def main():
    parser = argparse.ArgumentParser(description="verify an evidence file")
    parser.add_argument("--batch", action="store_true")
    parser.add_argument("--root")
    parser.add_argument("--log-key")
    parser.add_argument("--witness", action="append", default=[])
    parser.add_argument("--auditor", action="append", default=[])
    parser.add_argument("file", nargs="?")
    a = parser.parse_args()
    if a.batch:
        for line in sys.stdin:
            q = json.loads(line)
            print(json.dumps(verify(q["file"], q["root"], q["log_key"], q.get("witnesses") or (), q.get("auditors") or ())), flush=True)
        return 0
    out = verify(a.file, a.root, a.log_key, a.witness, a.auditor)
    print(json.dumps(out, indent=2))
    return 0 if out["complete"] else 1


if __name__ == "__main__":
    sys.exit(main())
