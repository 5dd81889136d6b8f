"""The readers that the reliability campaign tries: small seeds of each, what is changed in them, and the call."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import shutil
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import reliability_containers as whole
import reliability_mutations as change

from missingmodels.config import from_mapping, read_toml
from missingmodels.extract.ledger import Ledger
from missingmodels.extract.readers.csv_files import csv_grid
from missingmodels.plan import Plan
from missingmodels.provenance import digest_bytes, digest_json
from missingmodels.scenario import Scenario
from missingmodels.tables import check_tables, read_tables, write_tables

HEADER = "CHILD,SEX,DOB,ETHNIC,UPN\nc1,2,15/06/2006,WBRI,U1\nc2,1,01/02/2008,WBRI,U2\nc3,1,03/09/2007,ABAN,U3\n"
EPISODES = """CHILD,DECOM,RNE,LS,CIN,PLACE,PLACE_PROVIDER,DEC,REC,REASON_PLACE_CHANGE,HOME_POST,PL_POST,URN
c1,01/05/2022,S,C2,N1,K2,PR4,,,,AB1 1AA,AB2 2BB,SC000001
c2,01/04/2022,S,C2,N1,K2,PR4,01/09/2022,X1,CARPL,AB1 1AA,AB2 2BB,SC000001
c2,01/09/2022,P,C2,N1,U4,PR1,01/12/2022,E4A,,AB1 1AA,AB3 3CC,
c3,10/04/2022,S,C2,N1,K2,PR4,,,,AB1 1AA,AB2 2BB,SC000001
"""
MISSING = """CHILD,DOB,MISSING,MIS_START,MIS_END
c1,15/06/2006,M,10/06/2022,12/06/2022
c2,01/02/2008,A,11/06/2022,11/06/2022
c3,03/09/2007,M,01/03/2023,
"""
ROTA = """Home URN,Staff ID,Date,Start,End,Shift type,Contract,Status
SC000001,s1,01/06/2022,08:00,20:00,Day,Permanent,Worked
SC000001,s2,01/06/2022,20:00,08:00,Waking night,Agency,Worked
SC000001,s1,02/06/2022,08:00,20:00,Day,Permanent,Planned
"""
HOMES = """Provider level as at 31 March 2022,,,,,,
One table,,,,,,
URN,Provision type,Registration date,Registration status,Local authority,Sector,Places
SC000001,Children's home,01/02/2015,Active,York,Private,4
SC000002,Children's home,01/02/2016,Active,Leeds,Voluntary,3
"""
LOG = (
    "Misper id,Missing since,When traced\nc1,01/07/2022 22:30,02/07/2022 09:00\nc3,05/08/2022 21:00,06/08/2022 01:15\n"
)
MAPPING = """observed_from = "2022-04-01"
observed_to = "2023-04-01"
[[tables]]
table = "missing_episodes"
file = "log.csv"
[tables.columns.child_id]
from = "Misper id"
[tables.columns.start_date]
from = "Missing since"
part = "date"
[tables.columns.end_date]
from = "When traced"
part = "date"
[tables.columns.hours_away]
from = "Missing since"
hours_until = "When traced"
[tables.columns.sequence]
count = true
[tables.columns.category]
value = "M"
[tables.columns.end_is_censored]
value = false
"""
PLAN = """name = "p"
models = ["M0", "M1"]
[exposure]
primary = "peer_presence"
window_days = 7
[frame]
burn_in_days = 28
initial = "joint"
[priors]
use = "weak"
[decision]
interval_mass = 0.9
[sampling]
draws = 500
[gate]
rhat_max = 1.01
"""
SCENARIO = """name = "s"
days = 365
[homes]
count = 8
occupancy = 0.8
[onset]
rate_per_year = 2.0
[contagion]
exposure = "peer_presence"
log_rate_ratio = 0.26
"""
STUDY = """name = "h1"
question = "How many homes?"
seed = 3
[scenario]
use = "small"
[plan]
use = "default"
[plan.set]
"sampling.draws" = 500
[axes]
"homes.count" = [40, 80]
[replicates]
at_most = 400
"""
ROWS = "child,x,days,events\na,0.5,10,1\na,1.5,20,0\nb,-0.5,30,2\nc,0.1,10,0\n"
PLACE = "time_period,geographic_level,region_code,region_name,new_la_code,la_name"
COUNTS = f"{PLACE},cla_group,number\n" + "".join(
    f"{year},Local authority,R1,North,E0{at},Town {at},{what},{number}\n"
    for year in (2022, 2023)
    for at in (1, 2)
    for what, number in (
        ("Number of missing incidents during the year", "c"),
        ("Children looked after during the year", 100 * at),
    )
)
LOST = "rows lost"

Account = tuple[int, int] | None


@dataclass(frozen=True, kw_only=True)
class Reader:
    """A reader: its seed files, those of them that are changed and how, and the call that reads their folder.

    ``read`` gives the rows that stand in the files and those that a ledger accounts for, None where there is no ledger.
    """

    files: Callable[[Path], Mapping[str, bytes]]
    read: Callable[[Path, int], Account]
    changed: Mapping[str, change.Mutation]
    settle: Callable[[Path, np.random.Generator], None] = field(default=lambda folder, rng: None)

    def make(self, seeds: Path, folder: Path, rng: np.random.Generator) -> None:
        """Write one case: the seed with one of its files changed, by bytes or by its format."""
        files = dict(self.files(seeds))
        name = change.pick(rng, [*self.changed])
        mutate = self.changed[name] if rng.random() < 0.65 else change.blind
        try:
            files[name] = mutate(files[name], rng)
        except (ValueError, IndexError, KeyError, TypeError, AttributeError):
            files[name] = change.blind(files[name], rng)  # a change that does not fit what it meets
        for each, content in files.items():
            path = folder / each
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        self.settle(folder, rng)


def _held(**files: str) -> Callable[[Path], Mapping[str, bytes]]:
    made = {name.replace("__", "."): text.encode() for name, text in files.items()}
    return lambda seeds: made


RETURN = {"header.csv": HEADER, "episodes.csv": EPISODES, "missing.csv": MISSING}


def _return(seeds: Path) -> Mapping[str, bytes]:
    return {f"r/{name}": text.encode() for name, text in RETURN.items()}


@cache
def _zip(seeds: Path) -> Mapping[str, bytes]:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in RETURN.items():
            archive.writestr(zipfile.ZipInfo(name), text)
    return {"r.zip": held.getvalue()}


def _records(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text)))


@cache
def _xlsx(seeds: Path) -> Mapping[str, bytes]:
    """Kept with the seeds: a workbook holds the time at which it was made, and a case must come back."""
    path = seeds / "r.xlsx"
    if not path.exists():
        book = openpyxl.Workbook()
        book.remove(book.active)
        for name, text in RETURN.items():
            sheet = book.create_sheet(name.removesuffix(".csv"))
            for line in _records(text):
                sheet.append(line)
        book.save(path)
    return {"r.xlsx": path.read_bytes()}


def _xml(seeds: Path) -> Mapping[str, bytes]:
    def elements(name: str, columns: list[str], line: list[str], inside: str = "") -> str:
        body = "".join(f"<{c}>{v}</{c}>" for c, v in zip(columns, line, strict=True) if v)
        return f"<{name}>{body}{inside}</{name}>"

    (_, *children), (eps, *stays), (mis, *absences) = map(_records, RETURN.values())
    eps = ["PL" if name == "PLACE" else name for name in eps]
    text = ""
    for child in children:
        out = [elements("AMISSING", mis[2:], line[2:]) for line in absences if line[0] == child[0]]
        head = elements("HEADER", ["CHILDID", "SEX", "DOB", "ETHNIC", "UPN"], child, "".join(out))
        text += (
            f"<CHILD>{head}{''.join(elements('EPISODE', eps[1:], s[1:]) for s in stays if s[0] == child[0])}</CHILD>"
        )
    return {"r.xml": f"<EXPSSDA903>{text}</EXPSSDA903>".encode()}


def _ledger(ledger: Ledger, files: list[Path]) -> Account:
    """Records in CSV files beside those that the ledger has, with what its notes say was left."""
    stand = accounted = 0
    for path in files:
        lines = [line for line in csv_grid(path.read_bytes(), name=path.name, label=path.name).lines if any(line)]
        own = ledger.frame[ledger.frame["file"] == path.name]
        said = [note for note in ledger.notes if path.name in note]
        if own.empty and said:
            continue  # a file that was left alone as a whole, and this was told
        stand += max(len(lines) - 1, 0)
        accounted += len(own) + sum(_told(note) for note in said)
    return stand, accounted


def _told(note: str) -> int:
    """How many lines a note says were left above the column names."""
    if "column names" not in note or "rows " not in note or "above" not in note:
        return 0
    return len(note.rpartition("rows ")[2].split(","))


def _read_return(path: Path) -> Any:
    from missingmodels.extract.quality import flags
    from missingmodels.extract.returns.ssda903 import read_ssda903

    found = read_ssda903(path, authority="301", year=2023)
    flags(found.ledger)
    return found


def _csv903(folder: Path, index: int) -> Account:
    found = _read_return(folder / "r")
    return _ledger(found.ledger, sorted((folder / "r").glob("*.csv")))


def _workbook(folder: Path, index: int) -> Account:
    """Rows of each sheet, as another library counts them where it finds more than the ledger has, beside those."""
    path = folder / "r.xlsx"
    found = _read_return(path)
    stands = whole.rows_by_sheet(path.read_bytes()) or {}
    ledger, stand, accounted = found.ledger, 0, 0
    for sheet, rows in stands.items():
        name = f"{path.name}, sheet {'' if sheet == 'Sheet' else sheet}"  # what openpyxl calls one without a name
        own, said = ledger.frame[ledger.frame["file"] == name], [note for note in ledger.notes if name in note]
        told = len(own) + sum(_told(note) for note in said)
        if not own.empty or not said:
            stand, accounted = stand + max(rows - 1, told), accounted + told
    return stand, accounted


def _container(name: str) -> Callable[[Path, int], Account]:
    def read(folder: Path, index: int) -> Account:
        _read_return(folder / name)
        return None

    return read


@cache
def _base(seeds: Path) -> Any:
    """The tables of the return, that others are put into."""
    folder = seeds / "base"
    if not (folder / "manifest.json").exists():
        (seeds / "r").mkdir(exist_ok=True)
        for name, text in RETURN.items():
            (seeds / "r" / name).write_text(text)
        write_tables(_read_return(seeds / "r").tables, folder)
    return read_tables(folder)


def _tables(seeds: Path) -> Mapping[str, bytes]:
    _base(seeds)
    return {f"t/{path.name}": path.read_bytes() for path in sorted((seeds / "base").iterdir())}


def _mapping(folder: Path, index: int) -> Account:
    from missingmodels.extract.mapped.mapping import read_mapping
    from missingmodels.extract.mapped.to_table import into_tables, read_mapped

    mapping = read_mapping(folder / "m.toml")
    found = read_mapped(mapping)
    into_tables(found, mapping, _base(SEEDS[0]), replace=True)
    return _ledger(found[0].ledger, [folder / "log.csv"]) if len(found) == 1 and found[0].file == "log.csv" else None


def _staffing(folder: Path, index: int) -> Account:
    from missingmodels.extract.staff.staffing import read_staffing
    from missingmodels.extract.staff.tables import add_staff

    found = read_staffing(folder / "rota.csv", status="worked")
    account = _ledger(found[0].ledger, [folder / "rota.csv"])
    add_staff(_base(SEEDS[0]), found)
    return account


def _homes(folder: Path, index: int) -> Account:
    from missingmodels.extract.ofsted.homes import add_homes
    from missingmodels.extract.ofsted.lists import read_ofsted_list

    found = read_ofsted_list(folder / "homes.csv", list_date="2022-03-31")
    account = _ledger(found.ledger, [folder / "homes.csv"])
    add_homes(_base(SEEDS[0]), [found])
    return account


def _official(folder: Path, index: int) -> Account:
    from missingmodels.extract.published.statistics import read_official

    read_official(folder)
    return None


def _rows(folder: Path, index: int) -> Account:
    from missingmodels.cli.rows import read_rows
    from missingmodels.frame.own_rows.asked import Asked
    from missingmodels.frame.own_rows.check import read_question
    from missingmodels.frame.own_rows.columns import columns_from_text
    from missingmodels.frame.own_rows.counts import build_counts

    asked = Asked(
        formula="events ~ x", child="child", home=None, exposure="days", trials=None, frailty="gamma", unrecorded="drop"
    )
    frame = columns_from_text(read_rows(folder / "rows.csv"), read_question(asked.formula)[0], ("child",))
    build_counts(frame, asked)
    return None


def _toml(kind: Any) -> Callable[[Path, int], Account]:
    def read(folder: Path, index: int) -> Account:
        read_toml(folder / "f.toml", kind)
        return None

    return read


def _study(folder: Path, index: int) -> Account:
    from missingmodels.studies.questions.grid import read_study

    read_study(folder / "f.toml")
    return None


def _manifest(folder: Path, index: int) -> Account:
    check_tables(read_tables(folder / "t"))
    return None


def _reseal(folder: Path, rng: np.random.Generator) -> None:
    """Give the manifest, and it the changed file, the digests that they should have, in most cases."""
    path = folder / "t" / "manifest.json"
    try:
        held = json.loads(path.read_bytes())
    except (ValueError, RecursionError):
        return
    if not isinstance(held, dict):
        return
    for name in _TABLES_FILES if rng.random() < 0.9 else ():
        with contextlib.suppress(KeyError, TypeError):  # of what a change has made no entry of a table
            held["tables"][name]["digest"] = digest_bytes((folder / "t" / f"{name}.parquet").read_bytes())
    held.pop("manifest_digest", None)
    if rng.random() < 0.9:
        with contextlib.suppress(ValueError):  # of what JSON cannot hold
            held["manifest_digest"] = digest_json(held)
    path.write_text(json.dumps(held))


def _evidence(folder: Path, index: int) -> Account:
    from missingmodels.evidence.record import read_evidence
    from missingmodels.report.html import page
    from missingmodels.report.text import summary_text

    evidence = read_evidence(folder / "evidence.json")
    summary_text(evidence)
    if index % 5 == 0:
        from missingmodels.report.figures.pictures import pictures

        page(evidence, pictures(evidence))
    else:
        from missingmodels.report.content import content

        content(evidence, {})
    return None


def _netcdf(folder: Path, index: int) -> Account:
    from missingmodels.fitting.stores.store import read_fit

    found = read_fit(folder / "fit.nc")
    if index % 5 == 0:
        found.summary()
        found.to_datatree()
    return None


def _unsealed(content: bytes) -> bytes:
    """A fit's file without the digest at its end."""
    return content.rpartition(b"\nsha256:")[0] or content


