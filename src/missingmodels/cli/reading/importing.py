"""The commands of ``import``."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Optional

import typer

from missingmodels.cli.options import (
    Accept,
    Dates,
    DatesChecked,
    Json,
    KeyFile,
    Out,
    Overwrite,
    WordsFile,
    out,
    reserve,
)
from missingmodels.terminal import doing, table

Into = Annotated[
    Optional[Path],  # noqa: UP045
    typer.Option("--into", help="Folder of tables that the new ones are put into."),
]
Elsewhere = Annotated[
    Optional[Path],  # noqa: UP045
    typer.Option("--output", "-o", help="Another folder to write; needed without --into."),
]


class HomeBy(StrEnum):
    """What a home is in an import."""

    urn = "urn"
    urn_and_postcode = "urn_and_postcode"
    postcode = "postcode"


def import_ssda903(
    source: Annotated[
        list[Path],
        typer.Argument(
            metavar="RETURN[@YEAR]...",
            help="Returns of one or more years: each a folder or .zip of CSV files, .xlsx workbook or .xml return, "
            "or a folder of such; or a regional pool, whose files have LA and YEAR. @2018 is the return that ends in "
            "2018, @2013..2018 one extract of several years; the year is inferred if left out.",
        ),
    ],
    output: Out,
    authority: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(help="Code of the authority that made the returns; not for a pool."),
    ] = None,
    year: Annotated[Optional[int], typer.Option(help="End year, 2018 for 2017/18; inferred if left out.")] = None,  # noqa: UP045
    set_aside_bad_dates: Annotated[
        bool, typer.Option(help="Set rows with unreadable dates aside instead of refusing.")
    ] = False,
    home_by: Annotated[
        HomeBy, typer.Option(help="What a home is: a URN, each postcode of a URN, or a postcode with all its URNs.")
    ] = HomeBy.urn,
    dates_checked: DatesChecked = False,
    dates: Dates = None,
    homes: Annotated[
        Optional[list[str]],  # noqa: UP045
        typer.Option(
            "--homes",
            metavar="LIST[@YYYY-MM-DD]",
            help="Ofsted list of homes (.csv, .xlsx), with the day it was drawn where no title says it; repeat for "
            "several dates.",
        ),
    ] = None,
    same_child: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option("--same-child", help="CSV of two columns: CHILD, and the CHILD it is known by."),
    ] = None,
    same_home: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option("--same-home", help="CSV of two columns: URN, and the URN it is known by."),
    ] = None,
    words: WordsFile = None,
    accept: Accept = None,
    dfe_rules: Annotated[
        bool, typer.Option("--dfe-rules", help="Run the public DfE rules, too, if they are installed (make dfe-rules).")
    ] = False,
    key_file: KeyFile = None,
    overwrite: Overwrite = False,
    as_json: Json = False,
) -> None:
    """Turn SSDA903 returns of one or more years into tables and a ledger that accounts for every row."""
    from missingmodels.extract.crosswalk import Crosswalk, read_crosswalk
    from missingmodels.extract.dfe import rules as dfe
    from missingmodels.extract.ledger import joined_ledger
    from missingmodels.extract.ofsted.homes import add_homes
    from missingmodels.extract.ofsted.judge import judge_places
    from missingmodels.extract.ofsted.lists import read_ofsted_list
    from missingmodels.extract.pseudonyms import pseudonymise, pseudonymous_homes, read_key
    from missingmodels.extract.quality import COLUMNS
    from missingmodels.extract.returns.ssda903 import Identities, dated, read_ssda903
    from missingmodels.extract.words import Words, read_words
    from missingmodels.runs.importing import write_import
    from missingmodels.tables.judgement import judged, judgements_of
    from missingmodels.tables.store import FORMAT

    reserve(output, kind=FORMAT, overwrite=overwrite)
    python = dfe.interpreter() if dfe_rules else None
    key = read_key(key_file, outputs=(output,)) if key_file else None
    sources = [dated(str(path)) for path in source]
    read_as: dict[str, Any] = {
        "set_aside_bad_dates": set_aside_bad_dates,
        "dates_checked": dates_checked,
        "dates": dates,
    }
    said = Identities(
        same_child=read_crosswalk(same_child) if same_child else Crosswalk(),
        same_home=read_crosswalk(same_home) if same_home else Crosswalk(),
        words=read_words(words) if words else Words(),
    )
    doing("Reading the returns")
    found = read_ssda903(
        sources, authority=authority, year=year, home_by=home_by.value, said=said, accept=accept or (), **read_as
    )
    lists = [
        read_ofsted_list(path, list_date=day, dates_checked=dates_checked)
        for path, day in map(_list_dated, homes or [])
    ]
    tables, notes = add_homes(found.tables, lists) if lists else (found.tables, None)
    tables = judged(tables, judge_places(tables), accept=accept or (), where=str(output))
    ledger, of_lists = found.ledger, joined_ledger([each.ledger for each in lists]) if lists else None
    if key is not None:
        tables, ledger = pseudonymise(tables, ledger, key)
        notes = None if notes is None else pseudonymous_homes(notes, key)
    rules = None
    if python is not None:
        given = [(path, own or year) for path, own in sources]
        rules = dfe.run_rules(given, ledger, authority=authority, columns=COLUMNS, python=python, **read_as)
    doing("Writing tables, ledger and quality page")
    write_import(tables, ledger, output, home_notes=notes, lists=of_lists, dfe=rules, overwrite=overwrite)
    every = ledger if of_lists is None else joined_ledger([ledger, of_lists])
    totals, flags = every.totals(), {} if notes is None else notes["flag"].value_counts().to_dict()
    told = [*every.notes, *(() if rules is None else rules.notes)]
    body: dict[str, Any] = {"output": str(output), "ledger": totals.to_dict(orient="records"), "notes": told}
    if rules is not None:
        body["dfe_rules"] = {rule: int(n) for rule, n in rules.flags["rule"].value_counts().items()}
    whole = judgements_of(tables.origin)
    body["judged"] = [judgement.as_dict() for judgement in whole]
    shown = {f"{r.file}: {r.outcome}{', ' + r.reason if r.reason else ''}": r.rows for r in totals.itertuples()}
    text = [f"Look at this: {judgement}" for judgement in whole]
    text += [table("Every row accounted for", shown), *told]
    text += [table("DfE rules, rows", body["dfe_rules"])] if body.get("dfe_rules") else []
    text += [table("Homes against the lists", flags)] if flags else []
    out(body | {"homes": flags}, as_json, "\n".join([*text, f"Tables, ledger.csv and dq.html: {output}"]))


def _list_dated(text: str) -> tuple[str, str | None]:
    """A list's path, and the day after a last ``@`` of its name if there is one."""
    path, at, day = text.rpartition("@")
    return (path, day) if at and not set(day) & set("./\\") else (text, None)


