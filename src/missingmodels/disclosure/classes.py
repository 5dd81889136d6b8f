"""What every field of ``evidence.json`` is to disclosure. A field without a class does not leave the room."""

from __future__ import annotations

from enum import StrEnum


class Class(StrEnum):
    """Kinds of values, by what a number of theirs could tell of one child or home."""

    WORDS = "words of the package or the plan"
    SETTING = "a setting, a date of the study, a version or a seed"
    FREE = "words with numbers of the data"
    COUNT = "a count of children, homes, episodes or rows"
    EXPOSURE = "time at risk, or a rate over it"
    SHARE = "a share of days"
    ESTIMATE = "an estimate or the end of an interval"
    PROBABILITY = "a posterior probability"
    DIAGNOSTIC = "a judgement of draws"
    EXTREME = "the largest or smallest over children or homes"
    SINGLE = "of one home or child"
    DRAWS = "draws"
    DIGEST = "a digest of the data, which confirms a guess at them"
    ORIGIN = "where the data came from"
    PRIVATE = "what judges the others"


W, S, F, C, X, H, E, P, D = (
    Class.WORDS, Class.SETTING, Class.FREE, Class.COUNT, Class.EXPOSURE, Class.SHARE, Class.ESTIMATE,
    Class.PROBABILITY, Class.DIAGNOSTIC,
)  # fmt: skip

# By path: fields of a record after a dot, those of every item of a list after [], of every value of a mapping after *.
FIELDS: dict[str, Class] = {
    "format": W, "data.asked": W, "versions": S, "plan": S, "rule": W, "notes": F, "origin": Class.ORIGIN,
    "disclosure": W, "support": Class.PRIVATE, "frozen": S,
    **{f"data.{name}": S for name in ("observed_from", "observed_to", "burn_in_days", "observed_days")},
    **{f"data.{name}": C for name in (
        "homes", "children", "onsets", "children_with_onset", "same_day_repeats", "joint_onsets", "rows", "episodes",
        "onsets_exposed",
    )},
    **{f"data.{name}": X for name in ("resident_years", "onsets_per_year_at_risk", "days_exposed")},
    **{f"data.{name}": H for name in (
        "share_of_days_exposed", "median_coverage", "share_of_days_in_weak_homes", "share_of_rows_repaired", "coverage",
    )},
    **{f"rows[].{name}": W for name in (
        "hypothesis", "model", "exposure", "role", "estimand", "name", "label", "interval_kind", "expected", "verdict",
    )},
    **{f"rows[].{name}": E for name in ("mean", "median", "sd", "interval_low", "interval_high", "exaggeration")},
    **{f"rows[].{name}": S for name in ("interval_mass", "null", "rope_low", "rope_high", "family_size")},
    **{f"rows[].{name}": P for name in ("probability_above_null", "rope_probability", "family_wise")},
    "rows[].remark": F,
    **{f"comparisons[].{name}": W for name in ("hypothesis", "model", "against", "unit")},
    **{f"comparisons[].{name}": E for name in ("difference", "standard_error", "refit_error")},
    **{f"comparisons[].{name}": C for name in ("units", "k_hat_bad", "mended", "linked")},
    "comparisons[].k_hat_max": Class.EXTREME,
    "comparisons[].last_days": S,
    **{f"bayes_factors[].{name}": W for name in ("hypothesis", "model", "exposure", "name", "label", "expected")},
    **{f"bayes_factors[].{name}": S for name in ("prior_mean", "prior_sd", "widths")},
    **{f"bayes_factors[].{name}": E for name in (
        "log_bf10", "mc_error", "null_distance", "log_bf10_by_width", "log_bf_stated",
    )},
    "bayes_factors[].k_hat_by_width": D,
    **{f"power_scaling[].{name}": W for name in (
        "hypothesis", "model", "exposure", "name", "label", "diagnosis",
    )},
    **{f"power_scaling[].{name}": E for name in ("prior", "likelihood")},
    **{f"own_history.{name}": W for name in ("model", "exposure", "columns", "verdict")},
    **{f"own_history.{name}": E for name in (
        "correlation", "contraction", "without_history", "without_frailty", "ratio", "ratio_low", "ratio_high",
        "new_ratio", "new_ratio_low", "new_ratio_high",
    )},
    **{f"own_history.{name}": P for name in ("probability", "new_probability")},
    **{f"own_history.{name}": C for name in ("k_hat_bad", "mended", "new_arrivals")},
    "own_history.k_hat_max": Class.EXTREME,
    **{f"withstood.{name}": W for name in ("model", "exposure")},
    **{f"withstood.{name}": S for name in ("sd", "days", "tipping_days")},
    **{f"withstood.{name}": E for name in ("log_density", "tipping_sd", "tipping_log_density")},
    "withstood.probability": P,
    **{f"figures.dose.{name}": W for name in ("bins", "model")},
    **{f"figures.dose.{name}": C for name in ("onsets", "expected", "all_onsets")},
    "figures.dose.days_at_risk": X, "figures.dose.ratio": E,
    **{f"figures.curves[].{name}": W for name in ("exposure", "model")},
    "figures.curves[].x": Class.EXTREME, "figures.curves[].ratio": E,
    "figures.homes": Class.SINGLE, "figures.network": Class.SINGLE, "figures.diagnostics": Class.DRAWS,
    **{f"figures.predictive.{name}": W for name in ("bins", "model", "exposure")},
    "figures.predictive.observed": C, "figures.predictive.replicated": E,
    **{f"figures.timing.{name}": W for name in ("model", "exposure")},
    **{f"figures.timing.parts[].{name}": W for name in ("name", "bins")},
    "figures.timing.parts[].observed": C, "figures.timing.parts[].replicated": E,
    **{f"certificates[].{name}": W for name in (
        "model", "exposure", "family", "method", "formula", "frailty", "method_asked", "own_terms", "unseen_peers",
        "absent",
    )},
    **{f"certificates[].{name}": S for name in (
        "seed", "plan_digest", "chains", "draws", "tune", "target_accept", "doublings", "compile_seconds",
        "sample_seconds", "versions", "coordinates",
    )},
    "certificates[].why_not_laplace": F, "certificates[].diagnostics": D, "certificates[].data_digest": Class.DIGEST,
}  # fmt: skip
