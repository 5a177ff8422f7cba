"""Things made with effort, kept as long as there is room for them: bounded in bytes."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

Thing = TypeVar("Thing")


class Shelf(Generic[Thing]):
    """Holds things by name up to `most` bytes; what nobody asked for the longest goes first."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._things: OrderedDict[Hashable, tuple[Thing, int]] = OrderedDict()
        self.size = 0

    def get(self, name: Hashable) -> Thing | None:
        """Return a thing, None where it is not there."""
        found = self._things.get(name)
        if found is None:
            return None
        self._things.move_to_end(name)
        return found[0]

    def put(self, name: Hashable, thing: Thing, size: int) -> None:
        """Keep a thing of so many bytes, in the place of an older one of that name."""
        _, freed = self._things.pop(name, (None, 0))
        self._things[name] = (thing, size)
        self.size += size - freed
        while self.size > self._most:
            _, (_, freed) = self._things.popitem(last=False)
            self.size -= freed
