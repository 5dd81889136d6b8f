"""What columns of a researcher's own are, in the register's terms: of tables that declare them, by name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from missingmodels.errors import ConfigInvalid
from missingmodels.formula import Call
from missingmodels.frame.columns.facts import LEFT_DAYS, fact_of
from missingmodels.frame.columns.own import own_by_name
from missingmodels.plan import MISSING, Plan, terms_of
from missingmodels.tables import Tables
from missingmodels.tables.contract import TABLES
from missingmodels.tables.own import DATED, Own
from missingmodels.vocabulary import QUANTITIES, Quantity, asked_words

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
            found[name] = _quantity(name, _declared(tables, table, what), f"{table} ({what})", _when(call))
    return found


def tables_behind(formula: str) -> set[str]:
    """Optional tables that the columns of a formula are read from."""
    found: set[str] = set()
    for name in terms_of(formula).columns:
        call = fact_of(name)
        if call is not None:
            of_events = call.argument.text != MISSING and call.function != "measure"
            found |= {"measures"} if call.function == "measure" else {"events"} if of_events else set()
            found |= {"staff_shifts"} if "on_shift" in dict(call.options).values() else set()
            found |= {"staff_spells"} if "left" in dict(call.options).values() else set()
            found |= {"ties"} if "network" in dict(call.options).values() else set()
        elif name in QUANTITIES:
            found |= {part.strip().partition(".")[0] for part in QUANTITIES[name].needs.split(",")} & {*TABLES}
    return found


def _declared(tables: Tables, table: str, what: str) -> Own:
    one = next((one for one in tables.own.get(table, ()) if one.name == what), None)
    return one or Own(name=what, kind="number", meaning=MEANT.get(what, what.replace("_", " ")))


def asked_of(tables: Tables, plan: Plan) -> dict[str, str]:
    """What the plan asks in the place of missing episodes, in words; empty where it asks of those.

    Raises ConfigInvalid for an event that is declared not to be reported.
    """
    meant = {}
    for kind in {plan.frame.outcome, plan.peer_event}:
        one = _declared(tables, DATED[1], kind)
        if not one.reportable:
            raise ConfigInvalid(
                f"{kind} is declared not to be reported, and the plan's answer would be of it",
                where="frame.outcome" if kind == plan.frame.outcome else "exposure.event",
                remedy="ask of another event; it may stand in a formula beside others",
            )
        meant[kind] = "" if kind == MISSING else one.meaning
    asked = plan.exposure
    return asked_words(
        outcome=meant[plan.frame.outcome],
        peers=meant[plan.peer_event],
        first_day=asked.first_day,
        window_days=asked.window_days,
        tie=asked.tie if "peer_network" in (asked.primary, *asked.beside) else "",
    )


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
        if options.get("who") == "left":
            return f", above 0 with an adult who left the home in the {options.get('days', LEFT_DAYS)} days before"
        who = ", mean of who is on shift" if options.get("who") == "on_shift" else ""
        part = {"between": ", between homes up to then", "within": ", within a home"}.get(str(options.get("part")), "")
        lag = int(options.get("lag", 1))
        return f", as last known{f' {lag} days before' if lag > 1 else ''}{who}{part}"
    if call.function == "peers":
        how = {"count": "how many, ", "density": "share, ", "network": "share of tie strength, "}
        how |= {"same_sex": "share of those of one sex, ", "age_gap": "share by nearness in age, "}
        among = f"among the other residents, {how.get(str(options.get('how')), '')}"
    else:
        among = ""
    number = "number of: " if call.function == "event_count" else ""
    first, last = options["first"], options["last"]
    span = f"{first} to {last} days before" if first != last else f"{first} day{'s' if first != 1 else ''} before"
    return f" ({among}{number}{span})"
