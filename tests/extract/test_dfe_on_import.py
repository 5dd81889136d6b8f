"""`import ssda903 --dfe-rules`: findings of the public rules in the quality report, and what is said without them.

An interpreter that only says what it was told stands in for the rules; the true ones run where they are installed.
"""

from __future__ import annotations

import json
import shutil
import stat
import sys
from pathlib import Path

import pandas as pd
import pytest
from returns903 import write_return, write_year

from missingmodels.errors import InputError
from missingmodels.extract.dfe import rules as dfe_rules
from missingmodels.extract.quality import COLUMNS
from missingmodels.extract.returns.ssda903 import read_ssda903
from missingmodels.runs.importing import write_import

FINDING = {"rule": "567", "message": "The missing episode <b>ends</b> before it starts.", "file": "Missing"}
SAID = {"ruleset": "lac2023_24", "refused": None, "ran": ["101", "567"], "skipped": ["9"], "crashed": ["231"]}


def stand_in(folder: Path, said: object, *, fails: bool = False) -> Path:
    """An interpreter that logs how it was called and prints an object, whatever it is asked to run."""
    path = folder / "python"
    body = f"import sys\nopen({str(folder / 'calls')!r}, 'a').write(repr(sys.argv[1:]) + '\\n')\n"
    body += "sys.stderr.write('Traceback\\nModuleNotFoundError: lac')\nsys.exit(1)\n" if fails else ""
    body += f"print({said if isinstance(said, str) else json.dumps(said)!r})\n"
    path.write_text(f"#!{sys.executable}\n{body}")
    path.chmod(path.stat().st_mode | stat.S_IEXEC)
    return path


def returns(tmp_path):
    return [write_year(tmp_path, year, missing=[{}] if year == 2023 else []) for year in (2023, 2024)]


def run(tmp_path, said, sources=None, **settings):
    sources = sources or returns(tmp_path)
    found = read_ssda903(sources, authority="301")
    python = stand_in(tmp_path, said, **settings)
    return found, dfe_rules.run_rules(
        [(each, None) for each in sources], found.ledger, authority="301", columns=COLUMNS, python=python
    )


def test_findings_become_flags_of_rows_that_the_ledger_knows(tmp_path):
    found, rules = run(tmp_path, SAID | {"findings": [FINDING | {"count": 1, "rows": [2]}]})
    flags = rules.flags
    assert list(flags.columns) == COLUMNS
    # the stand-in says the same of both years; only that of 2022/23 has a row 2 of missing episodes
    held = flags.set_index("year")
    assert held.loc[2023, ["rule", "table", "row", "child_id"]].tolist() == ["dfe 567", "missing", 2, "c1"]
    assert held.loc[2023, "file"].endswith("missing.csv")
    assert held.loc[2024, "child_id"] == ""
    assert any("2 rules ran, 1 lack their tables" in note for note in rules.notes)
    assert any("failed themselves: 231" in note for note in rules.notes)
    calls = (tmp_path / "calls").read_text()
    assert "'--year', '2024'" in calls
    assert "'--previous'" in calls.splitlines()[1]
    assert "'--previous'" not in calls.splitlines()[0]
    out = write_import(found.tables, found.ledger, tmp_path / "out", dfe=rules)
    lines = pd.read_csv(out / "dq.csv", keep_default_na=False)
    assert (lines["action"] == "dfe_rule").sum() == 2
    page = (out / "dq.html").read_text()
    assert "dfe 567" in page
    assert "<b>ends</b>" not in page, "messages are escaped"
    assert "What the public DfE rules say" in page
    without = write_import(found.tables, found.ledger, tmp_path / "plain")
    assert "public DfE rules" not in (without / "dq.html").read_text()


def test_an_archive_is_unpacked_for_the_rules(tmp_path):
    source = write_year(tmp_path, 2023)
    archive = shutil.make_archive(str(tmp_path / "packed"), "zip", source)
    _, rules = run(tmp_path, SAID | {"findings": []}, sources=[Path(archive)])
    assert rules.flags.empty
    assert str(source) not in (tmp_path / "calls").read_text()


