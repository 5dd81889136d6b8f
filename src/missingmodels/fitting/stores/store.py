"""Fits on disk: one NetCDF-4 file with draws, design, diagnostics and birth certificate, for every family.

The file's last line is the SHA-256 of all before it. It is checked before anything else is read, so a file that was
cut, or in which a single bit has turned, is refused and never meets the library that reads it. Groups are those that
ArviZ knows, as ``Fit.to_datatree`` has them. A file is made in memory and then written, because the library that makes
it cannot be stopped by a full disk without losing the process.
"""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import h5py
import xarray as xr

from missingmodels.errors import InputError, MissingModelsError
from missingmodels.fitting.children import completed, stored
from missingmodels.fitting.result import Family, Fit
from missingmodels.fitting.stores import store_2, store_3
from missingmodels.fitting.stores.design_arrays import design_from
from missingmodels.fitting.stores.natives import DATA, stats_of, tree_and_skeleton, values_of
from missingmodels.fitting.stores.proven import require_agreeing, require_told
from missingmodels.fitting.stores.store_3 import diagnostics_of
from missingmodels.provenance import digest_bytes
from missingmodels.tables.store import OUTCOME_FORMAT
from missingmodels.writing import write_whole
from missingmodels.writing.sides import PRIVATE

ENGINE: Literal["h5netcdf"] = "h5netcdf"
FORMAT = "missingmodels-fit-5"
_READ = (FORMAT, "missingmodels-fit-4")  # the one before holds draws by child, under the data's own identifiers
DRAWS = "draws.nc"
REMEDY = "fit again with `missingmodels fit`"
_MARK = b"\nsha256:"  # before the digest, at the end of a file


@dataclass(frozen=True, kw_only=True)
class _Layout:
    """What a folder of one fit holds beside its draws: a table, and a text where its family has sentences."""

    kind: str
    table: str
    text: str = ""


LAYOUTS: dict[Family, _Layout] = {
    "outcome": _Layout(kind=OUTCOME_FORMAT, table="outcome.csv", text="outcome.txt"),
    "rows": _Layout(kind="missingmodels-rows", table="coefficients.csv"),
    "daily": _Layout(kind="missingmodels-daily", table="coefficients.csv", text="answer.txt"),
}


def write_fit(fit: Fit, path: Path, *, keep_children: bool = False) -> Path:
    """Write a fit, without draws of single children unless they are to be kept; the file appears whole or not at all.

    Raises InputError where it cannot be written, as on a full disk.
    """
    content = fit_bytes(fit, keep_children=keep_children)
    try:
        return write_whole(Path(path), content)
    except OSError as error:
        what = f"the fit cannot be written ({error.strerror or error}); it takes {len(content):,} bytes"
        raise InputError(what, where=str(path), remedy="make room, or choose another place") from error


def read_fit(path: Path) -> Fit:
    """Read a fit, from its file or the folder that holds one, with the same numbers as were written.

    Raises InputError for a file that is not one, or not as it was written.
    """
    path = Path(path)
    if path.is_dir():
        within = path / PRIVATE / DRAWS
        path = within if within.exists() else path / DRAWS
    if not path.is_file():
        raise InputError("there is no such fit", where=str(path), remedy=REMEDY)
    try:
        return fit_from_bytes(path.read_bytes())
    except MissingModelsError as error:  # of a plan that this version does not know, too
        raise InputError(error.what, where=str(path), remedy=REMEDY) from error
    except Exception as error:  # libraries that read HDF5 raise whatever they like for a file that is not theirs
        raise InputError(f"the file cannot be read as a fit ({error})", where=str(path), remedy=REMEDY) from error


def fit_bytes(fit: Fit, *, keep_children: bool = False) -> bytes:
    """The content of a fit's file."""
    fit = stored(fit, keep_children=keep_children)
    tree, skeleton = tree_and_skeleton(fit, stored=True)
    tree.attrs = {
        "format": FORMAT,
        "family": fit.family,
        "model": fit.model,
        "exposure": fit.exposure,
        "chains": fit.chains,
        "certificate": json.dumps(dict(fit.certificate)),
        "design": json.dumps(skeleton),
    }
    content = tree.to_netcdf(engine=ENGINE)
    assert isinstance(content, memoryview)
    held = bytes(content)
    return held + _trailer(held)


def fit_from_bytes(content: bytes) -> Fit:
    """The fit that a file holds. Raises InputError for what was changed, and whatever the libraries raise."""
    at = content.rfind(_MARK)
    if at < 0 and any(name.encode() in content for name in (*_READ, store_3.FORMAT)):
        raise InputError("it is cut: the digest at its end is not there")
    if at >= 0 and content[at:] != _trailer(content[:at]):
        raise InputError("its content is not what its digest says: it was changed, or damaged, after it was written")
    held = io.BytesIO(content[:at] if at >= 0 else content)
    with h5py.File(held) as file:  # says once what is wrong; the layer above says it again as its half-made object goes
        dict(file.attrs)
    with xr.open_datatree(held, engine=ENGINE) as tree:
        tree.load()
        found = _fit_of(tree, sealed=at >= 0)
    # what a file leaves out of children is worked out by compiled code, which looks no further
    require_agreeing(found)
    found = completed(found)
    require_told(found)
    return found


def _fit_of(tree: xr.DataTree, *, sealed: bool) -> Fit:
    found = tree.attrs.get("format")
    if not sealed and found == store_2.FORMAT:  # which had no digest
        return store_2.fit_of_format_2(tree)
    if not sealed or found not in (*_READ, store_3.FORMAT):
        raise InputError(f"not a fit of format {FORMAT}")
    return _fit(tree) if found in _READ else store_3.fit_of_format_3(tree)


def _trailer(content: bytes) -> bytes:
    return b"\n" + digest_bytes(content).encode() + b"\n"


def _fit(tree: xr.DataTree) -> Fit:
    held = {str(k): v for name in DATA if name in tree.children for k, v in tree[name].data_vars.items()}
    design = design_from(json.loads(tree.attrs["design"]), held)
    values, dims, labels = values_of(tree, getattr(getattr(design, "design", design), "child_ids", ()))
    certificate = json.loads(tree.attrs["certificate"])
    return Fit(
        family=tree.attrs["family"],
        model=str(tree.attrs["model"]),
        exposure=str(tree.attrs["exposure"]),
        design=design,
        values=values,
        dims=dims,
        labels=labels,
        chains=int(tree.attrs["chains"]),
        diagnostics=diagnostics_of(certificate),
        certificate=certificate,
        sample_stats=stats_of(tree),
    )
