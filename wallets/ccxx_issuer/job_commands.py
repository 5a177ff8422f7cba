"""`certificate batch`: issue to everybody in a table, go on where a run ended, list the jobs."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from ccxx_cert.custody import Wrap
from ccxx_issuer.certificates import read_definition
from ccxx_issuer.job import Mode, find_job, list_jobs, open_job
from ccxx_issuer.job_running import JobRun
from ccxx_issuer.job_starting import (
    Order,
    Reach,
    job_facts,
    jobs_folder,
    open_run,
    resume_job,
    start_job,
)
from ccxx_issuer.rows import read_rows
from ccxx_wallet.cli import FILE, shared_options
from ccxx_wallet.cosigner_options import cosigner_options
from ccxx_wallet.desk import Desk
from ccxx_wallet.errors import Refusal, WalletError
from ccxx_wallet.files import read_file
from ccxx_wallet.funding_options import MAX_FEE
from ccxx_wallet.opening import opened_desk

_PATH = click.Path(path_type=Path)
_WAIT = click.option("--wait/--no-wait", default=True, help="Wait for blocks where needed.")
_COLUMNS = ("job", "mode", "count", "done", "transactions", "finished")


class BatchGroup(click.Group):
    """A group whose first word may be a CSV instead of a command: then it issues."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put the name of the command where it was left out."""
        if args and args[0] not in self.commands and args[0] != "--help":
            args = ["new", *args]
        return super().parse_args(ctx, args)


@click.group("batch", cls=BatchGroup)
def batch_group() -> None:
    """Issue to everybody in a CSV (`batch CSV`), and go on with what was not finished."""


def table_options(function: Any) -> Any:
    """Give a command the options about the table and what is made of it."""
    options = (
        click.option(
            "--key-column", default="holder_key", show_default=True, help="Column of keys."
        ),
        click.option("--documents", type=_PATH, help="Folder for the documents."),
        click.option("--template", type=FILE, help="JSON credential with {columns} of the CSV."),
        click.option("--report", type=_PATH, help="File for the report, .csv or .jsonl."),
        click.option("--valid-from", help="Such as 2026-07-10T00:00:00Z; now if absent."),
        click.option("--out", type=_PATH, help="Folder for PSBTs, or file of a single one."),
        click.option("--each", is_flag=True, help="A transaction of its own for each recipient."),
        click.option("--send", is_flag=True, help="Send what is fully signed."),
        _WAIT,
        click.option(
            "--replace-draft",
            is_flag=True,
            help="Discard own unsent drafts of the same serial or coin.",
        ),
    )
    for option in reversed(options):
        function = option(function)
    return function


def _read_template(path: Path | None) -> str:
    if path is None:
        return ""
    try:
        return read_file(path, limit=1_000_000).decode()
    except UnicodeDecodeError as error:
        raise WalletError(Refusal.BAD_FILE, f"{path} is not text in UTF-8; save it so") from error


def run_batch(ctx: click.Context, csv_file: Path, permit: Any, options: dict[str, Any]) -> None:
    """Read a table and start a job for it."""
    mode = Mode.EACH if options["each"] else Mode.BATCH
    rows = read_rows(csv_file, options["key_column"])
    template = _read_template(options["template"])
    with opened_desk(ctx) as desk:
        desk.live.wallet.check_can_sign()
        desk.live.drafts.may_replace = options["replace_draft"]
        order = Order(
            rows=rows,
            mode=mode,
            valid_from=str(options["valid_from"] or f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"),
            feerate=options["feerate"],
            permit_id=permit,
            definition=read_definition(options["type_file"]),
            serial=options["serial"],
            text=options["summary"],
            summary_anyway=options["public_summary_anyway"],
            template=template,
            script=Wrap(options["script"]),
            documents=options["documents"],
            out=options["out"],
            report=options["report"],
            overwrite=options["overwrite"],
        )
        facts = start_job(desk, order, Reach(options["send"], options["wait"]))
        desk.settings.screen.show(facts, "drafted and signed")


@batch_group.command("resume")
@click.argument("job", required=False)
@_WAIT
@click.option("--send/--no-send", default=True, show_default=True, help="Send what is signed.")
@click.option(
    "--replace-draft", is_flag=True, help="Draft anew what can no longer be sent: a coin is gone."
)
@MAX_FEE
@cosigner_options
@shared_options
@click.pass_context
def batch_resume(
    ctx: click.Context, job: str | None, wait: bool, send: bool, replace_draft: bool
) -> None:
    """Go on with a job: sign, co-sign and send what is left; the only unfinished one if unnamed."""
    with opened_desk(ctx) as desk:
        desk.live.wallet.check_can_sign()
        jobs = jobs_folder(desk.live)
        found = _only_unfinished(desk) if job is None else find_job(jobs, job)
        facts = resume_job(desk, found, Reach(send, wait, replace_draft))
        desk.settings.screen.show(facts, "resumed")


@batch_group.command("list")
@shared_options
@click.pass_context
def batch_list(ctx: click.Context) -> None:
    """List the jobs of this wallet and how far they are."""
    with opened_desk(ctx) as desk:
        rows = [job_facts(run.standing) for run in _runs(desk)]
        desk.settings.screen.show_list("jobs", rows, _COLUMNS)


def _runs(desk: Desk) -> list[JobRun]:
    return [open_run(desk, job) for job in list_jobs(jobs_folder(desk.live))]


def _only_unfinished(desk: Desk) -> Any:
    left = [run.job for run in _runs(desk) if not job_facts(run.standing)["finished"]]
    if len(left) != 1:
        names = ", ".join(job.id for job in left) or "none"
        raise WalletError(
            Refusal.NO_JOB,
            f"unfinished jobs of this wallet: {names}; name one that `certificate batch list`"
            " shows",
        )
    return open_job(left[0].folder)
