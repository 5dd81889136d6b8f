"""Plain NumPy densities with explicit loops, which tests hold models and engines against."""
