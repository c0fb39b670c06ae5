"""Message ids as Kannel shows them: 36 characters of a UUID."""

from __future__ import annotations

from uuid import UUID

_VERSION_8 = 8 << 76  # RFC 9562, section 5.8: what we make of it
_VARIANT = 2 << 62


def shown(installation: UUID, id: int) -> str:
    """Our number of a message, unique among all installations, and the same whenever it is asked for.

    The last 16 hex digits hold the number, after the first two bits.
    """
    high = installation.int >> 64 << 64
    return str(UUID(int=(high & ~(0xF << 76)) | _VERSION_8 | _VARIANT | id))
