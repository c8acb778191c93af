"""Migrations of a version to come, made for a test."""

import shutil
from pathlib import Path

import engine.store

NEXT = """
import os, signal
import sqlalchemy as sa
from alembic import op

revision = "9.9_01"
down_revision = "1.0_01"


def kill() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def upgrade() -> None:
    {begin}
    op.create_table("more", sa.Column("name", sa.Text))
    for _ in range(40):
        op.execute("INSERT INTO more VALUES ('" + "x" * 100_000 + "')")
    {middle}
    op.execute("DELETE FROM tolmach_leases")
    op.execute("DELETE FROM more")
    {end}
"""


def newer_migrations(folder: Path, killing: str = "") -> str:
    """A folder with the migrations there are and one more, in which `kill -9` comes where `killing` says."""
    shutil.copytree(Path(engine.store.__file__).parent / "migrations", folder)
    places = {place: "kill()" if place == killing else "pass" for place in ("begin", "middle", "end")}
    (folder / "versions" / "next.py").write_text(NEXT.format(**places), encoding="utf-8")
    if killing == "create":
        first = folder / "versions" / "v1_0_01.py"
        first.write_text(first.read_text(encoding="utf-8") + "    import os\n    os.kill(os.getpid(), 9)\n", "utf-8")
    return str(folder)
