"""Which methods each user may call: `-rpcwhitelist` and `-rpcwhitelistdefault`."""

from __future__ import annotations

import logging
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field

_log = logging.getLogger("ccxx.rpc")


@dataclass(frozen=True, slots=True)
class Permissions:
    """The methods of each user that has a list; `by_default` says what holds for all others."""

    methods: Mapping[str, frozenset[str]] = field(default_factory=dict)
    by_default: bool = True

    @classmethod
    def parse(cls, texts: Iterable[str], by_default: bool | None = None) -> Permissions:
        """Read texts `user:method,method`; of a user's lists only what all of them name is left.

        Without `by_default`, users that have no list may call anything only if nobody has one.
        """
        methods: dict[str, frozenset[str]] = {}
        for text in texts:
            user, _, names = text.partition(":")
            listed = frozenset(name.strip() for name in names.split(",")) - {""}
            methods[user] = methods.get(user, listed) & listed
        return cls(methods, not methods if by_default is None else by_default)

    def log_oddities(self, known: Container[str]) -> None:
        """Log the lists that are empty or name methods that nobody knows: they may be misspelt."""
        for user, listed in self.methods.items():
            unknown = sorted(name for name in listed if name not in known)
            if unknown:
                _log.warning("rpc whitelist odd user=%s unknown=%s", user, ",".join(unknown))
            elif not listed:
                _log.warning("rpc whitelist odd user=%s methods=none", user)

    def allow(self, user: str, method: str) -> bool:
        """Tell whether a user may call a method; nothing and "" are on no list."""
        listed = self.methods.get(user)
        return self.by_default if listed is None else method in listed
