"""Things made with effort, kept as long as there is room for them; safe to use from threads."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

Thing = TypeVar("Thing")


class Shelf(Generic[Thing]):
    """Holds things by name up to a size, in bytes or whatever; the longest unasked goes first."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._things: OrderedDict[Hashable, tuple[Thing, int]] = OrderedDict()
        self._using = threading.Lock()
        self.size = 0

    def get(self, name: Hashable) -> Thing | None:
        """Return a thing, None where it is not there."""
        with self._using:
            found = self._things.get(name)
            if found is None:
                return None
            self._things.move_to_end(name)
            return found[0]

    def put(self, name: Hashable, thing: Thing, size: int) -> None:
        """Keep a thing of such a size, in the place of an older one of that name."""
        with self._using:
            _, freed = self._things.pop(name, (None, 0))
            self._things[name] = (thing, size)
            self.size += size - freed
            while self.size > self._most:
                _, (_, freed) = self._things.popitem(last=False)
                self.size -= freed
