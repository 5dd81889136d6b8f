"""The register says each thing of a quantity once, and no module keeps a table of its own beside it."""

from __future__ import annotations

import ast
import importlib.util
from pathlib import Path

from missingmodels.frame.columns.library import COLUMNS
from missingmodels.plan import EXPOSURES, OUTSIDE, STRUCTURE, Frame
from missingmodels.tables.contract import TABLES
from missingmodels.vocabulary import QUANTITIES, SCALARS

SOURCE = Path(importlib.util.find_spec("missingmodels").origin).parent
# Tables by name that say what the register has no field for: of a model's columns (official statistics have other
# units than homes), of files, and of how a world is simulated.
ELSEWHERE = {"simulate", "extract", "export", "tables", "scenario"}
FIELDS = {
    "one_unit": {*EXPOSURES, *OUTSIDE},
    "estimand": set(SCALARS),
}


def tables_of_words() -> list[tuple[str, set[str]]]:
    """Module-level dictionaries of texts whose keys are names of the register, by file."""
    found = []
    for path in sorted(SOURCE.rglob("*.py")):
        if path.relative_to(SOURCE).parts[0] in {*ELSEWHERE, "vocabulary"} or path.name == "calibration.py":
            continue  # calibration says which of a scenario's settings a parameter is
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            value = node.value if isinstance(node, ast.Assign | ast.AnnAssign) else None
            if not isinstance(value, ast.Dict) or not value.keys:
                continue
            keys = {k.value for k in value.keys if isinstance(k, ast.Constant) and isinstance(k.value, str)}
            texts = all(isinstance(v, ast.Constant) and isinstance(v.value, str) for v in value.values)
            if texts and keys <= set(QUANTITIES):
                found.append((str(path.relative_to(SOURCE)), keys))
    return found


def test_every_exposure_structure_variable_and_scalar_states_what_is_asked_of_it():
    for field, names in FIELDS.items():
        assert {name for name, q in QUANTITIES.items() if getattr(q, field)} == names, field


def test_structure_variables_state_a_direction_and_no_parameter_does():
    stated = {name for name, q in QUANTITIES.items() if q.stated_direction}
    assert set(STRUCTURE) <= stated <= {*STRUCTURE, *COLUMNS}


def test_every_column_of_the_library_states_what_it_needs_of_the_contract():
    for name in COLUMNS:
        for place in QUANTITIES[name].needs.split(", "):
            table, _, column = place.removesuffix(" of the plan").partition(".")
            held = Frame.model_fields if table == "frame" else TABLES[table].column_names if column else ()
            assert place == "the date alone" or column in held, name


def test_no_module_keeps_words_for_the_registers_names():
    strays = [
        (path, sorted(keys))
        for path, keys in tables_of_words()
        if any(keys & of for of in (*FIELDS.values(), set(STRUCTURE)))
    ]
    assert not strays


def test_the_walk_would_find_a_table():
    assert len(list(SOURCE.rglob("*.py"))) > 300
    tree = ast.parse('WORDS = {"peer_presence": "a", "peer_count": "b"}').body[0]
    assert {k.value for k in tree.value.keys} <= set(QUANTITIES)
