"""What a formula is read to, what is refused and where, and that neither calls anything."""

from __future__ import annotations

import builtins
import sys
from contextlib import contextmanager, suppress
from pathlib import Path

import formulae.transforms
import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import missingmodels.frame.formula_columns
import missingmodels.frame.own_rows.counts
from missingmodels.config import from_mapping
from missingmodels.errors import ConfigInvalid, RowsInvalid
from missingmodels.formula import FUNCTIONS, FormulaFault, read_formula
from missingmodels.frame.formula_columns import _FUNCTIONS
from missingmodels.frame.own_rows.asked import Asked
from missingmodels.frame.own_rows.check import row_list
from missingmodels.frame.own_rows.counts import build_counts
from missingmodels.plan import Plan


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("a + b", ["a", "b"]),
        ("a * b", ["a", "b", "a:b"]),
        ("(a + b) * c", ["a", "b", "c", "a:c", "b:c"]),
        ("a / b", ["a", "a:b"]),
        ("(a + b) / c", ["a", "b", "a:b:c"]),
        ("(a + b + c) ** 2", ["a", "b", "c", "a:b", "a:c", "b:c"]),
        ("a * b * c - a:b:c", ["a", "b", "a:b", "c", "a:c", "b:c"]),
        ("a:b + b:a + a:a", ["a:b", "a"]),
        ("bs( age,df = 4 ) + poly(age, 2)", ["bs(age, df=4)", "poly(age, 2)"]),
        ("I(-(a ** 2) * (b + c) / 2 - (d - e))", ["I(-(a ** 2) * (b + c) / 2 - (d - e))"]),
        ("`two words` + T(arm, 'it') + C(x)", ["`two words`", 'T(arm, "it")', "C(x)"]),
        ("a.b + _c", ["a.b", "_c"]),
        ("1", []),
        ("", []),
    ],
)
def test_terms_are_those_of_wilkinson_and_rogers(text: str, terms: list[str]) -> None:
    found = read_formula(text)
    assert [term.text for term in found.terms] == terms
    assert found.intercept
    again = read_formula(" + ".join(terms))
    assert again.terms == found.terms


@pytest.mark.parametrize(("text", "held"), [("y ~ 0 + x", False), ("y ~ x - 1", False), ("y ~ -1 + x + 1", True)])
def test_the_intercept_is_in_unless_it_is_taken_out(text: str, held: bool) -> None:
    assert read_formula(text).intercept is held


