"""A run on disk: fits, evidence, figures and report of one plan on one data set, in one folder of two places."""

from __future__ import annotations

import contextlib
import functools
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from missingmodels.disclosure.policy import Policy, policy_for
from missingmodels.errors import DiagnosticsFailed, InputError
from missingmodels.evidence.record import EVIDENCE, Evidence, evidence_file, read_evidence, write_evidence
from missingmodels.fitting.drawn import Progress
from missingmodels.fitting.stores.kept import Kept, kept_folder
from missingmodels.fitting.stores.store import write_fit
from missingmodels.plan import Plan
from missingmodels.provenance import digest_file
from missingmodels.records import read_json
from missingmodels.runs.answer import Answer, answer
from missingmodels.runs.register import register
from missingmodels.runs.release import PAGE, Asked, release_files
from missingmodels.tables import Tables, is_simulated
from missingmodels.tables.manifest import named_files, read_manifest, renew_together, require_named, write_manifest
from missingmodels.tables.store import RUN_FORMAT, write_tables_into
from missingmodels.terminal import say
from missingmodels.writing import MANIFEST, whole_folder
from missingmodels.writing.sides import PRIVATE, README, RELEASE, VERSION, make_sides, private_name, private_readme

WRITING = "Drawing figures, writing the run"
FITS, TABLES, SOURCE, NOISE = "fits", "tables", "source.json", "noise.key"


def fit_file(run: Path, model: str, exposure: str) -> Path:
    """Where a run keeps one of its fits."""
    name = f"{FITS}/{model}{'_' + exposure if exposure else ''}.nc"
    own = run / PRIVATE / name
    return own if own.exists() or not (run / name).exists() else run / name


def make_run(  # noqa: PLR0913
    tables: Tables,
    plan: Plan,
    folder: Path,
    *,
    seed: int,
    source: Path | Tables,
    overwrite: bool = False,
    allow_unconverged: bool = False,
    keep_children: bool = False,
    disclosure: Asked = None,
    frozen: Mapping[str, Any] | None = None,
    progress: Progress | None = None,
) -> tuple[Answer, Path]:
    """Fit a plan's models and write the run; returns what was found and the report's path.

    The output is registered beside its data (``runs.register``) before anything is fitted. Each fit is kept beside
    ``folder`` as it is finished, and found there by a second call with the same tables, plan and seed. Where models
    fail the gate the run of the others is written, and says so, and DiagnosticsFailed is raised. ``frozen`` is what the
    evidence keeps of a plan fixed beforehand (``publish.frozen``).
    """
    policy = policy_for(tables.origin, disclosure)
    beside = folder if isinstance(source, Tables) else source
    asked: dict[str, Any] = {"beside": beside, "what": f"run {folder.name}"}
    register(tables, plan.frame, policy, **asked, noted=False)
    with Kept(kept_folder(folder), say) as kept:
        refusal = None
        try:
            found = answer(tables, plan, seed=seed, allow_unconverged=allow_unconverged, progress=progress, kept=kept)
        except DiagnosticsFailed as error:
            if not isinstance(error.found, Answer):
                raise
            refusal, found = error, error.found
        found = replace(found, evidence=replace(found.evidence, frozen=frozen))
        told: Progress = progress or (lambda *_: None)
        told(WRITING, 0, 0)
        near = register(tables, plan.frame, policy, **asked)
        page = write_run(
            found,
            folder,
            overwrite=overwrite,
            tables=source,
            keep_children=keep_children,
            disclosure=policy,
            noise_key=near.noise_key,
            told=functools.partial(told, WRITING),
        )
        told(WRITING, 1, 1)
        if refusal is not None:
            say(f"The other models are written, and the report says which are left out: {page}")
            raise refusal
        kept.clear()
    return found, page


def write_run(  # noqa: PLR0913
    found: Answer,
    folder: Path,
    *,
    overwrite: bool,
    tables: Path | Tables,
    keep_children: bool = False,
    disclosure: Asked = None,
    noise_key: bytes | None = None,
    told: Callable[[int, int], None] | None = None,
) -> Path:
    """Write a run; the folder appears whole or not at all. Returns the report's path. ``told`` hears of its figures.

    ``tables`` is the folder that the data came from, kept as its path in the private place; tables that stand in no
    folder go there themselves. Draws of single children are kept only with ``keep_children``.
    """
    policy = policy_for(found.evidence.origin, disclosure)
    with whole_folder(folder, kind=RUN_FORMAT, overwrite=overwrite) as scratch:
        private, release = make_sides(scratch)
        (private / FITS).mkdir()
        for fit in found.fits:
            name = f"{fit.model}{'_' + fit.exposure if fit.exposure else ''}.nc"
            write_fit(fit, private / FITS / name, keep_children=keep_children)
        write_evidence(found.evidence, private / EVIDENCE)
        if isinstance(tables, Tables):
            (private / TABLES).mkdir()
            write_tables_into(tables, private / TABLES)
        else:
            source = source_of(Path(tables), folder)
            (private / SOURCE).write_text(json.dumps(source, indent=1) + "\n", encoding="utf-8")
        files, *_ = release_files(found.evidence, policy, noise_key=noise_key, told=told)
        for name, content in files.items():
            path = release.parent / name
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(content)
        if noise_key is not None:
            (private / NOISE).write_text(noise_key.hex(), encoding="ascii")
        record = {
            "run_version": VERSION,
            "keep_children": keep_children,
            "disclosure": policy.model_dump(mode="json"),
            "certificates": [dict(c) for c in found.evidence.fitted],
            "absent": [dict(c) for c in found.evidence.failed if c.get("absent")],
        }
        write_manifest(scratch, RUN_FORMAT, record)
    return folder / PAGE