class Status(StrEnum):
    """What shifts are where no column says it."""

    planned = "planned"
    worked = "worked"


def import_staffing(
    source: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE...",
            help="Rotas of shifts, contracts, or totals over periods (.csv, .xlsx): several files and sheets of a kind "
            "make one table.",
        ),
    ],
    into: Into = None,
    output: Elsewhere = None,
    status: Annotated[
        Optional[Status],  # noqa: UP045
        typer.Option(help="What the shifts are, if no column says it."),
    ] = None,
    dates_checked: DatesChecked = False,
    dates: Dates = None,
    words: WordsFile = None,
    rota: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option("--rota", help="TOML file that says how a rota with people or days across is laid out."),
    ] = None,
    same_staff: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option("--same-staff", help="CSV of two columns: staff id, and the staff id it is known by."),
    ] = None,
    accept: Accept = None,
    key_file: KeyFile = None,
    overwrite: Overwrite = False,
    as_json: Json = False,
) -> None:
    """Turn a home's rota, contracts or period totals into staff tables, with a ledger of every row."""
    from missingmodels.errors import InputError
    from missingmodels.extract.crosswalk import read_crosswalk
    from missingmodels.extract.pseudonyms import read_key
    from missingmodels.extract.staff.staffing import read_staffing
    from missingmodels.extract.staff.wide_rota import read_rota_shape
    from missingmodels.extract.words import read_words
    from missingmodels.runs.importing import write_staffing

    target = output or into
    if target is None:
        raise InputError("neither --into nor --output was given", remedy="say where the staff tables belong")
    reserve(target)
    key = read_key(key_file, outputs=(into, output)) if key_file else None
    doing("Reading the staff files")
    found = read_staffing(
        source,
        status=status.value if status else None,
        dates_checked=dates_checked,
        dates=dates,
        words=read_words(words) if words else None,
        rota=read_rota_shape(rota) if rota else None,
        same_staff=read_crosswalk(same_staff) if same_staff else None,
    )
    doing("Writing staff tables and ledgers")
    before = _judged_of(into)
    folder, ledgers = write_staffing(found, into=into, output=output, key=key, accept=accept or (), overwrite=overwrite)
    _show(folder, ledgers, before, as_json)


