"""The base of the package's own errors, and those of the Hub in few words."""

from __future__ import annotations


class SymbolicError(Exception):
    """An error that a user can act on: a file, a data set or an option that cannot be used."""

    kind = ""  # printed before the message on the command line


def hub_reason(error: BaseException | None) -> str | None:
    """Return in few words why the Hub has not given a file; None for a rare error."""
    from huggingface_hub.errors import (
        EntryNotFoundError,
        GatedRepoError,
        HFValidationError,
        LocalEntryNotFoundError,
        RepositoryNotFoundError,
    )

    reasons = {  # a base class stands after its subclass
        LocalEntryNotFoundError: "not loaded from the Hub: offline, or no connection",
        EntryNotFoundError: "the model of this name on the Hub has no such file",
        GatedRepoError: "not loaded from the Hub: its page there has to grant access first",
        RepositoryNotFoundError: "no model of this name on the Hub",
        HFValidationError: "no model of this name on the Hub",
    }
    return next((reason for kind, reason in reasons.items() if isinstance(error, kind)), None)
