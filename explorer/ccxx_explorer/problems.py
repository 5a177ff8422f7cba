"""What can go wrong with a question from outside, each with a hint that helps."""

from __future__ import annotations

from ccxx_core.errors import CcxxError
from ccxx_explorer.language import say


class ExplorerError(CcxxError):
    """The explorer cannot start or go on; the message says what to do."""


class PageError(CcxxError):
    """A page cannot be shown: `code` is stable, `status` is HTTP's, `hint` says what to do.

    `retry_after` is the number of seconds after which the same may be asked again with success.
    """

    def __init__(
        self, code: str, status: int, message: str, hint: str, *, retry_after: int | None = None
    ) -> None:
        super().__init__(message)
        self.code = code
        self.status = status
        self.message = message
        self.hint = hint
        self.retry_after = retry_after


def not_found(message: str, hint: str) -> PageError:
    """Nothing of that name is in the index."""
    return PageError("not-found", 404, message, hint)


def bad_request(message: str, hint: str) -> PageError:
    """The question itself cannot be read."""
    return PageError("bad-request", 400, message, hint)


def no_anchor() -> PageError:
    """Certificates were asked for, and no trust anchor was given."""
    return PageError(
        "no-anchor",
        404,
        say("This explorer shows the chain only: it was started without a trust anchor."),
        say("Certificates need one: start ccxx-explorer with --anchor anchor.json."),
    )


def wrong_anchor(problem: str) -> PageError:
    """The trust anchor does not fit the chain, so nothing can be said about certificates."""
    return PageError(
        "wrong-anchor",
        503,
        problem,
        say(
            "Whoever runs this explorer should start it with the anchor file of this chain's root,"
            " beside a node of the chain that the anchor was made for."
        ),
    )
