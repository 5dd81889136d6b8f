"""Figures of more than one run: batteries, studies, worlds beside published figures."""
