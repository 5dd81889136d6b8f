"""Commands open no connection, and write nothing outside their output, temporary folder and the stated caches.

Held against what the kernel was asked, by strace, of the whole tree of processes.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import missingmodels
from missingmodels.cli import app, import_app
from recipes import recipe

STRACE = shutil.which("strace")
SOURCE = Path(missingmodels.__file__).parent
CALLS = "connect,sendto,sendmsg,openat,open,creat,mkdir,mkdirat,rename,renameat,renameat2,link,linkat,symlink,symlinkat"
CALL = re.compile(r"^\d+\s+(?:<\.\.\. )?(\w+)")
CACHES = (".cache", ".config/matplotlib", ".pytensor", ".matplotlib")  # of a home, as docs/files.md states them
DEVICES = ("/dev/", "/proc/")
SCENARIO = """
name = "a year"
days = 366
homes = { count = 12, occupancy = 0.85 }
onset = { rate_per_year = 6.0, frailty_shape = 0.8 }
"""
PLAN = """
models = ["M0", "M1"]
exposure.beside = []
scores.last_days = 0
sampling = { method = "laplace", draws = 250 }
gate = { ess_min = 20, k_hat_max = 1.0, tail_share_max = 1.0, edge_loss_max = 1.0 }
"""
SAMPLED = """
models = ["M0", "M1"]
exposure.beside = []
sampling = { method = "nuts", draws = 60, tune = 100, chains = 2, doublings = 0 }
"""
MAPPING = """
[[tables]]
table = "events"
file = "sessions.csv"
[tables.columns.child_id]
from = "Young person"
[tables.columns.day]
from = "Date"
[tables.columns.kind]
value = "session"
[tables.columns.sequence]
count = true
[tables.declare.session]
meaning = "a session with the key worker"
"""
SESSIONS = "Young person,Date\nchild00002x00,2024-06-03\n"
ROWS = "".join(f"{i % 9},{i % 7 % 3},{i % 5}\n" for i in range(90))
FILES = {
    "year.toml": SCENARIO, "plan.toml": PLAN, "sampled.toml": SAMPLED, "mapping.toml": MAPPING,
    "study.toml": recipe("interruptions").STUDY,
    "sessions.csv": SESSIONS, "rows.csv": "child,events,x\n" + ROWS,
}  # fmt: skip
# In this order; @ stands for the test's own folder. The policy is that of real data wherever a command has one.
COMMANDS = (
    "simulate --scenario @year.toml --seed 4 -o @tables",
    "check @tables",
    "describe @tables",
    "network @tables --day 2024-09-01 -o @network.png",
    "export @tables -o @files",
    "import ssda903 @files/returns/SIM_2024-25 --year 2025 --authority SIM -o @imported",
    "import mapping @mapping.toml --into @imported -o @mapped",
    "import staffing @files/staff_contracts.csv --into @imported -o @staffed --overwrite",
    "check-priors @tables -o @priors",
    "calibrate-world small --homes 12 --seeds 1 -o @world",
    "explorer -o @power.html",
    "fit @tables --plan @plan.toml -o @run --disclosure generic --allow-unconverged",
    "report @run",
    "compare @run --refits 0",
    "robustness @run --no-curve --permutations 39",
    "figure rates @run -o @rates.svg",
    "table effects @run -o @effects.docx",
    "methods @run -o @methods.docx",
    "rerun @run",
    "summarise @run -o @likelihood.json --disclosure none",
    "fit @imported --plan @plan.toml -o @run2 --disclosure none --allow-unconverged",
    "summarise @run2 -o @likelihood2.json --disclosure none",
    "pool @likelihood.json @likelihood2.json -o @pooled.json",
    "twin @run -o @twin --rehearsals 0 --disclosure none",
    "power @study.toml -o @study --workers 1",
    "fit-outcome counts @tables --plan @sampled.toml -o @counts --allow-unconverged",
    "fit-rows @rows.csv --child child --draws 50 -o @fitted --allow-unconverged --formula events~x",
    "fit-daily kernel @tables --plan @sampled.toml -o @daily --allow-unconverged",
)
OUTPUTS = tuple(dict.fromkeys(part[1:] for text in COMMANDS for part in text.split() if part.startswith("@")))
BESIDE = (  # of describe and fit, under a policy; and what a checker gets with a summary
    ".missingmodels-register.json",
    *(f"{name}.disclosure.{kind}" for name in ("likelihood", "likelihood2", "pooled") for kind in ("csv", "json")),
)
# Commands that are not traced here, and why.
ELSEWHERE = {
    "demo": "simulate, check, fit and report in one",
    "official": "needs files of official statistics; it samples and writes as fit-outcome does",
}

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(STRACE is None, reason="strace is not here"),
]


def traced(folder: Path, name: str, *arguments: object) -> list[str]:
    """The calls of one command that were asked of the kernel, by line."""
    home, tmp, log = folder / "home", folder / "tmp", folder / f"{name}.strace"
    for made in (home, tmp):
        made.mkdir(exist_ok=True)
    environment = {
        name: value for name, value in os.environ.items() if name not in ("PYTENSOR_FLAGS", "NUMBA_CACHE_DIR")
    }
    environment |= {"HOME": str(home), "TMPDIR": str(tmp), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [str(STRACE), "-f", "--seccomp-bpf", "-s", "400", "-e", f"trace={CALLS}", "-o", str(log)]
    command += [sys.executable, "-m", "missingmodels", *map(str, arguments)]
    done = subprocess.run(command, env=environment, cwd=folder / "here", capture_output=True, text=True)
    assert done.returncode == 0, f"{name}: {done.stderr[-2000:]}"
    assert not [*tmp.iterdir()], f"{name} leaves {[*tmp.iterdir()]}"
    return log.read_text(errors="replace").splitlines()


def connections(lines: list[str]) -> list[str]:
    """Calls that reach for a network; sockets of this machine's own files are none."""
    held = [line for line in lines if re.search(r"\b(connect|sendto|sendmsg)\(", line)]
    return [line for line in held if re.search(r"AF_(INET|INET6|PACKET)\b", line)]


