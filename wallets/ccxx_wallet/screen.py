"""What a command shows and asks: facts on stdout, everything else on stderr."""

import json
import shutil
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from ccxx_wallet.errors import Refusal, WalletError

Facts = Mapping[str, Any]
# The meaning of a transaction was shown in words before it was signed.
_SHOWN_BEFORE = frozenset({"meaning"})
# What stands in for a secret that cannot be typed.
_INSTEAD = {
    "Passphrase": "give --passphrase-file or set CCXX_PASSPHRASE",
    "Seed phrase": "give --seed-file",
}
_WIDEST = 1_000
ProgressReport = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Screen:
    """How this run talks: JSON or text, with questions or without."""

    as_json: bool = False
    assume_yes: bool = False
    may_ask: bool = True
    dry_run: bool = False

    def show(self, facts: Facts, title: str = "") -> None:
        """Print the result of a command: one JSON object, or a title and one line a fact."""
        if self.as_json:
            click.echo(json.dumps(facts, indent=1, ensure_ascii=False))
            return
        if facts.get("signed_by") == []:
            # A wallet that watches drafts where others sign, too.
            title = title.replace("drafted and signed", "drafted, signed by nobody yet")
        if title:
            click.echo("dry run: nothing was signed, written or sent" if self.dry_run else title)
        shown = {name: value for name, value in facts.items() if name not in _SHOWN_BEFORE}
        _print_facts(shown, indent=2 if title else 0)

    def show_list(self, name: str, rows: Sequence[Facts], columns: Sequence[str]) -> None:
        """Print rows as a table of some columns, or all of their facts as JSON under `name`."""
        if self.as_json:
            self.show({name: [dict(row) for row in rows]})
            return
        if not rows:
            click.echo(f"no {name}")
            return
        table = Table(box=None, pad_edge=False)
        for column in columns:
            table.add_column(column.replace("_", " "), no_wrap=True)
        for row in rows:
            table.add_row(*(_text(row.get(column)) for column in columns))
        console = Console(width=_WIDEST, markup=False, highlight=False)
        if sys.stdout.isatty() and console.measure(table).maximum > _columns():
            # Ids are never cut: where a row does not fit, each fact has its own line.
            for row in rows:
                _print_facts({column: row.get(column) for column in columns}, indent=0)
                click.echo()
            return
        console.print(table)

    def say(self, line: str) -> None:
        """Print one line on stderr."""
        click.echo(line, err=True)

    def ask_secret(self, name: str, confirm: bool = False) -> str:
        """Return what somebody types unseen.

        Raises WalletError DECLINED where nobody can type.
        """
        if not self.may_ask or not _has_terminal():
            raise WalletError(
                Refusal.DECLINED,
                f"nobody can be asked for the {name.lower()}; {_INSTEAD[name]}",
            )
        typed: str = click.prompt(name, hide_input=True, err=True, confirmation_prompt=confirm)
        return typed

    def is_attended(self) -> bool:
        """Tell whether a person reads along and may be asked."""
        if self.as_json or self.assume_yes or not self.may_ask:
            return False
        return sys.stdin.isatty() and sys.stderr.isatty()

    def ask_line(self, question: str) -> str:
        """Return a line that somebody types, without the spaces around it."""
        typed: str = click.prompt(question, default="", show_default=False, err=True)
        return typed.strip()

    def notice(self, facts: Facts, title: str) -> None:
        """Print what somebody must read before answering, on stderr."""
        click.echo(title, err=True)
        _print_facts(facts, indent=2, err=True)

    def warn(self, line: str) -> None:
        """Print one line that should not be missed, on stderr."""
        click.secho(f"WARNING: {line}", err=True, fg="red", bold=True)

    def confirm(self, question: str, typed: str = "") -> None:
        """Ask before something is done; `typed` is a word to be typed instead of y.

        Raises WalletError DECLINED, also when nobody can be asked.
        """
        if self.assume_yes:
            return
        if not self.may_ask:
            raise WalletError(
                Refusal.DECLINED, "nobody can be asked with --no-input; add --yes to agree"
            )
        if typed:
            answer = click.prompt(f'{question} Type "{typed}" to agree', default="", err=True)
            agreed = answer.strip() == typed
        else:
            agreed = click.confirm(question, err=True)
        if not agreed:
            raise WalletError(Refusal.DECLINED, "not agreed; nothing was done")

    def progress(self, description: str) -> "ProgressBar":
        """Return a progress bar that appears on a terminal only, and only when work is long."""
        return ProgressBar(description, visible=not self.as_json and sys.stderr.isatty())


class ProgressBar:
    """A bar on stderr; `report(done, total)` may be called as often as one likes."""

    def __init__(self, description: str, visible: bool) -> None:
        self._description = description
        self._visible = visible
        self._progress: Progress | None = None
        self._task: Any = None

    def __enter__(self) -> ProgressReport:
        return self.report

    def __exit__(self, *_: object) -> None:
        if self._progress is not None:
            self._progress.stop()

    def report(self, done: int, total: int) -> None:
        """Move the bar; it shows itself at the first report of more than a moment's work."""
        if not self._visible or total < 100:
            return
        if self._progress is None:
            self._progress = Progress(
                TextColumn("{task.description}"),
                BarColumn(),
                TextColumn("{task.completed}/{task.total}"),
                TimeRemainingColumn(),
                console=Console(stderr=True),
                transient=True,
            )
            self._task = self._progress.add_task(self._description, total=total)
            self._progress.start()
        self._progress.update(self._task, completed=done, total=total)


def _columns() -> int:
    return shutil.get_terminal_size().columns


def _has_terminal() -> bool:
    """Tell whether a secret can be typed without being seen."""
    if sys.stdin.isatty():
        return True
    try:
        with Path("/dev/tty").open("r+b", buffering=0):
            return True
    except OSError:
        return False


def _print_facts(facts: Facts, indent: int, err: bool = False) -> None:
    width = max((len(name) for name in facts), default=0)
    for name, value in facts.items():
        label = f"{' ' * indent}{name.replace('_', ' '):<{width}}"
        if isinstance(value, Mapping):
            click.echo(label, err=err)
            _print_facts(value, indent + 2, err)
        elif isinstance(value, list | tuple) and value and isinstance(value[0], Mapping):
            click.echo(label, err=err)
            for item in value:
                _print_facts(item, indent + 2, err)
        else:
            click.echo(f"{label}  {_text(value)}", err=err)


def _text(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str) or not isinstance(value, Iterable):
        return str(value)
    return ", ".join(map(_text, value)) or "-"
