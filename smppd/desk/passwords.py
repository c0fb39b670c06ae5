"""Tokens and passwords, and the hashes of them that stand in the file.

A token is 256 random bits, which nobody guesses, so a plain SHA-256 of it keeps it as safe as a slow hash would.
A password is made by a person: it is hashed with Argon2id (RFC 9106), which costs about a twentieth of a second.
"""

from __future__ import annotations

import base64
import os
import re
import secrets
from hashlib import sha256

TOKEN = "smppd_"
"""What every token begins with, so that a scanner for leaked secrets and a person both know it."""

_MEMORY, _ROUNDS, _LANES = 47104, 2, 1  # KiB, passes, threads; above what OWASP's password cheat sheet asks for


def octets(text: str) -> bytes:
    """Whatever was shown, as octets; what came in as no text at all is kept apart from what did."""
    return text.encode("utf-8", "surrogatepass")


def make_token() -> str:
    """A new token."""
    return TOKEN + secrets.token_urlsafe(32)


def token_hash(token: str) -> str:
    """What the file holds of a token."""
    return "sha256:" + token_digest(token).hex()


def token_digest(token: str) -> bytes:
    """The octets of `token_hash`."""
    return sha256(octets(token)).digest()


def stored_digest(hash: str) -> bytes | None:
    """The octets that a `token_hash` of the file stands for; None when it is none."""
    found = re.fullmatch(r"sha256:([0-9a-fA-F]{64})", hash)
    return bytes.fromhex(found[1]) if found else None


def password_hash(password: str) -> str:
    """What the file holds of a password, salted anew each time. Takes a while."""
    from argon2 import PasswordHasher

    return PasswordHasher(_ROUNDS, _MEMORY, _LANES).hash(octets(password))


def verified(hash: str, password: str) -> bool:
    """Whether `password` is what `hash` was made of. Takes a while; the interpreter's lock is free meanwhile."""
    from argon2 import PasswordHasher
    from argon2.exceptions import VerificationError

    try:
        return PasswordHasher().verify(hash, octets(password))
    except VerificationError:
        return False


def decoy(hash: str = "") -> str:
    """A hash that no password fits and that costs as much to try as `hash`, or as one of ours."""
    cost = hash.split("$")[3] if hash else f"m={_MEMORY},t={_ROUNDS},p={_LANES}"
    salt, digest = (base64.b64encode(os.urandom(size)).decode().rstrip("=") for size in (16, 32))
    return f"$argon2id$v=19${cost}${salt}${digest}"
