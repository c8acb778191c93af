"""Who keeps a file: of all processes that opened it, one holds schedule, delivery and migrations."""

import fcntl
import os
import socket
from pathlib import Path


class Lock:
    """`<file>.lock`, with the keeper's pid and host in it. It falls with the process. Raises OSError."""

    def __init__(self, path: Path) -> None:
        descriptor = os.open(path.with_name(f"{path.name}.lock"), os.O_RDWR | os.O_CREAT, 0o600)
        self._file = os.fdopen(descriptor, "r+", encoding="utf-8")
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self.mine = False
            self.keeper = self._file.read().strip() or "another process"
        else:
            self.mine = True
            self.keeper = f"pid {os.getpid()} on {socket.gethostname()}"
            self._file.truncate(0)
            self._file.write(f"{self.keeper}\n")
            self._file.flush()

    def release(self) -> None:
        """Let the next process that opens the file keep it."""
        self._file.close()
