"""The tables that migrations make are those that the program knows, in both kinds of databases."""

from collections.abc import Callable
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, MetaData, inspect, text

from ccxx_core.network import REGTEST
from ccxx_explorer.database.connections import open_engine, parse_database
from ccxx_explorer.database.migrate import newest_revision
from ccxx_explorer.database.schema import METADATA
from ccxx_explorer.database.store import Database
from ccxx_explorer.problems import ExplorerError

Places = Callable[[], Path | str]


def engine_at(place: Path | str) -> Engine:
    """Reach a database without making anything in it."""
    return open_engine(parse_database(place))


def described(engine: Engine) -> dict[str, object]:
    """Describe all tables as the database itself does."""
    found = inspect(engine)
    return {
        name: (
            [(each["name"], str(each["type"]), each["nullable"]) for each in columns],
            found.get_pk_constraint(name)["constrained_columns"],
            sorted(
                (str(each["name"]), each["column_names"], bool(each["unique"]))
                for each in found.get_indexes(name)
            ),
            [each["column_names"] for each in found.get_unique_constraints(name)],
        )
        for name in found.get_table_names()
        if name != "alembic_version" and (columns := found.get_columns(name))
    }


def test_migrations_and_program_mean_the_same_tables(places: Places) -> None:
    place = places()
    Database.open(place, REGTEST, None).close()
    migrated, made = engine_at(place), engine_at(places())
    METADATA.create_all(made)

    with migrated.connect() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), METADATA)

    help_text = "write a step in explorer/ccxx_explorer/database/migrations/versions"
    assert [each for each in differences if "alembic_version" not in str(each)] == [], help_text
    assert described(migrated) == described(made), help_text
    assert set(described(made)) == set(METADATA.tables)
    migrated.dispose()
    made.dispose()


def test_index_from_before_migrations_is_refused_with_what_to_do(places: Places) -> None:
    place = places()
    engine = engine_at(place)
    METADATA.create_all(engine)

    for is_writer in (True, False):
        with pytest.raises(ExplorerError, match="delete it and let it be made again"):
            Database.open(place, REGTEST, None, is_writer=is_writer)
    engine.dispose()


def test_whoever_only_serves_refuses_another_form_of_the_tables(places: Places) -> None:
    place = places()
    Database.open(place, REGTEST, None).close()
    engine = engine_at(place)

    for revision, words in (("0000", "newer version"), ("9999", "newer version")):
        with engine.begin() as connection:
            connection.execute(
                text("UPDATE alembic_version SET version_num = :to"), {"to": revision}
            )
        with pytest.raises(ExplorerError, match=words):
            Database.open(place, REGTEST, None, is_writer=False)
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM alembic_version"))
    with pytest.raises(ExplorerError, match="too old"):
        Database.open(place, REGTEST, None, is_writer=False)
    engine.dispose()


def test_whoever_only_serves_makes_nothing(places: Places) -> None:
    place = places()

    with pytest.raises(ExplorerError, match="run `ccxx-explorer index` first"):
        Database.open(place, REGTEST, None, is_writer=False)

    assert not (isinstance(place, Path) and place.exists())


def test_one_process_writes_and_any_number_reads(places: Places) -> None:
    place = places()
    writer = Database.open(place, REGTEST, None)
    readers = [Database.open(place, REGTEST, None, is_writer=False) for _ in range(3)]

    with pytest.raises(ExplorerError, match="another ccxx-explorer writes to the index"):
        Database.open(place, REGTEST, None)

    assert [reader.tip() for reader in readers] == [None] * 3
    with pytest.raises(ExplorerError, match="only reads"):
        readers[0].connect_blocks([])
    writer.close()
    Database.open(place, REGTEST, None).close()
    for reader in readers:
        reader.close()


@pytest.mark.parametrize(
    ("where", "words"),
    [
        ("mysql://a@b/c", "takes a file or postgresql://"),
        ("postgresql://host:port/x", "cannot be read"),
        ("sqlite:///x", "takes a file"),
    ],
)
def test_other_databases_are_refused_with_what_may_be_given(where: str, words: str) -> None:
    with pytest.raises(ExplorerError, match=words):
        parse_database(where)


def test_password_is_never_named() -> None:
    url = parse_database("postgres://ccxx:secret@db.example/index")

    assert url.drivername == "postgresql+psycopg"
    assert "secret" not in str(url)


def test_newest_form_has_a_name() -> None:
    assert newest_revision() and isinstance(METADATA, MetaData)
