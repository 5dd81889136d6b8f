"""Everything that the commands show and write of one data set that is treated as real, as texts to be searched.

The commands run in this process, in a room of their own: tables, a home and a temporary folder. What may leave is kept
by name: the release, figures, tables, methods, a summary to pool, a twin, a session for SACRO, a description, what each
command printed with and without ``--json``, and what those printed that refused. So is what they leave behind: names of
files in the temporary folder, the home and where they ran, and the register beside the tables.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import sys
import tempfile
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from unittest import mock

import pandas as pd

from missingmodels import cli
from missingmodels.disclosure.record import FILE as RECORD
from missingmodels.evidence.record import EVIDENCE, read_evidence
from missingmodels.publish.names import RUN_FIGURES, RUN_TABLES
from missingmodels.runs.register import NAME as REGISTER
from missingmodels.runs.write import read_run
from missingmodels.tables import Tables, write_tables

FIGURE_KINDS, TABLE_KINDS, METHOD_KINDS = ("svg", "pdf", "png"), ("csv", "html", "docx", "tex"), ("md", "docx")
TWIN = "twin/"  # its rows are of a simulated sector, whose days are as good as any


def commands(
    tables: Tables, plan: Mapping[str, object], seed: int, *, policy: str, figures: int | None = None
) -> dict[str, bytes]:
    """Every output by name under a policy, for the first ``figures`` of a run's figures and tables, or all."""
    with tempfile.TemporaryDirectory() as folder:
        room = Path(folder)
        for name in ("here", "home", "tmp", "out"):
            (room / name).mkdir()
        write_tables(tables, room / "data" / "tables")
        (room / "plan.toml").write_text(toml(plan), encoding="utf-8")
        held = dict(_ran(room, seed, policy, figures))
        held |= {f"left/{path.relative_to(room)}": path.read_bytes() for path in _left(room)}
        return held


def _ran(room: Path, seed: int, policy: str, figures: int | None) -> Iterator[tuple[str, bytes]]:
    data, run, out = room / "data" / "tables", room / "out" / "run", room / "out"
    with _within(room):
        asked = (data, "--plan", room / "plan.toml", "--disclosure", policy)
        yield from _shown("describe", "describe", *asked)
        yield from _shown("describe --json", "describe", *asked, "--json")
        yield from _shown("describe with a figure", "describe", *asked, "--figures", out / "described")
        fit = ("fit", *asked, "-o", run, "--seed", seed, "--allow-unconverged")
        yield from _shown("fit --json", *fit, "--json")
        yield from _shown("report", "report", run, "--sacro", out / "session")
        yield from _shown("report --json", "report", run, "--json")
        yield from _shown("compare --json", "compare", run, "--refits", 0, "--json")
        if figures is None:
            lines = ("robustness", run, "--no-curve", "--permutations", 39)
            yield from _shown("robustness --json", *lines, "--seed", seed, "--json")
        yield from _shown("rerun --json", "rerun", run, "--json")
        yield from _shown("summarise --json", "summarise", run, "-o", out / "likelihood.json", "--json")
        yield from _shown("twin --json", "twin", run, "-o", out / "twin", "--rehearsals", 0, "--json")
        for kind in METHOD_KINDS:
            yield from _shown(f"methods {kind}", "methods", run, "-o", out / f"methods.{kind}")
        for name in RUN_FIGURES[:figures]:
            for kind in FIGURE_KINDS:
                more = ("--data", out / f"{name}.{kind}.csv", "--json")
                yield from _shown(f"figure {name} {kind}", "figure", name, run, "-o", out / f"{name}.{kind}", *more)
        for name in RUN_TABLES[:figures]:
            for kind in TABLE_KINDS:
                yield from _shown(f"table {name} {kind}", "table", name, run, "-o", out / f"{name}-table.{kind}")
        # what is refused is told, too, and a traceback only where it is asked for
        yield from _shown("fit again", *fit)
        yield from _shown("no such figure", "figure", "children", run, "-o", out / "x.png")
        yield from _shown("no such day", "network", data, "--day", "2024-13-01", "-o", out / "x.png")
        yield "modes.json", json.dumps(_modes(out / "run" / "private", room / "data")).encode()
        yield "cost.json", json.dumps(_cost(run)).encode()
        for path in sorted(out.rglob("*")):
            name = path.relative_to(out).as_posix()
            may_leave = name.startswith("run/release/") or not name.startswith("run/")
            if path.is_file() and may_leave:
                yield name.removeprefix("run/"), path.read_bytes()


def _modes(private: Path, data: Path) -> dict[str, int]:
    """Permissions of what must not leave: the private place, all in it, and the register beside the tables."""
    places = {f"private/{path.relative_to(private)}": path for path in (private, *private.rglob("*"))}
    if (data / REGISTER).is_file():
        places[REGISTER] = data / REGISTER
    return {name: path.stat().st_mode & 0o777 for name, path in places.items()}


