"""Message ids as Kannel shows them: 36 characters of a UUID."""

from __future__ import annotations

from functools import lru_cache
from uuid import UUID

_VERSION_8 = 8 << 76  # RFC 9562, section 5.8: what we make of it
_VARIANT = 2 << 62


def shown(installation: UUID, id: int) -> str:
    """Our number of a message, unique among all installations, and the same whenever it is asked for.

    The last 16 hex digits hold the number, after the first two bits.
    """
    low = f"{_VARIANT | id:016x}"
    return f"{_beginning(installation)}-{low[:4]}-{low[4:]}"


@lru_cache(maxsize=4)
def _beginning(installation: UUID) -> str:
    return str(UUID(int=(installation.int & ~(0xF << 76)) | _VERSION_8))[:18]
