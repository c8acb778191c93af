"""The migrations lead to the newest schema, and come with the package."""

import subprocess
import sys
import zipfile
from pathlib import Path

from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import make_url

from engine.store import migrate
from engine.store.statements import _STATEMENTS, compiled
from tests.house.places import ROOT


def test_the_newest_is_the_one_that_files_are_asked_for() -> None:
    config = Config()
    config.set_main_option("script_location", migrate.MIGRATIONS)
    scripts = ScriptDirectory.from_config(config)
    assert scripts.get_heads() == [migrate.HEAD]
    assert scripts.get_bases() == ["1.0_01"]


def test_every_migration_says_which_version_knows_it() -> None:
    versions = Path(migrate.__file__).parent / "migrations" / "versions"
    names = {file.stem for file in versions.glob("*.py")}
    config = Config()
    config.set_main_option("script_location", migrate.MIGRATIONS)
    revisions = [script.revision for script in ScriptDirectory.from_config(config).walk_revisions()]
    assert {f"v{revision.replace('.', '_')}" for revision in revisions} == names


def test_every_statement_is_for_both_databases() -> None:
    dialects = [make_url(f"{name}://").get_dialect()() for name in ("sqlite+pysqlite", "postgresql+psycopg")]
    for dialect in dialects:
        texts = compiled(dialect)
        assert texts.keys() == _STATEMENTS.keys()
        assert ("FOR SHARE" in texts["put_fenced"]) == (dialect.name == "postgresql")


def test_they_are_in_the_wheel(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=100)
    (wheel,) = tmp_path.glob("*.whl")
    inside = set(zipfile.ZipFile(wheel).namelist())
    here = Path(migrate.__file__).parent / "migrations"
    wanted = {f"engine/store/migrations/{file.relative_to(here).as_posix()}" for file in here.rglob("*.py")}
    assert len(wanted) >= 2
    assert wanted <= inside
