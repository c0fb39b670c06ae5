"""How a system knows that a request is ours: HMAC-SHA256 over the time and the content, with its `secret`."""

from __future__ import annotations

import hmac
import time


def signature(secret: bytes, content: bytes) -> dict[str, str]:
    """The two headers. What is signed is `timestamp.content`, so that an old request cannot be sent again as new."""
    timestamp = str(int(time.time()))
    signed = hmac.digest(secret, timestamp.encode() + b"." + content, "sha256").hex()
    return {"X-Smppd-Timestamp": timestamp, "X-Smppd-Signature": signed}
