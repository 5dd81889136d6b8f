"""Pseudonyms: the hash against a value computed independently, and nothing of a child left in any written file."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from returns903 import write_return, write_year
from test_staffing import SHIFT

from missingmodels.errors import InputError
from missingmodels.extract.pseudonyms import pseudonymise, read_key
from missingmodels.extract.returns.ssda903 import read_ssda903
from missingmodels.tables import read_tables
from test_cli import run

SECRET = "0123456789abcdef0123456789abcdef"


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    path = tmp_path / "key"
    path.write_text(SECRET + "\n")
    return path


def hmac_by_hand(secret: bytes, text: bytes) -> str:
    """RFC 2104 written out: H((K ⊕ opad) ‖ H((K ⊕ ipad) ‖ text)), blocks of 64 bytes."""
    padded = secret.ljust(64, b"\0")
    inner = hashlib.sha256(bytes(b ^ 0x36 for b in padded) + text).digest()
    return hashlib.sha256(bytes(b ^ 0x5C for b in padded) + inner).hexdigest()


def test_the_name_of_a_child(key_file):
    key = read_key(key_file)
    assert key.name_of("child", "c1") == hmac_by_hand(SECRET.encode(), b"child\x1fc1")[:20]
    assert key.name_of("staff", "c1") != key.name_of("child", "c1")
    assert SECRET not in repr(key)


def returns(folder: Path) -> list[Path]:
    """Two returns whose changes of DOB, DUC and postcode are told in the ledger, with a home known by address only."""
    row = {"CHILD": "KIDNUMBER", "URN": "", "PL_POST": "QX7 3ZZ"}
    old = {"DOB": "23/06/2006"}
    return [
        write_year(folder, 2023, header=[old | {"CHILD": "KIDNUMBER"}], episodes=[row],
                   missing=[{"CHILD": "KIDNUMBER"}], uasc=[{"CHILD": "KIDNUMBER", "DUC": "23/06/2024"}]),
        write_year(folder, 2024, header=[{"CHILD": "KIDNUMBER", "DOB": "24/06/2006"}],
                   episodes=[row | {"PL_POST": "QX7 4YY", "REC": "PLEASE RING HIS AUNT"}],
                   uasc=[{"CHILD": "KIDNUMBER", "DUC": "24/06/2024"}]),
    ]  # fmt: skip


def test_tables_and_ledger(tmp_path, key_file):
    found = read_ssda903(returns(tmp_path), authority="301")
    key = read_key(key_file)
    tables, ledger = pseudonymise(found.tables, found.ledger, key)
    name = key.name_of("child", "KIDNUMBER")
    child = tables["children"].set_index("child_id").loc[name]
    assert str(child["birth_date"].date()) == "2006-06-01"
    assert child["birth_date_precision"] == "month"
    assert str(child["uasc_to"].date()) == "2024-07-01"
    assert name in set(tables["placements"]["child_id"]) & set(tables["missing_episodes"]["child_id"])
    (home,) = tables["homes"]["home_id"]
    assert home.startswith("@QX-")
    assert len(found.ledger.frame) == len(ledger.frame)
    details = " ".join(ledger.frame["detail"])
    assert "DOB 06/2006 → 06/2006" in details
    assert "PL_POST QX → QX" in details
    # the same key gives the same names, another key others
    again, _ = pseudonymise(found.tables, found.ledger, read_key(key_file))
    assert again["children"]["child_id"].tolist() == tables["children"]["child_id"].tolist()
    key_file.write_text(SECRET[::-1])
    other, _ = pseudonymise(found.tables, found.ledger, read_key(key_file))
    assert not set(other["children"]["child_id"]) & set(tables["children"]["child_id"])


def test_nothing_that_names_a_child_is_written(tmp_path, key_file):
    out = tmp_path / "out"
    paths = returns(tmp_path)
    done = run("import", "ssda903", *paths, "--authority", "301", "-o", out, "--key", key_file)
    assert done.returncode == 0, done.stderr
    rota = tmp_path / "rota.csv"
    columns = {**SHIFT, "Home URN": read_tables(out)["homes"]["home_id"].iloc[0], "Staff ID": "WORKERNUMBER"}
    rota.write_text(",".join(columns) + "\n" + ",".join(columns.values()) + "\n")
    # a home known by address only cannot be named in a rota, so its staff are set in a folder of their own
    done = run("import", "staffing", rota, "-o", tmp_path / "staff", "--key", key_file)
    assert done.returncode == 0, done.stderr
    written = [path for folder in (out, tmp_path / "staff") for path in folder.iterdir()]
    content = b"".join(path.read_bytes() for path in written)
    texts = b"".join(path.read_bytes() for path in written if path.suffix != ".parquet")
    for secret in ("KIDNUMBER", "WORKERNUMBER", "QX73ZZ", "QX74YY", "AUNT", SECRET):
        assert secret.encode() not in content, secret
    for day in ("23/06/2006", "24/06/2006", "24/06/2024", "2006-06-23", "2006-06-24"):
        assert day.encode() not in texts, day
    # without the key all of them are there: the test can see what it looks for
    done = run("import", "ssda903", *paths, "--authority", "301", "-o", tmp_path / "plain")
    plain = b"".join(path.read_bytes() for path in (tmp_path / "plain").iterdir())
    for secret in ("KIDNUMBER", "QX73ZZ", "QX74YY", "23/06/2006"):
        assert secret.encode() in plain, secret
    assert b"AUNT" not in plain, "free text is never taken over"
    assert "1 cells of REC hold text, not a code" in done.stdout


def test_keys_that_will_not_do(tmp_path, key_file):
    with pytest.raises(InputError, match="no such key file"):
        read_key(tmp_path / "absent")
    (tmp_path / "out").mkdir()
    inside = tmp_path / "out" / "key"
    inside.write_text(SECRET)
    with pytest.raises(InputError, match="inside the output folder"):
        read_key(inside, outputs=(tmp_path / "out",))
    key_file.write_text("secret\n")
    with pytest.raises(InputError, match="has 6 bytes, fewer than 16"):
        read_key(key_file)


def test_staff_join_pseudonyms_with_the_same_key_only(tmp_path, key_file):
    made, other = tmp_path / "tables", tmp_path / "other"
    other.write_text("another-secret-of-32-bytes-and-more")
    run("import", "ssda903", write_return(tmp_path), "--authority", "301", "-o", made, "--key", key_file)
    rota = tmp_path / "rota.csv"
    rota.write_text(",".join(SHIFT) + "\n" + ",".join((SHIFT | {"Staff ID": "WORKERNUMBER"}).values()) + "\n")
    before = sorted(path.name for path in made.iterdir())
    for wrong, words in (([], "no key was given for staff_shifts"), (["--key", other], "the key given is another")):
        done = run("import", "staffing", rota, "--into", made, *wrong)
        assert (done.returncode, words in done.stderr, sorted(p.name for p in made.iterdir())) == (2, True, before)
    assert run("import", "staffing", rota, "--into", made, "--key", key_file).returncode == 0
    # totals name nobody
    totals = tmp_path / "totals.csv"
    totals.write_text("URN,Period start,Period end,Hours worked\nSC000001,01/04/2022,30/04/2022,900\n")
    assert run("import", "staffing", totals, "--into", made).returncode == 0


def test_tables_made_alone_say_that_they_hold_pseudonyms(tmp_path, key_file):
    rota = tmp_path / "rota.csv"
    rota.write_text(",".join(SHIFT) + "\n" + ",".join(SHIFT.values()) + "\n")
    assert run("import", "staffing", rota, "-o", tmp_path / "staff", "--key", key_file).returncode == 0
    assert read_tables(tmp_path / "staff").origin["pseudonyms"].startswith("HMAC-SHA256, key ")
