"""No list sorts or scans the table of certificates: each is read along an index."""

from typing import Any

import pytest
from sqlalchemy import event, text

from ccxx_cert.status import Status
from ccxx_core.hashes import hash160, sha256
from ccxx_core.keys import PrivateKey
from ccxx_core.script import p2wpkh_script
from ccxx_explorer.database.filters import CertificateFilter
from ccxx_explorer.database.listings import Sorting, count_listed, list_certificates

ISSUER = PrivateKey(sha256(b"issuer")).public_key
MINER = p2wpkh_script(hash160(PrivateKey(sha256(b"miner")).public_key))
FILTERS = {
    "issuer": {"issuer_key": ISSUER},
    "type": {"type_code": "UNICDEG"},
    "holder": {"holder_script_hash": sha256(MINER)},
    "document": {"document_hash": bytes(32)},
    "valid": {"status": Status.VALID},
    "revoked": {"status": Status.REVOKED},
    "issuer and revoked": {"issuer_key": ISSUER, "status": Status.REVOKED},
    "issuer and type": {"issuer_key": ISSUER, "type_code": "UNICDEG"},
}


def plans(connection: Any, ask: Any) -> list[str]:
    """Give how the database answers each question about certificates."""
    asked: list[tuple[str, Any]] = []

    def note(_c: Any, _cursor: Any, statement: str, parameters: Any, *_rest: Any) -> None:
        asked.append((statement, parameters))

    event.listen(connection, "before_cursor_execute", note)
    ask()
    event.remove(connection, "before_cursor_execute", note)
    found = []
    for statement, parameters in asked:
        if "FROM certificates" in statement:
            rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
            found += [row[-1] for row in rows]
    assert found
    return found


@pytest.mark.parametrize("wanted", FILTERS)
def test_filtered_list_searches_and_does_not_sort(story: Any, wanted: str) -> None:
    filters = CertificateFilter(**FILTERS[wanted])  # type: ignore[arg-type]

    with story.database.read() as connection:
        connection.execute(text("SELECT 1"))
        for sorting in (Sorting.NEWEST, Sorting.OLDEST):
            found = plans(
                connection,
                lambda sorting=sorting: list_certificates(connection, filters, sorting, (40,), 10),
            )

            assert not [line for line in found if "TEMP B-TREE" in line]
            assert not [line for line in found if line.startswith("SCAN certificates")]


@pytest.mark.parametrize("sorting", list(Sorting))
def test_whole_list_is_read_in_the_order_of_an_index(story: Any, sorting: Sorting) -> None:
    after = (40,) if sorting in (Sorting.NEWEST, Sorting.OLDEST) else (1, 40)

    with story.database.read() as connection:
        found = plans(
            connection,
            lambda: list_certificates(connection, CertificateFilter(), sorting, after, 10),
        )

    assert not [line for line in found if "TEMP B-TREE" in line]


def test_deep_page_of_a_type_by_type_begins_where_the_last_ended(story: Any) -> None:
    wanted = CertificateFilter(type_code="UNICDEG")

    with story.database.read() as connection:
        first = list_certificates(connection, wanted, Sorting.TYPE, None, 40)
        after = first.after
        assert after is not None
        found = plans(
            connection, lambda: list_certificates(connection, wanted, Sorting.TYPE, after, 40)
        )
        rest = list_certificates(connection, wanted, Sorting.TYPE, after, 1_000)
        behind = list_certificates(connection, wanted, Sorting.TYPE, (after[0] + 1, 1), 40)
        before = list_certificates(connection, wanted, Sorting.TYPE, (after[0] - 1, 99), 40)
        whole = list_certificates(connection, wanted, Sorting.TYPE, None, 1_000)

    assert any("certificates_of_type (type=? AND number>?)" in line for line in found), found
    assert (*first.certificates, *rest.certificates) == whole.certificates
    assert (behind.certificates, before.certificates) == ((), first.certificates)


def test_counting_stops_where_it_has_counted_enough(story: Any) -> None:
    with story.database.read() as connection:
        found = plans(
            connection, lambda: count_listed(connection, CertificateFilter(type_code="UNICDEG"))
        )

    assert any("COVERING INDEX certificates_of_type" in line for line in found)
