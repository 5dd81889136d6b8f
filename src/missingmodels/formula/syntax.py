"""What a formula is made of: its tokens, the tree of a call's arithmetic, and the fault that shows its place."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

# Far beyond any formula that a person writes, far below what could exhaust stack, time or memory.
MAX_LENGTH = 4000
WIDTH = 72  # of the piece of formula that a fault shows

_TOKEN = re.compile(
    r"""(?P<space>[ \t\r\n]+)
    |(?P<number>(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)
    |(?P<name>[^\W\d][\w.]*)
    |(?P<quoted>`[^`\n]+`)
    |(?P<text>"[^"\\\n]*"|'[^'\\\n]*')
    |(?P<symbol>\*\*|==|!=|<=|>=|[-+*/:~|(),=<>])""",
    re.VERBOSE,
)
_PLAIN = re.compile(r"[^\W\d][\w.]*")
_WORDS = ("True", "False", "None")
_HINTS = {
    "{": "a block {…} is not allowed, write arithmetic as I(…)",
    "[": "a subscript is not allowed",
    "^": "write a power as **",
    "%": "write a nested term as a / b or a:b",
    "@": "write an interaction as a:b",
    "`": "a name in backquotes ends with a backquote on the same line",
    '"': "a text ends with its quotation mark on the same line, and holds no backslash",
    "'": "a text ends with its quotation mark on the same line, and holds no backslash",
}


class FormulaFault(ValueError):
    """A formula that is not read, with what is wrong and a caret at the place.

    Callers turn it into the error of what they read: ConfigInvalid for plans and studies, RowsInvalid for rows.
    """

    def __init__(self, what: str, text: str, at: int) -> None:
        start = max(0, min(at - WIDTH // 2, len(text) - WIDTH))
        shown = "".join(c if c.isprintable() else "?" for c in text[start : start + WIDTH])
        caret = " " * (at - start) + "^"
        super().__init__(f"{what}, at character {at + 1} of the formula\n      {shown}\n      {caret}")
        self.what = what
        self.at = at


@dataclass(frozen=True)
class Token:
    """A piece of a formula: its kind (number, name, quoted, text, symbol, odd or end), its text and its place."""

    kind: str
    text: str
    at: int


def tokens_of(text: str) -> list[Token]:
    """The tokens of a formula, an ``end`` after the last; what belongs in none is ``odd``. FormulaFault if too long."""
    if len(text) > MAX_LENGTH:
        raise FormulaFault(f"the formula is {len(text)} characters long, of {MAX_LENGTH} allowed", text, MAX_LENGTH)
    return [*_scan(text), Token("end", "", len(text))]


def _scan(text: str) -> Iterator[Token]:
    at = 0
    while at < len(text):
        found = _TOKEN.match(text, at)
        kind, end = (str(found.lastgroup), found.end()) if found else ("odd", at + 1)
        if kind == "number" and (
            text[end : end + 1].isalnum() or text[end : end + 1] in ("_", ".") or _endless(text[at:end])
        ):
            kind = "odd"
        if kind != "space":
            yield Token(kind, text[at:end], at)
        at = end


def _endless(number: str) -> bool:
    return float(number) == float("inf") if number != "." else False


def odd_token(token: Token, text: str) -> str:
    """Why an odd token does not belong in a formula."""
    if token.text[0] in "0123456789." and _endless(token.text):
        return f"the formula does not read: {token.text} is beyond what a computer holds"
    if token.text[0] in "0123456789.":
        return (
            f"the formula does not read: {text[token.at : token.at + len(token.text) + 1]!r} is neither number nor name"
        )
    end = text.find("}", token.at) + 1 if token.text == "{" else 0
    block = f": {text[token.at : end][:60]}" if end > 0 else ""
    return f"the formula does not read: {_HINTS.get(token.text, f'{token.text!r} has no meaning')}{block}"


@dataclass(frozen=True)
class Name:
    """A column."""

    name: str

    @property
    def text(self) -> str:
        """As a formula has it, in backquotes if the name is no word."""
        return self.name if _PLAIN.fullmatch(self.name) and self.name not in _WORDS else f"`{self.name}`"


@dataclass(frozen=True)
class Number:
    """A number, without sign."""

    value: float

    @property
    def text(self) -> str:
        """As a formula has it."""
        return str(int(self.value)) if self.value == int(self.value) and self.value < 1e15 else repr(self.value)


@dataclass(frozen=True)
class Text:
    """A text, such as a level that a column is compared with."""

    value: str

    @property
    def text(self) -> str:
        """As a formula has it."""
        mark = "'" if '"' in self.value else '"'
        return f"{mark}{self.value}{mark}"


@dataclass(frozen=True)
class Operation:
    """Arithmetic or a comparison of one or two parts, inside a call."""

    symbol: str
    parts: tuple[Node, ...]

    @property
    def text(self) -> str:
        """As a formula has it, with the brackets that it needs."""
        if len(self.parts) == 1:
            return f"{self.symbol}{_bracketed(self.parts[0], _UNARY)}"
        rank = _RANK[self.symbol]
        left, right = self.parts
        # a power has a base and an exponent without operators of their own
        own = rank + (self.symbol in ("**", *COMPARISONS))
        return f"{_bracketed(left, own)} {self.symbol} {_bracketed(right, rank + 1)}"


@dataclass(frozen=True)
class Call:
    """A function of the list, its argument, and further ones, of which the first ``placed`` go without their name."""

    function: str
    argument: Node
    options: tuple[tuple[str, float | int | bool | str], ...] = ()
    placed: int = 0

    @property
    def text(self) -> str:
        """As a formula has it, and the name of its column."""
        further = [
            _option_text(v) if i < self.placed else f"{n}={_option_text(v)}" for i, (n, v) in enumerate(self.options)
        ]
        return f"{self.function}({', '.join([self.argument.text, *further])})"


@dataclass(frozen=True)
class Fact(Name):
    """A column made of dated facts, such as ``event(conflict, 1, 3)``: the call, whose text is the column's name."""

    call: Call

    @property
    def text(self) -> str:
        """As a formula has it."""
        return self.name


Node = Name | Number | Text | Operation | Call
COMPARISONS = ("==", "!=", "<", "<=", ">", ">=")
_RANK = {**dict.fromkeys(COMPARISONS, 0), "+": 1, "-": 1, "*": 2, "/": 2, "**": 4}
_UNARY = 5


def _bracketed(node: Node, at_least: int) -> str:
    if not isinstance(node, Operation):
        return node.text
    rank = _RANK[node.symbol] if len(node.parts) == 2 else 3
    return node.text if rank >= at_least else f"({node.text})"


def _option_text(value: float | int | bool | str) -> str:
    """A further argument of a call as a formula has it."""
    if isinstance(value, bool):
        return str(value)
    return (
        Text(value).text if isinstance(value, str) else f"-{Number(-value).text}" if value < 0 else Number(value).text
    )


def columns_in(node: Node) -> Iterator[str]:
    """Every column that a node names, as often as it does."""
    if isinstance(node, Name):
        yield node.name
    elif isinstance(node, Operation):
        for part in node.parts:
            yield from columns_in(part)
    elif isinstance(node, Call):
        yield from columns_in(node.argument)