@pytest.mark.parametrize(
    ("text", "place", "said"),
    [
        ("y ~ x + np.f2py.os.system('touch executed')", "np.f2py", "np.f2py.os.system(…) is no function"),
        ("y ~ np.log(x)", "np.", "did you mean log(…)?"),
        ("y ~ ln(x)", "ln", "did you mean log(…)?"),
        ("y ~ x + {sys.exit()}", "{", "a block {…} is not allowed"),
        ("y ~ x[0]", "[", "a subscript is not allowed"),
        ("y ~ x.mean()", "x.mean", "x.mean(…) is no function"),
        ("y ~ x z", "z", "'z' follows without an operator"),
        ("y ~ (x)(z)", "(z", "only a function of the list"),
        ("y ~ I(x)(z)", "(z", "only a function of the list"),
        ("y ~ lambda q: x", "q", "'q' follows without an operator"),
        ("y ~ (x := z)", "=", None),
        ("y ~ f'{x}'", "'", "follows without an operator"),
        ("y ~ x # z", "#", "has no meaning"),
        ("y ~ x @ z", "@", "write an interaction as a:b"),
        ("y ~ x ^ 2", "^", "write a power as **"),
        ("y ~ I(-x ** 2)", "-x", "reads in two ways"),
        ("y ~ I(x ** 2 ** 3)", "** 3", "reads in two ways"),
        ("y ~ x + 2", "2", "is no term"),
        ("y ~ 1x", "1x", "neither number nor name"),
        ("y ~ I(x + 1e999)", "1e999", "1e999 is beyond what a computer holds"),
        ("y ~ bs(x, knots=z)", "knots", "bs() does not take the argument 'knots'"),
        ("y ~ bs(x)", "bs", "bs() needs df="),
        ("y ~ bs(x, df=z)", "z)", "numbers, texts, True or False"),
        ("y ~ bs(x, df=1000)", "df", "a whole number from 1 to 50"),
        ("y ~ log(x, 2)", "2)", "log() does not take a further argument"),
        ("y ~ I(C(x))", "C(", "stands alone, not inside another call"),
        ("y ~ T(x, ref='a', ref='b')", "ref='b", "given twice"),
        ("y ~ (1 | id)", "|", "give child= or home="),
        ("y ~ (x", "(", "never closed"),
        ("y ~ x +", "", "the end stands where a term belongs"),
        ("y ~", "", "the end stands where a term belongs"),
        ("y ~ x ~ z", "~ z", "follows without an operator"),
        ("y ~ (a+b+c+d+e+f+g+h+i+j+k+l) ** 10", "** 10", "of 500 allowed"),
        ("y ~ " + "(" * 40 + "x", "(" * 10 + "x", "deep"),
        ("y ~ `x", "`", "backquote"),
        ("y ~ True", "True", "is no column"),
        ("sum(y) ~ x", "sum", "is a call"),
        ("~ x", "~", "names no outcome"),
        ("y ~ x + '\x00'", None, None),
    ],
)
def test_what_does_not_belong_is_refused_at_its_place(text: str, place: str | None, said: str | None) -> None:
    with pytest.raises(FormulaFault) as told:
        read_formula(text)
    if said is not None:
        assert said in str(told.value)
    if place is not None:
        assert text[told.value.at :].startswith(place) or place.startswith("(((")
        _, shown, caret = str(told.value).split("\n")
        assert shown[caret.index("^") :].startswith(text[told.value.at :][:1])


def test_a_formula_too_long_or_deep_is_refused_at_once() -> None:
    for text in ("y ~ " + "+".join(["x"] * 3000), "y ~ I(" + "+".join(["x"] * 300) + ")", "y~" + "log(" * 500 + "x"):
        with pytest.raises(FormulaFault):
            read_formula(text)


# --- nothing is called -----------------------------------------------------------------------------------------------

FRAME = pd.DataFrame(
    {
        "events": [0, 2, 1, 0, 3, 0, 1, 0, 2, 1],
        "x": [0.1, 1.2, 2.0, 0.5, 1.5, 3.0, 0.3, 2.5, 0.9, 1.1],
        "k": [1, 2, 3, 1, 2, 3, 1, 2, 3, 2],
        "z": ["a", "b", "c", "a", "b", "c", "a", "a", "b", "c"],
        "log": [1.0, 2.0, 4.0, 3.0, 2.5, 1.5, 2.2, 3.3, 1.9, 2.1],
    }
)
HOSTILE = (
    "boom(x)", "boom()", "boom", "x.boom(x)", "`boom`(x)", "{boom(x)}", "I(boom(x))", "log(boom(x))",
    "I(x * (1 + boom(x)))", "C(boom)", "T(z, ref=boom(x))", "T(z, ref='a' + boom(x) + 'b')",
    "T(z, ref='\"+boom(x)+\"')", "bs(x, df=boom(x))", "bs(x, knots=boom(x))", "[boom(x) for x in z]",
    "(lambda: boom(x))()", "(y := boom(x))", "f'{boom(x)}'", "x @ boom(x)", "# boom(x)", "x; boom(x)",
    "x\nboom(x)", "`x`.boom(x)", "os.system('touch executed')", "__import__('os')", "x.__class__",
    "log.__class__(x)", "C.__globals__", "C.__init__.__globals__(x)", "eval('boom(x)')",
    "getattr(x, 'boom')(x)", "ｂｏｏｍ(x)", "lоg(x)", "ｌｏｇ(x)", "np.exp(x)", "pd.read_pickle('any.pkl')",
    "center.__call__(x)", "Treatment(x)", "offset(boom(x))", "binary(x)", "p(events, boom(x))", "x['boom']",
    "z['a']", "9 ** 9 ** 9", "1e999", "`a`b`", "'`' + boom(x) + '`'",
    "x if boom(x) else z", "not boom(x)", "*boom(x)", "**boom", "boom(*x)", "boom(x=x)", "print(x)",
    "open('executed')", "compile('boom(x)', '', 'eval')", "{x: boom(x)}", "x | boom(x)",
)  # fmt: skip
CLEAN = ("x", "k", "z", "log", "C(k)", "T(z, ref='b')", "I(x ** 2)", "scale(log(x + 1))", "bs(x, df=4)", "poly(x, 2)")
EVENTS = ("exec", "compile", "import", "open", "os.system", "subprocess.Popen", "pickle.find_class", "socket.connect")


