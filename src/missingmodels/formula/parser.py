"""A formula's text to its outcome and terms. Nothing is looked up or evaluated; what the list lacks is refused.

Outside calls ``+ - * / : **`` combine terms; inside calls they are arithmetic, and ``== != < <= > >=`` compare.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from missingmodels.formula.cursor import Cursor
from missingmodels.formula.functions import FACTS, FUNCTIONS, NUMERIC, unknown_function
from missingmodels.formula.syntax import (
    COMPARISONS,
    Call,
    Fact,
    Name,
    Node,
    Number,
    Operation,
    Text,
    Token,
)
from missingmodels.formula.terms import OPERATORS, Term, Terms, TooManyTerms, power, union, without

MAX_OPERATIONS = 100
MAX_POWER = 10


@dataclass(frozen=True)
class Formula:
    """A formula that was read.

    Attributes
    ----------
    outcome : column left of the tilde, None without one
    terms : expanded, each once; the intercept is not among them
    intercept : whether it is in the formula, as it is unless 0 or - 1 takes it out
    """

    outcome: str | None
    terms: Terms
    intercept: bool

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column that the terms name, in alphabetical order."""
        return tuple(sorted(frozenset[str]().union(*(term.columns for term in self.terms))))


@lru_cache(maxsize=1024)
def read_formula(text: str) -> Formula:
    """Outcome and terms of ``outcome ~ terms``, or of terms alone. Raises FormulaFault at the first fault."""
    return _Parser(text).formula()


