"""Staff tables put beside a data set's others, or made into one of their own."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import pandas as pd

from missingmodels.errors import ImportFault
from missingmodels.extract.ledger import FAULTS_SHOWN
from missingmodels.extract.staff.joined import StaffTable
from missingmodels.tables import Tables, joined_origin, make_tables, require_valid
from missingmodels.tables.contract import TABLES
from missingmodels.tables.schema import empty


def add_staff(tables: Tables, found: Sequence[StaffTable], *, replace: bool = False) -> tuple[Tables, list[StaffTable]]:
    """The Tables with staff, and the staff tables with rows of homes that the Tables do not know set aside.

    Raises ImportFault if a table is there already and ``replace`` is off, or if no home of its files is known;
    TablesInvalid as for any Tables.
    """
    held = [each.name for each in found if each.name in tables and not replace]
    if held:
        raise ImportFault(
            f"the tables hold {', '.join(held)} already", remedy="give --overwrite: the new ones take their place"
        )
    known = set(tables["homes"]["home_id"])
    settled = [_of_known_homes(each, known) for each in found]
    files = {file: digest for each in found for file, digest in each.digests.items()}
    origin = joined_origin(tables.origin, staffing=files)
    made = tables.changed({each.name: each.frame.drop(columns="uid") for each in settled}, origin=origin)
    require_valid(made, where=", ".join(each.file for each in found))
    return made, settled


def staff_only(found: Sequence[StaffTable]) -> Tables:
    """Tables of staff alone: no children, and a row for every home that is named; observed from first day to last."""
    days = pd.concat([each.frame[name] for each in found for name in each.frame if name.startswith(("start", "end"))])
    if days.dropna().empty:
        raise ImportFault("no row of staff is left", remedy="see the ledger's reasons; nothing was written")
    files = {file: digest for each in found for file, digest in each.digests.items()}
    first, last = days.min().normalize(), days.max().normalize()
    homes = sorted({home for each in found for home in each.frame["home_id"]})
    frames = {name: empty(table) for name, table in TABLES.items() if not table.optional}
    frames["homes"] = pd.DataFrame({"home_id": homes, "valid_from": first, "weak_key": False})
    made = make_tables(
        {**frames, **{each.name: each.frame.drop(columns="uid") for each in found}},
        observed_from=first,
        observed_to=last + pd.Timedelta(days=1),
        origin={"kind": "staffing", "staffing": files},
    )
    require_valid(made, where=", ".join(each.file for each in found))
    return made


def _of_known_homes(staff: StaffTable, known: set[str]) -> StaffTable:
    strange = ~staff.frame["home_id"].isin(known)
    if strange.all():
        homes = ", ".join(sorted(staff.frame["home_id"].unique())[:FAULTS_SHOWN]) or "none"
        raise ImportFault(
            f"none of its homes is in the tables; it has {homes}",
            where=staff.file,
            remedy="name homes by their URN, as the tables do (SC before six digits where the list has it)",
        )
    if not strange.any():
        return staff
    lines = staff.ledger.frame
    # the ledger's lines stand in the order of the working frame's uid
    hit = pd.Series(lines.index.isin(staff.frame.loc[strange, "uid"]), index=lines.index)
    lines = lines.assign(
        outcome=lines["outcome"].mask(hit, "set_aside"),
        reason=lines["reason"].mask(hit, "home_unknown"),
        detail=lines["detail"].mask(hit, "the home is not in the tables"),
    )
    ledger = dataclasses.replace(staff.ledger, frame=lines)
    return dataclasses.replace(staff, frame=staff.frame[~strange].reset_index(drop=True), ledger=ledger)
