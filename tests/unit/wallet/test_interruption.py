"""Whoever interrupts a command is told what stands."""

import json

import click
import pytest
from click.testing import CliRunner, Result

from ccxx_wallet.cli import WalletGroup, shared_options
from ccxx_wallet.interruption import note_state


def run(reached: str, ending: type[BaseException], *options: str) -> Result:
    """Run a command that ends early, after it noted what it had reached."""

    @click.group("ccxx-test", cls=WalletGroup)
    @shared_options
    def main() -> None:
        """Do nothing."""

    @main.command("work")
    @shared_options
    def work() -> None:
        """Note something, then end."""
        if reached:
            note_state(reached)
        raise ending

    return CliRunner().invoke(main, ["work", *options])


def test_an_interrupted_command_that_did_nothing_says_so() -> None:
    result = run("", KeyboardInterrupt)

    assert result.exit_code == 1
    assert "error: interrupted; nothing was signed, written or sent" in result.stderr
    assert "Aborted" not in result.output


def test_an_interrupted_command_says_what_it_had_reached() -> None:
    result = run("transaction 00ff was sent", KeyboardInterrupt, "--json")

    assert "error: interrupted; transaction 00ff was sent" in result.stderr
    assert json.loads(result.stdout)["error"] == "interrupted"


@pytest.mark.parametrize("reached", ["", "gift.psbt is written"])
def test_a_question_without_an_answer_is_no_agreement(reached: str) -> None:
    result = run(reached, click.Abort, "--json")

    assert json.loads(result.stdout)["error"] == "declined"
    assert (reached or "nothing was signed") in result.stderr