def _reseal_fit(folder: Path, rng: np.random.Generator) -> None:
    """Give a fit's file the digest that it should have, in most cases: else nothing behind it would be tried."""
    if rng.random() < 0.8:
        path = folder / "fit.nc"
        content = _unsealed(path.read_bytes())
        path.write_bytes(content + f"\n{digest_bytes(content)}\n".encode())


def _run(name: str, own: str) -> Callable[[Path], Mapping[str, bytes]]:
    def files(seeds: Path) -> Mapping[str, bytes]:
        return {own: (prepared_run(seeds) / name).read_bytes()}

    return files


@cache
def prepared_run(seeds: Path) -> Path:
    """A run of a tiny world, fitted once and kept with the seeds."""
    from missingmodels.runs.answer import answer
    from missingmodels.runs.write import write_run
    from missingmodels.simulate.world import simulate_world

    run = seeds / "run"
    if not (run / "manifest.json").exists():
        parts = {"homes": {"count": 6, "occupancy": 0.85}, "onset": {"rate_per_year": 6.0, "frailty_shape": 0.8}}
        world = simulate_world(from_mapping({"days": 150, **parts}, Scenario), seed=4)
        asked = {"models": ["M0", "M1"], "exposure": {"beside": []}, "sampling": {"method": "laplace", "draws": 250}}
        plan = from_mapping(asked | {"gate": {"ess_min": 50}}, Plan)
        found = answer(world.tables, plan, seed=1, allow_unconverged=True)
        write_run(found, run, overwrite=False, tables=world.tables)
    return run


