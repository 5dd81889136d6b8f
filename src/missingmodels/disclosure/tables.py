"""The table and sentences of one fit through the gate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from missingmodels.disclosure.classes import Class
from missingmodels.disclosure.record import Action, Judged
from missingmodels.disclosure.support import dominated
from missingmodels.disclosure.values import short
from missingmodels.disclosure.words import scrubbed, without_levels
from missingmodels.evidence.support import WHOLE

BLOCKED = "Nothing of this fit may leave by the policy of disclosure: {why}."
_PLAIN = ("ess_bulk", "ess_tail", "r_hat", "mcse_mean")


def gated_table(
    table: pd.DataFrame, sentences: Sequence[str], behind: Sequence[Mapping[str, Any]], judged: Judged
) -> tuple[pd.DataFrame, list[str]]:
    """Lines with enough behind them, numbers short; sentences with their numbers, or why there is nothing.

    ``behind`` are entries of ``evidence.support``; a line that is no column rests on the whole.
    """
    policy = judged.policy
    if not policy.active:
        judged.add("table", Class.WORDS, "released", rule="no policy")
        return table, list(sentences)
    held = {str(one["column"]): one for one in behind}
    why = _why(held[WHOLE], judged)
    if why:
        judged.add("table", Class.ESTIMATE, "blocked", rule="minimum of the whole", reason=why)
        return table.iloc[:0], [BLOCKED.format(why=why)]
    kept = []
    for term in map(str, table.index):
        reason = _why(held.get(term, held[WHOLE]), judged)
        action: Action = "blocked" if reason else "rounded"
        rule = "minimum behind an estimate" if reason else ""
        children = held.get(term, held[WHOLE])["children"]
        judged.add(f"line {term}", Class.ESTIMATE, action, rule=rule, reason=reason, children=children)
        kept += [] if reason else [term]
    shown = table.loc[kept].copy()
    for name in shown.columns:
        if pd.api.types.is_float_dtype(shown[name]) and name not in _PLAIN:
            shown[name] = [short(v, policy, probability=name == "direction") for v in shown[name]]
    gone = [term for term in map(str, table.index) if term not in kept]
    said = [scrubbed(one, policy) for one in sentences] if not gone else []
    named = ", ".join(dict.fromkeys(without_levels(one) for one in gone))
    return shown, said + [f"Blocked by the policy of disclosure: {named}."] * bool(gone)


def _why(entry: Mapping[str, Any], judged: Judged) -> str:
    policy = judged.policy
    if entry["children"] < policy.minimum_children:
        return f"fewer than {policy.minimum_children} children"
    if entry["homes"] is not None and entry["homes"] < policy.minimum_homes:
        return f"fewer than {policy.minimum_homes} homes"
    few = [unit for unit in ("children", "homes") if dominated(entry[f"largest_{unit}"], policy)]
    return f"a few {few[0]} make it up" if few else ""
