"""Single children in a file of a fit: none of their posterior, unless it was asked for, and nobody's identifier.

What a later command needs of them is worked out again: a frailty that is integrated out follows from the other draws,
the data and a named stream, exactly; so do densities. An effect of a child that was sampled does not, and is gone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from typing import Any, Literal

from missingmodels.fitting.result import Fit

ENTRY = "children"  # of a certificate: what a file holds of children
Held = Literal["kept", "recomputed", "left out", "none"]
DENSITY = "log_density"
_DIMS = ("child", "child_effect")
_OF_COLUMNS = ("column", "home_column")


def stored(fit: Fit, *, keep_children: bool) -> Fit:
    """A fit as its file holds it: units by number, draws by child only if they are to be kept.

    Official statistics have no children, and their units are public.
    """
    if fit.family == "official":
        return fit
    by_child = [name for name in fit.values if name == DENSITY or set(fit.dims.get(name, ())) & set(_DIMS)]
    said: Held = "none" if not by_child else "kept" if keep_children else _without(fit, by_child)
    values = fit.values if keep_children else {n: v for n, v in fit.values.items() if n not in by_child}
    labels = {
        dim: ids if dim in _OF_COLUMNS else _numbers(dim.removesuffix("_index").removesuffix("_effect"), len(ids))
        for dim, ids in fit.labels.items()
    }
    return replace(
        fit,
        design=_numbered(fit.design),
        values=values,
        dims={name: dims for name, dims in fit.dims.items() if name in values},
        labels=labels,
        certificate={**fit.certificate, ENTRY: said},
    )


def completed(fit: Fit) -> Fit:
    """A fit as it was before its file left children out, where what it lacks follows from what it holds."""
    if fit.certificate.get(ENTRY) != "recomputed":
        return fit
    return _AGAIN[fit.family](fit)


def named_again(fit: Fit, design: Any) -> Fit:
    """A fit from a file under the names that units have in the design that it was fitted to."""
    known = {"home_index": design.home_ids, "child": design.child_ids}
    known |= {f"{name}_index": group.ids for name, group in design.groups.items()}
    certificate = {name: value for name, value in fit.certificate.items() if name != ENTRY}
    labels = {dim: known.get(dim, ids) for dim, ids in fit.labels.items()}
    return replace(fit, design=design, labels=labels, certificate=certificate)


def _without(fit: Fit, by_child: list[str]) -> Held:
    """What a file without children's draws says: whether they follow from the rest."""
    sampled = [name for name in by_child if name != DENSITY] if fit.family != "onset" else []
    if fit.family == "daily":
        sampled = sampled if fit.design.kind == "hawkes" else []
    if fit.family == "rows" and fit.certificate["frailty"] == "gamma":
        sampled = []
    return "left out" if sampled else "recomputed"


def _onset(fit: Fit) -> Fit:
    from missingmodels.fitting.fit import of_children

    return of_children(fit)


def _daily(fit: Fit) -> Fit:
    from missingmodels.fitting.families.daily import of_children

    return of_children(fit)


def _rows(fit: Fit) -> Fit:
    from missingmodels.fitting.families.rows import of_children

    return of_children(fit)


# of an outcome nothing is kept that would have to come back: densities are worked out when a tree is asked for
_AGAIN: Mapping[str, Callable[[Fit], Fit]] = {
    "onset": _onset,
    "daily": _daily,
    "rows": _rows,
    "outcome": lambda fit: fit,
}


def _numbers(kind: str, size: int) -> tuple[str, ...]:
    """Names without meaning, in the order of the identifiers that they stand for."""
    width = len(str(size))
    return tuple(f"{kind} {i:0{width}d}" for i in range(1, size + 1))


def _numbered(design: Any) -> Any:
    """A design whose units have numbers for names."""
    named = {field.name for field in fields(design)}
    changes: dict[str, Any] = {
        f"{kind}_ids": _numbers(kind, len(getattr(design, f"{kind}_ids")))
        for kind in ("child", "home")
        if f"{kind}_ids" in named
    }
    for part in {"groups", "units"} & named:
        changes[part] = {
            name: replace(group, ids=_numbers(name, len(group.ids))) for name, group in getattr(design, part).items()
        }
    return replace(design, **changes)
