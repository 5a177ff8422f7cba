"""Which form the tables have: made and brought up to date by the writer, only looked at by readers.

Each change of `schema.py` is a step in `migrations/versions`, which this package carries.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect

from ccxx_explorer.problems import ExplorerError

_MIGRATIONS = Path(__file__).parent / "migrations"


def upgrade_schema(connection: Connection, name: str) -> None:
    """Bring the tables up to date, or make them; raises ExplorerError where that cannot be."""
    if _revision(connection, name) != newest_revision():
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def check_schema(connection: Connection, name: str) -> None:
    """Check that the tables are as this program knows them; raises ExplorerError if not."""
    found = _revision(connection, name)
    if found is None:
        raise ExplorerError(f"there is no index in {name} yet: run `ccxx-explorer index` first")
    if found != newest_revision():
        raise ExplorerError(
            f"the index {name} is of an older version ({found}):"
            " the process that indexes brings it up to date, start that first"
        )


def newest_revision() -> str:
    """Return the name of the newest form of the tables."""
    revision = _steps().get_current_head()
    assert revision is not None, "there is at least one migration"
    return revision


def _revision(connection: Connection, name: str) -> str | None:
    """Return the form that the tables have, None where there are none; raises ExplorerError."""
    found = MigrationContext.configure(connection).get_current_revision()
    if found is None and inspect(connection).has_table("meta"):
        raise ExplorerError(
            f"the index {name} was made by a version that is too old to go on from:"
            " delete it and let it be made again, everything in it is on the chain"
        )
    known = {each.revision for each in _steps().walk_revisions()}
    if found is not None and found not in known:
        raise ExplorerError(f"the index {name} is of a newer version ({found}): update ccxx")
    return found


@cache
def _steps() -> ScriptDirectory:
    # Every step is compiled when they are read: once is enough.
    return ScriptDirectory.from_config(_config())


def _config() -> Config:
    config = Config()
    # A per cent sign in the path would be read as the beginning of an interpolation.
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    return config
