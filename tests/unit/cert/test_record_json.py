"""Records survive a store of text."""

from typing import Any

import pytest

from ccxx_cert.record_json import record_from_json, record_to_json
from ccxx_cert.records import BatchMessage
from ccxx_cert.template import draft_batch
from ccxx_core.errors import DecodeError
from ccxx_core.transaction import TxOutput


def test_every_record_reads_back_as_it_was(world: Any) -> None:
    permit_id = world.grant(world.permit_message(title="Πτυχίο 学位"), coins=2)
    certificate_id = world.issue(permit_id, serial=9)
    world.mine(world.transfer_tx(certificate_id))
    message = BatchMessage(serial_start=1, count=2, merkle_root=bytes(32), text="Zoë")
    world.mine(world.tx_of(draft_batch(message, [b"\x51"] * 2, world.coin_of(permit_id))))
    world.mine(world.tx([world.certificate(certificate_id).location], [TxOutput(1, b"\x51")]))

    records = world.registry.records

    assert {key.kind for key in records} >= {"credit", "permit", "certificate", "batch", "serial"}
    assert {key: record_from_json(record_to_json(each)) for key, each in records.items()} == records


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"record":"credit"}', '{"record":"x"}', "null"])
def test_text_that_is_no_record_is_refused(text: str) -> None:
    with pytest.raises(DecodeError):
        record_from_json(text)
