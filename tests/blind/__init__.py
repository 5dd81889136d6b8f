"""Log densities of the models, written from the equations of the documents alone, one module each.

Plain NumPy, with loops where they read better. Every module has `log_likelihood(values, data)`,
`log_prior(values, data)` and their sum `log_density(values, data)`. Parameters stand on their own scale: a standard
deviation is itself, without the Jacobian of a logarithm, and an effect is in log units, not divided by its scale,
unless a docstring says otherwise.
"""
