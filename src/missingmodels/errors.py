"""The one taxonomy of errors. Each class's docstring names its causes and the remedy.

Every message says what is wrong, where (file, table, row, key) and what to do. The command line prints the
message without a traceback and exits with the class's ``exit_code``.
"""

from __future__ import annotations


class MissingModelsError(Exception):
    """Anything this package raises on purpose.

    Parameters
    ----------
    what : what is wrong, with the values seen
    where : file, table, row or key; empty if the whole input is meant
    remedy : what the user can do about it
    """

    exit_code = 2

    def __init__(self, what: str, *, where: str = "", remedy: str = "") -> None:
        self.what, self.where, self.remedy = what, where, remedy
        place = f"{where}: " if where else ""
        cure = f"\n  What to do: {remedy}" if remedy else ""
        super().__init__(f"{place}{what}{cure}")

    def as_typed(self) -> MissingModelsError:
        """The same error in the words of the command line."""
        return self


class InputError(MissingModelsError):
    """A file or folder cannot be read: absent, empty, truncated, foreign, or of another schema version.

    Remedy: point at the right folder, or write it anew with ``simulate`` or ``import``.
    """


class ImportFault(MissingModelsError):
    """An extract cannot become Tables: a column is absent, a date cannot be read, or its rows do not add up.

    Remedy: correct the source file at the row named; nothing was written.
    """


class TablesInvalid(MissingModelsError):
    """Tables break the contract. All faults are listed in ``findings``.

    Remedy: each finding names its own; ``missingmodels check`` prints them.
    """

    def __init__(self, what: str, *, findings: object = (), where: str = "", remedy: str = "") -> None:
        super().__init__(what, where=where, remedy=remedy)
        self.findings = findings


class RowsInvalid(MissingModelsError):
    """Rows given to ``fit_rows``, or the question asked of them, cannot be fitted. All faults are listed.

    Remedy: correct the columns, rows or arguments named; nothing was fitted or written.
    """


class ConfigInvalid(MissingModelsError):
    """A plan or scenario has unknown keys, values out of range, or values that contradict each other.

    Remedy: correct each key named; all of them are listed at once.
    """


class CannotAnswer(MissingModelsError):
    """These data cannot answer the question asked: no shared homes, no onsets, no contrast in the exposure.

    Remedy: other data, a longer window, or another exposure; the message says which.
    """


class DiagnosticsFailed(MissingModelsError):
    """A fit did not pass the diagnostics gate, so its numbers must not be read.

    Remedy: more tuning, more data or a simpler model, as the message says; ``--allow-unconverged`` keeps the
    fit and marks the report. ``found`` holds what the other fits of a run gave, where there is any.
    """

    exit_code = 3

    def __init__(
        self, what: str, *, where: str = "", remedy: str = "", typed_remedy: str = "", found: object = None
    ) -> None:
        super().__init__(what, where=where, remedy=remedy)
        self.typed_remedy, self.found = typed_remedy, found

    def as_typed(self) -> DiagnosticsFailed:
        """The same error in the words of the command line."""
        return DiagnosticsFailed(self.what, where=self.where, remedy=self.typed_remedy or self.remedy)
