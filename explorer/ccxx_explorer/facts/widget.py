"""What the page of the verification widget says."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class WidgetFacts:
    """The certificate whose widget is shown, by its printable id; None where none was named."""

    certificate: str | None
    languages: tuple[str, ...]
