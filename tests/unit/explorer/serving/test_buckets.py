"""Token buckets: so many questions at once, so many a second after that."""

from hypothesis import given
from hypothesis import strategies as st

from ccxx_explorer.serving.buckets import Buckets

STEPS = st.lists(
    st.tuples(
        st.floats(0, 5, allow_nan=False), st.integers(1, 10), st.sampled_from(["ann", "bob"])
    ),
    max_size=60,
)


def test_a_burst_is_answered_at_once_and_the_next_waits() -> None:
    buckets = Buckets(rate=2.0, burst=4)

    waits = [buckets.take("ann", 1, now=100.0) for _ in range(5)]

    assert waits == [0.0, 0.0, 0.0, 0.0, 0.5]


def test_who_waits_as_told_is_answered() -> None:
    buckets = Buckets(rate=2.0, burst=1)
    buckets.take("ann", 1, now=100.0)
    wait = buckets.take("ann", 1, now=100.0)

    again = buckets.take("ann", 1, now=100.0 + wait)

    assert again == 0.0


def test_one_client_does_not_use_up_what_is_another_s() -> None:
    buckets = Buckets(rate=1.0, burst=1)
    buckets.take("ann", 1, now=0.0)

    assert buckets.take("ann", 1, now=0.0) > 0
    assert buckets.take("bob", 1, now=0.0) == 0.0


def test_what_costs_more_than_the_burst_is_paid_by_a_full_bucket() -> None:
    buckets = Buckets(rate=1.0, burst=5)

    assert buckets.take("ann", 50, now=0.0) == 0.0
    assert buckets.take("ann", 1, now=0.0) == 1.0


def test_no_more_clients_are_remembered_than_allowed() -> None:
    buckets = Buckets(rate=0.001, burst=1, most=3)

    for name in ("ann", "bob", "cid", "dee"):
        buckets.take(name, 1, now=0.0)

    assert buckets.take("dee", 1, now=0.0) > 0
    assert buckets.take("ann", 1, now=0.0) == 0.0


@given(STEPS)
def test_nobody_ever_gets_more_than_burst_and_rate_allow(
    steps: list[tuple[float, int, str]],
) -> None:
    rate, burst, now = 3.0, 10, 0.0
    buckets = Buckets(rate, burst)
    taken = {"ann": 0, "bob": 0}

    for passed, tokens, name in steps:
        now += passed
        if buckets.take(name, tokens, now) == 0.0:
            taken[name] += tokens

        assert taken[name] <= burst + rate * now + 1e-6
