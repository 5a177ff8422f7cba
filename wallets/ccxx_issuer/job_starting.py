"""From a table and options to a job that is running, and back to a job that was left."""

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ccxx_cert.custody import CERTIFICATE_VALUE
from ccxx_cert.identity import format_outpoint
from ccxx_cert.state import Permit
from ccxx_cert.type_definition import TypeDefinition
from ccxx_core.amount import format_amount
from ccxx_core.hashes import format_hash
from ccxx_core.transaction import OutPoint
from ccxx_issuer.certificates import check_holder, check_summary, free_serial, warnings
from ccxx_issuer.job import Job, Mode, Recipient, Terms, at_work, create_job, forget_unused
from ccxx_issuer.job_documents import check_documents, check_template
from ccxx_issuer.job_next import next_step
from ccxx_issuer.job_running import Agreed, JobRun
from ccxx_issuer.job_state import Standing, count_states, write_report
from ccxx_issuer.permits import OwnPermit, check_definition, choose_permit, stored_definition
from ccxx_issuer.rows import Row, check_keys, repeated_keys
from ccxx_wallet.desk import Desk
from ccxx_wallet.errors import Refusal, WalletError
from ccxx_wallet.files import check_output
from ccxx_wallet.kept_documents import keep_definition, keep_documents
from ccxx_wallet.live import LiveWallet
from ccxx_wallet.signing_many import show_reviews

# Of more transactions, which this wallet drafts itself from the table, only the sums are shown.
_MOST_SHOWN = 4


@dataclass(frozen=True, slots=True)
class Order:
    """What a command asks for; `serial` None: the next free ones."""

    rows: tuple[Row, ...]
    mode: Mode
    valid_from: str
    feerate: int
    permit_id: OutPoint | None
    definition: TypeDefinition | None
    serial: int | None
    text: str
    summary_anyway: bool
    template: str
    script: Any
    documents: Path | None
    out: Path | None
    report: Path | None
    overwrite: bool


@dataclass(frozen=True, slots=True)
class Reach:
    """How far a run goes: sending, waiting for blocks, drafting anew what can no longer be sent."""

    send: bool
    wait: bool
    redraft: bool = False


def jobs_folder(live: LiveWallet) -> Path:
    """Return where a wallet keeps its jobs."""
    return live.wallet.folder / "jobs"


def start_job(desk: Desk, order: Order, reach: Reach) -> dict[str, Any]:
    """Plan, show, agree, sign and carry on; return the facts."""
    permit, definition = _permit_and_definition(desk.live, order)
    planned = _plan(desk.live, order, permit)
    run = JobRun(desk, planned, permit, definition)
    agreed = run.draft_rest(run.standing.undrafted())
    _check_one_file(order, agreed)
    if desk.cosigner is not None:
        desk.cosigner.check(agreed.pieces[0].psbt)
    noted = _warn(desk, order, permit[0])
    _show(desk, agreed, len(order.rows))
    if desk.settings.dry_run:
        return {**_plan_facts(planned, agreed), "dry_run": True, "warnings": noted}
    terms = _settle(planned, order, agreed)
    keys = run.unlock(agreed.pieces)
    desk.settings.screen.confirm("Sign these transactions?")
    keep_definition(desk.live, definition)
    keep_documents(desk.live, [run.documents.document(i) for i in range(len(order.rows))])
    run.settle(create_job(jobs_folder(desk.live), terms, planned.recipients))
    with at_work(run.job):
        try:
            run.sign_all(agreed, keys)
        except WalletError as error:
            # Another command was faster: this one is run again and makes its own job.
            if error.refusal is Refusal.RESERVED:
                forget_unused(run.job)
            raise
        return {**_carry_on(run, reach), "warnings": noted}


def _warn(desk: Desk, order: Order, permit: Permit) -> list[str]:
    """Say and return what to think about before anything is signed."""
    keys = list({row.holder_key: None for row in order.rows})
    noted = [*repeated_keys(order.rows), *warnings(desk.live, permit, keys, order.text)]
    for line in noted:
        desk.settings.screen.warn(line)
    return noted


