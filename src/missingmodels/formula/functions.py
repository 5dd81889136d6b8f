"""The functions that a formula may call, and the arguments of each; there are no others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches


@dataclass(frozen=True, kw_only=True)
class _Option:
    """What an argument after the first may be.

    ``whole`` (from ``low`` to ``high``), ``number``, ``flag``, ``level`` or ``word``. A level is a text or a number, a
    word one of the texts ``among``.
    """

    kind: str
    low: int = 0
    high: int = 0
    among: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        """What to give."""
        if self.kind == "whole":
            return f"a whole number from {self.low} to {self.high}"
        if self.kind == "word":
            return f"one of {', '.join(repr(word) for word in self.among)}, in quotation marks"
        return {"number": "a number", "flag": "True or False", "level": "a level, in quotation marks if it is text"}[
            self.kind
        ]

    def takes(self, value: object) -> bool:
        """Whether a value read from a formula is one."""
        if self.kind == "flag":
            return isinstance(value, bool)
        if self.kind == "word":
            return value in self.among
        if self.kind == "level":
            return not isinstance(value, bool)
        if isinstance(value, bool | str) or not isinstance(value, int | float):
            return False
        return self.kind == "number" or (value == int(value) and self.low <= value <= self.high)


@dataclass(frozen=True, kw_only=True)
class _Function:
    """A function: what it does, how it is written, its options by keyword, and those that may be given by place."""

    does: str
    example: str
    options: Mapping[str, _Option] = field(default_factory=dict)
    by_place: tuple[str, ...] = ()
    required: str = ""


_FLAG, _NUMBER = _Option(kind="flag"), _Option(kind="number")
_BOUNDS = {"lower_bound": _NUMBER, "upper_bound": _NUMBER}

# These take and give a column of numbers, so they may stand inside each other and inside arithmetic.
NUMERIC = {
    "I": _Function(does="arithmetic or a comparison as it stands", example="I(x ** 2)"),
    "log": _Function(does="natural logarithm", example="log(x)"),
    "log1p": _Function(does="natural logarithm of 1 + x", example="log1p(x)"),
    "exp": _Function(does="exponential", example="exp(x)"),
    "sqrt": _Function(does="square root", example="sqrt(x)"),
    "center": _Function(does="x less its mean over rows", example="center(x)"),
    "scale": _Function(does="x less its mean over rows, in standard deviations", example="scale(x)"),
}
FUNCTIONS = {
    **NUMERIC,
    "C": _Function(does="indicators of the levels but the first, also of a column of numbers", example="C(x)"),
    "T": _Function(
        does="the same against a level of choice",
        example='T(arm, ref="placebo")',
        options={"ref": _Option(kind="level")},
        by_place=("ref",),
        required="ref",
    ),
    "bs": _Function(
        does="a B-spline of `df` columns",
        example="bs(age, df=4)",
        options={
            "df": _Option(kind="whole", low=1, high=50),
            "degree": _Option(kind="whole", low=0, high=5),
            "center": _FLAG,
            **_BOUNDS,
        },
        by_place=("df",),
        required="df",
    ),
    "poly": _Function(
        does="polynomials up to `degree`, orthogonal over rows unless `raw=True`",
        example="poly(age, degree=2)",
        options={"degree": _Option(kind="whole", low=1, high=10), "raw": _FLAG},
        by_place=("degree", "raw"),
    ),
}
_DAYS = _Option(kind="whole", low=1, high=730)
_WINDOW = {"first": _DAYS, "last": _DAYS, "of": _Option(kind="word", among=("child", "home"))}
# These take the name of a dated fact and give one column; none can ask for today or later.
FACTS = {
    "measure": _Function(
        does="the latest value known before the day, `lag` days ago at least (1) and `days` at most (without end); of "
        "adults on shift, or whether one with a value above 0 left the home in the `days` (28) before",
        example='measure(climate, lag=1, of="home")',
        options={
            "lag": _DAYS,
            "days": _DAYS,
            "of": _Option(kind="word", among=("child", "home", "stay", "pair", "staff", "authority")),
            "who": _Option(kind="word", among=("all", "on_shift", "left")),
            "part": _Option(kind="word", among=("between", "within")),
        },
    ),
    "event": _Function(
        does="whether an event of the kind fell on one of the days from `first` to `last` ago",
        example="event(conflict, 1, 3)",
        options=_WINDOW,
        by_place=("first", "last"),
    ),
    "event_count": _Function(
        does="how many events of the kind fell on those days",
        example="event_count(conflict, 1, 28)",
        options=_WINDOW,
        by_place=("first", "last"),
    ),
    "peers": _Function(
        does="events of the other residents on those days, `missing` or of a kind of events: any, how many residents, "
        "their share, or the share that they have of tie strength, of residents of one's sex, or of those near in age",
        example='peers(police, 1, 7, how="presence")',
        options={
            "first": _DAYS,
            "last": _DAYS,
            "how": _Option(kind="word", among=("presence", "count", "density", "network", "same_sex", "age_gap")),
            "witnessed": _FLAG,
        },
        by_place=("first", "last"),
    ),
}
_KNOWN_ELSEWHERE = {
    "ln": "log", "factor": "C", "as.factor": "C", "category": "C", "ns": "bs", "cr": "bs", "s": "bs", "spline": "bs",
    "standardize": "scale", "standardise": "scale", "centre": "center", "relevel": "T", "Treatment": "T", "power": "I",
    "square": "I", "pow": "I", "identity": "I",
}  # fmt: skip
_ADVICE = {
    "offset": "an offset does not belong in the formula; give its exponential as exposure=",
    "cbind": "name one column of counts, and give trials=",
}


def unknown_function(name: str) -> str:
    """Why a name may not be called, and what may."""
    word = name.rsplit(".", 1)[-1]
    advice = _ADVICE.get(name, "")
    known = name if name in _KNOWN_ELSEWHERE else word
    near = (
        [_KNOWN_ELSEWHERE[known]] if known in _KNOWN_ELSEWHERE else get_close_matches(word, [*FUNCTIONS, *FACTS], n=1)
    )
    if not advice:
        advice = f"did you mean {near[0]}(…)?" if near else f"it may call {', '.join(FUNCTIONS)}"
    return f"{name}(…) is no function that a formula may call: {advice}"
