"""Options and conventions that the three wallet commands share.

An option may stand before or behind the command's words; the environment stands in for what is not
given. Exit 0: done, 1: refused (one line on stderr says why and what to do), 2: misused.
"""

import json
import os
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click
import platformdirs
from click.core import ParameterSource

from ccxx_core.amount import parse_amount
from ccxx_core.errors import CcxxError, DecodeError
from ccxx_core.keys import is_valid_public_key
from ccxx_core.network import NETWORKS, Network
from ccxx_wallet.errors import Refusal, WalletError
from ccxx_wallet.files import read_secret_file
from ccxx_wallet.interruption import state_of
from ccxx_wallet.screen import Facts, Screen

Value = TypeVar("Value")
_TRIES = 3
Function = TypeVar("Function", bound=Callable[..., Any])
_META = "ccxx_wallet.options"
_COMMAND_LINE = (ParameterSource.COMMANDLINE,)


@dataclass(frozen=True, slots=True)
class Settings:
    """What the shared options say."""

    folder: Path
    network: Network | None
    node: str | None
    datadir: Path | None
    passphrase_file: Path | None
    dry_run: bool
    screen: Screen

    def passphrase(self, confirm: bool = False) -> str:
        """Return the passphrase: from a file, from CCXX_PASSPHRASE, or typed unseen."""
        given = self._given_passphrase()
        return self.screen.ask_secret("Passphrase", confirm) if given is None else given[0]

    def unlock(self, opening: Callable[[str], Value]) -> Value:
        """Open something with the passphrase; one that is typed may be wrong twice."""
        given = self._given_passphrase()
        if given is not None:
            try:
                return opening(given[0])
            except WalletError as error:
                raise _name_source(error, given[1]) from error
        for _ in range(_TRIES - 1):
            try:
                return opening(self.screen.ask_secret("Passphrase"))
            except WalletError as error:
                if error.refusal is not Refusal.WRONG_PASSPHRASE:
                    raise
                self.screen.say(f"{error}")
        return opening(self.screen.ask_secret("Passphrase"))

    def _given_passphrase(self) -> tuple[str, str] | None:
        """Return a passphrase that need not be typed, and where it is from."""
        if (file := self.passphrase_file) is not None:
            try:
                secret = read_secret_file(file, self.screen.warn)
                return secret.decode().rstrip("\r\n"), str(file)
            except UnicodeDecodeError:
                # Not `from error`: that one holds the passphrase.
                raise WalletError(
                    Refusal.BAD_FILE, f"the passphrase in {file} is not text in UTF-8"
                ) from None
        if (typed := os.environ.get("CCXX_PASSPHRASE")) is not None:
            try:
                typed.encode()
            except UnicodeEncodeError:
                # Not `from error`: that one quotes the passphrase.
                raise WalletError(
                    Refusal.BAD_FILE, "the passphrase in CCXX_PASSPHRASE is not text in UTF-8"
                ) from None
            return typed, "CCXX_PASSPHRASE"
        return None


def _name_source(error: WalletError, source: str) -> WalletError:
    if error.refusal is not Refusal.WRONG_PASSPHRASE:
        return error
    line = f"the passphrase in {source} does not open the key file; correct it"
    return WalletError(Refusal.WRONG_PASSPHRASE, line)


class WalletGroup(click.Group):
    """A group whose refusals are one line on stderr and exit code 1."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; any fault that has a name ends it with exit code 1."""
        if ctx.parent is not None:
            return super().invoke(ctx)
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            # Whoever read our output has seen enough: click ends the program quietly.
            raise
        except click.Abort:
            click.echo(err=True)
            line = f"no answer; {state_of(ctx)}, or add --yes to agree unasked"
            _fail(ctx, Refusal.DECLINED, line)
        except KeyboardInterrupt:
            click.echo(err=True)
            _fail(ctx, Refusal.INTERRUPTED, f"interrupted; {state_of(ctx)}")
        except CcxxError as error:
            _fail(ctx, str(getattr(error, "refusal", type(error).__name__)), str(error))
        except (OSError, sqlite3.Error) as error:
            _fail(
                ctx, Refusal.CANNOT_WRITE, f"{str(error).lower()}; make room or check permissions"
            )


def _fail(ctx: click.Context, reason: str, line: str) -> None:
    click.echo(f"error: {' '.join(line.split())}", err=True)
    if ctx.meta.get(_META, {}).get("as_json"):
        click.echo(json.dumps({"error": reason, "detail": line}, ensure_ascii=False))
    ctx.exit(1)


