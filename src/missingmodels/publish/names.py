"""What can be asked for by name: here without any library, so that ``--help`` costs nothing. Tests hold them to what
there is.
"""

from __future__ import annotations

RUN_FIGURES = ("rates", "forest", "dose", "homes", "network", "predictive", "diagnostics", "ranks", "frontier")
BATTERY_FIGURES = ("robustness", "specification_curve")
STUDY_FIGURES = ("power", "assurance_map", "exaggeration", "smallest_size", "ranks")
FIGURES = (*RUN_FIGURES, *BATTERY_FIGURES, *STUDY_FIGURES)
RUN_TABLES = ("effects", "rates", "sample", "priors", "diagnostics", "robustness")
STUDY_TABLES = ("power",)
TABLES = (*RUN_TABLES, *STUDY_TABLES)
