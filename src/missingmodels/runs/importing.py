"""What an import writes: tables, ledger, notes on homes, and the data-quality page. Wiring only."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Collection, Sequence
from pathlib import Path

import pandas as pd

from missingmodels.extract import quality
from missingmodels.extract.dfe.rules import DfeFindings
from missingmodels.extract.ledger import Ledger
from missingmodels.extract.mapped.judge import judge_records
from missingmodels.extract.mapped.mapping import DataMapping
from missingmodels.extract.mapped.to_table import into_tables, read_mapped
from missingmodels.extract.pseudonyms import Key, pseudonymous_frame, pseudonymous_staff, require_same_key
from missingmodels.extract.staff.joined import StaffTable
from missingmodels.extract.staff.tables import add_staff, staff_only
from missingmodels.frame.choices import compare_choices
from missingmodels.frame.riskset import build_risk_set
from missingmodels.frame.unseen import coverage_bands
from missingmodels.plan import Frame
from missingmodels.report.pages.quality import Quality, quality_page
from missingmodels.tables import Tables
from missingmodels.tables.contract import TABLES
from missingmodels.tables.csv_out import write_csv
from missingmodels.tables.judgement import judged, judgements_of, require_rules, require_unrefused
from missingmodels.tables.store import FORMAT, read_tables, write_tables_into
from missingmodels.writing import require_free, whole_folder

PAGE = "dq.html"


def write_import(
    tables: Tables,
    ledger: Ledger,
    output: Path,
    *,
    home_notes: pd.DataFrame | None = None,
    lists: Ledger | None = None,
    dfe: DfeFindings | None = None,
    overwrite: bool = False,
) -> Path:
    """Write an import's folder, whole or not at all; findings of the DfE rules go into its quality report.

    ``lists`` is what became of every row of the lists of homes, ``home_notes`` what they say of the tables' homes.
    """
    page = quality_page(quality_of(tables, ledger, dfe))
    with whole_folder(output, kind=FORMAT, overwrite=overwrite) as scratch:
        ledger.write(scratch)
        if lists is not None:
            lists.write(scratch, name="ledger_homes.csv")
        quality.write_flags(ledger, scratch, None if dfe is None else dfe.flags)
        (scratch / PAGE).write_text(page, encoding="utf-8")
        if home_notes is not None:
            write_csv(home_notes, scratch / "home_notes.csv")
        write_tables_into(tables, scratch)
    return output


def quality_of(tables: Tables, ledger: Ledger, dfe: DfeFindings | None = None) -> Quality:
    """What the data-quality page shows of an import."""
    choices, why_not = compare_choices(tables)
    authority = tables.origin.get("authority", "")
    who = authority if isinstance(authority, str) else f"{len(authority)} authorities"
    authorities = quality.offenders(ledger, "authority", most=200)
    return Quality(
        source=f"Import of SSDA903 returns, {who}",
        observed=f"{tables.observed_from.date()} to {(tables.observed_to - pd.Timedelta(days=1)).date()}",
        judged=judgements_of(tables.origin),
        counts={name.replace("_", " "): len(frame) for name, frame in tables.frames.items()},
        outcomes=quality.outcomes(ledger),
        rules=quality.counts_by_rule(ledger),
        choices=[dataclasses.asdict(choice) for choice in choices],
        coverage=[] if why_not else [{"of": band, "share": part} for band, part in _coverage(tables).items()],
        no_choices=why_not,
        children=quality.offenders(ledger, "child_id"),
        authorities=authorities if not isinstance(authority, str) else [],
        spells=quality.durations(tables["missing_episodes"]),
        dfe=None if dfe is None else quality.counts_by_dfe_rule(dfe.flags),
        notes=(*ledger.notes, *(() if dfe is None else dfe.notes)),
    )


def _coverage(tables: Tables) -> dict[str, float]:
    return coverage_bands(build_risk_set(tables, Frame(burn_in_days=0)))


def write_staffing(
    found: Sequence[StaffTable],
    *,
    into: Path | None = None,
    output: Path | None = None,
    key: Key | None = None,
    accept: Collection[str] = (),
    overwrite: bool = False,
) -> tuple[Path, list[Ledger]]:
    """Write staff tables beside those of ``into``, there or in ``output``, or alone into ``output``.

    All else that ``into`` holds, such as its ledger, stays. Returns the folder and the ledgers of what was written.

    Raises ImportFault, besides what the tables themselves raise, for staff ids that are alike (``id_conflict``).
    """
    require_rules(accept)
    target = output or into
    assert target is not None
    if output is not None:
        require_free(output, kind=FORMAT, overwrite=overwrite)
    held = read_tables(into) if into is not None else None
    if held is not None:
        require_same_key(held, [each.name for each in found], key)
    alike = list(dict.fromkeys(judgement for each in found for judgement in each.judged))
    require_unrefused(alike, accept=accept, where=", ".join(each.file for each in found))
    if key is not None:
        found = [dataclasses.replace(each, frame=pseudonymous_staff(each.frame, key)) for each in found]
    if held is None:
        tables, settled = _marked(staff_only(found), key), list(found)
    else:
        tables, settled = add_staff(held, found, replace=overwrite)
    tables = judged(tables, alike, accept=accept)
    with whole_folder(target, kind=FORMAT, overwrite=True) as scratch:
        _carry_over(into, scratch)
        for each in settled:
            each.ledger.write(scratch, name=f"ledger_{each.name}.csv")
        write_tables_into(tables, scratch)
    return target, [each.ledger for each in settled]


def _marked(tables: Tables, key: Key | None) -> Tables:
    """Tables made alone, which say by which key their identifiers were replaced, so that later files get the same."""
    return tables if key is None else dataclasses.replace(tables, origin={**tables.origin, "pseudonyms": key.told})


def _carry_over(folder: Path | None, scratch: Path) -> None:
    """All that a folder of tables holds beside its tables: ledgers, pages, and whatever its owner put there."""
    for path in [] if folder is None else sorted(folder.iterdir()):
        if path.suffix == ".parquet" and path.stem in TABLES:
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.copytree(path, scratch / path.name, symlinks=True)
        else:
            shutil.copy2(path, scratch / path.name, follow_symlinks=False)


def _ledger_names(tables: Sequence[str]) -> list[str]:
    """A file's name for each table, numbered from the second file of one on."""
    again = [tables[:at].count(name) for at, name in enumerate(tables)]
    return [f"ledger_{name}{f'_{n + 1}' if n else ''}.csv" for name, n in zip(tables, again, strict=True)]


