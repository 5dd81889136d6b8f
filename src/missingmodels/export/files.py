"""All files that a world would leave behind: returns of authorities and years, lists of homes, staffing."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from missingmodels.errors import InputError
from missingmodels.export.ofsted_list import write_ofsted_list
from missingmodels.export.one_return import authorities, make_return, whole_years, write_return
from missingmodels.export.quirks import Quirks
from missingmodels.export.staff_file import write_staff_files
from missingmodels.tables import Tables
from missingmodels.tables.csv_out import frame_csv
from missingmodels.tables.manifest import write_manifest
from missingmodels.writing import MANIFEST, whole_folder

EXPORT_FORMAT = "missingmodels-export"
LOG = "quirks.csv"


def export_files(
    tables: Tables,
    folder: Path,
    *,
    of_authorities: Sequence[str] = (),
    years: Sequence[int] = (),
    quirks: Quirks | Mapping[str, Any] | None = None,
    seed: int = 0,
    overwrite: bool = False,
) -> list[str]:
    """Write returns (by default of every authority and every wholly observed year), a list of homes for 31 March before
    and after each year, and staffing. The folder appears whole or not at all. Returns the files' names within it.

    A manifest holds their digests; ``quirks.csv`` says what each quirk changed. ``quirks`` by name, as
    ``{"blank_urn_share": 0.02}``, are those of ``Quirks``.

    Raises InputError as ``make_return``, if no year is wholly observed, and if the folder holds something else.
    """
    folder, quirks = Path(folder), quirks if isinstance(quirks, Quirks) else Quirks(**(quirks or {}))
    years = sorted(set(years)) or whole_years(tables)
    if not years:
        raise InputError(
            f"no collection year lies between {tables.observed_from.date()} and {tables.observed_to.date()}",
            remedy="a return covers 1 April to 31 March: simulate from a 1 April on, for 365 days or more",
        )
    chosen = list(dict.fromkeys(of_authorities)) or authorities(tables)
    logs = []
    with whole_folder(folder, kind=EXPORT_FORMAT, overwrite=overwrite) as scratch:
        for authority in chosen:
            for year in years:
                made = make_return(tables, authority=authority, year=year, quirks=quirks, seed=seed)
                write_return(made, scratch / "returns")
                logs.append(made.log.assign(authority=authority, year=year))
        for year in sorted({*years, *(year - 1 for year in years)}):
            write_ofsted_list(tables, pd.Timestamp(year, 3, 31), scratch)
        write_staff_files(tables, scratch)
        (scratch / LOG).write_text(frame_csv(pd.concat(logs)), encoding="utf-8")
        record = {
            "authorities": chosen,
            "years": years,
            "quirks": dataclasses.asdict(quirks),
            "seed": seed,
            "origin": dict(tables.origin),
        }
        write_manifest(scratch, EXPORT_FORMAT, record)
        names = sorted(path.relative_to(scratch).as_posix() for path in scratch.rglob("*") if path.is_file())
    return [name for name in names if name != MANIFEST]
