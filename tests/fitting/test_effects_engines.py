"""Which engine fits which effects, what the gate judges of them, and that a saved fit keeps them all."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from made_onsets import EXPOSURE, empty_design, truth_of, with_onsets
from missingmodels.errors import ConfigInvalid
from missingmodels.fitting.diagnostics import Diagnostics, require_passed
from missingmodels.fitting.drawn import Drawn
from missingmodels.fitting.fit import Fit, data_digest, fit
from missingmodels.fitting.nuts import engine as by_nuts
from missingmodels.fitting.nuts.chains import diagnose
from missingmodels.fitting.stores.store import read_fit, write_fit
from missingmodels.frame.design import Design
from missingmodels.plan import Gate
from worlds import plan_of

LEVELS = {"sigma_authority": 0.3, "sigma_owner": 0.2, "sigma_peer_slope": 0.4}
ASKED = {
    "authority": ({"authority": True}, {"sigma_authority": 0.3}, "effects of authority"),
    "owner": ({"owner": True}, {"sigma_owner": 0.3}, "effects of owner"),
    "slope": ({"peer_slope_by_home": True}, {"sigma_peer_slope": 0.3}, "a peer slope by home"),
}
DRAWS = 6


def made(**values: object) -> Design:
    rng = np.random.default_rng(5)
    design = empty_design(rng, homes=6, per_home=3, periods=2, authorities=3, owners=2)
    return with_onsets(design, truth_of(design, rng, **values), rng)  # type: ignore[arg-type]


def stand_in(design: Design, names: tuple[str, ...]) -> Drawn:
    """What a sampler might hand over: a few draws of every scalar named, and of every effect that the design has."""
    rng = np.random.default_rng(6)
    sizes = {"home": len(design.home_ids), "home_period": len(design.home_ids) * design.periods}
    sizes |= {name: len(group.ids) for name, group in design.groups.items()}
    sizes |= {"peer_slope": len(design.home_ids)} if design.slope_of else {}
    values = {name: rng.normal(0, 0.3, (DRAWS, size)) for name, size in sizes.items()}
    values |= {name: rng.uniform(0.2, 0.8, DRAWS) for name in names}
    values |= {"intercept": rng.normal(-4, 0.1, DRAWS), "coefficients": rng.normal(0, 0.1, (DRAWS, 2))}
    return Drawn(
        values=values, chains=2, diagnostics=Diagnostics(worst="", failed=()), record={"method": "nuts/nutpie"}
    )


@pytest.mark.parametrize("asked", ASKED)
def test_the_fast_engine_says_what_it_cannot_fit_and_auto_leaves_it_to_the_sampler(
    asked: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    effects, values, said = ASKED[asked]
    design, plan = made(**values), plan_of(effects=effects)
    with pytest.raises(ConfigInvalid, match=said) as refused:
        fit(design, plan, model="M1", exposure=EXPOSURE, seed=1, method="laplace")
    assert "'auto'" in refused.value.remedy
    names = ("sigma_home", "sigma_period", "frailty_shape", *(n for n in values if n != "law"))
    drawn = stand_in(design, names)
    monkeypatch.setattr(by_nuts, "draw", lambda *_, **__: drawn)
    found = fit(design, plan, model="M1", exposure=EXPOSURE, seed=1, method="auto")
    assert found.certificate["why_not_laplace"] == said
    assert fit(design, plan, model="M1", exposure=EXPOSURE, seed=1).certificate["why_not_laplace"] == ""


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> Fit:
    """A fit with every effect and a low-risk class, of draws that no sampler made."""
    values = {"law": "low_risk", "low_risk_share": 0.4, "low_risk_ratio": 0.1, **LEVELS}
    design = made(**values)
    names = ("sigma_home", "sigma_period", "frailty_shape", "low_risk_share", "low_risk_ratio", *LEVELS)
    drawn = stand_in(design, names)
    monkeypatch.setattr(by_nuts, "draw", lambda *_, **__: drawn)
    effects = {"frailty": "low_risk", "authority": True, "owner": True, "peer_slope_by_home": True}
    return fit(design, plan_of(effects=effects), model="M1", exposure=EXPOSURE, seed=1)


def test_a_saved_fit_keeps_every_effect(kept: Fit, tmp_path: Path) -> None:
    again = read_fit(write_fit(kept, tmp_path / "m1.nc"))
    assert set(again.parameters.effects) == {"authority", "owner", "peer_slope"}
    for name, effect in kept.parameters.effects.items():
        assert len(again.parameters.effects[name].ids) == len(effect.ids)  # numbers stand for names in a file
        np.testing.assert_array_equal(again.parameters.effects[name].values, effect.values)
    assert set(again.parameters.further) == {"low_risk_share", "low_risk_ratio", *LEVELS}
    for name, values in kept.parameters.further.items():
        np.testing.assert_array_equal(again.parameters.further[name], values)
    assert (again.parameters.frailty_law, again.design.slope_of) == ("low_risk", EXPOSURE)
    np.testing.assert_array_equal(again.design.log_rate(again.parameters), kept.design.log_rate(kept.parameters))
    np.testing.assert_array_equal(again.parameters.frailty, kept.parameters.frailty)


def test_an_effect_is_part_of_the_digest_of_the_data() -> None:
    design = made(sigma_authority=0.3)
    assert data_digest(design) != data_digest(replace(design, groups={}))


def chains(name: str, *, size: int, apart: float) -> xr.Dataset:
    """Good draws of an intercept, and of ``name`` such that its chains stand apart."""
    rng = np.random.default_rng(2)
    lead = ("chain", "draw")
    values = rng.standard_normal((4, 500, size)) + apart * np.arange(4)[:, None, None]
    held = (lead, values[..., 0]) if size == 1 else ((*lead, "unit"), values)
    return xr.Dataset({"intercept": (lead, rng.standard_normal((4, 500))), name: held})


def stats() -> xr.Dataset:
    rng = np.random.default_rng(3)
    none = np.zeros((4, 500), dtype=bool)
    values = {"energy": rng.standard_normal((4, 500)), "diverging": none, "maxdepth_reached": none}
    return xr.Dataset({name: (("chain", "draw"), v) for name, v in values.items()})


@pytest.mark.parametrize(
    ("name", "size", "said"),
    [(name, 7, "R-hat of home effects") for name in ("authority", "owner", "peer_slope", "child")]
    + [(name, 1, "R-hat") for name in ("frailty_sd_log", "low_risk_share", "sigma_peer_slope", "sigma_owner")],
)
def test_the_gate_judges_every_effect_and_scalar(name: str, size: int, said: str) -> None:
    require_passed(diagnose(chains(name, size=size, apart=0.0), stats(), Gate(ess_min=200)), model="M1")
    found = diagnose(chains(name, size=size, apart=1.0), stats(), Gate(ess_min=200))
    assert any(text.startswith(said) for text in found.failed)
    # effects that come in hundreds have a limit of their own
    assert (found.rhat_max > 1.2) == (size == 1)


def test_what_a_plan_fixes_is_not_judged() -> None:
    fixed = xr.Dataset({"low_risk_ratio": (("chain", "draw"), np.full((4, 500), 0.05))})
    assert fixed["low_risk_ratio"].std() > 0  # a rounding error: equal numbers whose sd is not 0
    require_passed(diagnose(xr.merge([chains("x", size=1, apart=0.0), fixed]), stats(), Gate(ess_min=200)), model="M1")
