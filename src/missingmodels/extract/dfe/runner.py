"""Run the public validation rules of the SSDA903 return on folders of CSV files and print what they find as JSON.

Runs as a file, in an environment of its own, which `make dfe-rules` builds, because the rules (PyPI:
csc-validator-be-903) need an older Python and pandas. It imports nothing of missingmodels.

    .venv-dfe/bin/python dfe_runner.py FOLDER --year 2025 [--previous FOLDER] [--authority E10000001] [--rows 0]

Prints one object: `ruleset`, `ran`, `skipped` (rules whose tables are not there), `crashed` (rules that failed
themselves), `refused` (why the files could not be read, else null), and `findings`, each with rule, message, file, the
number of rows and the first of them as a spreadsheet counts. Exit code 0 whenever an object was printed.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import io
import json
import logging
import sys
import warnings
from pathlib import Path

FIRST_ROW = 2  # of a spreadsheet, below the header


def main() -> None:
    """Run the public rules on the return that the arguments name, and print what they find as JSON."""
    options = _options()
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    ruleset = f"lac{options.year - 1}_{options.year % 100:02d}"
    said: dict[str, object] = {
        "ruleset": ruleset,
        "refused": None,
        "ran": [],
        "skipped": [],
        "crashed": [],
        "findings": [],
    }
    # the rule set prints as it goes; standard output is for the one object
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        said.update(_run(options, ruleset))
    json.dump(said, sys.stdout, indent=1)
    sys.stdout.write("\n")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="the return's CSV files")
    parser.add_argument("--year", type=int, required=True, help="end year, 2025 for 2024/25")
    parser.add_argument("--previous", type=Path, help="the return of the year before")
    parser.add_argument("--authority", default="E10000001", help="ONS code of the authority")
    parser.add_argument("--rows", type=int, default=20, help="rows shown of each finding, 0 for all")
    return parser.parse_args()


def _run(options: argparse.Namespace, ruleset: str) -> dict[str, object]:
    from lac_validator import lac_validator as engine  # type: ignore[import-not-found]
    from lac_validator.types import UploadError  # type: ignore[import-not-found]

    # The engine hands every rule a shallow copy, so a rule that changes cells in place misleads those after it:
    # rules 575 and 577 then report spells that are in order.
    engine.copy_datastore = _deep_copy

    registry = importlib.import_module(f"lac_validator.rules.{ruleset}").registry
    files = _uploads(options.folder, "This year")
    if options.previous:
        files += _uploads(options.previous, "Prev year")
    metadata = {"collectionYear": str(options.year), "localAuthority": options.authority}
    try:
        checked = engine.LacValidator(metadata=metadata, files=files, registry=registry)
    except UploadError as error:
        return {"refused": " ".join(str(error).split())}
    except AttributeError as error:
        # more columns than it knows make its reader fail before it can say so
        return {"refused": f"its reader failed: {error}"}
    return {
        "ran": sorted(checked.dones),
        "skipped": sorted(checked.skips),
        "crashed": sorted(checked.fails),
        "findings": _findings(checked.ds_results, registry, options.rows or None),
    }


def _deep_copy(data: dict) -> dict:
    return {name: value.copy() if name != "metadata" else dict(value) for name, value in data.items()}


def _uploads(folder: Path, description: str) -> list[dict[str, object]]:
    return [
        {"name": path.name, "description": description, "file_content": path.read_bytes()}
        for path in sorted(folder.glob("*.csv"))
    ]


def _findings(results: dict, registry: dict, shown: int | None) -> list[dict[str, object]]:
    messages = {str(rule.code): rule.message for rule in registry.values()}
    found = []
    for table, frame in results.items():
        if table == "metadata":
            continue
        for column in (name for name in frame.columns if str(name).startswith("ERR_")):
            rows = [int(index) + FIRST_ROW for index in frame.index[frame[column] == True]]  # noqa: E712 (object column)
            code = column[len("ERR_") :]
            line = {"rule": code, "message": messages.get(code, ""), "file": table, "count": len(rows)}
            found.append({**line, "rows": rows[:shown]})
    return sorted(found, key=lambda line: (str(line["rule"]), str(line["file"])))


if __name__ == "__main__":
    main()
