"""The daily bound of what is sent: when it is used up, and that a day later it is not."""

from ccxx_node.p2p.sockets.upload_quota import CYCLE_SECONDS, UploadQuota

NOW = 1_700_000_000
MIB = 1 << 20


class Clock:
    """A clock that stands until it is set."""

    def __init__(self) -> None:
        self.time = NOW

    def __call__(self) -> int:
        return self.time


def test_without_a_target_there_is_no_limit() -> None:
    quota = UploadQuota(0, Clock())

    quota.count(1 << 40)

    assert not quota.is_used_up(historical=True)
    assert (quota.bytes_left(), quota.seconds_left()) == (0, 0)


def test_old_blocks_are_refused_before_new_ones() -> None:
    quota = UploadQuota(800 * MIB, Clock())

    quota.count(300 * MIB)

    assert quota.is_used_up(historical=True)
    assert not quota.is_used_up(historical=False)
    assert quota.bytes_left() == 500 * MIB


def test_everything_is_sent_again_a_day_later() -> None:
    clock = Clock()
    quota = UploadQuota(10 * MIB, clock)
    quota.count(11 * MIB)
    was_used_up = quota.is_used_up(historical=False)

    clock.time += CYCLE_SECONDS + 1
    quota.count(0)

    assert was_used_up
    assert not quota.is_used_up(historical=False)


def test_clock_that_was_wrong_at_the_start_does_not_make_the_day_longer() -> None:
    clock = Clock()
    clock.time += 50 * 365 * CYCLE_SECONDS
    quota = UploadQuota(10 * MIB, clock)
    quota.count(11 * MIB)

    clock.time = NOW
    quota.count(0)

    assert not quota.is_used_up(historical=False)
    assert quota.seconds_left() == CYCLE_SECONDS
