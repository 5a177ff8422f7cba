"""What stands and what does not when somebody interrupts a command: noted before each step."""

import click

_STATE = "ccxx_wallet.state"
_NOTHING_YET = "nothing was signed, written or sent; run the command again when you like"


def note_state(line: str) -> None:
    """Say what is true from now on, should the command be interrupted."""
    ctx = click.get_current_context(silent=True)
    if ctx is not None:
        ctx.meta[_STATE] = line


def state_of(ctx: click.Context) -> str:
    """Return what to tell somebody who interrupted a command."""
    return str(ctx.meta.get(_STATE, _NOTHING_YET))
