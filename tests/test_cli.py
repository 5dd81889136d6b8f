"""The command line as typed: exit codes, messages without a traceback, nothing half-written."""

from __future__ import annotations

import contextlib
import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

from missingmodels.cli import main
from missingmodels.tables import make_tables, read_tables, write_tables

SCENARIO = """
name = "tiny"
days = 120
[homes]
count = 6
"""


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    """What the installed command does with these arguments, run in this process to spare its imports."""
    said, complained = io.StringIO(), io.StringIO()
    before, handler = sys.argv, signal.getsignal(signal.SIGINT)
    sys.argv = ["missingmodels", *map(str, arguments)]
    code: object = 0
    try:
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(complained):
            main()
    except SystemExit as left:
        code = left.code or 0
    finally:
        sys.argv = before
        signal.signal(signal.SIGINT, handler)
    assert isinstance(code, int)
    return subprocess.CompletedProcess(sys.argv, code, said.getvalue(), complained.getvalue())


pytestmark = pytest.mark.usefixtures("few_refits")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cli")
    (folder / "tiny.toml").write_text(SCENARIO)
    done = run("simulate", "--scenario", folder / "tiny.toml", "--seed", 4, "-o", folder / "tables")
    assert done.returncode == 0, done.stderr
    return folder / "tables"


def is_a_message(done: subprocess.CompletedProcess[str], *words: str, code: int = 2) -> None:
    """Exit code, every word in the message, and no traceback."""
    assert done.returncode == code, (done.returncode, done.stderr)
    assert "Traceback" not in done.stderr
    for word in words:
        assert word in done.stderr, (word, done.stderr)


def test_help_lists_every_command_once_and_those_to_start_with_first() -> None:
    done = run("--help")
    from missingmodels.cli import app

    lines = done.stdout.splitlines()
    assert lines.index("Start here:") < lines.index("Other models:")
    assert max(map(len, lines)) <= 80
    for command in app.registered_commands:
        name = command.name or command.callback.__name__.replace("_", "-")
        assert sum(line.startswith(f"  {name} ") for line in lines[lines.index("Start here:") :]) == 1, name


def test_the_version_is_told() -> None:
    done = run("--version")
    assert done.stdout.startswith("missingmodels ")
    assert done.returncode == 0


@pytest.mark.parametrize(
    "command",
    [
        [],
        ["demo"],
        ["simulate"],
        ["import"],
        ["import", "ssda903"],
        ["check"],
        ["describe"],
        ["calibrate-world"],
        ["export"],
        ["fit"],
        ["fit-rows"],
        ["report"],
    ],
)
def test_every_command_has_help(command: list[str]) -> None:
    done = run(*command, "--help")
    assert done.returncode == 0
    assert "Usage" in done.stdout


def test_the_installed_command() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "missingmodels", "check", "nowhere"], capture_output=True, text=True, check=False
    )
    is_a_message(done, "nowhere", "there is no such folder", "What to do")


def test_simulate_check_describe(world: Path) -> None:
    checked = run("check", world, "--json")
    assert checked.returncode == 0
    assert json.loads(checked.stdout)["errors"] == 0
    described = json.loads(run("describe", world, "--json").stdout)
    assert described["homes"] <= 6
    assert described["episodes"]["onsets"] == described["onsets_in_homes"]


def test_describe_sets_tables_beside_published_figures(world: Path, tmp_path: Path) -> None:
    said = run("describe", world, "--figures", tmp_path / "figures").stdout
    assert (tmp_path / "figures" / "calibration.png").stat().st_size > 5000
    assert (
        said.index("onsets in homes")
        < said.index("Beside published figures")
        < said.index("Not computed, or not judged")
    )
    beside = said[said.index("Beside") : said.index("Figure:")]
    assert max(map(len, beside.splitlines())) <= 100
    assert "the tables observe 120 days and a year of 365 is needed" in " ".join(beside.split())
    held = {t["name"]: t for t in json.loads(run("describe", world, "--json").stdout)["calibration"]}
    assert len(held) == 43
    assert held["home_places_mean"]["mean"] > 0
    assert held["homes_using_agency_weekly_share"]["why_not"].startswith("no staff_shifts")