def _cost(run: Path) -> dict[str, float]:
    """Share of outputs blocked, of rows released, and the largest change of an estimate in its own posterior sd."""
    found, shown = read_run(run), read_evidence(run / "release" / EVIDENCE)
    exact = {(r.model, r.exposure, r.role, r.estimand, r.name): r for r in found.rows}
    held = [(r, exact[r.model, r.exposure, r.role, r.estimand, r.name]) for r in shown.rows]
    moved = [abs(now.median - then.median) / then.sd for now, then in held if then.sd > 0]
    return {
        "share_blocked": float(json.loads((run / "release" / RECORD).read_bytes())["share_blocked"]),
        "rows_released": len(shown.rows) / max(len(found.rows), 1),
        "largest_change_in_sd": float(max(moved, default=0.0)),
    }


@contextlib.contextmanager
def _within(room: Path) -> Iterator[None]:
    """This process as one that was started in the room."""
    before = Path.cwd()
    places = {"HOME": str(room / "home"), "TMPDIR": str(room / "tmp")}
    with mock.patch.dict(os.environ, places), mock.patch.object(tempfile, "tempdir", str(room / "tmp")):
        os.chdir(room / "here")
        try:
            yield
        finally:
            os.chdir(before)


def _shown(name: str, *words: object) -> Iterator[tuple[str, bytes]]:
    """What a command prints, and its name with an ending that says what it is."""
    out, err = io.StringIO(), io.StringIO()
    with (
        mock.patch.object(sys, "argv", ["missingmodels", *map(str, words)]),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
        contextlib.suppress(SystemExit),
    ):
        cli.main()
    printed = out.getvalue()
    # folders of the room are of this campaign, and no output of the data
    yield f"shown/{name}.{'json' if printed.startswith('{') else 'txt'}", printed.encode()
    if err.getvalue():
        yield f"shown/{name}.stderr.txt", err.getvalue().encode()


def _left(room: Path) -> list[Path]:
    """Files that nobody asked for, and the register, which stays but holds no child either."""
    places = [room / name for name in ("here", "home", "tmp")]
    found = [path for place in places for path in place.rglob("*") if path.is_file()]
    hidden = [path for path in (room / "out").iterdir() if path.name.startswith(".") and path.is_file()]
    return [*found, *hidden, *(room / "data").glob(REGISTER)]  # no policy, no register


def toml(plan: Mapping[str, object]) -> str:
    """A plan's plain values as its file."""
    lines = [f"{name} = {json.dumps(value)}" for name, value in plan.items() if not isinstance(value, Mapping)]
    for name, section in plan.items():
        if isinstance(section, Mapping):
            lines += ["", f"[{name}]", *(f"{key} = {json.dumps(value)}" for key, value in section.items())]
    return "\n".join(lines) + "\n"


def text_of(name: str, content: bytes) -> str:
    """All text of a file: of pictures their metadata, of archives every part, of tables every value."""
    kind = name.rsplit(".", 1)[-1]
    if kind == "png":
        return png_text(content)
    if kind == "pdf":
        return pdf_text(content)
    if kind == "docx":
        with zipfile.ZipFile(io.BytesIO(content)) as held:
            return "\n".join(text_of(part, held.read(part)) for part in held.namelist())
    if kind == "parquet":
        frame = pd.read_parquet(io.BytesIO(content))
        return frame.to_csv(index=False) + content.decode("latin-1")
    text = content.decode("utf-8", errors="replace")
    embedded = [png_text(_bytes_of(one)) for one in _PICTURE.findall(text)]
    text = _PICTURE.sub("", text)
    # coordinates of shapes are no words: numbers of every kind stand in them
    return "\n".join([_SHAPES.sub("", text) if kind == "svg" else text, *embedded])


_PICTURE = re.compile(r"data:image/png;base64,([A-Za-z0-9+/=]*)")
_SHAPES = re.compile(r'\s(?:d|transform|points|x|y|width|height|viewBox|id|xlink:href|clip-path|style)="[^"]*"')


def _bytes_of(text: str) -> bytes:
    import base64

    return base64.b64decode(text)


def png_text(content: bytes) -> str:
    """The text chunks of a PNG, inflated where they are compressed."""
    at, found = 8, []
    while at + 8 <= len(content):
        size, kind = int.from_bytes(content[at : at + 4], "big"), content[at + 4 : at + 8]
        body = content[at + 8 : at + 8 + size]
        if kind in (b"tEXt", b"iTXt", b"eXIf"):
            found.append(body.decode("latin-1"))
        elif kind == b"zTXt":
            name, packed = body.split(b"\0", 1)
            found.append(name.decode("latin-1") + zlib.decompress(packed[1:]).decode("latin-1"))
        at += 12 + size
    return "\n".join(found)


def pdf_text(content: bytes) -> str:
    """Words that a PDF draws and what it says of itself; streams are inflated, kerned words put together."""
    found = [_STREAM.sub(b"", content).decode("latin-1")]
    for match in _STREAM.finditer(content):
        try:
            stream = zlib.decompress(match[1]).decode("latin-1")
        except zlib.error:
            continue
        for drawn in re.findall(r"\[(.*?)\]\s*TJ|\((.*?)\)\s*Tj", stream):
            found.append("".join(re.findall(r"\(((?:\\.|[^()])*)\)", drawn[0])) or drawn[1])
    return "\n".join(found)


_STREAM = re.compile(rb"stream\r?\n(.*?)\r?\nendstream", re.DOTALL)
