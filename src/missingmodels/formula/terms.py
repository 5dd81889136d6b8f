"""Terms of a formula and their algebra, that of Wilkinson and Rogers (1973, Appl. Statist. 22) as R has it.

The order of terms and of the factors in a term is that of formulae, so that columns keep their order and name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import comb

from missingmodels.formula.syntax import Call, Name, columns_in

MAX_TERMS = 500
MEANINGS = {
    "+": "a term more",
    "-": "the terms before it without this one",
    ":": "interaction",
    "*": "both and their interaction: `a * b` is `a + b + a:b`",
    "/": "nested: `a / b` is `a + a:b`",
    "**": "up to so many at once: `(a + b + c) ** 2` is all of them and every `a:b`",
    "( )": "what belongs together",
    "1": "the intercept, in every model anyway",
}


class TooManyTerms(ValueError):
    """A product or power of more terms than a formula may have."""


@dataclass(frozen=True)
class Term:
    """A product of factors, each a column or a call; without any it would be the intercept."""

    factors: tuple[Name | Call, ...]

    @property
    def text(self) -> str:
        """As a formula has it."""
        return ":".join(factor.text for factor in self.factors)

    @property
    def columns(self) -> frozenset[str]:
        """The columns that it names."""
        return frozenset(name for factor in self.factors for name in columns_in(factor))

    @property
    def key(self) -> frozenset[Name | Call]:
        """What two terms have in common if they are one: a:b is b:a."""
        return frozenset(self.factors)


Terms = tuple[Term, ...]


def union(*parts: Iterable[Term]) -> Terms:
    """All terms, each where it stands first."""
    seen: dict[frozenset[Name | Call], Term] = {}
    for part in parts:
        for term in part:
            seen.setdefault(term.key, term)
    return _few(tuple(seen.values()), len(seen))


def without(terms: Iterable[Term], taken: Iterable[Term]) -> Terms:
    """The terms that are not taken away."""
    gone = {term.key for term in taken}
    return tuple(term for term in terms if term.key not in gone)


def interaction(left: Terms, right: Terms) -> Terms:
    """a:b of every pair."""
    _few((), len(left) * len(right))
    return union(_joined(pair) for one in left for other in right for pair in [(one, other)])


def _crossed(left: Terms, right: Terms) -> Terms:
    """a * b: both, and their interactions."""
    return union(left, right, interaction(left, right))


def _nested(left: Terms, right: Terms) -> Terms:
    """a / b: a, and b within it. Within several terms b is nested in all of them together."""
    return union(left, interaction((_joined(left),), right))


def power(terms: Terms, order: int) -> Terms:
    """(a + b + …) ** n: all interactions of up to n terms."""
    orders = range(2, min(order, len(terms)) + 1)
    _few((), sum(comb(len(terms), n) for n in orders))
    return union(terms, (_joined(chosen) for n in orders for chosen in combinations(terms, n)))


OPERATORS: dict[str, Callable[[Terms, Terms], Terms]] = {":": interaction, "*": _crossed, "/": _nested}


def _joined(terms: Sequence[Term]) -> Term:
    return Term(tuple(dict.fromkeys(factor for term in terms for factor in term.factors)))


def _few(terms: Terms, number: int) -> Terms:
    if number > MAX_TERMS:
        raise TooManyTerms(f"the formula would have {number} terms, of {MAX_TERMS} allowed")
    return terms