def test_calibrate_world(world: Path, tmp_path: Path) -> None:
    scenario, out = world.parent / "tiny.toml", tmp_path / "out"
    done = run("calibrate-world", scenario, "--seeds", 2, "--homes", 4, "-o", out, "--json")
    assert done.returncode == 0, done.stderr
    record = json.loads(done.stdout)
    assert record["provenance"]["seeds"] == [1, 2]
    assert record["provenance"]["scenario"]["homes"]["count"] == 4
    assert Path(record["page"]).read_text(encoding="utf-8").startswith("<!doctype html>")
    is_a_message(run("calibrate-world", scenario, "--seeds", 1, "-o", out), "earlier output", "--overwrite")
    is_a_message(run("calibrate-world", "nosuch", "-o", tmp_path / "x"), "no preset 'nosuch'")


def test_output_is_never_overwritten_unasked(world: Path, tmp_path: Path) -> None:
    is_a_message(run("simulate", "-o", world), "earlier output", "--overwrite")
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "thesis.txt").write_text("all my work")
    is_a_message(run("simulate", "-o", mine, "--overwrite"), "not written by missingmodels")
    assert (mine / "thesis.txt").read_text() == "all my work"


def test_empty_folder(tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    for command in (["check", empty], ["describe", empty], ["fit", empty, "-o", tmp_path / "run"], ["report", empty]):
        is_a_message(run(*command), str(empty), "the folder is empty", "What to do")
    is_a_message(run("import", "ssda903", empty, "--authority", "301", "-o", tmp_path / "t"), str(empty), "What to do")
    assert not (tmp_path / "run").exists()
    assert not (tmp_path / "t").exists()


def test_text_file_named_parquet(world: Path, tmp_path: Path) -> None:
    copy = _copy(world, tmp_path)
    (copy / "children.parquet").write_text("child_id,authority\n1,E1\n")
    is_a_message(run("check", copy), "children.parquet", "not a Parquet file", "What to do")


def test_return_without_decom(tmp_path: Path) -> None:
    source = _small_return(
        tmp_path, header="CHILD,RNE,LS,CIN,PLACE,PLACE_PROVIDER,DEC,REC,URN", row="1,S,C2,N1,K2,PR4,,,SC1"
    )
    done = run("import", "ssda903", source, "--authority", "301", "-o", tmp_path / "t")
    is_a_message(done, "episodes.csv", "DECOM", "What to do")
    assert not (tmp_path / "t").exists()


def test_impossible_date(tmp_path: Path) -> None:
    source = _small_return(tmp_path, row="1,31/02/2023,S,C2,N1,K2,PR4,,,,,PL1 1AA,SC000001")
    done = run("import", "ssda903", source, "--authority", "301", "-o", tmp_path / "t")
    is_a_message(done, "episodes.csv", "31/02/2023", "2", "What to do")
    assert not (tmp_path / "t").exists()


def test_misspelt_plan_key(world: Path, tmp_path: Path) -> None:
    plan = tmp_path / "plan.toml"
    plan.write_text("[exposure]\nwindw_days = 7\n")
    done = run("fit", world, "--plan", plan, "-o", tmp_path / "run")
    is_a_message(done, "plan.toml", "exposure.windw_days", "did you mean 'window_days'", "What to do")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("table", "column", "rule"),
    [("children", "child_id", "duplicate_key"), ("placements", "end_date", "end_before_start")],
)
def test_tables_that_break_the_contract(world: Path, tmp_path: Path, table: str, column: str, rule: str) -> None:
    held = read_tables(world)
    frame = held[table].copy()
    frame.loc[1, column] = frame.loc[0, "child_id"] if rule == "duplicate_key" else pd.Timestamp("1999-01-01")
    broken = make_tables(
        dict(held.frames) | {table: frame}, observed_from=held.observed_from, observed_to=held.observed_to
    )
    folder = write_tables(broken, tmp_path / "broken")
    checked = run("check", folder)
    assert checked.returncode == 2
    assert f"{table}.{rule}" in checked.stdout
    assert "row 1" in checked.stdout
    done = run("fit", folder, "-o", tmp_path / "run")
    is_a_message(done, str(folder), f"{table}.{rule}", "row 1", "remedy")
    assert not (tmp_path / "run").exists()


