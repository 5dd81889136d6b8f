"""The linear predictor that the onset models share, with effects of homes, periods, authorities, owners and slopes.

η_r = α + x_r'β + v_h + w_ht + a_l + o_j + b_h p_r; what a plan does not ask for is absent from `values`.

`data`, R rows of equal child, home, period and columns:

* `onset` (R,), y; `days` (R,), n, in which a day with an onset counts half
* `child`, `home` (R,), numbered from 0; `children`, the number of children, if some have no row
* `columns` (R, K), every column of x, q, p, z and c, with `names`, a list of K
* `home_period` (R,), number of the home's period; not read where the home process is none
* `authority`, `owner` (R,), numbered from 0, −1 where unrecorded
* `peer_exposure` (R,), p, in its own unit, where homes have slopes

`values`: `intercept`, `coefficients` (K,), `home` (H,), `sigma_home`, and where asked for `home_period` (P,),
`sigma_period`, `authority` (L,), `sigma_authority`, `owner` (J,), `sigma_owner`, `peer_slope` (H,),
`sigma_peer_slope`; all effects in log units.
"""

import numpy as np

from . import laws

SCALES = {
    "home": "sigma_home",
    "home_period": "sigma_period",
    "authority": "sigma_authority",
    "owner": "sigma_owner",
    "peer_slope": "sigma_peer_slope",
}


def of_group(effects, group):
    """The effect of each row's group, 0 where the group is −1."""
    return np.array([0.0 if number < 0 else effects[number] for number in group])


def log_rate(values, data):
    """η of every row: log rate per day at u = 1."""
    eta = values["intercept"] + np.asarray(data["columns"], dtype=float) @ np.asarray(values["coefficients"])
    for name in ("home", "home_period", "authority", "owner"):
        if name in values:
            eta = eta + of_group(values[name], data[name])
    if "peer_slope" in values:
        eta = eta + of_group(values["peer_slope"], data["home"]) * np.asarray(data["peer_exposure"])
    return eta


def log_prior(values, data, priors):
    """Intercept, coefficients, effects of each kind that `values` holds, and the scales of these."""
    total = laws.of_parameters(values, ["intercept"], priors) + laws.of_coefficients(values, data, priors)
    for name, scale in SCALES.items():
        if name in values:
            total += laws.normal(values[name], 0.0, values[scale]) + laws.of_parameters(values, [scale], priors)
    return total


def number_of_children(data):
    """`children` if given, else one more than the highest number of a row's child."""
    return data.get("children", int(np.max(data["child"])) + 1)


def by_child(data, eta, log_of_child):
    """Sum over children of the log likelihood of all rows less that of the rows before the window.

    `log_of_child(y, n, η)` is the likelihood of one child's rows, its frailty integrated out. `data["before"]` (R,)
    is true for rows before the window; without it no row is, and nothing is taken off.
    """
    child, before = np.asarray(data["child"]), np.asarray(data.get("before", np.zeros(len(eta), dtype=bool)))
    y, n = np.asarray(data["onset"], dtype=float), np.asarray(data["days"], dtype=float)
    total = 0.0
    for i in range(number_of_children(data)):
        every, earlier = child == i, (child == i) & before
        total += log_of_child(y[every], n[every], eta[every])
        if earlier.any():
            total -= log_of_child(y[earlier], n[earlier], eta[earlier])
    return total
