"""Who uses a folder, told by locks on the folder itself: they end with their holder, however it ends."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path


class Users:
    """Processes that use what is in `folder` together; the last one to go may take it down."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock: int | None = None

    def join(self) -> None:
        """Become one of them; waits while the last one takes down what was there. Raises OSError."""
        if self._lock is None:
            lock = os.open(self._folder, os.O_RDONLY)
            fcntl.flock(lock, fcntl.LOCK_SH)
            self._lock = lock

    def last(self) -> bool:
        """Whether nobody else is left; then nobody can join before `leave`."""
        return self._lock is None or _alone(self._lock)

    def leave(self) -> None:
        """Be none of them any more."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


class Claim:
    """A folder that one process has for itself."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock: int | None = None

    def take(self) -> bool:
        """Have it until `drop` or the end of the process; False when another has it. Raises OSError."""
        if self._lock is None:
            lock = os.open(self._folder, os.O_RDONLY)
            if not _alone(lock):
                os.close(lock)
                return False
            self._lock = lock
        return True

    def drop(self) -> None:
        """Let others have it."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


def _alone(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