def test_errors_speak_json_too(tmp_path: Path) -> None:
    done = run("check", tmp_path / "nowhere", "--json")
    assert done.returncode == 2
    assert json.loads(done.stdout)["error"] == "InputError"


@pytest.mark.sampled  # it imports the sampler
def test_set_a_cannot_answer_h1(shared: Path, tmp_path: Path) -> None:
    source = shared / "data" / "sample903" / "set_a_single_return_csv"
    done = run("import", "ssda903", source, "--authority", "E06000001", "-o", tmp_path / "t")
    assert done.returncode == 0, done.stderr
    done = run("fit", tmp_path / "t", "-o", tmp_path / "run")
    is_a_message(done, "cannot answer H1", "no two children ever live in one home")
    assert not (tmp_path / "run").exists()


FAST = """
models = ["M0", "M1"]
exposure.beside = []
sampling.draws = 250
gate.ess_min = 50
gate.tail_share_max = 0.05
"""


def test_fit_by_the_fast_engine(world: Path, tmp_path: Path) -> None:
    plan = tmp_path / "fast.toml"
    plan.write_text(FAST)
    done = run("fit", world, "--plan", plan, "--method", "laplace", "-o", tmp_path / "run")
    assert done.returncode == 0, done.stderr
    assert "Drawn by nested Laplace" in done.stdout
    assert "drawn by a nested Laplace approximation" in (tmp_path / "run" / "release" / "report.html").read_text()
    evidence = json.loads((tmp_path / "run" / "release" / "evidence.json").read_text())
    assert evidence["plan"]["sampling"]["method"] == "laplace"
    assert [c["method"] for c in evidence["certificates"]] == ["laplace", "laplace"]
    assert (tmp_path / "run" / "private" / "fits" / "M0.nc").is_file()
    is_a_message(run("fit", world, "--method", "laplac", "-o", tmp_path / "other"), "did you mean 'laplace'")


@pytest.mark.sampled
def test_interrupt_leaves_nothing(world: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "missingmodels", "fit", str(world), "-o", str(tmp_path / "run")]
    started = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert started.stderr is not None
    assert any("Fitting" in started.stderr.readline() for _ in range(20))
    time.sleep(0.5)
    os.kill(started.pid, signal.SIGINT)
    _, said = started.communicate(timeout=900)  # against a hang, not slowness
    assert started.returncode == 130
    assert "Traceback" not in said
    assert "nothing was written" in said
    assert list(tmp_path.iterdir()) == []


def _copy(source: Path, target: Path) -> Path:
    copy = target / "copy"
    copy.mkdir()
    for file in source.iterdir():
        (copy / file.name).write_bytes(file.read_bytes())
    return copy


def _small_return(
    folder: Path,
    *,
    header: str = "CHILD,DECOM,RNE,LS,CIN,PLACE,PLACE_PROVIDER,DEC,REC,REASON_PLACE_CHANGE,HOME_POST,PL_POST,URN",
    row: str,
) -> Path:
    source = folder / "return_2023"
    source.mkdir()
    (source / "header.csv").write_text("CHILD,SEX,DOB,ETHNIC,UPN,MOTHER,MC_DOB\n1,1,01/01/2010,WBRI,UN1,,\n")
    (source / "episodes.csv").write_text(f"{header}\n{row}\n")
    (source / "missing.csv").write_text("CHILD,DOB,MISSING,MIS_START,MIS_END\n1,01/01/2010,M,02/05/2022,03/05/2022\n")
    return source


