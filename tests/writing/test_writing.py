"""The one way of writing: whole or not at all, one writer at a time, nothing left, nobody's mode widened."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import textwrap
import time

import pytest

from missingmodels.errors import InputError
from missingmodels.writing import claim, publish, require_free, whole_folder, write_together, write_whole

KIND = "missingmodels-tables"
POSIX = pytest.mark.skipif(os.name == "nt", reason="modes and signals of POSIX")


def fill(folder, text):
    (folder / "manifest.json").write_text(json.dumps({"format": KIND}))
    (folder / "data.txt").write_text(text)


def write(target, text="new", **more):
    with whole_folder(target, kind=KIND, **more) as scratch:
        fill(scratch, text)


def fail(target):
    with whole_folder(target, kind=KIND) as scratch:
        fill(scratch, "half")
        raise OSError(28, "No space left on device")


def names(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


STEPS = ("replace", "rename", "unlink")


def die_at(step, program, *arguments):
    """Run a program that is killed as it is about to take its n-th step of those that change names; its output."""
    head = f"""
    import os, signal, sys
    from pathlib import Path
    left = [{step}]
    def counted(name, act):
        def does(*arguments, **more):
            left[0] -= 1
            if left[0] == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return act(*arguments, **more)
        return does
    for name in {STEPS!r}:
        setattr(Path, name, counted(name, getattr(Path, name)))
    from missingmodels.writing import publish
    publish._exchange = counted("exchange", publish._exchange)
    """
    text = textwrap.dedent(head) + textwrap.dedent(program)
    done = subprocess.run(
        [sys.executable, "-c", text, *map(str, arguments)], capture_output=True, text=True, timeout=60
    )
    assert done.returncode in (0, -signal.SIGKILL), done.stderr
    return done


FOLDER = """
import json
from missingmodels.writing import whole_folder
if len(sys.argv) > 2:
    publish._exchange = lambda one, other: False
with whole_folder(Path(sys.argv[1]), kind="missingmodels-tables") as scratch:
    (scratch / "manifest.json").write_text(json.dumps({"format": "missingmodels-tables"}))
    (scratch / "data.txt").write_text("new")
"""


@POSIX
@pytest.mark.parametrize("way", [(), ("two renames",)])
def test_a_kill_at_any_step_of_an_overwrite_leaves_one_whole_folder(tmp_path, capsys, way):
    seen, order = set(), []
    for step in range(1, 30):
        place = tmp_path / str(step) / "out"
        write(place, "old")
        done = die_at(step, FOLDER, place, *way)
        there = place.is_dir()
        assert there or way, "an exchange leaves no moment without a folder"
        with claim(place):  # the next start
            said = capsys.readouterr().err
            assert (place / "data.txt").read_text() in ("old", "new")
        seen.add((there, (place / "data.txt").read_text()))
        order.append((place / "data.txt").read_text())
        assert names(place) == ["data.txt", "manifest.json"]
        assert names(place.parent) == ["out", "out/data.txt", "out/manifest.json"], "nothing is left"
        if done.returncode == 0:
            break
        assert "a command that was stopped" in said or (place / "data.txt").read_text() == "new" or step < 3
    else:
        pytest.fail("the steps do not end")
    assert set(order) == {"old", "new"}
    assert order == sorted(order, reverse=True), "from the journal on the work counts, and is never taken back"
    assert (False, "new") in seen or not way, "a kill between two renames is completed"


FILES = """
from missingmodels.writing import write_together
files = dict.fromkeys(("page.html", "figures/a.png", "b.json"), b"new")
write_together(Path(sys.argv[1]), files, removed=["stale.csv"])
"""


@POSIX
def test_a_kill_at_any_step_leaves_files_all_new_or_all_old(tmp_path, capsys):
    seen = set()
    for step in range(1, 40):
        folder = tmp_path / str(step) / "run"
        old = {"page.html": b"old", "figures/a.png": b"old", "b.json": b"old", "stale.csv": b"old", "kept": b"old"}
        write_together(folder, old)
        done = die_at(step, FILES, folder)
        with claim(folder):
            pass
        told = capsys.readouterr().err
        held = {name: (folder / name).read_bytes() for name in old if (folder / name).exists()}
        assert held in (old, dict.fromkeys(("page.html", "figures/a.png", "b.json"), b"new") | {"kept": b"old"})
        assert set(names(folder)) == {*held, "figures"}, "nothing is left"
        seen.add("stale.csv" in held)
        if done.returncode == 0:
            break
        if not seen - {True}:
            assert "removed" in told or step < 3
    assert seen == {True, False}


def test_a_failure_in_the_block_leaves_what_was_there(tmp_path):
    write(tmp_path / "out", "old")
    with pytest.raises(OSError, match="No space"):
        fail(tmp_path / "out")
    assert (tmp_path / "out" / "data.txt").read_text() == "old"
    assert names(tmp_path) == ["out", "out/data.txt", "out/manifest.json"]
    with pytest.raises(OSError, match="No space"):
        fail(tmp_path / "a" / "b" / "new")
    assert names(tmp_path) == ["out", "out/data.txt", "out/manifest.json"], "folders made for it go again"


def test_files_that_cannot_all_come_into_place_do_not_come(tmp_path):
    (tmp_path / "run" / "b.json").mkdir(parents=True)
    with pytest.raises(InputError, match="this is a folder"):
        write_together(tmp_path / "run", {"a/page.html": b"new", "b.json": b"new"})
    assert names(tmp_path) == ["run", "run/b.json"]


HOLD = """
import sys, time
from pathlib import Path
from missingmodels.writing import claim
with claim(Path(sys.argv[1]), shared=len(sys.argv) > 2):
    print("held", flush=True)
    time.sleep(60)
