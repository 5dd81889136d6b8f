"""Figures of a power or calibration study, by name."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from missingmodels.errors import CannotAnswer
from missingmodels.report.figures.drawn import Drawn
from missingmodels.report.figures.of_many import study as draw

Found = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class _Studied:
    title: str
    has: Callable[[Found], bool]
    draw: Callable[[Found], Figure]
    data: Callable[[Found], pd.DataFrame]


def _measured(found: Found) -> bool:
    return any(cell.get("measures") for cell in found["cells"])


def _two_axes(found: Found) -> bool:
    axes = draw.numeric_axes(found)
    return _measured(found) and len(axes) > 1 and all(len(found["axes"][n]) > 1 for n in axes[:2])


def _signed(found: Found) -> bool:
    return any(m["type_m"]["value"] is not None for cell in found["cells"] for m in cell.get("measures", ()))


def measures_frame(found: Found) -> pd.DataFrame:
    """One row a cell, quantity and rule: each measure with its Monte Carlo error."""
    return pd.DataFrame(list(_measures(found)))


def _measures(found: Found) -> Iterator[dict[str, Any]]:
    for cell in found["cells"]:
        for held in cell.get("measures", ()):
            row = {**cell["at"], "quantity": held["quantity"], "rule": held["rule"], "worlds": cell["replicates"]}
            for name, measure in held.items():
                if isinstance(measure, Mapping):
                    row |= {name: measure["value"], f"{name}_error": measure["error"]}
            yield row | {"truth": held["truth"]}


def _ranks_frame(found: Found) -> pd.DataFrame:
    held = next(cell["ranks"] for cell in found["cells"] if cell["ranks"])
    return pd.DataFrame(
        [
            {"quantity": name, "at": at, "band_half": half, "difference": value}
            for name, one in held.items()
            for at, half, value in zip(one["band_at"], one["band_half"], one["difference"], strict=True)
        ]
    )


def _curve_frame(found: Found) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {"quantity": s["quantity"], **s["others"], "size": size, "share": share}
            for s in found["solutions"]
            if "curve" in s
            for size, share in zip(s["curve"]["size"], s["curve"]["share"], strict=True)
        ]
    )


STUDY: dict[str, _Studied] = {
    "power": _Studied(
        title="How often the rule says supported, by size",
        has=lambda found: _measured(found) and bool(draw.numeric_axes(found)),
        draw=draw.power_curves,
        data=measures_frame,
    ),
    "assurance_map": _Studied(
        title="How often the rule says supported, over two axes",
        has=_two_axes,
        draw=draw.assurance_map,
        data=measures_frame,
    ),
    "exaggeration": _Studied(
        title="Exaggeration and wrong signs", has=_signed, draw=draw.exaggeration, data=measures_frame
    ),
    "smallest_size": _Studied(
        title="The smallest size that is enough",
        has=lambda found: any("curve" in s for s in found.get("solutions", ())),
        draw=draw.solver_picture,
        data=_curve_frame,
    ),
    "ranks": _Studied(
        title="Ranks of the truths among the draws",
        has=lambda found: any(cell.get("ranks") for cell in found["cells"]),
        draw=draw.rank_figure,
        data=_ranks_frame,
    ),
}


def study_drawn(found: Found, name: str) -> Drawn:
    """A figure of a study's summary. Raises CannotAnswer where the study has not what it shows."""
    one = STUDY[name]
    if not one.has(found):
        raise CannotAnswer(f"this study does not hold what the figure {name!r} shows")
    said = " ".join(found.get("sentences", ()))
    alt = f"{one.title}: study “{found['name']}”, {len(found['cells'])} cells. {said}".strip()
    return Drawn(figure=one.draw(found), data=one.data(found), title=one.title, alt=alt, caption=f"{one.title}. {said}")
