"""The documentation site; `make docs` builds it, without a network."""

from __future__ import annotations

import importlib.metadata
import re
from typing import Any

project = "missingmodels"
author = "The missingmodels authors"
copyright = author
release = importlib.metadata.version("missingmodels")

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx.ext.mathjax",
    "sphinx-mathjax-offline",
]
source_suffix = {".md": "myst-nb", ".ipynb": "myst-nb"}
nb_execution_mode = "off"  # guides come executed from `make notebooks`
myst_enable_extensions = ["dollarmath", "deflist"]
myst_heading_anchors = 3

html_theme = "furo"
html_title = f"missingmodels {release}"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_show_sphinx = False
html_show_copyright = False

# Docstrings quote code with two backticks and say what fields are in the convention of numpy.
napoleon_google_docstring = False
napoleon_use_ivar = True
autodoc_member_order = "bysource"
autodoc_default_options = {"exclude-members": "model_config"}
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
python_use_unqualified_type_names = True


def _end_sections(app: Any, what: str, name: str, item: Any, options: Any, lines: list[str]) -> None:
    """Sentences after a list of parameters are notes: napoleon would take them for further parameters.

    What stands behind a parameter's name says what it is, not of which type: napoleon would put it in brackets.
    """
    inside, made = False, []
    for line in lines:
        said = re.fullmatch(r"([\w*., ]+) : (.*)", line)
        if inside and said:
            made += [said[1], f"    {said[2]}"]
            continue
        if re.fullmatch(r"-{3,}", line) and made and made[-1] in ("Parameters", "Attributes"):
            inside = True
        elif inside and line and not line[0].isspace() and not re.fullmatch(r"[\w*]+(, [\w*]+)*", line):
            made += ["Notes", "-----"]
            inside = False
        made.append(line)
    lines[:] = made


def _without_bounds(app: Any, what: str, name: str, item: Any, *signature: Any) -> tuple[str, None] | None:
    """A plan or scenario by its name alone: its keys, with bounds and defaults, have pages of their own."""
    return ("", None) if what == "class" and hasattr(item, "model_fields") else None


def setup(app: Any) -> None:
    """Before napoleon reads them."""
    app.connect("autodoc-process-docstring", _end_sections, priority=400)
    app.connect("autodoc-process-signature", _without_bounds)
