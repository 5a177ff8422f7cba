"""The type definition behind a permit in words: who issues what, for what, and by which rules."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ccxx_cert.type_definition import TypeDefinition
from ccxx_explorer.facts import DefinitionFacts, RuleFacts
from ccxx_explorer.language import say, say_count
from ccxx_explorer.wording import printable, printable_lines


def definition_facts(definition: TypeDefinition | None) -> DefinitionFacts | None:
    """Sum up the type definition behind a permit."""
    if definition is None:
        return None
    return DefinitionFacts(
        issuer_name=printable(definition.issuer_name),
        title=printable(definition.title),
        criteria=printable_lines(definition.criteria),
        languages=tuple(map(printable, definition.languages)),
        rules=tuple(_rules(definition.rules)),
    )


def _rules(rules: Mapping[str, Any]) -> Iterator[RuleFacts]:
    """Say each rule that the definition has; the co-signers see to them, not the chain."""
    if (limit := rules.get("transfer_limit")) is not None:
        yield RuleFacts("transfer_limit", _limit_words(limit))
    if (blocks := rules.get("waiting_blocks")) is not None:
        words = say_count(
            "Between two transfers at least %(count)s block must pass.",
            "Between two transfers at least %(count)s blocks must pass.",
            blocks,
        )
        yield RuleFacts("waiting_blocks", words)
    if (value := rules.get("face_value")) is not None:
        words = say("Each certificate stands for %(amount)s %(unit)s.", **_amount(value))
        yield RuleFacts("face_value", words)
    if (fee := rules.get("fee")) is not None:
        words = say("The fee is %(amount)s %(unit)s.", **_amount(fee))
        yield RuleFacts("fee", words)


def _limit_words(limit: int) -> str:
    if not limit:
        return say("A certificate may not be passed on.")
    return say_count(
        "A certificate may be passed on %(count)s time.",
        "A certificate may be passed on %(count)s times.",
        limit,
    )


def _amount(value: Mapping[str, Any]) -> dict[str, str]:
    return {name: printable(str(value[name])) for name in ("amount", "unit")}
