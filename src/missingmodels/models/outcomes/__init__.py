"""The outcomes beside onset: priors, PyMC models and a reference density of each."""
