"""What homes belong to, by home and period: the authority a home stands in, and its owner."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from missingmodels.errors import CannotAnswer
from missingmodels.frame.columns.days import rows_in_force
from missingmodels.frame.design_matrix import UNRECORDED, Group
from missingmodels.frame.riskset import RiskSet
from missingmodels.plan import Effects
from missingmodels.tables import Tables


def home_groups(tables: Tables, risk: RiskSet, effects: Effects, notes: list[str]) -> Mapping[str, Group]:
    """The groups that a plan asks for, each (H, T), from the homes table.

    Units of one's own, ``risk.home_units``, stand beside them. The value of a period is that in force on its last day,
    so no row is split by it. Raises CannotAnswer where the homes table names fewer than two.
    """
    own = {name: _of_homes(risk, label) for name, label in risk.home_units.items()}
    wanted = [name for name, held in (("authority", effects.authority), ("owner", effects.owner)) if held]
    return {name: _group(tables["homes"], risk, name, notes) for name in wanted} | own


def _of_homes(risk: RiskSet, label: Mapping[str, str]) -> Group:
    """Units of one's own by home id; a home without one has none, in any period."""
    labels = [label.get(home, "") for home in risk.home_ids]
    ids = tuple(sorted(set(labels) - {""}))
    index = np.array([ids.index(one) if one else UNRECORDED for one in labels])
    return Group(index=np.repeat(index[:, None], risk.periods, axis=1), ids=ids)


def _group(homes: pd.DataFrame, risk: RiskSet, name: str, notes: list[str]) -> Group:
    held = homes.dropna(subset=[name]).sort_values(["home_id", "valid_from"], kind="stable")
    labels, level = np.unique(held[name].to_numpy(dtype=str), return_inverse=True)
    last_day = np.minimum((np.arange(risk.cells) + 1) * risk.cell_days, risk.days) - 1
    index = np.append(level, UNRECORDED)[rows_in_force(held, risk, last_day)]
    used, dense = np.unique(index[index >= 0], return_inverse=True)
    if used.size < 2:
        raise CannotAnswer(
            f"the homes table names {used.size} {name} of the homes that children live in, and an effect needs two",
            remedy=f"supply homes.{name}, or leave effects.{name} out of the plan",
        )
    lost = int((index == UNRECORDED).all(axis=1).sum())
    if lost:
        notes.append(f"{lost} of {len(risk.home_ids)} homes have no {name} recorded: no effect of one is added to them")
    index[index >= 0] = dense
    return Group(index=index, ids=tuple(labels[used]))
