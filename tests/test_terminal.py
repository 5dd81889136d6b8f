"""What the terminal shows: characters that it has, lines that fit it, no traceback, and an end when it is told to."""

from __future__ import annotations

import importlib
import io
import json
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
import types

import pytest

from missingmodels import cli, terminal
from missingmodels.errors import InputError

SENTENCE = "Peers’ recent episodes: 1.30 (1.10–1.52), P(> 1) ≥ 0.95 … × −2 ± σ → café 漢"
PLAIN = "Peers' recent episodes: 1.30 (1.10-1.52), P(> 1) >= 0.95 ... x -2 +/- sigma -> cafe ?"


@pytest.mark.parametrize(("encoding", "told"), [("ascii", PLAIN), ("utf-8", SENTENCE)])
def test_characters_that_an_encoding_lacks_are_substituted(encoding, told):
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding=encoding)
    terminal.encodable(stream)
    stream.write(SENTENCE)
    stream.flush()
    assert raw.getvalue().decode(encoding) == told


def test_a_code_page_keeps_what_it_has():
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="cp1252")
    terminal.encodable(stream)
    stream.write(SENTENCE)
    stream.flush()
    assert "café ?" in raw.getvalue().decode("cp1252")
    assert "1.10–1.52), P(> 1) >= 0.95 … × -2 ± sigma -> " in raw.getvalue().decode("cp1252")


@pytest.mark.parametrize("width", [40, 80, 120])
def test_long_lines_break_between_words_and_go_on_indented(monkeypatch, width):
    monkeypatch.setenv("COLUMNS", str(width))
    words = "children who stayed in homes with others of another authority " * 3
    path = "/a/folder/whose/name/is/longer/than/any/line/of/any/terminal/that/anybody/has/ever/had/on/a/desk/and/more"
    text = f"Title\n  name      {words.strip()}\n\nReport: {path}\n  - {words}"
    shown = terminal.wrapped(text, io.StringIO())
    assert all(len(line) <= width or line.strip() == path for line in shown.split("\n"))
    assert shown.split() == text.split()
    lines = shown.split("\n")
    assert lines[0] == "Title"
    assert lines[2].startswith(" " * 12)
    assert lines[2][12] != " ", "below the second column"
    assert "" in lines


def test_without_a_width_lines_stay(monkeypatch):
    monkeypatch.delenv("COLUMNS", raising=False)
    assert terminal.wrapped("word " * 100, io.StringIO()) == "word " * 100


def command(program, *arguments):
    """A Python program that changes something in the package and runs its command line."""
    return [sys.executable, "-c", textwrap.dedent(program) + "\ncli.main()", *map(str, arguments)]


FAULTY = """
from missingmodels import cli
from missingmodels.cli import data
def fails(*arguments, **more):
    raise ZeroDivisionError("of a library\\nin two lines")
import missingmodels.presets
missingmodels.presets.load_scenario = fails
"""


def test_a_fault_that_nobody_foresaw_is_one_message(tmp_path):
    arguments = "simulate", "-o", tmp_path / "out"
    done = subprocess.run(command(FAULTY, *arguments), capture_output=True, text=True)
    assert done.returncode == 1
    assert "ZeroDivisionError: of a library in two lines" in done.stderr
    assert "MISSINGMODELS_TRACEBACK=1" in done.stderr
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []
    asked = {**os.environ, "MISSINGMODELS_TRACEBACK": "1"}
    done = subprocess.run(command(FAULTY, *arguments, "--json"), capture_output=True, text=True, env=asked)
    assert "Traceback" in done.stderr
    assert json.loads(done.stdout)["what"].startswith("an unforeseen fault, ZeroDivisionError")


