"""Authorities pooled by what each may send."""
