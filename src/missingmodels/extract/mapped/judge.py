"""Records put beside tables judged as a whole: whether they meet the episodes, and whether ids of staff are alike."""

from __future__ import annotations

from collections.abc import Collection

import pandas as pd

from missingmodels.extract.ofsted.registration import loose
from missingmodels.extract.returns.limits import LIMITS
from missingmodels.extract.returns.together.identity import RULE
from missingmodels.tables import Tables
from missingmodels.tables.judgement import Judgement

FAR = pd.Timestamp("2200-01-01")  # stands for "open" where ends are compared


def judge_records(names: Collection[str], tables: Tables, before: Tables | None) -> list[Judgement]:
    """Interviews that meet no episode, missing episodes of another record that meet none of those they replace, and a
    data set of its own without any.
    """
    found = []
    if before is None and not len(tables["missing_episodes"]):
        children = len(tables["children"])
        found.append(
            Judgement(
                rule="missing_none",
                severity="error",
                count=children,
                what=f"the mapping has no missing episodes: its {children:,} children would count as never missing",
                remedy="map missing_episodes, too; or go on, and put them in by a mapping of their own with --into",
            )
        )
    if "interviews" in names:
        found += _judgement("interviews", _interviews_apart(tables), len(tables["interviews"]))
    if "missing_episodes" in names and before is not None and len(before["missing_episodes"]):
        apart = _episodes_apart(tables["missing_episodes"], before["missing_episodes"])
        found += _judgement("missing episodes", apart, len(tables["missing_episodes"]))
    return found


def _judgement(what: str, apart: int, of: int) -> list[Judgement]:
    severity = LIMITS["records_matched"].severity(apart, of)
    if severity is None:
        return []
    return [
        Judgement(
            rule="records_matched",
            severity=severity,
            count=apart,
            what=f"{apart:,} of {of:,} ({100 * apart / of:.0f} %) {what} meet no missing episode of the tables",
            remedy="check the ids, which day is meant (of leaving, of report, of return), and the years of both",
        )
    ]


def _interviews_apart(tables: Tables) -> int:
    held = tables["missing_episodes"]
    known = pd.MultiIndex.from_frame(held[["child_id", "start_date"]])
    return int((~pd.MultiIndex.from_frame(tables["interviews"][["child_id", "episode_start_date"]]).isin(known)).sum())


def _episodes_apart(new: pd.DataFrame, old: pd.DataFrame) -> int:
    """New episodes that share no day with an old one of the child, a day to either side allowed."""
    day = pd.Timedelta(days=1)
    spans = [
        frame[["child_id", "start_date"]].assign(end=frame["end_date"].fillna(FAR)).reset_index(drop=True)
        for frame in (new, old)
    ]
    pairs = spans[0].reset_index(names="at").merge(spans[1], on="child_id", suffixes=("", "_old"))
    meets = (pairs["start_date"] <= pairs["end_old"] + day) & (pairs["start_date_old"] <= pairs["end"] + day)
    return len(new) - int(pairs.loc[meets, "at"].nunique())


def judge_staff(ids: pd.Series, *, alone: Collection[str] = ()) -> list[Judgement]:
    """An error for staff ids that are alike and not the same; ``alone`` are declared nobody else's."""
    every = pd.Series(ids[(ids != "") & ~ids.isin(list(alone))].unique(), dtype="str")
    alike = int(loose(every).duplicated().sum())
    if not alike:
        return []
    return [
        Judgement(
            rule=RULE,
            severity="error",
            count=alike,
            what=f"{alike} staff ids differ from another by zeros, case or spaces only: one worker would count as two",
            remedy="say which are one worker with --same-staff MAP.csv (id, id it is known by; blank: a worker apart)",
        )
    ]