def _mutated(pieces: tuple[str, list[tuple[int, str]]]) -> str:
    text, changes = pieces
    for at, mark in changes:
        place = at % (len(text) + 1)
        text = text[:place] + mark + text[place:]
    return text


joined = st.recursive(
    st.sampled_from(HOSTILE + CLEAN),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from((" + ", " * ", ":", " / ", " - ", " ** 2 + ", "\n", " ")), inner).map("".join),
        inner.map(lambda text: f"({text})"),
        st.tuples(st.sampled_from([*FUNCTIONS, "boom"]), inner).map(lambda p: f"{p[0]}({p[1]})"),
    ),
    max_leaves=5,
)
marks = st.one_of(st.characters(), st.sampled_from([*"()[]{}`'\"~|@#=.:;\\,_ ", "boom(x)", "df=", "**"]))
formulas = st.tuples(joined, st.lists(st.tuples(st.integers(0, 200), marks), max_size=2)).map(_mutated)

_watch: dict[str, list[str] | None] = {"seen": None}


def _hook(event: str, arguments: tuple[object, ...]) -> None:
    if _watch["seen"] is not None and event in EVENTS:
        _watch["seen"].append(f"{event} {arguments!r}"[:200])


@pytest.fixture(scope="module")
def _audited() -> None:
    sys.addaudithook(_hook)


@contextmanager
def planted(monkeypatch: pytest.MonkeyPatch):
    """``boom`` within reach of everything that could resolve a name, and what the interpreter did meanwhile."""
    called: list[str] = []

    def boom(*arguments: object, **further: object) -> np.ndarray:
        called.append(repr((arguments, further))[:200])
        return np.arange(10.0)

    with monkeypatch.context() as patch:
        patch.setattr(builtins, "boom", boom, raising=False)
        patch.setitem(formulae.transforms.TRANSFORMS, "boom", boom)
        for module in (missingmodels.frame.own_rows.counts, missingmodels.frame.formula_columns):
            patch.setattr(module, "boom", boom, raising=False)
        _watch["seen"] = called
        try:
            yield called
        finally:
            _watch["seen"] = None


def _try(text: str) -> bool:
    """Whether the formula is accepted for rows; every refusal is RowsInvalid."""
    try:
        build_counts(FRAME, Asked(formula=f"events ~ {text}"))
    except RowsInvalid:
        return False
    return True


