"""The log of events: each listener remembers its place, and nobody holds it up."""

import asyncio

import pytest

from ccxx_explorer.live.changes import News
from ccxx_explorer.live.log import EventLog

NEWS = News("tip", {"height": 1})


async def test_listener_goes_on_after_the_event_it_names() -> None:
    log = EventLog()
    log.publish([NEWS, News("tip", {"height": 2})])
    first = (log.after(f"{log.last_id.partition('-')[0]}-0") or [])[0]

    missed = log.after(first.id)

    assert missed is not None
    assert [event.data for event in missed] == [{"height": 2}]
    assert log.after(log.last_id) == []


async def test_event_that_is_forgotten_is_no_place_to_go_on_from() -> None:
    log = EventLog(kept=2)
    begin = log.last_id
    log.publish([NEWS] * 3)

    assert log.after(begin) is None


@pytest.mark.parametrize(
    "event_id", ["", "-", "x-1", "other-0", "1", "-1", "é-٣", "x" * 5000, "\x00-\x00"]
)
async def test_strange_id_is_no_place_to_go_on_from(event_id: str) -> None:
    assert EventLog().after(event_id) is None


@pytest.mark.parametrize("number", ["-1", "99", "9" * 500, "٣", " 0", "0x0"])
async def test_number_that_was_never_given_is_no_place_to_go_on_from(number: str) -> None:
    log = EventLog()
    name = log.last_id.partition("-")[0]

    assert log.after(f"{name}-{number}") is None


async def test_another_process_has_other_ids() -> None:
    assert EventLog().after(EventLog().last_id) is None


async def test_all_who_wait_are_woken_by_one_event() -> None:
    log = EventLog()
    place = log.last_id
    waiting = [asyncio.create_task(log.wait(place, 60)) for _ in range(50)]
    await asyncio.sleep(0)

    log.publish([NEWS])

    await asyncio.wait_for(asyncio.gather(*waiting), 5)
    assert all(len(log.after(place) or ()) == 1 for _ in waiting)


async def test_who_waits_is_let_go_when_the_process_ends() -> None:
    log = EventLog()
    waiting = asyncio.create_task(log.wait(log.last_id, 60))
    await asyncio.sleep(0)

    log.close()

    await asyncio.wait_for(waiting, 5)


async def test_wait_ends_by_itself() -> None:
    log = EventLog()

    await asyncio.wait_for(log.wait(log.last_id, 0.01), 5)
