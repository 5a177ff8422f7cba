"""Readiness, judged from a few facts."""

import pytest

from ccxx_node.rpc.health import HealthFacts, Reason


@pytest.mark.parametrize(("announced", "reasons"), [(106, []), (107, [Reason.BEHIND])])
def test_node_is_behind_also_where_the_best_branch_was_refused(
    announced: int, reasons: list[Reason]
) -> None:
    facts = HealthFacts(height=100, headers=100, announced=announced, disk_free=10**12)

    assert facts.reasons == reasons
    assert facts.shape["headers"] == 100
