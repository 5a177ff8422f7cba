"""The demonstration: the story on the screen, its facts in a table, the network up to look at."""

import re
import time
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from ccxx_regtest import chain_cache
from ccxx_regtest.facts import Finding
from ccxx_regtest.network import LocalNetwork
from ccxx_regtest.node import RegtestNode
from ccxx_regtest.processes import Process
from ccxx_regtest.story import Story


def run_demo(folder: Path, stays: bool, daemon: Path | None = None) -> bool:
    """Tell the story in a folder and return whether the explorer confirms all of it.

    With `stays` the network is kept up until Ctrl-C; `daemon` is another node's program.
    """
    console = Console(highlight=False, soft_wrap=True)
    started = time.monotonic()
    with start_network(folder, console, daemon) as network:
        story = Story(network, lambda line: console.print(line, markup=False), has_links=stays)
        story.tell()
        is_right = all(finding.is_right for finding in story.findings)
        console.print("", summary(story.findings))
        show_end(console, story.findings, time.monotonic() - started)
        if stays:
            console.print(f"Explorer: {network.explorer.url}")
            show_node(console, network.node)
            wait_for_interrupt(console, folder, network.node.process)
    return is_right


def start_network(folder: Path, console: Console, daemon: Path | None) -> LocalNetwork:
    """Start node and chain; the first time, with a bar for the blocks being mined."""
    if chain_cache.has_chain(daemon):
        console.print(f"Starting from the chain kept in {chain_cache.cache_folder()}")
        return LocalNetwork(folder, lambda _: None, daemon)
    console.print(
        f"Mining {chain_cache.HEIGHT:,} blocks, since rewards mature after 5,000;"
        f" kept in {chain_cache.cache_folder()} for the next time"
    )
    columns = (
        TextColumn("mining"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console) as bar:
        task = bar.add_task("mining", total=chain_cache.HEIGHT)
        return LocalNetwork(folder, lambda height: bar.update(task, completed=height), daemon)


def summary(findings: list[Finding]) -> Table:
    """Draw the table of facts, right or wrong."""
    table = Table("fact", "found", "", title="What the explorer and the wallets say")
    for finding in findings:
        mark = "ok" if finding.is_right else f"WRONG, wanted {finding.wanted}"
        table.add_row(finding.about, shorten(str(finding.found)), mark)
    return table


def shorten(text: str) -> str:
    """Cut ids and keys to what an eye can compare."""
    return re.sub(r"([0-9a-f]{12})[0-9a-f]{40,}", r"\1…", text)


def show_end(console: Console, findings: list[Finding], seconds: float) -> None:
    """Say in one line how it went."""
    wrong = sum(not finding.is_right for finding in findings)
    verdict = f"{wrong} of them wrong" if wrong else "all confirmed"
    console.print(f"{len(findings)} facts checked through the explorer, {verdict}; {seconds:.0f} s")


def show_node(console: Console, node: RegtestNode) -> None:
    """Say where the node is, and a command that asks it, to be pasted."""
    console.print(f"Node: http://{node.address}, data folder {node.datadir}", markup=False)
    console.print(f"Ask it: {node.command('getblockchaininfo')}", markup=False)


def wait_for_interrupt(console: Console, folder: Path, node: Process) -> None:
    """Keep everything running until the person at the keyboard has seen enough.

    Raises RegtestError when the node ends before that: without it there is nothing to see.
    """
    console.print(f"Wallets and logs are in {folder}; press Ctrl-C to stop the network")
    try:
        node.wait()
    except KeyboardInterrupt:
        console.print("Stopping")
