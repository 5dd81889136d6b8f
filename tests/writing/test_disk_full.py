"""A disk that is full at every stage of writing: one clear error, the old output whole, nothing left."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

MOUNTS = pytest.mark.skipif(
    not hasattr(os, "geteuid") or subprocess.run(["unshare", "-m", "true"], capture_output=True).returncode != 0,
    reason="needs the right to make a mount namespace",
)

# for each size of the disk: what the error said, what each file holds afterwards, and what is hidden
PROGRAM = """
import json, subprocess, sys
from pathlib import Path
from missingmodels.writing import whole_folder, write_together, write_whole
place = Path(sys.argv[1])
def folder(text, size):
    with whole_folder(place / "out", kind="missingmodels-tables") as scratch:
        (scratch / "manifest.json").write_text(json.dumps({"format": "missingmodels-tables"}))
        for name in "abc":
            (scratch / name).write_text(text * size)
def files(text, size):
    write_together(place / "run", {f"pages/{name}": (text * size).encode() for name in "abc"})
def one(text, size):
    write_whole(place / "file", (text * size).encode())
for way in (folder, files, one):
    for pages in range(3 if way is one else 8, 40):
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={pages * 4}k", "none", str(place)], check=True)
        way("o", 3000)
        told = ""
        try:
            way("n", 20000)
        except OSError as error:
            told = error.strerror
        held = {p.relative_to(place).as_posix(): p.read_text() for p in place.rglob("*") if p.is_file()}
        said = {"way": way.__name__, "told": told, "texts": sorted({t[0] + str(len(t)) for t in held.values()})}
        print(json.dumps(said | {"hidden": [n for n in held if "/." in f"/{n}"]}))
        subprocess.run(["umount", str(place)], check=True)
"""


@MOUNTS
def test_a_full_disk_loses_and_leaves_nothing(tmp_path):
    command = [
        "unshare",
        "-m",
        "bash",
        "-c",
        'mount --make-rprivate / && exec "$@"',
        "_",
        sys.executable,
        "-c",
        PROGRAM,
    ]
    done = subprocess.run([*command, str(tmp_path)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found = [json.loads(line) for line in done.stdout.splitlines()]
    for way in ("folder", "files", "one"):
        full = [row for row in found if row["way"] == way and row["told"]]
        assert full
        assert len(full) < 30, "on the larger disks there is room"
        for row in full:
            assert row["told"] == "No space left on device"
            assert "o3000" in row["texts"]
            assert "n20000" not in row["texts"], "the old output is whole"
    assert not any(row["hidden"] for row in found)
    assert all("n20000" in row["texts"] and "o3000" not in row["texts"] for row in found if not row["told"])
