"""The quality of an import as plain rows: one line a flag, counts by rule and year, and where the flags gather."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from missingmodels.extract.ledger import Ledger
from missingmodels.extract.returns.rules import meaning_of
from missingmodels.tables.csv_out import write_csv

DQ = "dq.csv"
COLUMNS = ["rule", "table", "authority", "year", "file", "row", "child_id", "action", "before", "after", "detail"]
# Folding that every good return shows too; such rows are told, but they are nobody's fault.
ORDINARY = ("resubmitted", "same_placement", "short_break", "same_child")


def flags(ledger: Ledger) -> pd.DataFrame:
    """One line for each thing that is to be said of a row; a row used as it stands has none.

    A row that was repaired and then merged or set aside has a line for each.
    """
    frame = ledger.frame
    told = frame[(frame["reason"] != "") & (frame["reason"] != frame["repair"])]
    mended = frame[frame["repair"] != ""]
    remarked = frame[(frame["reason"] == "") & (frame["repair"] == "") & (frame["detail"] != "")]
    parts = [
        told.assign(rule=told["reason"], action=told["outcome"]),
        mended.assign(rule=mended["repair"].str.split("+"), action="repaired").explode("rule"),
        remarked.assign(rule="remark", action=remarked["outcome"]),
    ]
    return pd.concat(parts)[COLUMNS].sort_index(kind="stable").reset_index(drop=True)


def counts_by_rule(ledger: Ledger) -> list[dict[str, object]]:
    """Rows by table and rule: how many in each year, what was done and what it means; the most frequent first."""
    lines = flags(ledger)
    lines = lines[lines["rule"] != "remark"]
    if lines.empty:
        return []
    table = lines.groupby(["table", "rule", "action", "year"]).size().unstack("year", fill_value=0)
    total = table.sum(axis=1).sort_values(ascending=False, kind="stable")
    made = []
    for table_name, rule, action in total.index:
        what, ask = meaning_of(rule)
        by_year = {int(year): int(n) for year, n in table.loc[(table_name, rule, action)].items()}
        made.append(
            {"table": table_name, "rule": rule, "action": action.replace("_", " "), "meaning": what, "ask": ask}
            | {"by_year": by_year, "rows": int(total[table_name, rule, action])}
        )
    return made


def outcomes(ledger: Ledger) -> list[dict[str, object]]:
    """Rows by table and year: how many were read, and what became of them; they add up."""
    frame = ledger.frame
    table = frame.groupby(["table", "year", "outcome"], sort=False).size().unstack("outcome", fill_value=0)
    table = table.reindex(columns=["used", "repaired", "merged", "set_aside"], fill_value=0).sort_index()
    return [
        {"table": name, "year": int(year), "read": int(row.sum())} | {k: int(v) for k, v in row.items()}
        for (name, year), row in table.iterrows()
    ]


def offenders(ledger: Ledger, column: str, *, most: int = 10) -> list[dict[str, object]]:
    """Where the flags gather, by ``child_id``, ``authority`` or ``file``: rows read, rows flagged, the chief rules."""
    frame = ledger.frame[ledger.frame[column] != ""]
    lines = flags(ledger)
    lines = lines[~lines["rule"].isin([*ORDINARY, "remark"]) & (lines[column] != "")]
    if lines.empty:
        return []
    read = frame[column].value_counts()
    flagged = lines[column].value_counts(sort=False)
    order = pd.DataFrame({"flagged": flagged, "read": read.reindex(flagged.index)})
    order["share"] = order["flagged"] / order["read"]
    worst = order.reset_index(names="who").sort_values(["flagged", "share", "who"], ascending=[False, False, True])
    chief = lines[lines[column].isin(worst["who"].head(most))].groupby(column)["rule"].value_counts()
    return [
        {"who": row.who, "flagged": int(row.flagged), "read": int(row.read), "share": float(row.share)}
        | {"rules": ", ".join(f"{rule} {n}" for rule, n in chief[row.who].head(3).items())}
        for row in worst.head(most).itertuples()
    ]


def durations(missing: pd.DataFrame) -> list[dict[str, object]]:
    """Spells that ended, by whole days away, and by the weekday of their end.

    Ends that fall on working days only are the mark of paperwork: a day of closing a form, not of coming back.
    """
    ended = missing[missing["end_date"].notna() & ~missing["end_is_censored"].fillna(False)]
    days = (ended["end_date"] - ended["start_date"]).dt.days
    bands = pd.cut(days, [-1, 0, 2, 7, 30, 10**6], labels=["same day", "1–2", "3–7", "8–30", "over 30"])
    names = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
    weekday = ended["end_date"].dt.day_of_week.map(dict(enumerate(names)))
    total = max(len(ended), 1)
    measures = (("days away", bands, list(bands.cat.categories)), ("weekday of the end", weekday, names))
    return [
        {"what": what, "of": label, "spells": int(n), "share": n / total}
        for what, series, order in measures
        for label, n in series.value_counts().reindex(order, fill_value=0).items()
    ]


def write_flags(ledger: Ledger, folder: Path, more: pd.DataFrame | None = None) -> Path:
    """Write ``dq.csv``: one line a flag, those of the DfE rules (``more``) after the others."""
    path = folder / DQ
    lines = flags(ledger)
    return write_csv(lines if more is None else pd.concat([lines, more[COLUMNS]]), path)


def counts_by_dfe_rule(found: pd.DataFrame) -> list[dict[str, object]]:
    """Rows by rule and table, by year, with the rule's message; the most frequent first."""
    if found.empty:
        return []
    table = found.groupby(["rule", "table", "detail", "year"]).size().unstack("year", fill_value=0)
    total = table.sum(axis=1).sort_values(ascending=False, kind="stable")
    return [
        {"rule": key[0], "table": key[1], "meaning": key[2], "rows": int(total[key])}
        | {"by_year": {int(year): int(n) for year, n in table.loc[key].items()}}
        for key in total.index
    ]
