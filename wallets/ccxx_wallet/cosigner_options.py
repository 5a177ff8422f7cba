"""The options that say which co-signer a command asks, the same in every wallet."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from ccxx_wallet.cosigner_client import CosignerAddress, CosignerClient

Function = TypeVar("Function", bound=Callable[..., Any])
_META = "ccxx_wallet.cosigner"
_FILE = click.Path(path_type=Path, dir_okay=False)


def _remember(ctx: click.Context, parameter: click.Parameter, value: Any) -> None:
    ctx.meta.setdefault(_META, {})[str(parameter.name)] = value


def _option(*names: str, **settings: Any) -> Callable[[Function], Function]:
    return click.option(*names, expose_value=False, callback=_remember, **settings)


_OPTIONS = (
    _option(
        "--cosigner",
        "cosigner_url",
        envvar="CCXX_COSIGNER",
        help="Address of the root's co-signer service.",
    ),
    _option(
        "--token-file",
        "cosigner_token_file",
        type=_FILE,
        envvar="CCXX_COSIGNER_TOKEN_FILE",
        help="File with the token for the co-signer.",
    ),
    _option(
        "--cosigner-ca",
        "cosigner_ca_file",
        type=_FILE,
        envvar="CCXX_COSIGNER_CA",
        help="CA of its certificate, PEM, if not a public one.",
    ),
    _option(
        "--client-certificate",
        "cosigner_certificate",
        type=_FILE,
        envvar="CCXX_COSIGNER_CERTIFICATE",
        help="Our certificate and key, PEM, if the co-signer asks for one.",
    ),
)


def cosigner_options(function: Function) -> Function:
    """Give a command the options about a co-signer."""
    for option in reversed(_OPTIONS):
        function = option(function)
    return function


def cosigner_of(ctx: click.Context) -> CosignerAddress:
    """Return the co-signer that was named; ends as misuse where there is none."""
    options = ctx.meta.get(_META, {})
    if not options.get("cosigner_url"):
        raise click.UsageError("--cosigner is missing: the address of the co-signer service")
    if not options.get("cosigner_token_file"):
        raise click.UsageError("--token-file is missing: the file with the co-signer's token")
    return CosignerAddress(
        **{name.removeprefix("cosigner_"): value for name, value in options.items()}
    )


def wanted_cosigner(ctx: click.Context) -> CosignerClient | None:
    """Return a client of the co-signer that was named, or None where none was."""
    if not ctx.meta.get(_META, {}).get("cosigner_url"):
        return None
    return CosignerClient(cosigner_of(ctx))