@pytest.mark.usefixtures("_audited")
@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=formulas)
def test_no_formula_reaches_a_call_outside_the_list(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    with planted(monkeypatch) as called:
        _try(text)
        with suppress(ConfigInvalid):
            from_mapping({"terms": {"vulnerability": text}}, Plan)
    assert called == []


@pytest.mark.usefixtures("_audited")
@pytest.mark.parametrize("text", HOSTILE)
def test_every_hostile_piece_is_refused_and_calls_nothing(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    with planted(monkeypatch) as called:
        for formula in (text, f"x + {text}", f"x:{text}"):
            assert not _try(formula), formula
    assert called == []


@pytest.mark.usefixtures("_audited")
def test_the_watch_sees_what_it_watches_for(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with planted(monkeypatch) as called:
        formulae.design_matrices("events ~ x + boom(x)", FRAME)
        (tmp_path / "executed").touch()
        (tmp_path / "executed").read_text()
    assert any(line.startswith("((0") for line in called)
    assert any(line.startswith("open") for line in called)


@pytest.mark.usefixtures("_audited")
def test_text_in_quotation_marks_is_text(monkeypatch: pytest.MonkeyPatch) -> None:
    with planted(monkeypatch) as called:
        assert not _try("I(z == 'boom(x)')")  # 0 in every row
        assert _try("x + I(z == 'a')")
    assert called == []


@pytest.mark.parametrize(
    "text", ["I(((9 ** 9) ** 9) ** 9)", "I(x ** 999999999)", "I(1e308 * 10)", "exp(exp(exp(I(x * 9))))"]
)
def test_powers_of_powers_end_at_once_as_what_is_not_finite(text: str) -> None:
    with pytest.raises(RowsInvalid, match="is not finite in rows"):
        build_counts(FRAME, Asked(formula=f"events ~ {text}"))


@pytest.mark.parametrize("text", ["{}", "bs({}, df=4)", "poly({}, 2)", "x:{}"])
def test_rows_on_which_a_function_has_no_value_are_named(text: str) -> None:
    """Of rows 1 to N the root of x less its third smallest value has none in the two rows below it."""
    third = float(np.sort(FRAME["x"].unique())[2])
    lost = [int(label) for label in FRAME.index[FRAME["x"] < third]]
    root = f"sqrt(x - {third!r})"
    with pytest.raises(RowsInvalid) as raised:
        build_counts(FRAME, Asked(formula=f"events ~ {text.format(root)}"))
    said = f"{root} is not finite in {row_list(lost)}"
    assert said in str(raised.value)


@pytest.mark.parametrize("text", CLEAN)
def test_every_clean_piece_is_accepted(text: str) -> None:
    assert _try(text)


def test_the_functions_that_are_read_are_those_that_are_called() -> None:
    assert set(_FUNCTIONS) | {"C", "T", "bs", "poly"} == set(FUNCTIONS)


def test_only_one_module_calls_the_formula_library() -> None:
    root = Path(missingmodels.frame.own_rows.counts.__file__).parents[1]
    users = [p.name for p in root.rglob("*.py") if "formulae import" in p.read_text(encoding="utf-8")]
    assert users == ["formula_columns.py"]


def test_the_formulas_handed_in_are_refused_by_their_call(shared: Path, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    lines = (shared / "cases" / "footing" / "formulas.txt").read_text(encoding="utf-8").splitlines()
    assert len(lines) >= 6
    rows = pd.read_csv(shared / "cases" / "rows" / "rows_ok.csv")
    for line in lines:
        call = line.split("x + ")[1].removeprefix("I(x * (1 + ").removeprefix("{").split("(")[0]
        with pytest.raises(RowsInvalid) as told:
            build_counts(rows, Asked(formula=line, child="child"))
        assert call in told.value.what.split("\n")[0]
        assert "no column" not in told.value.what
        terms = line.split("~")[1].replace("x", "age_years", 1)
        with pytest.raises(ConfigInvalid) as told:
            from_mapping({"terms": {"vulnerability": terms}}, Plan)
        assert call in told.value.what
        assert "terms.vulnerability: " in told.value.what
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("onsets ~ age_years", "formulas have no ~"),
        ("age_years - 1", "the intercept is in every model"),
        ("(1 | home)", "group terms"),
        ("bs(age_years, df=4):male", "alone in its term"),
        ("bs(log(age_years), df=4)", "alone in its term"),
        ("bs(age_years, df=2)", "df at least 3"),
        ("np.log(age_years)", "did you mean log(…)?"),
    ],
)
@pytest.mark.parametrize("key", ["vulnerability", "history", "calendar"])
def test_a_plan_names_the_key_of_a_formula_that_does_not_read(key: str, text: str, said: str) -> None:
    with pytest.raises(ConfigInvalid) as told:
        from_mapping({"terms": {key: text}}, Plan)
    assert said in told.value.what
    assert f"terms.{key}: " in told.value.what
    assert "(found" not in told.value.what
