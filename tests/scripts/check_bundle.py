#!/usr/bin/env python3
"""Checks evidence of VNR, written from docs/PROOFS.md alone. Python 3.8 or later, nothing else.

    check_bundle.py BUNDLE... --key KEYS [--key KEYS]

Prints a line for each bundle. Exit codes: 0 all are proved, 1 a file can't be read, 2 wrong use, 3 one is not proved.
"""

import base64
import binascii
import hashlib
import json
import re
import struct
import sys


class Refused(Exception):
    """The bundle proves nothing."""


def refuse_unless(holds, why):
    if not holds:
        raise Refused(why)


# --- SHA-256, base64 (section 2) ---


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def unbase64(text, length=None):
    try:
        data = base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, ValueError):
        raise Refused("not base64: %r" % text)
    refuse_unless(base64.b64encode(data).decode() == text, "base64 in another form: %r" % text)
    refuse_unless(length is None or len(data) == length, "not %s bytes: %r" % (length, text))
    return data


# --- Ed25519 (RFC 8032, section 5.1) ---

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT_OF_MINUS_ONE = pow(2, (P - 1) // 4, P)


def recover_x(y, sign):
    if y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    if square == 0:
        return None if sign else 0
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P != 0:
        x = x * ROOT_OF_MINUS_ONE % P
    if (x * x - square) % P != 0:
        return None
    return P - x if x & 1 != sign else x


BASE_Y = 4 * pow(5, P - 2, P) % P
BASE_X = recover_x(BASE_Y, 0)
BASE = (BASE_X, BASE_Y, 1, BASE_X * BASE_Y % P)


def add(p, q):
    a, b = (p[1] - p[0]) * (q[1] - q[0]) % P, (p[1] + p[0]) * (q[1] + q[0]) % P
    c, d = 2 * p[3] * q[3] * D % P, 2 * p[2] * q[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return (e * f % P, g * h % P, f * g % P, e * h % P)


def multiply(s, p):
    q = (0, 1, 1, 0)
    while s > 0:
        if s & 1:
            q = add(q, p)
        p = add(p, p)
        s >>= 1
    return q


def equal(p, q):
    return (p[0] * q[2] - q[0] * p[2]) % P == 0 and (p[1] * q[2] - q[1] * p[2]) % P == 0


def point(data):
    y = int.from_bytes(data, "little")
    sign, y = y >> 255, y & (2**255 - 1)
    x = recover_x(y, sign)
    return None if x is None else (x, y, 1, x * y % P)


def ed25519_verifies(public, message, signature):
    if len(signature) != 64:
        return False
    a, r, s = point(public), point(signature[:32]), int.from_bytes(signature[32:], "little")
    if a is None or r is None or s >= L:
        return False
    h = int.from_bytes(hashlib.sha512(signature[:32] + public + message).digest(), "little") % L
    return equal(multiply(s, BASE), add(r, multiply(h, a)))


# --- Keys (section 5) ---


def parse_key(text):
    """(name, key id, public key)"""
    parts = text.split("+", 2)
    refuse_unless(len(parts) == 3 and parts[0] and not re.search(r"\s", parts[0]), "no verifier key: %r" % text)
    material = unbase64(parts[2], 33)
    refuse_unless(material[0] == 1, "no Ed25519 key: %r" % text)
    key_id = sha256(parts[0].encode(), b"\n", material)[:4]
    refuse_unless(parts[1] == key_id.hex(), "the key's id is not its own: %r" % text)
    return parts[0], key_id, material[1:]


# --- Signed notes and tree heads (section 6) ---


def parse_note(note):
    refuse_unless(not any(c < " " and c != "\n" for c in note), "control characters in a note")
    end = note.rfind("\n\n")
    refuse_unless(end >= 0 and note.endswith("\n"), "no signed note")
    signatures = []
    for line in note[end + 2 : -1].split("\n"):
        match = re.fullmatch("\u2014 ([^\\s+]+) ([^ ]+)", line)
        refuse_unless(match, "no signature line: %r" % line)
        data = unbase64(match.group(2))
        refuse_unless(len(data) > 4, "no signature: %r" % line)
        signatures.append((match.group(1), data[:4], data[4:]))
    return note[: end + 1], signatures


def signers(text, signatures, keys):
    found = []
    for name, key_id, signature in signatures:
        for key in keys:
            if key[:2] == (name, key_id):
                refuse_unless(ed25519_verifies(key[2], text.encode(), signature), "a wrong signature of %s" % name)
                found.append(key)
    return found


def decimal(text, below):
    refuse_unless(re.fullmatch("0|[1-9][0-9]*", text) and int(text) < below, "no number: %r" % text)
    return int(text)


def tree_head(note, keys, origin):
    """(size, root)"""
    text, signatures = parse_note(note)
    signed_by = signers(text, signatures, keys)
    refuse_unless(signed_by, "no trusted key has signed the tree head")
    lines = text[:-1].split("\n")
    refuse_unless(len(lines) >= 4 and all(lines), "no tree head")
    refuse_unless(any(line.startswith("generation ") for line in lines[3:]), "a tree head without generation")
    refuse_unless(lines[0] == origin, "a tree head of %s" % lines[0])
    refuse_unless(any(key[0] == origin for key in signed_by), "signed with a key of another log")
    return decimal(lines[1], 2**63), unbase64(lines[2], 32)


def extended(keys, key_changes):
    keys = list(keys)
    for note in key_changes:
        text, signatures = parse_note(note)
        lines = text[:-1].split("\n")
        refuse_unless(len(lines) == 3 and lines[0] == "vnr notary key succession v1", "no key change")
        key = parse_key(lines[2])
        refuse_unless(key[0] == lines[1], "a key of another log")
        refuse_unless(signers(text, signatures, [key]), "the new key has not signed")
        if signers(text, signatures, [known for known in keys if known[0] == key[0]]) and key not in keys:
            keys.append(key)
    return keys


# --- Leaf and tree (sections 3 and 4) ---


def text_bytes(text):
    data = text.encode()
    refuse_unless(len(data) < 65535, "a text is too long")
    return struct.pack(">H", len(data)) + data


def uuid_bytes(text):
    refuse_unless(re.fullmatch("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", text), "no UUID: %r" % text)
    return bytes.fromhex(text.replace("-", ""))


def leaf_hash(bundle, event):
    return sha256(
        b"\x00\x01",
        text_bytes(bundle["origin"]),
        struct.pack(">I", event["generation"]),
        uuid_bytes(event["event_id"]),
        text_bytes(bundle["aggregate_type"]),
        uuid_bytes(bundle["aggregate_id"]),
        struct.pack(">Q", event["sequence"]),
        text_bytes(event["event_type"]),
        text_bytes(event["event_version"]),
        struct.pack(">qq", event["occurred_at_us"], event["recorded_at_us"]),
        sha256(event["payload"].encode()),
        sha256(event["metadata"].encode()),
    )


def node(left, right):
    return sha256(b"\x01", left, right)


def check_inclusion(leaf, index, size, proof, root):
    refuse_unless(index < size, "no such leaf")
    f, s, r = index, size - 1, leaf
    for p in proof:
        refuse_unless(s != 0, "the proof is too long")
        if f & 1 or f == s:
            r = node(p, r)
            while not f & 1 and f:
                f, s = f >> 1, s >> 1
        else:
            r = node(r, p)
        f, s = f >> 1, s >> 1
    refuse_unless(s == 0 and r == root, "it is not in the tree that was signed")


def check_consistency(older, newer, proof):
    (m, older_root), (n, newer_root) = older, newer
    refuse_unless(m <= n, "the older tree is larger")
    if m == 0 or m == n:
        refuse_unless(not proof, "the proof is too long")
        refuse_unless(m == n or older_root == sha256(), "the older tree is not empty")
        refuse_unless(m != n or older_root == newer_root, "two roots of one size")
        refuse_unless(m > 0 or older_root == sha256(), "the older tree is not empty")
        return
    if m & (m - 1) == 0:
        proof = [older_root] + proof
    refuse_unless(proof, "the proof is too short")
    f, s = m - 1, n - 1
    while f & 1:
        f, s = f >> 1, s >> 1
    a = b = proof[0]
    for p in proof[1:]:
        refuse_unless(s != 0, "the proof is too long")
        if f & 1 or f == s:
            a, b = node(p, a), node(p, b)
            while not f & 1 and f:
                f, s = f >> 1, s >> 1
        else:
            b = node(b, p)
        f, s = f >> 1, s >> 1
    refuse_unless(s == 0 and a == older_root and b == newer_root, "the newer tree does not extend the older one")


# --- Bundles (section 7) ---

EVIDENCE = dict(format=str, origin=str, aggregate_type=str, aggregate_id=str, tree_head=str, key_changes=list, events=list)
EVENT = dict(
    position=2**63, generation=2**32, event_id=str, sequence=2**64, event_type=str, event_version=str,
    occurred_at_us=int, recorded_at_us=int, payload=str, metadata=str, inclusion_proof=list,
)
CONSISTENCY = dict(format=str, origin=str, older_head=str, newer_head=str, key_changes=list, consistency_proof=list)


def check_fields(value, fields):
    refuse_unless(type(value) is dict and list(value) == list(fields), "other fields than it should have")
    for name, kind in fields.items():
        content = value[name]
        if type(kind) is int:
            refuse_unless(type(content) is int and 0 <= content < kind, "%s is not in its range" % name)
        else:
            refuse_unless(type(content) is kind, "%s is of another type" % name)
            refuse_unless(kind is not int or -(2**63) <= content < 2**63, "%s is not in its range" % name)


def texts(values):
    refuse_unless(all(type(value) is str for value in values), "an element is no text")
    return values


def check(data, keys):
    """Says what is proved."""
    bundle = json.loads(data.decode())
    written = json.dumps(bundle, indent=2, ensure_ascii=False) + "\n"
    refuse_unless(written.encode() == data, "it is not in the exact form of a bundle")
    refuse_unless(type(bundle) is dict, "no bundle")
    if bundle.get("format") == "vnr-evidence-1":
        check_fields(bundle, EVIDENCE)
        keys = extended(keys, texts(bundle["key_changes"]))
        size, root = tree_head(bundle["tree_head"], keys, bundle["origin"])
        refuse_unless(bundle["events"], "no events")
        before = 0
        for sequence, event in enumerate(bundle["events"], 1):
            check_fields(event, EVENT)
            refuse_unless(event["sequence"] == sequence, "an event is not the next of the record")
            refuse_unless(before < event["position"] <= size, "an event is not where it can be")
            before = event["position"]
            proof = [unbase64(text, 32) for text in texts(event["inclusion_proof"])]
            check_inclusion(leaf_hash(bundle, event), before - 1, size, proof, root)
        return "%d events of %s in %s of %d events" % (sequence, bundle["aggregate_id"], bundle["origin"], size)
    if bundle.get("format") == "vnr-consistency-1":
        check_fields(bundle, CONSISTENCY)
        keys = extended(keys, texts(bundle["key_changes"]))
        older, newer = (tree_head(bundle[name], keys, bundle["origin"]) for name in ("older_head", "newer_head"))
        check_consistency(older, newer, [unbase64(text, 32) for text in texts(bundle["consistency_proof"])])
        return "%s of %d events extends that of %d" % (bundle["origin"], newer[0], older[0])
    raise Refused("no bundle of a known format")


def main(arguments):
    files, keys = [], []
    arguments = iter(arguments)
    for argument in arguments:
        if argument == "--key":
            with open(next(arguments, ""), encoding="utf-8") as file:
                lines = [line.strip() for line in file]
            try:
                keys += [parse_key(line) for line in lines if line and not line.startswith("#")]
            except Refused as wrong:
                print(wrong, file=sys.stderr)
                return 2
        else:
            files.append(argument)
    if not files or not keys:
        print(__doc__, file=sys.stderr)
        return 2
    code = 0
    for name in files:
        with open(name, "rb") as file:
            data = file.read()
        try:
            print("%s: proved: %s" % (name, check(data, keys)))
        except (Refused, ValueError, RecursionError) as why:
            print("%s: REFUSED: %s" % (name, why))
            code = 3
    return code


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except OSError as error:
        print(error, file=sys.stderr)
        sys.exit(1)
