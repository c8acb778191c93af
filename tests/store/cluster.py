"""A private PostgreSQL, from the programs of the machine's packages: on a socket of its own, ended by its own id."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

PASSWORD = "invented-password-of-the-cluster"
PATIENCE = 60.0


class Cluster:
    """A running server; `new` makes an empty database and gives its address."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._count = 0

    def address(self, name: str, password: str = PASSWORD, user: str = "tolmach") -> str:
        return f"postgresql://{user}:{password}@/{name}?host={self.folder}"

    def new(self) -> str:
        self._count += 1
        name = f"store_{self._count}"
        with psycopg.connect(self.address("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}".encode())
        return self.address(name)


@contextmanager
def running() -> Iterator[Cluster]:
    """It will not run as root, so there it runs as nobody, in a short path since that of a socket is short."""
    user = "nobody" if os.geteuid() == 0 else None
    folder = Path(tempfile.mkdtemp(prefix="pg-"))
    try:
        (folder / "password").write_text(PASSWORD, encoding="utf-8")
        if user:
            shutil.chown(folder, user)
            shutil.chown(folder / "password", user)
        access = ["--username=tolmach", "--auth=scram-sha-256", f"--pwfile={folder / 'password'}"]
        made = [_program("initdb"), f"--pgdata={folder / 'data'}", *access, "--encoding=UTF8", "--no-sync"]
        subprocess.run(made, user=user, cwd=folder, check=True, capture_output=True, timeout=PATIENCE)
        serve: list[str | Path] = [
            _program("postgres"),
            "-D",
            folder / "data",
            "-k",
            folder,
            "-c",
            "listen_addresses=",
            "-F",
        ]
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(serve, user=user, cwd=folder, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        try:
            yield _ready(Cluster(folder), process)
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(PATIENCE)
    finally:
        shutil.rmtree(folder)


def _program(name: str) -> str:
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    found = shutil.which(name, path=os.pathsep.join([*map(str, folders), os.environ.get("PATH", "")]))
    if found is None:
        raise RuntimeError(f"PostgreSQL's `{name}` is not on this machine: apt-get install postgresql")
    return found


def _ready(cluster: Cluster, process: "subprocess.Popen[bytes]") -> Cluster:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and process.poll() is None:
        try:
            psycopg.connect(cluster.address("postgres")).close()
        except psycopg.OperationalError:
            time.sleep(0.05)
        else:
            return cluster
    raise RuntimeError((cluster.folder / "log").read_text(encoding="utf-8"))
