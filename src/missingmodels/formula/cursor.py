"""The tokens of a formula one after another, and the faults of those that do not belong."""

from __future__ import annotations

from typing import NoReturn

from missingmodels.formula.syntax import FormulaFault, Token, odd_token, tokens_of

MAX_DEPTH = 30


class Cursor:
    """A place in the tokens of a formula, and how many brackets and calls deep it is."""

    def __init__(self, text: str) -> None:
        self.text, self.tokens, self.at, self.depth = text, tokens_of(text), 0, 0

    @property
    def following(self) -> Token:
        """The token that is read next."""
        return self.tokens[self.at]

    @property
    def after(self) -> Token:
        """The one after it."""
        return self.tokens[min(self.at + 1, len(self.tokens) - 1)]

    def advance(self) -> Token:
        """Read a token."""
        token = self.following
        self.at = min(self.at + 1, len(self.tokens) - 1)
        return token

    def take(self, *symbols: str) -> Token | None:
        """Read a token if it is one of these symbols."""
        return self.advance() if self.following.kind == "symbol" and self.following.text in symbols else None

    def close(self, opened: Token) -> None:
        """Read the bracket that ends what ``opened`` began. Raises FormulaFault without one."""
        if self.following.kind == "end":
            self.fault("the formula does not read: this bracket is never closed", opened)
        if not self.take(")"):
            self.refuse_next()

    def deeper(self) -> None:
        """One bracket or call deeper. Raises FormulaFault beyond ``MAX_DEPTH``, which bounds the recursion."""
        self.depth += 1
        if self.depth > MAX_DEPTH:
            self.fault(f"brackets and calls stand more than {MAX_DEPTH} deep")

    def refuse_next(self) -> NoReturn:
        """Raise FormulaFault for a token that nothing can begin or go on with."""
        token = self.following
        if token.text == "=":
            self.fault("the formula does not read: '=' has no meaning here; compare by ==", token)
        if token.text == "(":
            self.fault("only a function of the list may be called, by its name", token)
        self.fault(f"the formula does not read: {token.text!r} follows without an operator", token)

    def unexpected(self, token: Token, wanted: str) -> NoReturn:
        """Raise FormulaFault for a token that stands in place of another."""
        found = f"{token.text!r}" if token.kind != "end" else "the end"
        self.fault(f"the formula does not read: {found} stands where {wanted} belongs", token)

    def fault(self, what: str, token: Token | None = None) -> NoReturn:
        """Raise FormulaFault at a token, or at the next one."""
        token = token or self.following
        raise FormulaFault(odd_token(token, self.text) if token.kind == "odd" else what, self.text, token.at)