SLOW = """
import time
from missingmodels import cli
import missingmodels.presets
def waits(*arguments):
    print("begun", flush=True)
    time.sleep(60)
missingmodels.presets.load_scenario = waits
"""


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_command_that_is_told_to_end_leaves_nothing(tmp_path, number, code):
    if number == signal.SIGHUP and signal.getsignal(number) == signal.SIG_IGN:
        pytest.skip("whoever started these tests asked for SIGHUP to be ignored, and so do the commands then")
    started = subprocess.Popen(
        command(SLOW, "simulate", "-o", tmp_path / "a" / "out"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert started.stdout is not None
    assert started.stdout.readline() == "begun\n"
    assert (tmp_path / "a" / ".out.lock").exists()
    second = subprocess.run(
        [sys.executable, "-m", "missingmodels", "simulate", "-o", str(tmp_path / "a" / "out")],
        capture_output=True,
        text=True,
    )
    assert second.returncode == 2
    assert f"another command is writing here (process {started.pid} on" in second.stderr
    started.send_signal(number)
    _, told = started.communicate(timeout=900)  # against a hang, not slowness
    assert started.returncode == code
    assert "nothing was written" in told
    assert "Traceback" not in told
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_told_when_results_go_there():
    full = "/dev/full"
    if not os.path.exists(full):  # noqa: PTH110
        pytest.skip("no device that is always full")
    with open(full, "w") as nowhere:  # noqa: PTH123
        done = subprocess.run(
            [sys.executable, "-m", "missingmodels", "--help"], stdout=nowhere, stderr=subprocess.PIPE, text=True
        )
    assert done.returncode == 2
    assert "No space left on device" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_path_of_a_part_is_told_as_the_place(tmp_path, capsys, monkeypatch):
    def fails():
        raise OSError(
            28, "No space left on device", str(tmp_path / ".out.0123456789ab.part" / "new" / "fits" / "M0.nc")
        )

    monkeypatch.setattr(cli, "app", fails)
    with pytest.raises(SystemExit) as left:
        cli.main()
    assert left.value.code == 2
    assert f"{tmp_path / 'out' / 'fits' / 'M0.nc'}: No space left" in capsys.readouterr().err


def test_errors_of_input_keep_their_code(capsys, monkeypatch):
    def fails():
        raise InputError("wrong", where="there", remedy="mend it")

    monkeypatch.setattr(cli, "app", fails)
    with pytest.raises(SystemExit) as left:
        cli.main()
    assert left.value.code == 2
    assert capsys.readouterr().err == "Error: there: wrong\n  What to do: mend it\n"


LOST = """
import time
from missingmodels import cli
import missingmodels.presets
class Removed:
    def __del__(self):
        print("begun", flush=True)
        time.sleep(60)
def waits(*arguments):
    Removed()
    time.sleep(60)
missingmodels.presets.load_scenario = waits
"""


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_a_signal_that_python_drops_is_raised_again(tmp_path):
    """What is raised in a destructor, or in the callback of a weak reference, is dropped."""
    begun = command(LOST, "simulate", "-o", tmp_path / "out")
    started = subprocess.Popen(begun, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert started.stdout is not None
    assert started.stdout.readline() == "begun\n"
    started.send_signal(signal.SIGTERM)
    _, told = started.communicate(timeout=900)  # against a hang, not slowness
    assert started.returncode == 143
    assert "nothing was written" in told
    assert "ignored" not in told
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def clock(monkeypatch):
    """The time that the terminal sees, to be moved by hand."""
    now = [100.0]
    monkeypatch.setattr(terminal, "time", types.SimpleNamespace(monotonic=lambda: now[0]))
    monkeypatch.setattr(terminal, "_silence", terminal._Silence())
    return now


def words(clock, seconds):
    """What is due of each quarter of a second that passes."""
    found = []
    for _ in range(round(4 * seconds)):
        clock[0] += 0.25
        if word := terminal._silence.word():
            terminal.say(word)
            found.append(word)
    return found


def test_a_stage_that_lasts_is_named_soon_and_then_timed(clock):
    terminal.doing("Reading the returns")
    assert words(clock, 1.5) == []
    assert words(clock, 0.5) == ["Reading the returns …"]
    assert words(clock, 41) == ["Reading the returns: 22 s so far", "Reading the returns: 42 s so far"]
    terminal.doing("Writing the tables")
    assert words(clock, 2) == ["Writing the tables …"]


def test_a_stage_that_waits_for_loops_to_be_compiled_says_so_until_they_are(clock):
    event = importlib.import_module("numba.core.event")
    importlib.import_module("missingmodels.compiled")
    terminal.doing("Simulating")
    with event.trigger_event("numba:compile", data={}):
        with event.trigger_event("numba:compile", data={}):  # a loop that another calls
            assert words(clock, 2) == ["Simulating (compiling for this machine, once) …"]
        assert words(clock, 21) == ["Simulating (compiling for this machine, once): 22 s so far"]
    assert words(clock, 21) == ["Simulating: 42 s so far"]


def test_what_is_quick_or_speaks_for_itself_is_not_spoken_over(clock, monkeypatch):
    for stage in ("one", "two", "three"):
        terminal.doing(stage)
        assert words(clock, 1) == []
    with terminal.Progress() as told:
        told("Fitting M0", 0, 0)
        assert words(clock, 15) == []
    monkeypatch.setattr(terminal, "is_watched", lambda: True)
    with terminal.Progress() as told:
        told("Fitting M1", 0, 0)
        assert words(clock, 60) == [], "a bar shows its own time"
    terminal.doing("Drawing")
    assert words(clock, 2) == ["Drawing …"]


@pytest.mark.parametrize("quiet", [False, True])
def test_a_command_at_work_says_so_unless_it_is_quiet(monkeypatch, quiet):
    monkeypatch.setattr(terminal, "SILENT_SECONDS", 0.02)
    said = []
    monkeypatch.setattr(terminal, "say", said.append)
    with terminal.never_silent(quiet=quiet):
        terminal.doing("Reading the returns")
        for _ in range(20 if quiet else 1000):
            if said:
                break
            time.sleep(0.01)
    assert said == ([] if quiet else ["Reading the returns …"])
    assert not [thread for thread in threading.enumerate() if "tell" in thread.name]


@pytest.mark.parametrize("widgets", [True, False])
def test_a_notebook_that_cannot_draw_a_bar_is_shown_none(monkeypatch, widgets):
    """Without ipywidgets each refresh of a bar would warn, with the path of a file, into the notebook."""
    monkeypatch.setitem(sys.modules, "ipykernel", types.SimpleNamespace())
    monkeypatch.setattr(terminal, "find_spec", lambda _: types.SimpleNamespace() if widgets else None)
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    assert terminal.is_watched() is widgets
