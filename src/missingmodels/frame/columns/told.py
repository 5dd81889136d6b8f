"""What columns of a researcher's own are, in the register's terms: of tables that declare them, by name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from missingmodels.formula import Call
from missingmodels.frame.columns.facts import fact_of
from missingmodels.frame.columns.own import own_by_name
from missingmodels.frame.columns.peer_events import MISSING
from missingmodels.tables import Tables
from missingmodels.tables.own import DATED, Own
from missingmodels.vocabulary import Quantity

MEANT = {MISSING: "a missing episode"}
SUPPORT = {"number": "real", "yes/no": "0 or 1", "category": "levels"}


def own_quantities(tables: Tables, names: Iterable[str]) -> Mapping[str, Quantity]:
    """Of those of ``names`` that are columns of one's own or dated facts."""
    held = own_by_name(tables)
    found: dict[str, Quantity] = {}
    for name in names:
        if name in held:
            found[name] = _quantity(name, held[name][1], f"{held[name][0]}.{name}", "")
        elif (call := fact_of(name)) is not None:
            table = DATED[call.function != "measure"]
            what = call.argument.text
            one = next((one for one in tables.own.get(table, ()) if one.name == what), None)
            one = one or Own(name=what, kind="number", meaning=MEANT.get(what, what.replace("_", " ")))
            found[name] = _quantity(name, one, f"{table} ({what})", _when(call))
    return found


def _quantity(name: str, one: Own, needs: str, when: str) -> Quantity:
    label = one.meaning + when
    return Quantity(
        name=name,
        symbol="x",
        unit=one.unit,
        support=SUPPORT[one.kind],
        label=label,
        meaning=label,
        stated_direction=one.direction,
        needs=needs,
        reportable=one.reportable,
    )


def _when(call: Call) -> str:
    options = dict(call.options)
    if call.function == "measure":
        who = ", mean of who is on shift" if options.get("who") == "on_shift" else ""
        part = {"between": ", between homes up to then", "within": ", within a home"}.get(str(options.get("part")), "")
        lag = int(options.get("lag", 1))
        return f", as last known{f' {lag} days before' if lag > 1 else ''}{who}{part}"
    if call.function == "peers":
        how = {"count": "how many, ", "density": "share, ", "network": "share of tie strength, "}
        among = f"among the other residents, {how.get(str(options.get('how')), '')}"
    else:
        among = ""
    number = "number of: " if call.function == "event_count" else ""
    first, last = options["first"], options["last"]
    span = f"{first} to {last} days before" if first != last else f"{first} day{'s' if first != 1 else ''} before"
    return f" ({among}{number}{span})"
