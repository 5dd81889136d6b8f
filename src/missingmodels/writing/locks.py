"""A lock on a file that the operating system keeps, and ends with the process that holds it."""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import sys
from datetime import datetime
from pathlib import Path

from missingmodels.terminal import say

_NO_LOCKS = {errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP}
_TAKEN = {errno.EACCES, errno.EAGAIN, errno.EDEADLK}

if sys.platform == "win32":
    import msvcrt

    _FAR_BYTE = 1 << 20  # behind the words on the owner, which others may then read

    def _lock(handle: int, *, shared: bool) -> None:
        if not shared:  # Windows has no shared lock of this kind: who shares takes none
            os.lseek(handle, _FAR_BYTE, os.SEEK_SET)
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)

    def _unlock_on_windows(handle: int) -> None:
        os.lseek(handle, _FAR_BYTE, os.SEEK_SET)
        msvcrt.locking(handle, msvcrt.LK_UNLCK, 1)
else:
    import fcntl

    def _lock(handle: int, *, shared: bool) -> None:
        fcntl.flock(handle, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)

    def _unlock_on_windows(handle: int) -> None:
        """Elsewhere a lock is turned into a shared one as it is."""


class Taken(Exception):
    """Another process holds the lock; ``str`` of it says which."""


class Lock:
    """The lock of one file, held from construction until ``release``. Raises Taken at once where another holds it."""

    def __init__(self, path: Path, *, shared: bool = False) -> None:
        self.path, self.alone = path, not shared
        while True:
            self.handle = _open(path)
            try:
                self._take(shared=shared)
                if os.path.samestat(os.fstat(self.handle), path.stat()):
                    break
            except FileNotFoundError:
                pass  # its last owner removed the file between the two calls: make another
            except BaseException:
                os.close(self.handle)
                raise
            os.close(self.handle)
        with contextlib.suppress(OSError):  # words for others; the lock stands without them
            os.ftruncate(self.handle, 0)
            os.write(self.handle, _signature().encode())

    def _take(self, *, shared: bool) -> None:
        try:
            _lock(self.handle, shared=shared)
        except OSError as error:
            if error.errno in _NO_LOCKS:
                _tell_of_no_locks(self.path)
            elif error.errno in _TAKEN:
                raise Taken(_owner(self.path)) from error
            else:
                raise

    def share(self) -> None:
        """Let others share the lock from now on. Raises Taken where another was faster."""
        self.alone = False
        _unlock_on_windows(self.handle)
        self._take(shared=True)

    def release(self) -> None:
        """Give the lock up; the last to do so removes its file."""
        with contextlib.suppress(OSError, Taken):
            if not self.alone:
                _lock(self.handle, shared=False)
            if os.name != "nt":
                self.path.unlink(missing_ok=True)  # while it is held, so that nobody locks a file without a name
        os.close(self.handle)
        if os.name == "nt":  # Windows removes no file that is open, and none that another has opened
            with contextlib.suppress(OSError):
                self.path.unlink()


def _open(path: Path) -> int:
    """A handle that can be locked; another account's file may only be readable, which is enough on local disks."""
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    except PermissionError:
        if not path.exists():
            raise
        return os.open(path, os.O_RDONLY)


def _signature() -> str:
    return f"process {os.getpid()} on {socket.gethostname()}, since {datetime.now():%Y-%m-%d %H:%M}"


def _owner(path: Path) -> str:
    with contextlib.suppress(OSError, ValueError):
        return path.read_text(encoding="utf-8").strip() or "another process"
    return "another process"


_told: set[Path] = set()


def _tell_of_no_locks(path: Path) -> None:
    if path.parent not in _told:
        _told.add(path.parent)
        say(f"Note: the file system of {path.parent} keeps no locks: let no two commands write to one place there.")