def test_the_rules_run_on_what_the_import_accepted(tmp_path, monkeypatch, capsys):
    """A bad date set aside, and a year given because the dates do not say it."""
    from missingmodels.cli.reading.importing import import_ssda903

    monkeypatch.setenv(dfe_rules.NAMED_BY, str(stand_in(tmp_path, SAID | {"findings": []})))
    bad = [write_year(tmp_path, 2023, missing=[{"MIS_START": "31/06/2022"}])]
    import_ssda903(bad, tmp_path / "out", authority="301", dfe_rules=True, set_aside_bad_dates=True)
    open_stays = [write_return(tmp_path, episodes=[{"DECOM": "01/05/2021"}], mark=False)]
    import_ssda903(open_stays, tmp_path / "out2", authority="301", dfe_rules=True, year=2023)
    assert "'--year', '2023'" in (tmp_path / "calls").read_text().splitlines()[-1]


def test_a_return_that_the_rules_cannot_read_is_told(tmp_path):
    _, rules = run(tmp_path, SAID | {"refused": "Failed to decode", "findings": []})
    assert any("could not read the return: Failed to decode" in note for note in rules.notes)


@pytest.mark.parametrize(("said", "fails", "words"), [("nonsense", False, "cannot be run"), ({}, True, "lac")])
def test_rules_that_do_not_run(tmp_path, said, fails, words):
    with pytest.raises(InputError, match=words) as told:
        run(tmp_path, said, fails=fails)
    assert "make dfe-rules" in str(told.value)


def test_absent_they_say_how_to_get_them(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv(dfe_rules.NAMED_BY, str(tmp_path / "nowhere"))
    with pytest.raises(InputError, match="is no file") as told:
        dfe_rules.interpreter()
    assert "make dfe-rules" in str(told.value)
    assert told.value.exit_code == 2
    monkeypatch.delenv(dfe_rules.NAMED_BY)
    monkeypatch.setattr(dfe_rules, "HOME", Path("no-such-environment"))
    with pytest.raises(InputError, match="not installed"):
        dfe_rules.interpreter()
    python = stand_in(tmp_path, {})
    monkeypatch.setenv(dfe_rules.NAMED_BY, str(python))
    assert dfe_rules.interpreter() == python


def test_the_option_refuses_before_anything_is_read_or_written(tmp_path, monkeypatch):
    from missingmodels.cli.reading.importing import import_ssda903

    monkeypatch.setenv(dfe_rules.NAMED_BY, str(tmp_path / "nowhere"))
    with pytest.raises(InputError, match="is no file"):
        import_ssda903([tmp_path / "nothing here"], tmp_path / "out", dfe_rules=True)
    assert not (tmp_path / "out").exists()


def test_the_option_folds_findings_in(tmp_path, monkeypatch, capsys):
    from missingmodels.cli.reading.importing import import_ssda903

    monkeypatch.setenv(
        dfe_rules.NAMED_BY, str(stand_in(tmp_path, SAID | {"findings": [FINDING | {"count": 1, "rows": [2]}]}))
    )
    import_ssda903(returns(tmp_path), tmp_path / "out", authority="301", dfe_rules=True, as_json=True)
    body = json.loads(capsys.readouterr().out)
    assert body["dfe_rules"] == {"dfe 567": 2}


@pytest.mark.slow
def test_the_true_rules_see_a_spell_that_ends_before_it_starts(tmp_path):
    try:
        python = dfe_rules.interpreter()
    except InputError as absent:
        pytest.skip(str(absent))
    sources = [write_year(tmp_path, 2024, missing=[{"MIS_START": "12/06/2023", "MIS_END": "10/06/2023"}])]
    found = read_ssda903(sources, authority="301")
    rules = dfe_rules.run_rules(
        [(each, None) for each in sources], found.ledger, authority="E10000001", columns=COLUMNS, python=python
    )
    flags = rules.flags
    assert flags.loc[flags["rule"] == "dfe 567", ["table", "row", "child_id"]].to_numpy().tolist() == [
        ["missing", 2, "c1"]
    ]
