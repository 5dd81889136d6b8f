"""Fits on disk: every family comes back as it was, and nothing that was changed after writing reads as good."""

from __future__ import annotations

import dataclasses
import gc
import io
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from test_laplace import made_design

from daily_cases import tables_of
from missingmodels.errors import InputError
from missingmodels.fitting.fit import Fit, fit
from missingmodels.fitting.stores import store_2, store_3
from missingmodels.fitting.stores.design_arrays import KINDS, design_from, design_parts
from missingmodels.fitting.stores.designs_3 import UPGRADES
from missingmodels.fitting.stores.store import FORMAT, fit_bytes, read_fit, write_fit
from missingmodels.frame.daily import DailyDesign, daily_design
from missingmodels.frame.design import Design
from missingmodels.frame.design_matrix import EventRows
from missingmodels.frame.outcomes.counts import counts_rows
from missingmodels.frame.outcomes.joint import joint_rows
from missingmodels.frame.outcomes.recording import recording_rows
from missingmodels.frame.own_rows.check import Asked
from missingmodels.frame.own_rows.counts import build_counts
from missingmodels.plan import Plan
from missingmodels.provenance import digest_bytes
from worlds import plan_of

PLAN = Plan(sampling={"draws": 60, "chains": 4, "method": "laplace"}, gate={"ess_min": 20})


@pytest.fixture(scope="module")
def fast() -> Fit:
    return fit(made_design(2, homes=6, children=30, movers=5), PLAN, model="M0", seed=3, allow_unconverged=True)


@pytest.fixture(scope="module")
def content(fast: Fit) -> bytes:
    return fit_bytes(fast)


def refused(content: bytes, path: Path) -> None:
    path.write_bytes(content)
    with pytest.raises(InputError, match=path.name) as said:
        read_fit(path)
    assert "fit again" in said.value.remedy


def test_no_single_bit_may_turn(content: bytes, tmp_path: Path) -> None:
    """Wherever it lies: in draws, names, attributes, the library's own records, or the digest itself."""
    rng = np.random.default_rng(1)
    at = rng.integers(len(content), size=150).tolist()
    for place in [*range(16), *at, *range(len(content) - 75, len(content))]:
        turned = bytearray(content)
        turned[place] ^= 1 << int(rng.integers(8))
        refused(bytes(turned), tmp_path / "turned.nc")


