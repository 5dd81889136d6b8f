"""Plans and scenarios by name or file."""

from __future__ import annotations

from pathlib import Path

from missingmodels.config import preset, read_toml
from missingmodels.plan import Plan
from missingmodels.scenario import Scenario


def load_plan(name: str | Path = "default") -> Plan:
    """A plan that ships with the package (``default``, ``demo``) or a TOML file. Raises ConfigInvalid."""
    return read_toml(Path(name), Plan) if _is_file(name) else preset("plans", str(name), Plan)


def load_scenario(name: str | Path = "small") -> Scenario:
    """A scenario that ships with the package (``tiny``, ``small``, ``null``) or a TOML file. Raises ConfigInvalid."""
    return read_toml(Path(name), Scenario) if _is_file(name) else preset("scenarios", str(name), Scenario)


def _is_file(name: str | Path) -> bool:
    return isinstance(name, Path) or name.endswith(".toml") or "/" in name