"""


def holder(place, *shared):
    """A process that holds a claim."""
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(place), *shared], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_a_second_writer_is_refused_at_once_and_a_dead_one_holds_nothing(tmp_path):
    place = tmp_path / "out"
    process = holder(place)
    try:
        start = time.monotonic()
        with pytest.raises(InputError, match=rf"another command is writing here \(process {process.pid} on "):
            write(place)
        assert time.monotonic() - start < 1
        (tmp_path / "link").symlink_to(place, target_is_directory=True)
        with pytest.raises(InputError, match="another command"), claim(tmp_path / "link"):
            pass
    finally:
        process.kill()
        process.communicate()
    write(place)
    assert (place / "data.txt").read_text() == "new"
    (tmp_path / "link").unlink()
    assert names(tmp_path) == ["out", "out/data.txt", "out/manifest.json"], "the dead one's lock is gone"


@POSIX
def test_those_who_share_a_place_keep_others_out_and_the_last_one_cleans_up(tmp_path):
    (tmp_path / "out").mkdir()
    one = holder(tmp_path / "out", "shared")
    two = holder(tmp_path / "out", "shared")
    left = tmp_path / "out" / ".batch.0123456789ab.part"
    left.write_bytes(b"half")
    try:
        with pytest.raises(InputError, match="another command"):
            write(tmp_path / "out")
        with claim(tmp_path / "out", shared=True, within=[tmp_path / "out"]):
            assert left.exists(), "others may be writing it"
    finally:
        for process in (one, two):
            process.kill()
            process.communicate()
    with claim(tmp_path / "out", shared=True, within=[tmp_path / "out"]):
        assert not left.exists()
    assert names(tmp_path) == ["out"]


def test_a_claim_within_a_claim_is_the_same_one(tmp_path):
    with claim(tmp_path / "out"):
        write(tmp_path / "out")
        write_together(tmp_path / "out", {"page.html": b"new"})
        with claim(tmp_path / "out"):
            assert (tmp_path / ".out.lock").exists()
    assert names(tmp_path) == ["out", "out/data.txt", "out/manifest.json", "out/page.html"]


def test_two_who_begin_without_overwrite_do_not_replace_each_other(tmp_path):
    with whole_folder(tmp_path / "out", kind=KIND, overwrite=False) as scratch:
        fill(scratch, "first")
    with pytest.raises(InputError, match="earlier output"), whole_folder(tmp_path / "out", kind=KIND, overwrite=False):
        pytest.fail("the work must not begin")
    assert (tmp_path / "out" / "data.txt").read_text() == "first"


def test_a_link_is_written_through(tmp_path):
    (tmp_path / "far").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "far" / "out", target_is_directory=True)
    write(tmp_path / "link", "one")  # what it names is not there yet
    write(tmp_path / "link", "two")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "far" / "out" / "data.txt").read_text() == "two"
    assert names(tmp_path / "far") == ["out", "out/data.txt", "out/manifest.json"]
    (tmp_path / "page").symlink_to(tmp_path / "far" / "page.html")
    write_whole(tmp_path / "page", b"new")
    assert (tmp_path / "page").is_symlink()
    assert (tmp_path / "far" / "page.html").read_bytes() == b"new"


@POSIX
@pytest.mark.parametrize("umask", [0o022, 0o077, 0o002])
def test_new_folders_are_private_and_an_existing_one_keeps_its_mode(tmp_path, umask):
    before = os.umask(umask)
    try:
        write(tmp_path / "new")
        (tmp_path / "shared").mkdir()
        (tmp_path / "shared").chmod(0o750)
        write(tmp_path / "shared")
        write(tmp_path / "shared", "again")
        write_together(tmp_path / "shared", {"figures/a.png": b"new"})
        write_whole(tmp_path / "plain", b"new")
        (tmp_path / "plain").chmod(0o640)
        write_whole(tmp_path / "plain", b"again")
    finally:
        os.umask(before)
    assert mode(tmp_path / "new") == 0o700
    assert mode(tmp_path / "new" / "data.txt") == 0o600
    assert mode(tmp_path / "shared") == 0o750
    for name in ("data.txt", "figures/a.png"):
        assert mode(tmp_path / "shared" / name) == 0o640 & ~umask
    assert mode(tmp_path / "shared" / "figures") == 0o750 & ~umask
    assert mode(tmp_path / "plain") == 0o640


@POSIX
def test_a_signal_waits_until_what_is_done_is_in_place(tmp_path, monkeypatch):
    """It ends the program afterwards; a set of files is never stopped between two of them."""
    whole, caught = publish._complete, []

    def signalled(part):
        os.kill(os.getpid(), signal.SIGTERM)
        whole(part)

    monkeypatch.setattr(publish, "_complete", signalled)
    before = signal.signal(signal.SIGTERM, lambda number, _: caught.append((number, names(tmp_path))))
    try:
        write_together(tmp_path, {"a": b"1", "b": b"2"})
    finally:
        signal.signal(signal.SIGTERM, before)
    assert [number for number, _ in caught] == [signal.SIGTERM]
    assert {"a", "b"} <= set(caught[0][1])


def test_a_journal_that_leads_elsewhere_is_refused(tmp_path):
    part = tmp_path / ".out.0123456789ab.part"
    (part / "new").mkdir(parents=True)
    (part / "journal.json").write_text(
        json.dumps({"moves": [{"from": "new", "to": "../elsewhere", "id": 1}], "removed": []})
    )
    with pytest.raises(InputError, match="leads out of its folder"), claim(tmp_path / "out"):
        pass
    assert part.exists()


def test_a_folder_with_nothing_but_leftovers_is_free(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / ".manifest.json.0123456789ab.part").write_bytes(b"{")
    (tmp_path / "out" / ".missingmodels.lock").write_bytes(b"")
    require_free(tmp_path / "out", kind=KIND, overwrite=False)
    (tmp_path / "out" / "mine.txt").write_text("mine")
    with pytest.raises(InputError, match="not written by missingmodels"):
        require_free(tmp_path / "out", kind=KIND, overwrite=True)


READ_ONLY = pytest.mark.skipif(
    not hasattr(os, "geteuid") or subprocess.run(["unshare", "-m", "true"], capture_output=True).returncode != 0,
    reason="needs the right to make a mount namespace",
)


@READ_ONLY
def test_a_folder_whose_parent_cannot_be_written_is_still_renewed_and_locked(tmp_path):
    run = tmp_path / "parent" / "run"
    run.mkdir(parents=True)
    program = """
import sys
from pathlib import Path
from missingmodels.writing import claim, write_together
run = Path(sys.argv[1])
with claim(run):
    print(sorted(path.name for path in run.iterdir()))
    write_together(run, {"page.html": b"new"})
"""
    script = (
        'mount --make-rprivate / && mount --bind "$1" "$1" && mount -o remount,ro,bind "$1" && '
        'mount -t tmpfs none "$2" && "$3" -c "$4" "$2" && ls -A "$2"'
    )
    done = subprocess.run(
        ["unshare", "-m", "bash", "-c", script, "_", str(run.parent), str(run), sys.executable, program],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
    )
    assert done.stdout.split("\n")[:2] == ["['.missingmodels.lock']", "page.html"], done.stderr
