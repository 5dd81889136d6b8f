"""What of a run may leave the room: its page, figures, evidence and tables, all by one way and through one gate."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from missingmodels.disclosure.gate import released
from missingmodels.disclosure.policy import Policy, policy_for
from missingmodels.disclosure.record import FILE, TABLE, Judged, record_files
from missingmodels.disclosure.sacro import FORMAT, VERSION, sacro_session
from missingmodels.evidence.record import EVIDENCE, Evidence, evidence_file
from missingmodels.report.html import REPORT, report_files
from missingmodels.tables import kind_of
from missingmodels.tables.manifest import write_manifest
from missingmodels.writing import whole_folder
from missingmodels.writing.sides import RELEASE

PAGE = f"{RELEASE}/{REPORT}"
Asked = str | Path | Policy | None


def release_files(
    evidence: Evidence,
    disclosure: Asked = None,
    *,
    noise_key: bytes | None = None,
    told: Callable[[int, int], None] | None = None,
) -> tuple[dict[str, bytes], list[str], Evidence]:
    """Files of a run's release by their name in its folder, names of those that it does not have any more, and the
    evidence as it is released.

    ``disclosure`` names a policy or is one; left out, it is none for simulated data and the generic one for others.
    ``told`` hears how many figures are drawn.
    """
    shown, judged = released(evidence, policy_for(evidence.origin, disclosure), noise_key=noise_key)
    files, stale = report_files(shown, told=told)
    files[EVIDENCE] = evidence_file(shown)
    files |= recorded(judged, files, evidence)
    return (
        {f"{RELEASE}/{name}": content for name, content in files.items()},
        [f"{RELEASE}/{name}" for name in stale],
        shown,
    )


def recorded(judged: Judged, files: Mapping[str, bytes], evidence: Evidence) -> dict[str, bytes]:
    """The record for the output checker of what the gate did."""
    seeds = sorted({int(c["seed"]) for c in evidence.certificates if "seed" in c})
    return record_files(judged, files, origin=kind_of(evidence.origin), seeds=seeds)


def write_session(
    run: Path, folder: Path, evidence: Evidence, policy: Policy, *, noise_key: bytes | None = None
) -> None:
    """A run's release as a session of SACRO: every file that lies in it, and the list of outputs with what was blocked.

    The folder appears whole or not at all.
    """
    place = run / RELEASE
    files = {
        path.relative_to(place).as_posix(): path.read_bytes() for path in sorted(place.rglob("*")) if path.is_file()
    }
    _, judged = released(evidence, policy, noise_key=noise_key)
    with whole_folder(folder, kind=FORMAT) as scratch:
        for name, content in sacro_session(judged, files, command="missingmodels report").items():
            path = scratch / name
            path.parent.mkdir(exist_ok=True, mode=0o700)
            path.write_bytes(content)
        write_manifest(scratch, FORMAT, {"acro_version": VERSION})


__all__ = ["FILE", "PAGE", "TABLE", "Asked", "recorded", "release_files", "write_session"]
