"""Validation of Tables: every fault in one go, each with table, rule, count, first rows and remedy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

import pandas as pd
import pandera.errors

from missingmodels.errors import TablesInvalid
from missingmodels.tables.columns import Table
from missingmodels.tables.findings import Finding, finding
from missingmodels.tables.judgement import judgements_of
from missingmodels.tables.own_rules import OWN_RULES
from missingmodels.tables.rules import RULES
from missingmodels.tables.schema import pandera_schema
from missingmodels.tables.tables import Tables

NO_ROWS: Mapping[str, Sequence[str]] = MappingProxyType({})


def check_tables(tables: Tables) -> list[Finding]:
    """All findings, errors first, and what their import was judged by as a whole.

    Without an error the Tables keep the contract.
    """
    found = [f for name in tables.frames for f in _schema_findings(tables[name], tables.table(name))]
    # The cross-table rules join on keys, so rows without them would only repeat the schema's findings. Rows that lack
    # another value stay: a child without birth date is still the child that placements refer to.
    whole = Tables(
        frames={name: _with_keys(frame, tables.table(name)) for name, frame in tables.frames.items()},
        observed_from=tables.observed_from,
        observed_to=tables.observed_to,
        own=tables.own,
    )
    for rule in (*RULES, *OWN_RULES):
        found += rule(whole)
    found += [judgement.finding for judgement in judgements_of(tables.origin)]
    return sorted(found, key=lambda f: f.severity != "error")


def require_valid(tables: Tables, *, where: str = "", rows: Mapping[str, Sequence[str]] = NO_ROWS) -> list[Finding]:
    """The warnings; raises TablesInvalid listing all errors if there is any.

    ``rows`` says, by table, where in a file each row came from: findings speak of that then.
    """
    found = [_placed(one, rows[one.table]) if one.table in rows else one for one in check_tables(tables)]
    errors = [f for f in found if f.severity == "error"]
    if errors:
        listing = "\n  ".join(str(f) for f in errors)
        raise TablesInvalid(
            f"the tables break {len(errors)} rule{'' if len(errors) == 1 else 's'}\n  {listing}",
            findings=errors,
            where=where,
            remedy="correct the source and read it again; nothing was written",
        )
    return found


def _placed(found: Finding, rows: Sequence[str]) -> Finding:
    return replace(found, rows=tuple({**row, "row": rows[row["row"]]} for row in found.rows))


def _with_keys(frame: pd.DataFrame, table: Table) -> pd.DataFrame:
    needed = [c.name for c in table.columns if c.required and c.name in table.key]
    return frame.dropna(subset=needed)


def _schema_findings(frame: pd.DataFrame, table: Table) -> list[Finding]:
    try:
        pandera_schema(table).validate(frame, lazy=True)
    except pandera.errors.SchemaErrors as error:
        cases = error.failure_cases
    else:
        return []
    found: list[Finding] = []
    for (column, rule), part in cases.groupby(["column", "check"], sort=False, dropna=False):
        rows = sorted({int(i) for i in part["index"] if i is not None and i == i})
        if rule == "multiple_fields_uniqueness":
            # pandera reports one line for each key column: one finding is enough
            if any(f.rule == "duplicate_key" for f in found):
                continue
            found += _duplicate_key(frame, table)
            continue
        what, remedy = _explain(str(rule), str(column), table)
        found += finding(
            frame,
            rows,
            table=table.name,
            rule=f"{column}_{_rule_name(str(rule))}",
            severity="error",
            show=[*table.key, str(column)],
            what=what,
            remedy=remedy,
        )
    return found


def _duplicate_key(frame: pd.DataFrame, table: Table) -> list[Finding]:
    key = " + ".join(table.key)
    return finding(
        frame,
        frame.duplicated(list(table.key), keep=False),
        table=table.name,
        rule="duplicate_key",
        severity="error",
        show=list(table.key),
        what=f"rows share the key {key}",
        remedy="keep one row a key, or tell the rows apart in the source",
    )


def _rule_name(rule: str) -> str:
    if rule == "not_nullable":
        return "unrecorded"
    if rule.startswith("isin"):
        return "not_in_code_set"
    return "out_of_range"


def _explain(rule: str, column: str, table: Table) -> tuple[str, str]:
    spec = next(c for c in table.columns if c.name == column)
    if rule == "not_nullable":
        return f"{column} is unrecorded but required", f"fill in {column} ({spec.meaning}) or remove the rows"
    if spec.allowed and rule.startswith("isin"):
        return f"{column} is not one of {', '.join(spec.allowed)}", f"map the source's codes for {column}"
    low = "-∞" if spec.low is None else f"{spec.low:g}"
    high = "∞" if spec.high is None else f"{spec.high:g}"
    return f"{column} lies outside [{low}, {high}]", f"correct {column} ({spec.meaning})"
