"""Commands that pool authorities without moving data: what one sends, and what all of them say together."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Optional

import typer

from missingmodels.cli.options import Disclosure, Json, Overwrite, Seed, hold, out, reserve
from missingmodels.terminal import doing

DRAWS = 20_000


def summarise(
    run: Annotated[Path, typer.Argument(help="Folder of a run (from fit or demo).", metavar="RUN")],
    output: Annotated[Path, typer.Option("--output", "-o", help="File to write; its record goes beside it.")] = Path(
        "likelihood.json"
    ),
    model: Annotated[Optional[str], typer.Option(help="M1 or M3; the fullest with peers if left out.")] = None,  # noqa: UP045
    seed: Seed = 1,
    disclosure: Disclosure = None,
    overwrite: Overwrite = False,
    as_json: Json = False,
) -> None:
    """Write what this run's data say of the peers' effect as one small file that may leave, for `pool`.

    No child, home or day is in it: normals of the coefficients over a grid of spreads, through the gate, with the
    record for the checker.
    """
    from missingmodels.disclosure.classes import Class
    from missingmodels.disclosure.gate import released
    from missingmodels.disclosure.record import FILE as RECORD
    from missingmodels.disclosure.record import TABLE
    from missingmodels.evidence.pool.likelihood import likelihood_file, likelihood_of
    from missingmodels.fitting.stores.store import read_fit
    from missingmodels.plan import kept_plan
    from missingmodels.provenance import package_version, stream
    from missingmodels.runs.release import recorded
    from missingmodels.runs.write import evidence_path, fit_file, noise_of, policy_of, read_run
    from missingmodels.tables import is_simulated
    from missingmodels.writing import require_new, write_whole

    hold(run)
    reserve(output)
    beside = {name: output.with_name(f"{output.stem}.{name}") for name in (TABLE, RECORD)}
    require_new([output, *beside.values()], overwrite=overwrite)
    doing("Reading the run")
    evidence = read_run(run)
    plan = kept_plan(evidence.plan, where=str(evidence_path(run)))
    chosen = model or max((c["model"] for c in evidence.fitted if c["exposure"]), default="")
    fit = read_fit(fit_file(run, chosen, plan.exposure.primary))
    policy = policy_of(run, evidence, disclosure)
    shown, judged = released(evidence, policy, noise_key=noise_of(run))
    allowed = {
        row.name
        for row in shown.rows
        if (row.estimand, row.model, row.exposure) == ("rate_ratio_per_unit", fit.model, fit.exposure)
    }
    doing("Working out what the data say at each point of the grid of spreads")
    found = likelihood_of(
        fit,
        allowed=allowed,
        simulated=is_simulated(evidence.origin),
        policy=policy.name,
        package=package_version(),
        rng=stream(seed, "likelihood", fit.model),
    )
    told = f"likelihood of {len(found.names)} coefficients at {len(found.log_density)} points of the spreads"
    judged.add(told, Class.ESTIMATE, "rounded")
    content = likelihood_file(found)
    for name, record in recorded(judged, {output.name: content}, evidence).items():
        write_whole(beside[name], record)
    write_whole(output, content)
    body = {"summary": str(output), "model": found.model, "names": found.names}
    out(body, as_json, f"{found.model}, {len(found.names)} coefficients.\nSummary: {output}")


def pool(
    files: Annotated[list[Path], typer.Argument(help="A summary of each authority.", metavar="FILE…")],
    output: Annotated[Path, typer.Option("--output", "-o", help="File to write.")] = Path("pooled.json"),
    between: Annotated[
        float,
        typer.Option(help="Prior sd of how authorities differ, on the log scale (half-normal); 0: not at all.", min=0),
    ] = 0.25,
    seed: Seed = 1,
    overwrite: Overwrite = False,
    as_json: Json = False,
) -> None:
    """Pool what authorities sent (`summarise`): the peers' effect over all of them, without any of their data."""
    import json

    import numpy as np

    from missingmodels.errors import InputError
    from missingmodels.evidence.decisions import verdict
    from missingmodels.evidence.pool.likelihood import read_likelihood
    from missingmodels.evidence.pool.pooled import pool as pooled
    from missingmodels.evidence.pool.pooled import require_alike
    from missingmodels.plan import kept_plan
    from missingmodels.provenance import stream, versions
    from missingmodels.vocabulary import column_label, unit_label
    from missingmodels.writing import require_new, write_whole

    if len(files) < 2:
        raise InputError("one summary is nothing to pool", where=str(files[0]), remedy="name those of two or more")
    reserve(output)
    require_new([output], overwrite=overwrite)
    doing("Reading the summaries")
    held = [(str(file), read_likelihood(file)) for file in files]
    require_alike(held)
    found = pooled([one for _, one in held], tau_sd=between)
    rule = kept_plan(held[0][1].plan).decision
    tail = (1 - rule.interval_mass) / 2

    def row(name: str, label: str, *, of_new: bool = False) -> dict[str, object]:
        rng = stream(seed, "pool", name, str(of_new))
        ratio = np.exp(found.draws(name, DRAWS, rng, of_new=of_new))
        low, middle, high = (round(float(q), 4) for q in np.quantile(ratio, [tail, 0.5, 1 - tail]))
        told = {"name": name, "label": label, "median": middle, "interval_low": low, "interval_high": high}
        judged = verdict(ratio, "above", rule)[0] if name == found.exposure and not of_new else ""
        return told | {"probability_above_null": round(float((ratio > 1).mean()), 4), "verdict": judged}

    peers = unit_label(found.exposure)
    rows = [row(found.exposure, peers)]
    rows += [row(found.exposure, f"{peers}, in another authority", of_new=True)] if between else []
    rows += [row(name, column_label(name)) for name in found.names if name != found.exposure]
    low, middle, high = found.quantiles(found.tau)
    body = {
        "format": 2,
        "authorities": found.authorities,
        "question": held[0][1].question,
        "simulated": all(one.simulated for _, one in held),
        "policies": sorted({one.policy for _, one in held}),
        "interval_mass": rule.interval_mass,
        "sd_between_authorities": {"prior_sd": between, "median": middle, "low": low, "high": high},
        "scales": {
            name: dict(zip(("low", "median", "high"), (round(v, 4) for v in found.quantiles(values)), strict=True))
            for name, values in found.scales.items()
        },
        "seed": seed,
        "versions": versions(),
        "rows": rows,
    }
    write_whole(output, (json.dumps(body, indent=1, ensure_ascii=False) + "\n").encode())
    first = rows[0]
    text = [
        f"{found.authorities} authorities, {held[0][1].model}: {first['label']}: rate ratio {first['median']:.2f} "
        f"({rule.interval_mass:.0%} interval {first['interval_low']:.2f} to {first['interval_high']:.2f}), "
        f"P(above 1) {first['probability_above_null']:.3f}: {first['verdict']}.",
    ]
    if between:
        text.append(
            f"In another authority {rows[1]['interval_low']:.2f} to {rows[1]['interval_high']:.2f}; "
            f"sd between authorities {middle:.2f} ({low:.2f} to {high:.2f})."
        )
    out(body, as_json, "\n".join([*text, f"Pooled: {output}"]))
