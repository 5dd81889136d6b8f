"""Formulas of plans, studies and rows: read against a list of operators and functions before anything is evaluated."""

from missingmodels.formula.functions import FACTS, FUNCTIONS, NUMERIC
from missingmodels.formula.parser import Formula, read_formula
from missingmodels.formula.syntax import Call, Fact, FormulaFault, Name, Node, Number, Operation, Text
from missingmodels.formula.terms import Term

__all__ = [
    "FACTS",
    "FUNCTIONS",
    "NUMERIC",
    "Call",
    "Fact",
    "Formula",
    "FormulaFault",
    "Name",
    "Node",
    "Number",
    "Operation",
    "Term",
    "Text",
    "read_formula",
]