def test_a_cut_or_lengthened_file_is_refused(content: bytes, tmp_path: Path) -> None:
    for size in (0, 1, 8, 100, len(content) // 2, len(content) - 73, len(content) - 72, len(content) - 1):
        refused(content[:size], tmp_path / "cut.nc")
    refused(content + b"\n", tmp_path / "long.nc")
    for older in (store_2.FORMAT, store_3.FORMAT):
        refused(content[:-72].replace(FORMAT.encode(), older.encode()), tmp_path / "renamed.nc")


def dropped(file: h5py.File) -> None:
    del file["posterior/sigma_home"]


def shortened(file: h5py.File) -> None:
    held = file["posterior/home"][()]
    del file["posterior/home"]
    file["posterior/home"] = held[..., :-1]


def pointed(file: h5py.File) -> None:
    """Out of the design, where compiled code would follow."""
    file["constant_data/child"][0] = 2**31 - 1


def unnumbered(file: h5py.File) -> None:
    file["posterior/home"][0, 3] = np.nan


def endless(file: h5py.File) -> None:
    file.attrs["design"] = re.sub('"periods": [0-9]+', '"periods": 2000000000', file.attrs["design"])


def renamed(file: h5py.File) -> None:
    file.attrs["family"] = "gathering"


def untold(file: h5py.File) -> None:
    held = json.loads(file.attrs["certificate"])
    file.attrs["certificate"] = json.dumps(held | {"plan": [1]})


def newer(file: h5py.File) -> None:
    """A plan of another version, with a key that this one does not know."""
    held = json.loads(file.attrs["certificate"])
    held["plan"]["decision"]["unheard_of"] = 1
    file.attrs["certificate"] = json.dumps(held)


@pytest.mark.parametrize("change", [dropped, shortened, unnumbered, pointed, endless, renamed, untold, newer])
def test_a_file_with_a_true_digest_whose_parts_do_not_fit_is_refused(content: bytes, tmp_path: Path, change) -> None:
    held = io.BytesIO(content[:-72])
    with h5py.File(held, "r+") as file:
        change(file)
    made = held.getvalue()
    refused(made + b"\n" + digest_bytes(made).encode() + b"\n", tmp_path / "made.nc")


def test_a_file_of_another_kind_is_refused_in_one_voice(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """The layer between HDF5 and us complains again, on stderr, as its half-made object goes."""
    held = b"no file of HDF5"
    refused(held + b"\n" + digest_bytes(held).encode() + b"\n", tmp_path / "text.nc")
    gc.collect()
    assert capfd.readouterr().err == ""


def test_what_the_libraries_raise_is_told_as_one_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def strange(*_: object, **__: object) -> None:
        raise TypeError("a library's own")

    monkeypatch.setattr("missingmodels.fitting.stores.store.fit_from_bytes", strange)
    refused(b"anything", tmp_path / "strange.nc")


def test_a_full_disk_leaves_nothing(fast: Fit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("missingmodels.writing.whole.Path.write_bytes", full)
    with pytest.raises(InputError, match=r"a\.nc: the fit cannot be written \(No space left on device\)"):
        write_fit(fast, tmp_path / "a.nc")
    assert not any(tmp_path.iterdir())


def test_a_fit_of_the_format_before_is_read(fast: Fit, tmp_path: Path) -> None:
    """Draws as they are in one group, the design in another, and the digest that no bit may turn under."""
    arrays, skeleton = design_parts(fast.design)
    tree = xr.DataTree.from_dict(
        {
            "/posterior": fast.draws,
            "/sample_stats": xr.Dataset({"energy": (("chain", "draw"), np.ones((1, 240)))}),
            "/design": xr.Dataset(arrays),
        }
    )
    tree.attrs = {
        "format": "missingmodels-fit-3", "family": "onset", "model": "M0", "exposure": "", "chains": 1,
        "certificate": json.dumps(dict(fast.certificate)), "design": json.dumps(skeleton),
    }  # fmt: skip
    held = bytes(tree.to_netcdf(engine="h5netcdf"))
    whole = held + b"\n" + digest_bytes(held).encode() + b"\n"
    (tmp_path / "old.nc").write_bytes(whole)
    again = read_fit(tmp_path / "old.nc")
    for name, values in fast.values.items():
        np.testing.assert_array_equal(again.values[name], values, err_msg=name)
    same(again.design, fast.design)
    assert (again.certificate, again.diagnostics) == (fast.certificate, fast.diagnostics)
    np.testing.assert_array_equal(again.sample_stats["energy"], 1.0)
    # its draws are one list, since nothing says of which proposals they are copies
    assert again.to_datatree()["posterior"].sizes["chain"] == 1
    newer = read_fit(write_fit(again, tmp_path / "new.nc"))
    np.testing.assert_array_equal(newer.parameters.home_period, fast.parameters.home_period)
    turned = bytearray(whole)
    turned[len(whole) // 2] ^= 1
    refused(bytes(turned), tmp_path / "turned.nc")
    refused(held, tmp_path / "cut.nc")


def test_a_fit_of_format_2_is_read(fast: Fit, tmp_path: Path) -> None:
    """The old layout, written out here: samples in one dimension, effects by other names, no digest."""
    values, design, sample = fast.values, fast.design, ("sample",)
    posterior = {name: (sample, values[name]) for name in ("intercept", "sigma_home", "sigma_period", "frailty_shape")}
    posterior |= {
        "coefficients": (("sample", "column"), values["coefficients"]),
        "home_effect": (("sample", "home"), values["home"]),
        "home_period_effect": (("sample", "home", "period"), values["home_period"]),
        "frailty": (("sample", "child"), values["frailty"]),
        "log_density": (("sample", "child"), values["log_density"]),
    }
    labels = {"column": design.names, "home": design.home_ids, "child": design.child_ids}
    rows = ("child", "home", "period", "onsets", "days", "days_at_risk", "burn_in", "before_window")
    arrays: dict[str, Any] = {name: ("row", np.asarray(getattr(design, name), dtype=float)) for name in rows}
    arrays |= {name: ("row", getattr(design, name).astype(np.int64)) for name in ("child", "home", "period", "onsets")}
    arrays |= {name: ("row", getattr(design, name).astype(np.int8)) for name in ("burn_in", "before_window")}
    arrays |= {"matrix": (("row", "column"), design.matrix), "centre": ("column", design.centre)}
    arrays |= {"scale": ("column", design.scale), "child_ids": ("design_child", np.array(design.child_ids, dtype=str))}
    tree = xr.DataTree.from_dict(
        {
            "/posterior": xr.Dataset(posterior, coords={k: np.array(v, dtype=str) for k, v in labels.items()}),
            "/design": xr.Dataset(arrays, attrs={"periods": design.periods}),
            "/sample_stats": xr.Dataset(),
        }
    )
    certificate = {name: held for name, held in fast.certificate.items() if name not in ("family", "plan", "frailty")}
    tree.attrs = {
        "format": "missingmodels-fit-2", "model": "M0", "exposure": "", "chains": 1, "slope_of": "",
        "certificate": json.dumps(certificate), "design_notes": "[]", "formula": design.formula, "constants": "{}",
        "frailty_law": "gamma",
    }  # fmt: skip
    tree.to_netcdf(tmp_path / "old.nc", engine="h5netcdf")
    again = read_fit(tmp_path / "old.nc")
    np.testing.assert_array_equal(again.parameters.frailty, fast.parameters.frailty)
    np.testing.assert_array_equal(again.log_density, fast.log_density)
    rate = again.design.log_rate(again.parameters)
    np.testing.assert_array_equal(rate, fast.design.log_rate(fast.parameters))
    assert (again.diagnostics, again.chains, again.model) == (fast.diagnostics, 1, "M0")
    assert again.decision == Plan().decision
    newer = read_fit(write_fit(again, tmp_path / "new.nc"))
    np.testing.assert_array_equal(newer.parameters.home_period, fast.parameters.home_period)


def designs() -> dict[str, Any]:
    """A design of every family."""
    tables = tables_of()
    frame = pd.DataFrame({"id": [1, 1, 2, 2], "x": [0.0, 1, 2, 3], "y": [0, 1, 1, 2], "site": list("abab")})
    frame.index = pd.Index(["w", "x", "y", "z"])
    daily = plan_of(models=["M0", "M1"], terms={"vulnerability": "male", "history": "own_1_7"})
    return {
        "counts": build_counts(frame, Asked(formula="y ~ x", child="id", home="site")),
        "outcome": counts_rows(tables, Plan()),
        "joint": joint_rows(tables, Plan()),
        "recording": recording_rows(tables, Plan(), other=tables),
        "hawkes": daily_design(tables, daily, kind="hawkes"),
        "ornstein_uhlenbeck": daily_design(tables, daily, kind="ornstein_uhlenbeck"),
    }


def same(a: Any, b: Any) -> None:
    if isinstance(a, np.ndarray):
        assert a.shape == b.shape
        np.testing.assert_array_equal(a.astype(str) if a.dtype == object else a, b)
    elif dataclasses.is_dataclass(a):
        assert type(a) is type(b)
        for field in dataclasses.fields(a):
            same(getattr(a, field.name), getattr(b, field.name))
    elif isinstance(a, Mapping):
        assert list(a) == list(b)
        for name in a:
            same(a[name], b[name])
    elif isinstance(a, (list, tuple)):
        assert len(a) == len(b)
        for one, other in zip(a, b, strict=True):
            same(one, other)
    else:
        assert a == b


def test_the_design_of_every_family_comes_back(tmp_path: Path) -> None:
    for name, design in designs().items():
        arrays, skeleton = design_parts(design)
        xr.Dataset(arrays).to_netcdf(tmp_path / f"{name}.nc", engine="h5netcdf")
        with xr.open_dataset(tmp_path / f"{name}.nc", engine="h5netcdf") as held:
            same(design, design_from(json.loads(json.dumps(skeleton)), held.load()))


def fields_of(design: Any, *names: str) -> dict[str, Any]:
    return {name: getattr(design, name) for name in names}


def test_designs_of_format_3_are_read() -> None:
    found = designs()
    outcome, joint, recording, counts, hawkes = (
        found[name] for name in ("outcome", "joint", "recording", "counts", "hawkes")
    )
    brief = ("outcome", "facts", "notes", "y", "matrix", "names")
    old = {
        "outcome": fields_of(outcome, *brief) | {"size": outcome.size, "child": None, **outcome.units},
        "joint": fields_of(joint, *brief) | {"share_at_risk": joint.size, **joint.units, **joint.further},
        "recording": fields_of(recording, "outcome", "facts", "notes", "names")
        | {"size": recording.size, **recording.units, **recording.further},
        "counts": {
            **fields_of(counts, "outcome", "notes", "y", "matrix", "names", "formula", "centre", "scale", "dropped"),
            **{"exposure": counts.size, "trials": None, "child": counts.units["child"], **counts.further},
            "homes": (counts.units["home0"],),
        },
    }
    for kind, fields in old.items():
        new, upgraded = UPGRADES[kind](dict(fields))
        assert new == "events"
        same(found[kind], EventRows(**upgraded))
    of_onset = [field.name for field in dataclasses.fields(Design)]
    onset = Design(**fields_of(hawkes, *of_onset))
    own = fields_of(hawkes, *(f.name for f in dataclasses.fields(hawkes) if f.name not in of_onset))
    same(hawkes, DailyDesign(**UPGRADES["daily"]({**own, "design": onset})[1]))


def test_a_file_names_no_class_beyond_the_list() -> None:
    with pytest.raises(KeyError):
        design_from({"os.system": {}}, xr.Dataset())
    assert all(module.startswith("frame.") for module, _ in KINDS.values())