def evidence_path(run: Path) -> Path:
    """Where a run keeps its evidence as it was found, before any rule of disclosure."""
    held = [name for name in (f"{PRIVATE}/{EVIDENCE}", EVIDENCE) if (run / name).exists()]
    return run / private_name(EVIDENCE, held)


def read_run(run: Path) -> Evidence:
    """The evidence of a run. Raises InputError unless the folder is a run whose evidence is as it was written."""
    run = Path(run)
    manifest = read_manifest(run, RUN_FORMAT)
    return read_evidence(require_named(run, manifest, private_name(EVIDENCE, named_files(run, manifest))))


def policy_of(run: Path, evidence: Evidence, asked: Asked = None) -> Policy:
    """The policy asked for; else the one that the run was written under, or the one for data of its origin."""
    held = read_manifest(Path(run), RUN_FORMAT).get("disclosure")
    if asked is None and held is not None:
        return Policy.model_validate(held)
    return policy_for(evidence.origin, asked)


def noise_of(run: Path) -> bytes | None:
    """The key of the noise that a run was released with; None for one without."""
    path = Path(run) / PRIVATE / NOISE
    return bytes.fromhex(path.read_text(encoding="ascii")) if path.is_file() else None


def tables_folder(run: Path) -> Path | None:
    """Where the tables of a run are, as it was written; None for a run that does not say."""
    run = Path(run)
    manifest = read_manifest(run, RUN_FORMAT)
    if manifest.get("run_version", 1) < VERSION:
        held = manifest.get("tables")
        return run / held if held else None
    files = named_files(run, manifest)
    if f"{PRIVATE}/{SOURCE}" in files:
        path = require_named(run, manifest, f"{PRIVATE}/{SOURCE}")
        told = read_json(path, what="the record of the data's folder", remedy="name it with --tables").get("tables")
        if not isinstance(told, str):
            raise InputError("it names no folder of tables", where=str(path), remedy="name it with --tables")
        return _moved(run, Path(told), read_json(path, what="the record of the data's folder", remedy=""))
    within = run / PRIVATE / TABLES
    return within if within.is_dir() else None


def source_of(tables: Path, run: Path) -> dict[str, str]:
    """Where a run's tables are: their folder, the way to it from the run, and what tells it from another."""
    whole = tables.resolve()
    found = {"tables": str(whole)}
    with contextlib.suppress(ValueError):  # on another drive there is no way
        found["relative"] = Path(os.path.relpath(whole, Path(run).resolve())).as_posix()
    digest = _digest_of_tables(whole)
    return found | ({"digest": digest} if digest else {})


def _digest_of_tables(folder: Path) -> str:
    manifest = folder / MANIFEST
    return digest_file(manifest) if manifest.is_file() else ""


def _moved(run: Path, told: Path, record: Mapping[str, Any]) -> Path:
    """The folder of the tables where run and tables were moved together; else where it was."""
    relative, digest = record.get("relative"), record.get("digest")
    if isinstance(relative, str):
        beside = (run.resolve() / relative).resolve()
        if beside.is_dir() and (not digest or _digest_of_tables(beside) == digest):
            return beside
    return told


def renew_run(
    run: Path,
    evidence: Evidence,
    files: Mapping[str, bytes],
    policy: Policy,
    *,
    removed: tuple[str, ...] = (),
    anew: bool = False,
) -> None:
    """Write files of a run's release, and with ``anew`` its evidence, together or not at all.

    A run of one place, as versions before wrote it, gets its two at the same moment: what it had in one is private, its
    pages too unless its data are simulated.
    """
    manifest = read_manifest(run, RUN_FORMAT)
    held = named_files(run, manifest)
    new, said = dict(files), {"disclosure": policy.model_dump(mode="json")}
    if anew:
        new[f"{PRIVATE}/{EVIDENCE}"] = evidence_file(evidence)
    if manifest.get("run_version", 1) == VERSION:
        renew_together(run, RUN_FORMAT, new, removed=removed, entries=said)
        return
    moved = {name: _place(name, evidence) for name in held}
    gone = [name for name, to in moved.items() if to in removed]
    moved = {name: to for name, to in moved.items() if name not in gone}
    new[f"{PRIVATE}/{README}"] = private_readme()
    entries: dict[str, Any] = {**said, "run_version": VERSION, "keep_children": True}
    told = manifest.get("tables")
    entries["tables"] = None
    if told and told != TABLES:
        new[f"{PRIVATE}/{SOURCE}"] = (json.dumps({"tables": told}, indent=1) + "\n").encode()
    if evidence.fitted:
        say(f"Note: {run} has a private and a release place now; its fits, written before, hold draws by child.")
    renew_together(run, RUN_FORMAT, new, removed=gone, moved=moved, entries=entries)


def _place(name: str, evidence: Evidence) -> str:
    """Where a file of a run of one place goes."""
    own = name == EVIDENCE or name.startswith((f"{FITS}/", f"{TABLES}/"))
    if own:
        return f"{PRIVATE}/{name}"
    return f"{RELEASE}/{name}" if is_simulated(evidence.origin) else f"{PRIVATE}/earlier/{name}"
