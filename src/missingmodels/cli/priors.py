"""The command about priors."""

from __future__ import annotations

from missingmodels.cli.options import Disclosure, Json, Out, Overwrite, PlanName, Seed, TablesFolder, out, reserve
from missingmodels.terminal import doing


def check_priors(
    tables: TablesFolder,
    output: Out,
    plan_name: PlanName = "default",
    seed: Seed = 1,
    disclosure: Disclosure = None,
    overwrite: Overwrite = False,
    as_json: Json = False,
) -> None:
    """Say what the prior sets expect of these tables before any outcome is seen, beside published figures.

    Writes a table and a figure, priors.csv and priors.png.
    """
    from missingmodels.disclosure.policy import policy_for, require_enough
    from missingmodels.evidence.prior_check import check_priors
    from missingmodels.presets import load_plan
    from missingmodels.report.figures.style import png
    from missingmodels.report.pages.prior_check import prior_figure, table_csv
    from missingmodels.runs.answer import models_to_fit, prepare
    from missingmodels.tables import read_tables
    from missingmodels.writing import require_new, write_together

    table, figure = output / "priors.csv", output / "priors.png"
    reserve(output)
    require_new((table, figure), overwrite=overwrite)
    doing("Preparing the design")
    plan = load_plan(plan_name)
    held = [fit for fit in models_to_fit(plan) if fit[1] in ("", plan.exposure.primary)]
    fullest = max(held)
    tables_read = read_tables(tables)
    policy = policy_for(tables_read.origin, disclosure)
    prepared = prepare(tables_read, plan, fits=[fullest])
    rows = prepared.rows
    require_enough(policy, children=len(rows.child_ids), homes=len(rows.home_ids))
    doing("Drawing from the priors")
    found = check_priors(prepared.designs[fullest], plan, seed=seed)
    write_together(output, {table.name: table_csv(found).encode(), figure.name: png(prior_figure(found))})
    said = [
        f"Model {fullest[0]} of plan {plan.name!r}, past episodes of the data held as they were observed.",
        *(row.sentence for row in found),
        f"Table: {table}\nFigure: {figure}",
    ]
    body = {"model": fullest[0], "table": str(table), "figure": str(figure), "rows": [row.as_dict() for row in found]}
    out(body, as_json, "\n".join(said))
