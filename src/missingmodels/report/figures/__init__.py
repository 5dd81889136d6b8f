"""Figures: how each is drawn, of which data, and what is said of it."""