def written(lines: list[str], here: Path) -> set[Path]:
    """Places that were opened to be written, made, or renamed to, where the call did not fail."""
    found = set()
    for line in lines:
        call = CALL.match(line)
        if call is None or "= -1 " in line:
            continue
        if call[1] in ("open", "openat") and not re.search(r"O_(WRONLY|RDWR|CREAT)", line):
            continue
        names = re.findall(r'"((?:[^"\\]|\\.)*)"', line)
        if call[1] in ("connect", "sendto", "sendmsg") or not names:
            continue
        found.add(Path(os.path.normpath(here / names[-1])))
    return found


def strays(places: set[Path], allowed: list[Path]) -> list[str]:
    kept = [place for place in places if not str(place).startswith(DEVICES)]
    return sorted(str(place) for place in kept if not any(place.is_relative_to(one) for one in allowed))


def test_every_command_is_run_here_or_excused() -> None:
    names = {c.name or c.callback.__name__ for group in (app, import_app) for c in group.registered_commands}
    assert names == {_name(text) for text in COMMANDS} | {*ELSEWHERE}


def _name(text: str) -> str:
    words = text.split()
    return words[1] if words[0] == "import" else words[0]


def test_no_command_connects_or_writes_elsewhere(tmp_path: Path) -> None:
    here = tmp_path / "here"
    here.mkdir()
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    caches = [SOURCE, *(tmp_path / "home" / name for name in CACHES)]
    above = {tmp_path / "home" / part for name in CACHES for part in Path(name).parents}  # which hold a cache alone
    outputs = [tmp_path / part for part in (*OUTPUTS, *BESIDE)]
    for at, text in enumerate(COMMANDS):
        name = f"{at} {_name(text)}"
        arguments = [part.replace("@", f"{tmp_path}/") for part in text.split()]
        lines = traced(tmp_path, name, *arguments)
        assert lines, f"{name}: strace saw nothing"
        assert not connections(lines), name
        # what is being written stands in a hidden part beside its place
        allowed = [*outputs, *(tmp_path / f".{part}" for part in OUTPUTS), tmp_path / "tmp", *caches]
        found = [place for place in strays(written(lines, here), allowed) if not _is_part(Path(place), tmp_path)]
        found = [place for place in found if Path(place) not in above]
        assert not found, f"{name} writes {found[:10]}"
    assert not [*here.iterdir()]


def _is_part(place: Path, folder: Path) -> bool:
    inside = place.is_relative_to(folder) and place != folder
    return inside and place.relative_to(folder).parts[0].startswith(".")


def test_what_would_be_wrong_is_seen(tmp_path: Path) -> None:
    lines = [
        '12 connect(3, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("1.2.3.4")}, 16) = -1 EINPROGRESS',
        '12 connect(3, {sa_family=AF_UNIX, sun_path="/var/run/nscd/socket"}, 110) = -1 ENOENT (No such file)',
        '12 sendto(3, "x", 1, 0, {sa_family=AF_INET6, sin6_port=htons(53)}, 28) = 1',
        '12 openat(AT_FDCWD, "left.csv", O_WRONLY|O_CREAT|O_TRUNC, 0666) = 4',
        '12 openat(AT_FDCWD, "/etc/passwd", O_RDONLY|O_CLOEXEC) = 4',
        '12 openat(AT_FDCWD, "none.csv", O_WRONLY|O_CREAT, 0666) = -1 EACCES (Permission denied)',
        '12 renameat2(AT_FDCWD, "a", AT_FDCWD, "/elsewhere/b", RENAME_NOREPLACE) = 0',
        '12 openat(AT_FDCWD, "/dev/null", O_RDWR) = 5',
    ]
    assert len(connections(lines)) == 2
    assert strays(written(lines, tmp_path), [tmp_path / "out"]) == ["/elsewhere/b", str(tmp_path / "left.csv")]
