"""Figures, the HTML page and the terminal summary: they draw what evidence holds and compute nothing."""
