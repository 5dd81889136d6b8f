"""Tables: the contract between any source of data and everything after it."""

from missingmodels.tables.check import check_tables, require_valid
from missingmodels.tables.findings import Finding
from missingmodels.tables.store import read_tables, write_tables
from missingmodels.tables.tables import MIXED, Tables, is_simulated, joined_origin, kind_of, make_tables

__all__ = [
    "MIXED",
    "Finding",
    "Tables",
    "check_tables",
    "is_simulated",
    "joined_origin",
    "kind_of",
    "make_tables",
    "read_tables",
    "require_valid",
    "write_tables",
]