def resume_job(desk: Desk, job: Job, reach: Reach) -> dict[str, Any]:
    """Go on with a job from whatever state a run left it in; return the facts."""
    if desk.settings.dry_run:
        return {**job_facts(open_run(desk, job).standing), "dry_run": True}
    with at_work(job):
        return _resume(open_run(desk, job), reach)


def _resume(run: JobRun, reach: Reach) -> dict[str, Any]:
    if reach.redraft:
        run.assume_rest()
        run.discard_faulty()
    run.take_up_rest()
    if run.standing.undrafted():
        # What is sent first gives its coins to what is drafted next.
        run.push(reach.send, reach.wait)
        run.live.stop_assuming(run.desk.settings.screen)
        _draft_more(run)
    return _carry_on(run, reach)


def _draft_more(run: JobRun) -> None:
    """Draft for those who were left out, as far as the coins of unsent drafts allow."""
    waits = bool(run.standing.waiting())
    left = run.standing.undrafted()
    run.assume_rest()
    try:
        agreed = run.draft_rest(left)
    except WalletError as error:
        if waits and error.refusal in (Refusal.RESERVED, Refusal.NOT_ENOUGH_COINS):
            return
        raise
    _show(run.desk, agreed, len(left))
    keys = run.unlock(agreed.pieces)
    run.desk.settings.screen.confirm("Sign these transactions?")
    run.sign_all(agreed, keys)


def open_run(desk: Desk, job: Job) -> JobRun:
    """Return a job at a desk with the transactions that were drafted so far."""
    permit = choose_permit(desk.live, job.terms.permit, None)
    run = JobRun(desk, job, permit, stored_definition(desk.live, permit[0]))
    run.load()
    return run


def job_facts(standing: Standing) -> dict[str, Any]:
    """Give a job and how far it is as JSON."""
    job, lines = standing.job, standing.lines()
    states = count_states(lines)
    done = states.get("sent", 0) + states.get("mined", 0)
    return {
        "job": job.id,
        "mode": str(job.terms.mode),
        "permit": format_outpoint(job.terms.permit),
        "count": len(job.recipients),
        "done": done,
        "finished": done == len(job.recipients),
        "states": states,
        "serial_start": job.terms.serial_start,
        "transactions": len(standing.drafted),
        "documents": job.terms.documents,
        "folder": job.terms.out,
        "report": str(job.report),
    }


def _carry_on(run: JobRun, reach: Reach) -> dict[str, Any]:
    run.write_documents()
    try:
        if reach.send or run.desk.cosigner is not None:
            run.push(reach.send, reach.wait)
    finally:
        # Also a run that ends by a refusal says how far it came.
        run.live.stop_assuming(run.desk.settings.screen)
        write_report(run.job.report, run.standing.lines())
    facts = job_facts(run.standing) | {"next": next_step(run.standing, run.desk.cosigner)}
    pieces = list(run.standing.pieces.values())
    facts["files"] = [str(run.carried(piece)) for piece in pieces]
    if len(pieces) == 1:
        facts |= _single_facts(run)
    return facts


def _single_facts(run: JobRun) -> dict[str, Any]:
    """Give what a command on one transaction tells of it."""
    (piece,) = run.standing.pieces.values()
    facts: dict[str, Any] = {"txid": format_hash(piece.psbt.transaction.txid)}
    facts["file"] = str(run.carried(piece))
    if run.job.terms.mode is not Mode.EACH:
        facts["merkle_root"] = run.documents.tree(piece.positions).root.hex()
    if run.standing.waiting() and run.can_be_sent(piece):
        facts |= run.desk.facts(piece.psbt, run.live.review(piece.psbt))
    return facts


def _plan_facts(job: Job, agreed: Agreed) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "job": None,
        "file": None,
        "mode": str(job.terms.mode),
        "permit": format_outpoint(job.terms.permit),
        "count": len(job.recipients),
        "serial_start": job.terms.serial_start,
        "transactions": len(agreed.pieces),
        "fee": format_amount(agreed.fee),
        "documents": None,
    }
    if len(agreed.pieces) == 1:
        facts["meaning"] = agreed.reviews[0].as_facts()
        facts["action"] = agreed.reviews[0].action
    return facts