class _Parser(Cursor):
    """Recursive descent over the tokens; ``operations`` bounds the trees of calls."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.operations = 0
        self.intercept = True

    def formula(self) -> Formula:
        bar = next((token for token in self.tokens if token.text == "|"), None)
        if bar is not None:
            self.fault(
                "group terms such as (1 | id) do not belong in the formula: give child= or home= instead; "
                "a plan's models have effects of child, home and period already",
                bar,
            )
        outcome = self._outcome() if any(token.text == "~" for token in self.tokens) else None
        terms: Terms = ()
        if self.following.kind != "end" or outcome is not None:
            terms = self._sum()
        if self.following.kind != "end":
            self.refuse_next()
        return Formula(outcome, terms, self.intercept)

    def _outcome(self) -> str | None:
        tilde = next(i for i, token in enumerate(self.tokens) if token.text == "~")
        if tilde == 0:
            self.fault("the formula names no outcome: write it as 'outcome ~ terms'")
        first, last = self.tokens[0], self.tokens[tilde]
        if tilde > 1 or first.kind not in ("name", "quoted"):
            written = self.text[first.at : last.at].strip()
            what = "a call" if "(" in written else "no column"
            self.fault(
                f"the outcome {written!r} is {what}: name a column of counts, and give trials= if there are some"
            )
        self.at = tilde + 1
        return first.text.strip("`")

    # terms

    def _sum(self) -> Terms:
        self.deeper()
        terms: Terms = ()
        sign = self.take("+", "-") or Token("symbol", "+", self.following.at)
        while True:
            if self.following.text in ("0", "1") and self.after.text in ("+", "-", "", ")"):
                if self.depth > 1:
                    self.fault("the intercept, 0 or 1, stands alone and not in brackets")
                self.intercept = (self.advance().text == "1") == (sign.text == "+")
            elif sign.text == "-":
                if not terms:
                    self.fault("a minus takes a term away that stands before it; write arithmetic as I(…)", sign)
                terms = without(terms, self._product())
            else:
                terms = self._few(union, terms, self._product())
            found = self.take("+", "-")
            if found is None:
                break
            sign = found
        self.depth -= 1
        return terms

    def _product(self) -> Terms:
        return self._joined(("*", "/"), lambda: self._joined((":",), self._power))

    def _joined(self, symbols: tuple[str, ...], part: Callable[[], Terms]) -> Terms:
        terms = part()
        while found := self.take(*symbols):
            terms = self._few(OPERATORS[found.text], terms, part(), place=found)
        return terms

    def _power(self) -> Terms:
        terms = self._factor()
        if sign := self.take("**"):
            order = self.advance()
            if not (order.kind == "number" and order.text.isdecimal() and 1 <= int(order.text[:9]) <= MAX_POWER):
                self.fault(
                    f"a power of terms is a whole number from 1 to {MAX_POWER}; write arithmetic as I(x ** 2)", order
                )
            if self.following.text == "**":
                self.fault("a power of a power does not read")
            terms = self._few(power, terms, int(order.text), place=sign)
        return terms

    def _factor(self) -> Terms:
        token = self.advance()
        if token.text == "(" and token.kind == "symbol":
            terms = self._sum()
            self.close(token)
            return terms
        if token.kind in ("name", "quoted"):
            return (Term((self._call(token) if self.following.text == "(" else self._name(token),)),)
        if token.kind == "number":
            self.fault(f"the number {token.text} is no term: only 0 and 1 are; write arithmetic as I(…)", token)
        self.unexpected(token, "a term")

    def _few[T](self, combine: Callable[[Terms, T], Terms], left: Terms, right: T, place: Token | None = None) -> Terms:
        try:
            return combine(left, right)
        except TooManyTerms as error:
            self.fault(str(error), place)

    # calls and their arithmetic

    def _call(self, name: Token) -> Call | Fact:
        function = FUNCTIONS.get(name.text) or FACTS.get(name.text)
        if function is None:
            self.fault(unknown_function(name.text), name)
        self.deeper()
        opened = self.advance()
        argument = self._comparison()
        options: dict[str, float | int | bool | str] = {}
        placed = 0
        while self.take(","):
            place = self.following
            named = self._keyword()
            placed += not named
            keyword = named or (function.by_place[len(options) :] or ("",))[0]
            option = function.options.get(keyword)
            if option is None:
                what = f"the argument {keyword!r}" if keyword else "a further argument"
                self.fault(f"{name.text}() does not take {what}: write {function.example}", place)
            if keyword in options or (not named and placed <= len(options)):
                self.fault("an argument is given twice, or without its name after one that has it", place)
            value = self._literal()
            if not option.takes(value):
                self.fault(f"{keyword} of {name.text}() must be {option.words}", place)
            options[keyword] = int(value) if option.kind == "whole" and not isinstance(value, str) else value
        if function.required and function.required not in options:
            self.fault(f"{name.text}() needs {function.required}=: write {function.example}", name)
        self.close(opened)
        self.depth -= 1
        if name.text in FACTS:
            return self._fact(name, argument, options)
        return Call(name.text, argument, tuple(options.items()), placed)

    def _fact(self, name: Token, argument: Node, options: dict[str, float | int | bool | str]) -> Fact:
        """A dated fact, written in one way however it was given."""
        function = FACTS[name.text]
        if not isinstance(argument, Name) or isinstance(argument, Fact):
            self.fault(f"{name.text}() takes the name of a fact: write {function.example}", name)
        absent = [key for key in function.by_place if key not in options]
        if absent:
            self.fault(f"{name.text}() needs {' and '.join(absent)}: write {function.example}", name)
        first, last = (int(options.get(key, 1)) for key in ("first", "last")) if function.by_place else (1, 1)
        if first > last:
            self.fault(f"{name.text}() looks from {first} to {last} days ago: the nearer day stands first", name)
        ordered = [(key, options[key]) for key in function.options if key in options]
        call = Call(name.text, argument, tuple(ordered), len(function.by_place))
        return Fact(call.text, call)

    def _keyword(self) -> str:
        if self.following.kind == "name" and self.after.text == "=":
            self.advance()
            return (self.advance(), self.tokens[self.at - 2].text)[1]
        return ""

    def _literal(self) -> float | int | bool | str:
        negative = self.take("-")
        token = self.advance()
        if token.kind == "number":
            value = int(token.text) if token.text.isdecimal() else float(token.text)
            return -value if negative else value
        if token.kind == "text" and not negative:
            return token.text[1:-1]
        if token.text in ("True", "False") and token.kind == "name" and not negative:
            return token.text == "True"
        self.fault("further arguments are numbers, texts, True or False", token)

    def _comparison(self) -> Node:
        left = self._arithmetic()
        if found := self.take(*COMPARISONS):
            left = self._operation(found, left, self._arithmetic())
            if self.following.text in COMPARISONS:
                self.fault("two comparisons in a row do not read: write them in two calls")
        return left

    def _arithmetic(self) -> Node:
        return self._left_to_right(("+", "-"), lambda: self._left_to_right(("*", "/"), self._signed))

    def _left_to_right(self, symbols: tuple[str, ...], part: Callable[[], Node]) -> Node:
        left = part()
        while found := self.take(*symbols):
            left = self._operation(found, left, part())
        return left

    def _signed(self) -> Node:
        sign = self.take("+", "-")
        base = self._atom()
        if self.following.text == "**":
            if sign is not None:
                self.fault("a sign before a power reads in two ways: write -(x ** 2) or (-x) ** 2", sign)
            found = self.advance()
            minus = self.take("-")
            exponent = self._atom()
            base = self._operation(found, base, self._operation(minus, exponent) if minus else exponent)
            if self.following.text == "**":
                self.fault("a power of a power reads in two ways: put brackets around one of them")
        return self._operation(sign, base) if sign else base

    def _atom(self) -> Node:
        token = self.advance()
        if token.text == "(" and token.kind == "symbol":
            self.deeper()
            node = self._comparison()
            self.close(token)
            self.depth -= 1
            return node
        if token.kind == "number":
            return Number(float(token.text))
        if token.kind == "text":
            return Text(token.text[1:-1])
        if token.kind in ("name", "quoted"):
            if self.following.text != "(":
                return self._name(token)
            if token.text in FUNCTIONS and token.text not in NUMERIC:
                self.fault(f"{token.text}() gives several columns and stands alone, not inside another call", token)
            return self._call(token)
        self.unexpected(token, "a column or number")

    def _operation(self, sign: Token, *parts: Node) -> Operation:
        self.operations += 1
        if self.operations > MAX_OPERATIONS:
            self.fault(f"the formula has more than {MAX_OPERATIONS} operations inside calls", sign)
        return Operation(sign.text, parts)

    def _name(self, token: Token) -> Name:
        if token.text in ("True", "False", "None"):
            self.fault(f"{token.text} is no column; put a column of that name in backquotes", token)
        return Name(token.text.strip("`"))
