"""Signatures with nothing but Python's standard library: Ed25519 (RFC 8032), ECDSA over P-256 (FIPS 186-5), RSASSA-PKCS1-v1_5 with SHA-256 (RFC 8017).

Slow and not in constant time: it verifies what everybody may read.
"""

import hashlib

# --- Ed25519 -----------------------------------------------------------------------------------------------------------------------------

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT = pow(2, (P - 1) // 4, P)


def _x_of(y, sign):
    if y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    if square == 0:
        return None if sign else 0
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * ROOT % P
    if (x * x - square) % P:
        return None
    return P - x if x & 1 != sign else x


def _point(raw):
    y = int.from_bytes(raw, "little")
    sign, y = y >> 255, y & (1 << 255) - 1
    x = _x_of(y, sign)
    return None if x is None else (x, y, 1, x * y % P)


def _add(a, b):
    t, u = (a[1] - a[0]) * (b[1] - b[0]) % P, (a[1] + a[0]) * (b[1] + b[0]) % P
    v, w = 2 * a[3] * b[3] * D % P, 2 * a[2] * b[2] % P
    e, f, g, h = u - t, w - v, w + v, u + t
    return e * f % P, g * h % P, f * g % P, e * h % P


def _times(n, point):
    out = (0, 1, 1, 0)
    while n:
        if n & 1:
            out = _add(out, point)
        point, n = _add(point, point), n >> 1
    return out


BASE_Y = 4 * pow(5, P - 2, P) % P
BASE = (_x_of(BASE_Y, 0), BASE_Y, 1, _x_of(BASE_Y, 0) * BASE_Y % P)


def ed25519(key, message, signature):
    if len(key) != 32 or len(signature) != 64:
        return False
    point, s = _point(key), int.from_bytes(signature[32:], "little")
    if point is None or s >= L:
        return False
    h = int.from_bytes(hashlib.sha512(signature[:32] + key + message).digest(), "little") % L
    minus = (P - point[0], point[1], 1, P - point[3])
    x, y, z, _ = _add(_times(s, BASE), _times(h, minus))
    inverse = pow(z, P - 2, P)
    x, y = x * inverse % P, y * inverse % P
    return (y | (x & 1) << 255).to_bytes(32, "little") == signature[:32]


# --- P-256 -------------------------------------------------------------------------------------------------------------------------------

Q = 2**256 - 2**224 + 2**192 + 2**96 - 1
N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
B = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B
G = (0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296, 0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5, 1)


def _double(p):
    x, y, z = p
    if y == 0 or z == 0:
        return 0, 1, 0
    s = 4 * x * y * y % Q
    m = 3 * (x - z * z) * (x + z * z) % Q
    x3 = (m * m - 2 * s) % Q
    return x3, (m * (s - x3) - 8 * y**4) % Q, 2 * y * z % Q


def _plus(p, q):
    if p[2] == 0:
        return q
    if q[2] == 0:
        return p
    z1, z2 = p[2] * p[2] % Q, q[2] * q[2] % Q
    u1, u2 = p[0] * z2 % Q, q[0] * z1 % Q
    s1, s2 = p[1] * q[2] * z2 % Q, q[1] * p[2] * z1 % Q
    h, r = (u2 - u1) % Q, (s2 - s1) % Q
    if h == 0:
        return _double(p) if r == 0 else (0, 1, 0)
    h2 = h * h % Q
    h3, v = h * h2 % Q, u1 * h2 % Q
    x3 = (r * r - h3 - 2 * v) % Q
    return x3, (r * (v - x3) - s1 * h3) % Q, h * p[2] * q[2] % Q


def _multiple(n, p):
    out = (0, 1, 0)
    while n:
        if n & 1:
            out = _plus(out, p)
        p, n = _double(p), n >> 1
    return out


def on_p256(x, y):
    return x < Q and y < Q and (y * y - x**3 + 3 * x - B) % Q == 0


def _integers(der):
    """The two integers of an ECDSA signature (X.690, distinguished)."""
    if len(der) < 8 or der[0] != 0x30 or der[1] != len(der) - 2 or der[1] > 127:
        return None
    out, rest = [], der[2:]
    for _ in range(2):
        if len(rest) < 3 or rest[0] != 2 or rest[1] == 0 or rest[1] > len(rest) - 2:
            return None
        raw, rest = rest[2:2 + rest[1]], rest[2 + rest[1]:]
        if raw[0] & 0x80 or len(raw) > 1 and raw[0] == 0 and not raw[1] & 0x80:
            return None
        out.append(int.from_bytes(raw, "big"))
    return None if rest else out


def ecdsa_p256(x, y, message, signature):
    pair = _integers(signature)
    if pair is None or not on_p256(x, y):
        return False
    r, s = pair
    if not (0 < r < N and 0 < s < N):
        return False
    e, w = int.from_bytes(hashlib.sha256(message).digest(), "big"), pow(s, N - 2, N)
    p = _plus(_multiple(e * w % N, G), _multiple(r * w % N, (x, y, 1)))
    if p[2] == 0:
        return False
    z = pow(p[2], Q - 2, Q)
    return p[0] * z * z % Q % N == r


# --- RSA ---------------------------------------------------------------------------------------------------------------------------------

PREFIX = bytes.fromhex("3031300d060960864801650304020105000420")


def rsa(n, e, message, signature):
    size = (n.bit_length() + 7) // 8
    if len(signature) != size or int.from_bytes(signature, "big") >= n:
        return False
    tail = PREFIX + hashlib.sha256(message).digest()
    want = b"\x00\x01" + b"\xff" * (size - 3 - len(tail)) + b"\x00" + tail
    return pow(int.from_bytes(signature, "big"), e, n).to_bytes(size, "big") == want