def _permit_and_definition(live: LiveWallet, order: Order) -> tuple[OwnPermit, TypeDefinition]:
    permit = choose_permit(live, order.permit_id, order.definition)
    check_definition(permit[0], permit[1], order.definition)
    check_summary(permit[0], order.text, order.summary_anyway)
    check_keys(order.rows, _key_fault(permit))
    check_template(order.template, order.rows[0].subject)
    return permit, order.definition or stored_definition(live, permit[0])


def _key_fault(permit: OwnPermit) -> Callable[[bytes], str | None]:
    def fault(key: bytes) -> str | None:
        try:
            check_holder(permit[0], permit[1], key)
        except WalletError as error:
            return error.detail
        return None

    return fault


def _plan(live: LiveWallet, order: Order, permit: OwnPermit) -> Job:
    """Fix the serials of all recipients; raises WalletError NOT_ENOUGH_CREDIT."""
    count = len(order.rows)
    room = sum(coin.value // CERTIFICATE_VALUE for coin in live.credit_of(permit[0].id))
    if room < count:
        raise WalletError(
            Refusal.NOT_ENOUGH_CREDIT,
            f"the permit has {room} certificates left, {count} wanted; split the CSV, or ask the"
            " root for another permit",
        )
    terms = Terms(
        permit=permit[0].id,
        mode=order.mode,
        serial_start=free_serial(live, permit[0], order.serial, count),
        valid_from=order.valid_from,
        feerate=order.feerate,
        documents="",
        out="",
        report="",
        text=order.text,
        script=order.script,
        template=order.template,
    )
    recipients = tuple(Recipient(row, os.urandom(16)) for row in order.rows)
    return Job(Path(), terms, recipients)


def _settle(planned: Job, order: Order, agreed: Agreed) -> Terms:
    """Name the files of a job; raises WalletError FILE_EXISTS before anything is written."""
    first = format_hash(agreed.pieces[0].psbt.transaction.txid)[:8]
    name = f"batch-{first}"
    is_one = len(agreed.pieces) == 1
    out = (order.out or Path(f"{name}.psbt" if is_one else name)).absolute()
    documents = (order.documents or Path(f"{name}-documents")).absolute()
    report = "" if order.report is None else str(order.report.absolute())
    if out.suffix == ".psbt":
        check_output(out, order.overwrite)
    elif any(out.glob("*.psbt")) and not order.overwrite:
        raise WalletError(
            Refusal.FILE_EXISTS, f"{out} holds PSBTs; choose another folder, or add --overwrite"
        )
    serials = range(planned.terms.serial_start, planned.serial(len(planned.recipients)))
    check_documents(documents, (f"certificate-{each}.json" for each in serials), order.overwrite)
    if order.report is not None:
        check_output(order.report, order.overwrite)
    return replace(planned.terms, out=str(out), documents=str(documents), report=report)


def _show(desk: Desk, agreed: Agreed, count: int) -> None:
    """Show what is about to be signed: every transaction, or of many the sums."""
    screen = desk.settings.screen
    if screen.as_json and screen.assume_yes:
        return
    fee = format_amount(agreed.fee)
    total = f"{count} certificates in {len(agreed.pieces)} transactions, fees {fee} in all"
    show_reviews(screen, agreed.reviews[:_MOST_SHOWN])
    more = len(agreed.reviews) - _MOST_SHOWN
    screen.say(total if more <= 0 else f"and {more} more like these: {total}")


def _check_one_file(order: Order, agreed: Agreed) -> None:
    """Refuse one file for several transactions."""
    if order.out is not None and order.out.suffix == ".psbt" and len(agreed.pieces) > 1:
        raise WalletError(
            Refusal.NOT_ENOUGH_CREDIT,
            f"no coin of the permit is enough for all: this takes {len(agreed.pieces)}"
            " transactions; give --out a folder for their files, or make one coin with"
            " `permit join` first (a transaction carries at most 2300)",
        )
