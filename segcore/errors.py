"""The one tree of errors that a user can cause; every message says what, where and what to do."""

from __future__ import annotations

from collections.abc import Iterable

from segcore.records.finding import Finding


class SegcoreError(Exception):
    """Base of every error that is the input's fault.

    ``finding`` is what was noticed, where the message was made from one (see ``wording.findings.refusal``); code decides by it.
    """

    finding: Finding | None = None

    @property
    def remedy(self) -> str:
        """Code of what the user can do, which a screen offers as a button; "" if there is nothing."""
        return "" if self.finding is None or self.finding.remedy is None else self.finding.remedy.code


class ParameterError(SegcoreError, ValueError):
    """A parameter is outside its domain."""

    @classmethod
    def out_of_range(cls, name: str, got: object, low: float, high: float | None) -> ParameterError:
        """Build the error for a number outside its range."""
        domain = f"at least {low:,.10g}" if high is None else f"between {low:,.10g} and {high:,.10g}"
        return cls(f"{name} must be {domain}, got {got!r}.")

    @classmethod
    def unknown(cls, what: str, got: object, choices: Iterable[str]) -> ParameterError:
        """Build the error for a name that is not one of the ``choices``."""
        return cls(f"Unknown {what} {got!r}: choose one of {', '.join(choices)}.")


class DataError(SegcoreError, ValueError):
    """The content of a file or table cannot be used as it is."""


class SourceError(SegcoreError):
    """A file or an address cannot be read."""


class StoreError(SegcoreError):
    """Something asked of the store is not there, or the store cannot be used."""


class DiskError(SegcoreError):
    """A disk is full, or cannot be written for another reason that is not the work's fault; see ``segcore.store.disk``."""


class JobError(SegcoreError):
    """A sweep or a benchmark could not be run to its end."""


class MemoryLimitError(SegcoreError):
    """A sweep would need more memory than there is, or than it may take."""