def import_mapping(
    mapping: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Argument(metavar="MAPPING", help="TOML file that says which column means what."),
    ] = None,
    draft: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option("--draft", help="Print a mapping proposed from the headers of this .csv or .xlsx instead."),
    ] = None,
    table_name: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option("--table", help="Table that the draft is for; else the one that fits best."),
    ] = None,
    into: Into = None,
    output: Elsewhere = None,
    accept: Accept = None,
    key_file: KeyFile = None,
    overwrite: Overwrite = False,
    as_json: Json = False,
) -> None:
    """Turn any rectangular file into tables by a declared mapping: interviews, police and home logs, and others."""
    from missingmodels.errors import InputError
    from missingmodels.extract.mapped.draft import draft_mapping
    from missingmodels.extract.mapped.mapping import read_mapping
    from missingmodels.extract.pseudonyms import read_key
    from missingmodels.runs.importing import write_mapped

    if draft is not None:
        text = draft_mapping(draft, table=table_name)
        out({"draft": text}, as_json, text.rstrip())
        return
    target = output or into
    if mapping is None or target is None:
        what = "no mapping was named" if mapping is None else "neither --into nor --output was given"
        raise InputError(what, remedy="name MAPPING and --into or --output; --draft FILE proposes a mapping")
    reserve(target)
    key = read_key(key_file, outputs=(into, output)) if key_file else None
    doing("Reading what the mapping names")
    before = _judged_of(into)
    folder, ledgers = write_mapped(
        read_mapping(mapping), into=into, output=output, key=key, accept=accept or (), overwrite=overwrite
    )
    _show(folder, ledgers, before, as_json)


def _judged_of(folder: Path | None) -> list[Any]:
    """What tables in a folder were judged by; nothing where none can be read, which their reader then says."""
    from missingmodels.tables.judgement import judgements_of
    from missingmodels.writing import MANIFEST

    try:
        held = json.loads((folder / MANIFEST).read_text(encoding="utf-8")) if folder is not None else {}
    except (OSError, ValueError):
        return []
    origin = held.get("origin") if isinstance(held, dict) else None
    return judgements_of(origin) if isinstance(origin, dict) else []


def _show(folder: Path, ledgers: list[Any], before: list[Any], as_json: bool) -> None:
    """What was judged now, what became of every row, and the notes, of one or more files."""
    whole = [judgement for judgement in _judged_of(folder) if judgement not in before]
    totals = [row for ledger in ledgers for row in ledger.totals().to_dict(orient="records")]
    notes = [note for ledger in ledgers for note in ledger.notes]
    shown = {f"{r['file']}: {r['outcome']}{', ' + r['reason'] if r['reason'] else ''}": r["rows"] for r in totals}
    heads = [f"Look at this: {judgement}" for judgement in whole]
    text = "\n".join([*heads, table("Every row accounted for", shown), *notes, f"Tables and ledgers: {folder}"])
    body = {"output": str(folder), "ledger": totals, "notes": notes, "judged": [each.as_dict() for each in whole]}
    out(body, as_json, text)
