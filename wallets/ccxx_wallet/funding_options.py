"""The options that say how a transaction is paid for, the same in every command that drafts."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

from ccxx_cert.identity import parse_outpoint
from ccxx_core.errors import DecodeError
from ccxx_core.transaction import OutPoint
from ccxx_wallet.cli import AMOUNT
from ccxx_wallet.errors import Refusal, WalletError
from ccxx_wallet.funding import AUTO, MOST_FEERATE, Funding

Function = TypeVar("Function", bound=Callable[..., Any])
_META = "ccxx_wallet.funding"


class OutPointType(click.ParamType[OutPoint]):
    """A coin, as txid:vout."""

    name = "txid:vout"

    def convert(self, value: Any, param: Any, ctx: Any) -> OutPoint:  # noqa: ARG002
        """Read an outpoint; raises WalletError UNKNOWN_COIN."""
        if isinstance(value, OutPoint):
            return value
        try:
            return parse_outpoint(value)
        except DecodeError as error:
            raise WalletError(
                Refusal.UNKNOWN_COIN, f"{value[:80]!r} is no coin ({error}); see `coin list`"
            ) from error


class FeerateType(click.ParamType[int]):
    """Satoshis per vbyte, or auto for the node's estimate."""

    name = "rate"

    def convert(self, value: Any, param: Any, ctx: Any) -> int:
        """Read a rate; auto is AUTO."""
        if isinstance(value, int):
            return value
        if value == "auto":
            return AUTO
        rate = int(value[:10]) if value.isascii() and value.isdecimal() else 0
        if not 1 <= rate <= MOST_FEERATE:
            wanted = f"neither auto nor a number from 1 to {MOST_FEERATE}"
            self.fail(f"{value[:40]!r} is {wanted}", param, ctx)
        return rate


def _remember(ctx: click.Context, parameter: click.Parameter, value: Any) -> None:
    if value is not None and value != ():
        ctx.meta.setdefault(_META, {})[str(parameter.name)] = value


OUTPOINT = OutPointType()
_FEERATE = click.option(
    "--feerate",
    type=FeerateType(),
    default="auto",
    show_default=True,
    help="Fee in satoshis per vbyte; auto: as the node estimates.",
)
_COIN = click.option(
    "--coin",
    "coins",
    type=OUTPOINT,
    multiple=True,
    expose_value=False,
    callback=_remember,
    help="Pay with this plain coin and no others; repeatable.",
)
MAX_FEE = click.option(
    "--max-fee",
    "most_fee",
    type=AMOUNT,
    expose_value=False,
    callback=_remember,
    help="Refuse a higher fee than this; 0.05 if absent.",
)


def funding_options(function: Function) -> Function:
    """Give a command that drafts the options about its fee and its coins."""
    return _FEERATE(_COIN(MAX_FEE(function)))


FEERATE = funding_options


def funding_of(ctx: click.Context) -> Funding:
    """Return what the options of a run say about paying."""
    return Funding(**ctx.meta.get(_META, {}))
