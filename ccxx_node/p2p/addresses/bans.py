"""Whom this node does not talk to: single addresses and networks, each until a time.

`banlist.json` keeps them over a restart; a lost or damaged file is an empty list.
"""

from __future__ import annotations

import ipaddress
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import msgspec

from ccxx_core.errors import DecodeError
from ccxx_node.chainstate.plain_file import replace_file
from ccxx_node.p2p.addresses.endpoints import IPAddress, as_ip, ip_bytes

_log = logging.getLogger("ccxx.net")

DEFAULT_BAN_SECONDS = 24 * 3600
# Peers can have themselves banned from many addresses; the list must not grow with them.
MAX_MISBEHAVING = 10_000

# Bits of an IPv6 address that only say that it stands for one of IPv4.
_MAPPED_LENGTH = 96

Subnet = ipaddress.IPv4Network | ipaddress.IPv6Network


class BanReason(StrEnum):
    """Why somebody is banned, in the words that `listbanned` shows."""

    MISBEHAVING = "node misbehaving"
    MANUAL = "manually added"


@dataclass(frozen=True, slots=True)
class Ban:
    """One entry; both times are unix seconds."""

    subnet: str
    until: int
    created: int
    reason: BanReason


def parse_subnet(text: str) -> Subnet:
    """Return a single address or a network with its mask, a mapped one as IPv4.

    Raises DecodeError.
    """
    try:
        subnet = ipaddress.ip_network(text.strip("[]"), strict=False)
    except ValueError:
        raise DecodeError(f"{text!r} is no address and no network") from None
    # Peers are compared by what `as_ip` gives, which has no mapped addresses.
    first = as_ip(ip_bytes(subnet.network_address))
    if first.version == 4 and subnet.version == 6 and subnet.prefixlen >= _MAPPED_LENGTH:
        return ipaddress.ip_network((first, subnet.prefixlen - _MAPPED_LENGTH))
    return subnet


def single(ip: bytes) -> Subnet:
    """Return the network of one address of 16 bytes, also of an onion name's."""
    return ipaddress.ip_network(as_ip(ip))


class BanList:
    """All bans of one node; `seconds` is how long one lasts where nothing else is said."""

    def __init__(self, path: Path, seconds: int = DEFAULT_BAN_SECONDS) -> None:
        self._path = path
        self._seconds = seconds
        self._bans: dict[Subnet, Ban] = {}
        self._is_saved = True

    def __len__(self) -> int:
        return len(self._bans)

    def add(self, subnet: Subnet, reason: BanReason, now: int, until: int = 0) -> None:
        """Ban until a time, or for the usual time; a longer ban of the same stays."""
        ban = Ban(str(subnet), until or now + self._seconds, now, reason)
        known = self._bans.get(subnet)
        if known is not None and known.until >= ban.until:
            return
        if reason is BanReason.MISBEHAVING:
            self._make_room()
        self._bans[subnet] = ban
        self._is_saved = False
        # What peers bring about is written now and then, lest they keep the disk busy.
        if reason is BanReason.MANUAL:
            self.save()

    def remove(self, subnet: Subnet) -> bool:
        """Forget one ban; False if there was none of exactly this network."""
        if self._bans.pop(subnet, None) is None:
            return False
        self._is_saved = False
        self.save()
        return True

    def clear(self) -> None:
        """Forget all."""
        self._bans.clear()
        self._is_saved = False
        self.save()

    def is_banned(self, ip: bytes, now: int) -> bool:
        """Tell whether an address is in a banned network now."""
        return bool(self._bans) and self._covers(as_ip(ip), now)

    def is_listed(self, subnet: Subnet, now: int) -> bool:
        """Tell whether a single address is banned in any way, or a network as it stands."""
        if subnet.num_addresses == 1:
            return self._covers(subnet.network_address, now)
        ban = self._bans.get(subnet)
        return ban is not None and now < ban.until

    def current(self, now: int) -> list[Ban]:
        """Return what holds now, by address and mask; what is over is forgotten."""
        over = [subnet for subnet, ban in self._bans.items() if ban.until <= now]
        for subnet in over:
            del self._bans[subnet]
            self._is_saved = False
        return [self._bans[subnet] for subnet in sorted(self._bans, key=_order)]

    def save(self) -> None:
        """Write the list if it changed; a disk that takes nothing costs a warning."""
        if self._is_saved:
            return
        content = msgspec.json.encode(list(self._bans.values()))
        try:
            replace_file(self._path, msgspec.json.format(content))
            self._is_saved = True
        except OSError as error:
            _log.warning("banlist not saved reason=%s", error)

    def load(self) -> None:
        """Read the list; what cannot be read is as if it were not there."""
        try:
            bans = msgspec.json.decode(self._path.read_bytes(), type=list[Ban])
            self._bans = {parse_subnet(ban.subnet): ban for ban in bans}
        except FileNotFoundError:
            return
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError, DecodeError) as error:
            _log.warning("banlist not read reason=%s", error)

    def _covers(self, address: IPAddress, now: int) -> bool:
        return any(
            now < ban.until and address in subnet for subnet, ban in self._candidates(address)
        )

    def _candidates(self, address: IPAddress) -> Iterator[tuple[Subnet, Ban]]:
        """Give the bans that could cover an address: one look-up for each length of a mask."""
        for length in range(address.max_prefixlen, -1, -1):
            subnet = ipaddress.ip_network((address, length), strict=False)
            ban = self._bans.get(subnet)
            if ban is not None:
                yield subnet, ban

    def _make_room(self) -> None:
        earned = [s for s, ban in self._bans.items() if ban.reason is BanReason.MISBEHAVING]
        if len(earned) >= MAX_MISBEHAVING:
            del self._bans[earned[0]]


def _order(subnet: Subnet) -> tuple[bytes, int]:
    return ip_bytes(subnet.network_address), subnet.prefixlen