SEEDS: list[Path] = []  # where this process has its seeds
_TABLES_FILES = ("children", "placements", "missing_episodes", "homes")
READERS: Mapping[str, Reader] = {
    "csv903": Reader(files=_return, read=_csv903, changed={f"r/{name}": change.of_csv for name in RETURN}),
    "zip": Reader(files=_zip, read=_container("r.zip"), changed={"r.zip": change.of_archive({".csv": change.of_csv})}),
    "xlsx": Reader(
        files=_xlsx, read=_container("r.xlsx"), changed={"r.xlsx": change.of_archive({".xml": change.of_xml})}
    ),
    "workbook": Reader(files=_xlsx, read=_workbook, changed={"r.xlsx": whole.of_workbook}),
    "members": Reader(files=_zip, read=_container("r.zip"), changed={"r.zip": whole.of_members}),
    "wide": Reader(files=_return, read=_csv903, changed={f"r/{name}": whole.of_wide for name in RETURN}),
    "xml": Reader(files=_xml, read=_container("r.xml"), changed={"r.xml": change.of_xml}),
    "mapping": Reader(
        files=_held(m__toml=MAPPING, log__csv=LOG),
        read=_mapping,
        changed={"m.toml": change.of_toml, "log.csv": change.of_csv},
    ),
    "plan": Reader(files=_held(f__toml=PLAN), read=_toml(Plan), changed={"f.toml": change.of_toml}),
    "scenario": Reader(files=_held(f__toml=SCENARIO), read=_toml(Scenario), changed={"f.toml": change.of_toml}),
    "study": Reader(files=_held(f__toml=STUDY), read=_study, changed={"f.toml": change.of_toml}),
    "rows": Reader(files=_held(rows__csv=ROWS), read=_rows, changed={"rows.csv": change.of_csv}),
    "staffing": Reader(files=_held(rota__csv=ROTA), read=_staffing, changed={"rota.csv": change.of_csv}),
    "homes": Reader(files=_held(homes__csv=HOMES), read=_homes, changed={"homes.csv": change.of_csv}),
    "official": Reader(files=_held(counts__csv=COUNTS), read=_official, changed={"counts.csv": change.of_csv}),
    "manifest": Reader(files=_tables, read=_manifest, changed={"t/manifest.json": change.of_json}, settle=_reseal),
    "parquet": Reader(
        files=_tables,
        read=_manifest,
        changed={f"t/{name}.parquet": change.of_parquet for name in _TABLES_FILES},
        settle=_reseal,
    ),
    "dense": Reader(
        files=_tables,
        read=_manifest,
        changed={f"t/{name}.parquet": whole.of_dense for name in _TABLES_FILES},
        settle=_reseal,
    ),
    "evidence": Reader(
        files=_run("private/evidence.json", "evidence.json"), read=_evidence, changed={"evidence.json": change.of_json}
    ),
    "netcdf": Reader(
        files=_run("private/fits/M1_peer_presence.nc", "fit.nc"),
        read=_netcdf,
        changed={"fit.nc": lambda content, rng: change.of_hdf5(_unsealed(content), rng)},
        settle=_reseal_fit,
    ),
}
QUICK = ("plan", "scenario", "study", "rows", "official", "manifest", "parquet")  # below 0.05 s of a processor a case
FITTED = ("evidence", "netcdf")  # their seeds need a fit


def clear(folder: Path) -> None:
    """Empty a folder of a case."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
