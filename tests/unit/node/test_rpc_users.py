"""What docs/operations.md says about users of RPC: how one is made, and what our programs call."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from ccxx_node.rpc.auth import SaltedUser
from ccxx_node.rpc.methods import REGISTRY
from ccxx_node.rpc.permissions import Permissions

HOUSE = Path(__file__).resolve().parents[3]
_, _, _BEHIND = (HOUSE / "docs" / "operations.md").read_text().partition("\n## RPC users\n")
SECTION = _BEHIND.partition("\n## ")[0]
CLIENT = "ccxx_node/client"


def permissions() -> Permissions:
    return Permissions.parse(re.findall(r"^ +rpcwhitelist=(.*)$", SECTION, re.MULTILINE), True)


def methods_called_in(*folders: str) -> set[str]:
    """Find the texts in Python files that are names of methods."""
    trees = (ast.parse(file.read_text()) for at in folders for file in (HOUSE / at).rglob("*.py"))
    nodes = (node for tree in trees for node in ast.walk(tree))
    texts = {node.value for node in nodes if isinstance(node, ast.Constant)}
    return {text for text in texts if isinstance(text, str)} & REGISTRY.methods.keys()


def test_line_that_makes_a_user_asks_for_the_password_and_makes_what_the_node_takes() -> None:
    line = next(line.strip() for line in SECTION.splitlines() if "python3 -c" in line)
    command = line.replace("python3", sys.executable, 1)

    # Without a terminal the password is read from standard input.
    done = subprocess.run(
        command,
        input="correct horse\n",
        shell=True,
        start_new_session=True,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )

    option, _, text = done.stdout.strip().partition("=")
    user = SaltedUser.parse(text)
    assert (option, "horse" in done.stdout) == ("rpcauth", False)
    assert user is not None
    assert user.accepts("issuer", "correct horse")
    assert not user.accepts("issuer", "correct horses")


@pytest.mark.parametrize(
    ("program", "folder"), [("the wallets", "wallets"), ("`ccxx-explorer`", "explorer")]
)
def test_what_our_programs_call_is_written_down(program: str, folder: str) -> None:
    row = next(line for line in SECTION.splitlines() if line.startswith(f"| {program}"))

    named = set(re.findall(r"[a-z]+", row.split("|")[2])) & REGISTRY.methods.keys()

    assert named == methods_called_in(folder, CLIENT)


def test_the_users_of_the_example_may_call_what_there_is_and_an_issuer_all_it_needs() -> None:
    users = permissions().methods

    assert [user for user in users if not users[user] <= REGISTRY.methods.keys()] == []
    assert users.keys() == {"monitor", "miner", "issuer"}
    assert users["issuer"] == methods_called_in("wallets", CLIENT)
