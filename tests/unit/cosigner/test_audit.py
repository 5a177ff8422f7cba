"""The audit log only grows, and whatever was done to it is found."""

from pathlib import Path

import pytest

from ccxx_root.cosigner.audit import AuditLog, Head
from ccxx_root.cosigner.books import LOG_FILE, Books
from ccxx_root.cosigner.refusals import CosignerError, Refusal


@pytest.fixture
def log(tmp_path: Path) -> AuditLog:
    return AuditLog(tmp_path / "log")


def write(log: AuditLog, count: int) -> Head:
    head = Head()
    for number in range(count):
        head = log.append(head, {"event": "signed", "time": number, "lines": ["a", "ü\n"]})
    return head


def is_intact(log: AuditLog, head: Head) -> bool:
    try:
        return log.check(head) == head
    except CosignerError as error:
        assert error.refusal is Refusal.LOG_DAMAGED
        return False


def test_a_log_is_as_it_was_written(log: AuditLog) -> None:
    head = write(log, 3)

    assert log.verify() == head
    assert is_intact(log, head)
    assert head.lines == 3
    assert log.path.stat().st_mode & 0o777 == 0o600


def test_a_change_of_any_byte_is_found(log: AuditLog) -> None:
    head = write(log, 3)
    whole = log.path.read_bytes()

    unnoticed = []
    for at in range(len(whole)):
        for bit in (0x01, 0x20):
            log.path.write_bytes(whole[:at] + bytes([whole[at] ^ bit]) + whole[at + 1 :])
            if is_intact(log, head):
                unnoticed.append((at, bit))

    assert unnoticed == []


def test_a_missing_or_added_byte_is_found(log: AuditLog) -> None:
    head = write(log, 2)
    whole = log.path.read_bytes()

    for at in range(len(whole)):
        log.path.write_bytes(whole[:at] + whole[at + 1 :])
        assert not is_intact(log, head), at
        log.path.write_bytes(whole[:at] + b" " + whole[at:])
        assert not is_intact(log, head), at


def test_lines_that_were_removed_swapped_or_repeated_are_found(log: AuditLog) -> None:
    head = write(log, 4)
    one, two, three, four = log.path.read_bytes().splitlines(keepends=True)

    for forged in (
        [two, three, four],
        [one, three, four],
        [one, two, three],
        [one, three, two, four],
        [one, two, two, three, four],
        [],
    ):
        log.path.write_bytes(b"".join(forged))
        assert not is_intact(log, head)


def test_a_log_written_anew_is_found(log: AuditLog) -> None:
    head = write(log, 3)
    log.path.unlink()

    write(AuditLog(log.path), 2)
    log.append(log.verify(), {"event": "signed", "time": 9})

    assert log.verify().lines == 3
    assert not is_intact(log, head)


def test_half_a_line_of_a_crash_is_cut_and_the_log_goes_on(log: AuditLog) -> None:
    head = write(log, 2)
    with log.path.open("ab") as stream:
        stream.write(b'{"event":"sig')

    checked = log.check(head)
    after = log.append(head, {"event": "signed", "time": 3})

    assert checked == head
    assert log.verify() == after
    assert after.lines == 3


def test_a_line_that_the_ledger_does_not_know_yet_is_kept(log: AuditLog) -> None:
    before = write(log, 2)
    log.append(before, {"event": "signed", "time": 3})

    after = log.append(before, {"event": "signed", "time": 4})

    assert after.lines == 4
    assert log.verify() == after


def test_books_do_not_open_over_a_shortened_log(tmp_path: Path) -> None:
    books = Books(tmp_path)
    for number in range(3):
        with books.decision():
            books.note("signed", number, {})
    books.close()
    path = tmp_path / LOG_FILE
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:2]))

    with pytest.raises(CosignerError) as error:
        Books(tmp_path)

    assert error.value.refusal is Refusal.LOG_DAMAGED


def test_a_decision_that_failed_leaves_the_books_usable(tmp_path: Path) -> None:
    books = Books(tmp_path)

    with pytest.raises(ZeroDivisionError), books.decision():
        books.note("signed", 1, {})
        raise ZeroDivisionError
    with books.decision():
        head = books.note("signed", 2, {})

    # As after a crash between the two: the log has more lines, never fewer, and holds together.
    assert head.lines == 2
    assert books.log.check(books.ledger.log_head()) == head
    books.close()
