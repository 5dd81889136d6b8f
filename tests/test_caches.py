"""Where neither the code nor HOME can be written, compiled code goes into a private folder, and imports need none."""

from __future__ import annotations

import os
import stat
import subprocess
import sys

import pytest

from missingmodels import caches


def settled(home, tmp, monkeypatch, capsys, *, code):
    for name in ("NUMBA_CACHE_DIR", "PYTENSOR_FLAGS", "MPLCONFIGDIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setattr(caches.tempfile, "gettempdir", lambda: str(tmp))
    whole = caches._writable
    monkeypatch.setattr(caches, "_writable", lambda folder: code if folder == caches.SOURCE else whole(folder))
    caches.settle()
    names = "NUMBA_CACHE_DIR", "PYTENSOR_FLAGS", "MPLCONFIGDIR"
    held = {name: os.environ.get(name, "") for name in names}
    for name in names:
        monkeypatch.delenv(name, raising=False)
    return held, capsys.readouterr().err


def test_nothing_is_said_or_set_where_all_can_be_written(tmp_path, monkeypatch, capsys):
    assert settled(tmp_path, tmp_path, monkeypatch, capsys, code=True) == (
        dict.fromkeys(("NUMBA_CACHE_DIR", "PYTENSOR_FLAGS", "MPLCONFIGDIR"), ""),
        "",
    )


def test_read_only_code_keeps_its_loops_in_home_by_their_sources(tmp_path, monkeypatch, capsys):
    held, told = settled(tmp_path, tmp_path / "none", monkeypatch, capsys, code=False)
    assert held["NUMBA_CACHE_DIR"].startswith(str(tmp_path / ".cache" / "missingmodels" / "loops-"))
    assert not held["PYTENSOR_FLAGS"]
    assert told.count("\n") == 1
    monkeypatch.setattr(caches, "_sources", lambda: "f" * 64)
    other, _ = settled(tmp_path, tmp_path / "none", monkeypatch, capsys, code=False)
    assert other["NUMBA_CACHE_DIR"] != held["NUMBA_CACHE_DIR"]


def test_without_home_all_go_into_one_private_folder(tmp_path, monkeypatch, capsys):
    held, told = settled(tmp_path / "absent", tmp_path, monkeypatch, capsys, code=False)
    (made,) = tmp_path.iterdir()
    assert stat.S_IMODE(made.stat().st_mode) == 0o700
    assert all(str(made) in place for place in held.values())
    assert held["PYTENSOR_FLAGS"] == f"base_compiledir={made / 'pytensor'}"
    assert told.count("\n") == 1
    assert str(made) in told


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="modes of POSIX")
def test_a_folder_that_others_can_write_is_not_trusted(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    (tmp_path / f"missingmodels-{os.getuid()}").mkdir()
    (tmp_path / f"missingmodels-{os.getuid()}").chmod(0o777)
    held, _ = settled(tmp_path / "absent", tmp_path, monkeypatch, capsys, code=True)
    assert f"missingmodels-{os.getuid()}/" not in held["NUMBA_CACHE_DIR"]


IMPORTS = """
import pkgutil, sys
import missingmodels.cli, missingmodels.runs.importing, missingmodels.extract
for module in pkgutil.iter_modules(missingmodels.extract.__path__, "missingmodels.extract."):
    if not module.name.endswith("dfe_runner"):
        __import__(module.name)
print(*sorted({name.split(".")[0] for name in sys.modules} & {"numba", "pymc", "pytensor", "nutpie", "matplotlib"}))
"""


def test_an_import_loads_no_compiled_loops():
    done = subprocess.run([sys.executable, "-c", IMPORTS], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