def refuse(ctx: click.Context, screen: Screen, facts: Facts, error: WalletError) -> None:
    """End with exit code 1 and one line, but show the facts first."""
    reason = {"error": error.refusal, "detail": error.detail} if screen.as_json else {}
    screen.show({**facts, **reason})
    click.echo(f"error: {error.detail}", err=True)
    ctx.exit(1)


def _remember(ctx: click.Context, parameter: click.Parameter, value: Any) -> None:
    options = ctx.meta.setdefault(_META, {})
    name = str(parameter.name)
    # What was typed wins over the environment, wherever on the line it stands.
    if name not in options or ctx.get_parameter_source(name) in _COMMAND_LINE:
        options[name] = value


def _option(*names: str, **settings: Any) -> Callable[[Function], Function]:
    # Eager: what a refusal of another option prints depends on these.
    return click.option(*names, expose_value=False, is_eager=True, callback=_remember, **settings)


_SHARED = (
    _option(
        "--wallet",
        "folder",
        type=click.Path(path_type=Path, file_okay=False),
        envvar="CCXX_WALLET",
        help="Folder of this wallet.",
    ),
    _option(
        "--network",
        "network",
        type=click.Choice(sorted(NETWORKS)),
        envvar="CCXX_NETWORK",
        help="Network; needed by init only, a wallet remembers its own.",
    ),
    _option("--node", "node", envvar="CCXX_NODE", help="host:port or http://user:pass@host:port"),
    _option(
        "--datadir",
        "datadir",
        type=click.Path(path_type=Path),
        envvar="CCXX_DATADIR",
        help="The node's data folder, for its cookie.",
    ),
    _option(
        "--passphrase-file",
        "passphrase_file",
        type=click.Path(path_type=Path),
        envvar="CCXX_PASSPHRASE_FILE",
        help="Read the passphrase from a file instead of asking.",
    ),
    _option("--json", "as_json", is_flag=True, help="Print the same facts as JSON."),
    _option("--yes", "assume_yes", is_flag=True, help="Agree to every question."),
    _option("--dry-run", "dry_run", is_flag=True, help="Show what would be done; change nothing."),
    _option("--no-input", "no_input", is_flag=True, help="Never ask; fail instead."),
)


def shared_options(function: Function) -> Function:
    """Give a command or group the options that all wallet commands have."""
    for option in reversed(_SHARED):
        function = option(function)
    return function


def settings_of(ctx: click.Context) -> Settings:
    """Collect the shared options of a run."""
    options = ctx.meta.get(_META, {})
    name = options.get("network")
    folder = options.get("folder") or _default_folder(ctx)
    return Settings(
        folder=folder.expanduser(),
        network=NETWORKS[name] if name else None,
        node=options.get("node"),
        datadir=options.get("datadir"),
        passphrase_file=options.get("passphrase_file"),
        dry_run=bool(options.get("dry_run")),
        screen=Screen(
            as_json=bool(options.get("as_json")),
            assume_yes=bool(options.get("assume_yes")),
            may_ask=not options.get("no_input"),
            dry_run=bool(options.get("dry_run")),
        ),
    )


def _default_folder(ctx: click.Context) -> Path:
    return platformdirs.user_data_path("ccxx") / str(ctx.find_root().command.name)


class PublicKeyType(click.ParamType[bytes]):
    """A compressed public key, as hex."""

    name = "public key"

    def convert(self, value: Any, param: Any, ctx: Any) -> bytes:  # noqa: ARG002
        """Read 33 bytes of hex that are a point of the curve; raises WalletError WRONG_KEY."""
        if isinstance(value, bytes):
            return value
        try:
            key = bytes.fromhex(value)
        except ValueError:
            key = b""
        if len(key) != 33 or not is_valid_public_key(key):
            raise WalletError(
                Refusal.WRONG_KEY,
                f"{self.option_of(param)}{str(value)[:80]!r} is not a compressed public key (66 hex"
                " digits); ask its owner for it again",
            )
        return key

    @staticmethod
    def option_of(param: Any) -> str:
        """Name the option that a value was given for."""
        return f"{param.opts[0]} " if param is not None else ""


class AmountType(click.ParamType[int]):
    """An amount of coins, as a decimal number."""

    name = "amount"

    def convert(self, value: Any, param: Any, ctx: Any) -> int:
        """Read satoshis."""
        if isinstance(value, int):
            return value
        try:
            return parse_amount(value)
        except DecodeError as error:
            self.fail(str(error), param, ctx)


OVERWRITE = click.option("--overwrite", is_flag=True, help="Replace a file that exists.")
PUBLIC_KEY = PublicKeyType()
AMOUNT = AmountType()
FILE = click.Path(path_type=Path, dir_okay=False)