def test_export_and_back(tmp_path: Path) -> None:
    (tmp_path / "year.toml").write_text('name = "year"\ndays = 365\n[homes]\ncount = 5\n')
    assert run("simulate", "--scenario", tmp_path / "year.toml", "-o", tmp_path / "tables").returncode == 0
    done = run("export", tmp_path / "tables", "-o", tmp_path / "files", "--quirks", "crlf,legal_change_share=0.3")
    assert done.returncode == 0, done.stderr
    assert "returns/SIM_2024-25/episodes.csv" in done.stdout
    back = tmp_path / "files" / "returns" / "SIM_2024-25"
    homes = tmp_path / "files" / "ofsted_homes_2025-03-31.csv"
    read = run("import", "ssda903", back, "--authority", "SIM", "--homes", homes, "-o", tmp_path / "again")
    assert read.returncode == 0, read.stderr
    assert run("check", tmp_path / "again").returncode == 0
    is_a_message(run("export", tmp_path / "tables", "-o", tmp_path / "files"), "earlier output", "--overwrite")
    for options, word in (
        (["--quirks", "typos=1"], "no quirk 'typos'"),
        (["--year", 2030], "not wholly observed"),
        (["--authority", "E99"], "the authorities are: SIM"),
    ):
        is_a_message(run("export", tmp_path / "tables", "-o", tmp_path / "not", *options), word, "What to do")
        assert not (tmp_path / "not").exists()


def test_priors_are_checked_before_any_outcome_is_seen(world: Path, tmp_path: Path) -> None:
    done = run("check-priors", world, "-o", tmp_path / "priors", "--json")
    assert done.returncode == 0, done.stderr
    body = json.loads(done.stdout)
    assert {row["use"] for row in body["rows"]} == {"weak", "informed"}
    assert sorted(path.name for path in (tmp_path / "priors").iterdir()) == ["priors.csv", "priors.png"]
    is_a_message(run("check-priors", world, "-o", tmp_path / "priors"), "the file exists", "--overwrite")
    said = run("check-priors", world, "-o", tmp_path / "priors", "--overwrite")
    assert "Model M3" in said.stdout
    assert "so it is not judged" in " ".join(said.stdout.split())  # 120 days are no year
    is_a_message(run("check-priors", tmp_path, "-o", tmp_path / "other"), "Error")


@pytest.mark.parametrize(
    ("command", "told_by"),
    [
        (("network", "WORLD", "--day", "2024-06-01", "-o", "AT/x.png"), "AT"),
        (("network", "WORLD", "--day", "2024-06-01", "-o", "FOLDER"), "FOLDER"),
        (("describe", "WORLD", "--figures", "AT"), "AT"),
        (("simulate", "-o", "AT/tables"), "AT"),
        (("fit", "WORLD", "-o", "AT/run"), "AT"),
        (("check-priors", "WORLD", "-o", "AT/priors"), "AT"),
    ],
)
def test_a_place_that_cannot_be_written_is_told_before_any_work(
    tmp_path: Path, command: tuple[str, ...], told_by: str
) -> None:
    """A file where a folder is needed; the tables are not even read, for the world named is none."""
    places = {"WORLD": tmp_path / "no-world", "AT": tmp_path / "file", "FOLDER": tmp_path / "folder"}
    places["AT"].write_text("a file")
    places["FOLDER"].mkdir()
    words = [str(places[w]) if w in places else w.replace("AT/", f"{places['AT']}/") for w in command]
    is_a_message(run(*words), str(places[told_by]), "What to do")
    assert places["AT"].read_text() == "a file"


def test_a_fault_of_the_disk_is_a_message(world: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device", str(tmp_path / "x.png"))

    monkeypatch.setattr("missingmodels.writing.whole.Path.write_bytes", full)
    done = run("network", world, "--day", "2024-06-01", "-o", tmp_path / "x.png", "--json")
    is_a_message(done, "No space left on device", "x.png", "the room on the disk")
    assert json.loads(done.stdout)["error"] == "InputError"
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("typed", "option"),
    [
        ("simulate s.toml -o {}", "--scenario"),
        ("fit tables p.toml -o {}", "--plan"),
        ("report a b.toml", "--disclosure"),
    ],
)
def test_a_file_in_the_wrong_place_is_told_its_option(typed: str, option: str, tmp_path: Path) -> None:
    done = run(*(part.format(tmp_path / "out") for part in typed.split()))
    assert done.returncode == 2
    assert f"a file is named by an option: {option}" in done.stderr
    assert not (tmp_path / "out").exists()
    assert "option:" not in run("check", "a", "b").stderr