def write_mapped(
    mapping: DataMapping,
    *,
    into: Path | None,
    output: Path | None,
    key: Key | None = None,
    accept: Collection[str] = (),
    overwrite: bool = False,
) -> tuple[Path, list[Ledger]]:
    """Write the tables of a mapping beside those of ``into``, there or in ``output``, or alone into ``output``.

    Raises ImportFault, besides what the tables themselves raise, if no row of a file is left, or if its records meet no
    episode (``records_matched``).
    """
    require_rules(accept)
    target = output or into
    assert target is not None
    if output is not None:
        require_free(output, kind=FORMAT, overwrite=overwrite)
    held = read_tables(into) if into is not None else None
    if held is not None:
        require_same_key(held, [each.table for each in mapping.tables], key)
    found = read_mapped(mapping)
    if key is not None:
        found = [dataclasses.replace(each, frame=pseudonymous_frame(each.name, each.frame, key)) for each in found]
    tables, ledgers = into_tables(found, mapping, held, replace=overwrite)
    tables = tables if held is not None else _marked(tables, key)
    met = judge_records([each.name for each in found], tables, held)
    tables = judged(tables, met, accept=accept, where=mapping.name)
    with whole_folder(target, kind=FORMAT, overwrite=True) as scratch:
        _carry_over(into, scratch)
        for name, ledger in zip(_ledger_names([each.name for each in found]), ledgers, strict=True):
            ledger.write(scratch, name=name)
        write_tables_into(tables, scratch)
    return target, ledgers
