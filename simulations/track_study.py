"""Keep what a finished power study found: its table of cells, and its record without the figures' data.

python simulations/track_study.py FOLDER NAME [-o simulations/results]

Writes NAME.csv, the study's ``cells.csv``, and NAME.json: question, study, versions, digest, solutions and recipe.
"""

from __future__ import annotations

import argparse
import json
import shutil
from pathlib import Path

DROPPED = ("format", "cells", "record", "prior", "assurance")


def main() -> None:
    """Run what the command line asks for. Raises SystemExit for a study that is not complete."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("name")
    parser.add_argument("-o", "--output", type=Path, default=Path(__file__).parent / "results")
    given = parser.parse_args()
    given.output.mkdir(parents=True, exist_ok=True)
    found = json.loads((given.folder / "summary.json").read_text(encoding="utf-8"))
    if not found["complete"]:
        raise SystemExit(f"{given.folder} is not complete: go on with the study first")
    study = found["record"]["study"]
    held = {key: value for key, value in found.items() if key not in DROPPED}
    held["solutions"] = [
        {key: value for key, value in one.items() if key != "curve"} for one in held.get("solutions", [])
    ]
    held["recipe"] = f"missingmodels power simulations/studies/{study['name']}.toml -o {study['name']}"
    held["study"] = study
    shutil.copyfile(given.folder / "cells.csv", given.output / f"{given.name}.csv")
    text = json.dumps(held, indent=1, ensure_ascii=False)
    (given.output / f"{given.name}.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
