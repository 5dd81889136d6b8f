"""Writes the reference pages in docs/ from the code, so that they cannot drift. `--check` only compares.

python scripts/write_docs.py [--check]
"""

from __future__ import annotations

import argparse
import dataclasses
import inspect
import re
import sys
from pathlib import Path
from typing import get_args

from pydantic_core import PydanticUndefined

from missingmodels.config import Config
from missingmodels.errors import MissingModelsError
from missingmodels.evidence.parts import BayesFactor, ElpdDifference, OwnHistory, PowerScaling, Row
from missingmodels.evidence.record import FORMAT, Evidence
from missingmodels.frame.published.calibration import MEASURES
from missingmodels.models.catalogue.models import models_page
from missingmodels.plan import Plan
from missingmodels.scenario import Scenario
from missingmodels.simulate.associations import associations, dials
from missingmodels.studies.questions.study import Study
from missingmodels.tables.contract import TABLES, Column
from missingmodels.targets import INTERVAL_NOTE, targets
from missingmodels.vocabulary import notation_page

STUDIES = (
    "A study is one TOML file, run by `missingmodels power STUDY.toml -o FOLDER`. Keys under `axes`, `prior` and `set` "
    "are dotted fields of a scenario; under `axes` with `plan.` before it, a field of the plan. What is shown is every "
    "key, its type and its default:"
)

DOCS = Path(__file__).resolve().parent.parent / "docs"


def pages() -> dict[str, str]:
    """Every page by file name."""
    return {
        "notation.md": notation_page(),
        "tables.md": tables_page(),
        "dictionary.md": dictionary_page(),
        "plans.md": config_page("Plans", Plan, "A plan is one TOML file. Every key, its type and its default:")
        + formula_section(FORMULA_OF_PLAN)
        + columns_section(),
        "scenarios.md": config_page("Scenarios", Scenario, "A scenario is one TOML file. Every key, type and default:"),
        "studies.md": config_page("Studies", Study, STUDIES),
        "associations.md": associations_page(),
        "evidence.md": evidence_page(),
        "errors.md": errors_page(),
        "targets.md": targets_page(),
        "models.md": models_page(),
        "rows.md": rows_page(),
        "mappings.md": mappings_page(),
    }


def tables_page() -> str:
    """The contract."""
    lines = ["# Tables", "", "Made from `missingmodels.tables.contract`. Spans of days are half-open, `[start, end)`;"]
    lines += ["an empty end means open. Empty cells mean *unrecorded*. Dates are ISO 8601.", ""]
    for table in TABLES.values():
        lines += [f"## {table.name}", "", f"{table.meaning}. Key: {', '.join(f'`{k}`' for k in table.key)}."]
        if table.optional:
            lines[-1] += " Optional."
        lines += ["", "| column | kind | required | values | meaning |", "|---|---|---|---|---|"]
        for column in table.columns:
            values = _values(column)
            required = "yes" if column.required else ""
            lines.append(f"| `{column.name}` | {column.kind} | {required} | {values} | {column.meaning} |")
        lines.append("")
    return "\n".join(lines)


def dictionary_page() -> str:
    """Every column of every table and every quantity of the register, in one alphabet."""
    from missingmodels.vocabulary import QUANTITIES

    rows = [
        (
            column.name,
            f"[{table.name}](tables.md)",
            ", ".join(filter(None, (str(column.kind), _values(column)))),
            column.meaning,
        )
        for table in TABLES.values()
        for column in table.columns
    ]
    rows += [
        (name, "[quantity](notation.md)", ", ".join(filter(None, (q.unit, q.support))), q.meaning)
        for name, q in QUANTITIES.items()
    ]
    lines = [
        "# Data dictionary",
        "",
        "Made from `missingmodels.tables.contract` and `missingmodels.vocabulary`: columns of tables, with their",
    ]
    lines += [
        "kind and values, and quantities of the models, with their unit and values. *Table* says where each stands."
    ]
    lines += ["", "| name | table | kind or unit, values | meaning |", "|---|---|---|---|"]
    lines += [f"| `{name}` | {where} | {values} | {meaning} |" for name, where, values, meaning in sorted(rows)]
    return "\n".join([*lines, ""])


def _values(column: Column) -> str:
    low = [f"≥ {column.low:g}"] if column.low is not None else []
    high = [f"≤ {column.high:g}"] if column.high is not None else []
    return ", ".join(column.allowed or low + high)


def config_page(title: str, kind: type[Config], opening: str) -> str:
    """All keys of a configuration record."""
    lines = [f"# {title}", "", opening, ""]
    sections: list[tuple[str, type[Config]]] = [("", kind)]
    for prefix, section in sections:
        lines += [f"## {f'[{prefix}]' if prefix else 'Top level'}", "", inspect.getdoc(section) or "", ""]
        documented = any(field.description for field in section.model_fields.values())
        lines += (
            ["| key | type | default | meaning |", "|---|---|---|---|"]
            if documented
            else ["| key | type | default |", "|---|---|---|"]
        )
        for name, field in section.model_fields.items():
            annotation = field.annotation
            if isinstance(annotation, type) and issubclass(annotation, Config):
                sections.append((f"{prefix}.{name}" if prefix else name, annotation))
                continue
            for inner in get_args(annotation):  # one record a name, as [own.adhd]
                if isinstance(inner, type) and issubclass(inner, Config) and kind is Scenario:
                    sections.append((f"{name}.NAME", inner))
            default = field.get_default(call_default_factory=True)
            shown = "required" if default is PydanticUndefined else f"`{default!r}`"
            meaning = f" {field.description} |" if documented else ""
            lines.append(f"| `{name}` | {_type(annotation)} | {shown} |{meaning}")
        lines.append("")
    return "\n".join(lines)


def mappings_page() -> str:
    """How any rectangular file becomes a table, and how identifiers are replaced."""
    from missingmodels.extract import pseudonyms
    from missingmodels.extract.mapped import headers as mapping_headers
    from missingmodels.extract.mapped import mapping

    lines = [
        "# Mappings and keys",
        "",
        "Made from `missingmodels.extract.mapped.mapping` and `missingmodels.extract.pseudonyms`.",
    ]
    head, _, example = (inspect.getdoc(mapping) or "").partition("\n\n")
    lines += ["", head, "", *_fenced(example), ""]
    lines += [
        "`missingmodels import mapping FILE.toml --into TABLES` puts its tables beside those of a folder; with `-o`"
    ]
    lines += ["they go elsewhere. `--draft FILE` proposes a mapping from a file's headers, for you to correct."]
    lines += [
        "",
        f"Keys of a table: {', '.join(f'`{k}`' for k in mapping.TABLE_KEYS)}. Keys of a column, of which one of",
    ]
    lines += [
        f"{', '.join(f'`{k}`' for k in mapping.SOURCES)} is needed: {', '.join(f'`{k}`' for k in mapping.COLUMN_KEYS)}."
    ]
    lines += ["", "```text", inspect.getdoc(mapping.MappedColumn) or "", "```", ""]
    lines += [f"`part` is one of {', '.join(mapping.PARTS)}; `otherwise` one of {', '.join(mapping.OTHERWISE)}.", ""]
    lines += [
        "## Headers that a draft knows",
        "",
        "Headers are compared word by word; words that say one thing are one",
        f"({', '.join(f'{word} as {kept}' for word, kept in list(mapping_headers.STANDS_FOR.items())[:8])}, …).",
        "",
        "| column | headers |",
        "|---|---|",
    ]
    lines += [f"| `{name}` | {', '.join(words)} |" for name, words in mapping_headers.WORDS.items()]
    lines += ["", "Tables of staff are left to `missingmodels import staffing`.", "", "## Keys", ""]
    lines += [inspect.getdoc(pseudonyms) or "", ""]
    lines += [
        f"`--key FILE` names a file of at least {pseudonyms.SHORTEST_KEY_BYTES} bytes, kept outside every output;"
    ]
    lines += [
        f"{pseudonyms.MAKE_ONE}. Use one key for all imports that belong together: returns, staffing and mappings",
        "",
    ]
    lines[-2] = lines[-2] + " meet only under it. Who loses the key can make the same names no more."
    lines += ["| table | columns replaced |", "|---|---|"]
    held: dict[str, list[str]] = {name: list(columns) for name, columns in pseudonyms.CHILDREN.items()}
    for name, column in pseudonyms.STAFF.items():
        held.setdefault(name, []).append(column)
    lines += [f"| `{name}` | {', '.join(f'`{c}`' for c in columns)} |" for name, columns in held.items()]
    return "\n".join([*lines, ""])


def _fenced(text: str) -> list[str]:
    """Paragraphs of TOML in fences, those of words between them."""
    lines: list[str] = []
    for paragraph in text.split("\n\n"):
        is_toml = re.match(r"\[|[\w.]+ = ", paragraph) is not None
        if is_toml and lines and lines[-1] == "```":
            lines[-1:] = ["", paragraph, "```"]
        else:
            lines += ["", "```toml", paragraph, "```"] if is_toml else ["", paragraph]
    return lines[1:]


def evidence_page() -> str:
    """The schema of evidence.json."""
    lines = ["# evidence.json", "", f"Format `{FORMAT}`. Keys: `format`, `versions`, and", ""]
    lines += [f"* `{f.name}`" for f in dataclasses.fields(Evidence)]
    kinds: dict[str, type] = {
        "rows": Row,
        "comparisons": ElpdDifference,
        "bayes_factors": BayesFactor,
        "power_scaling": PowerScaling,
        "own_history": OwnHistory,
    }
    for key, kind in kinds.items():
        lines += ["", f"## Items of `{key}`", "", inspect.getdoc(kind) or "", "", "| key | type |", "|---|---|"]
        lines += [f"| `{f.name}` | {_type(f.type)} |" for f in dataclasses.fields(kind)]
    return "\n".join([*lines, ""])


def errors_page() -> str:
    """The taxonomy of errors."""
    lines = ["# Errors", "", "Every error says what is wrong, where, and what to do.", ""]
    lines += ["| error | exit code | causes and remedy |", "|---|---|---|"]
    for error in MissingModelsError.__subclasses__():
        text = " ".join((inspect.getdoc(error) or "").split())
        lines.append(f"| `{error.__name__}` | {error.exit_code} | {text} |")
    return "\n".join([*lines, ""])


def associations_page() -> str:
    """Which associations of the literature a simulated world can hold, and by which setting."""
    lines = [
        "# Associations in the simulated world",
        "",
        "The testable associations of the seed documents (Waring et al. 2026",
    ]
    lines += [
        "and *Running as Communication*), each with the settings of a scenario that hold it, or the reason why none"
    ]
    lines += ["does. Every effect is 0 unless a scenario sets it, or stands at the default shown in scenarios.md.", ""]
    lines += ["| code | association | settings, or the reason there is none |", "|---|---|---|"]
    for row in associations():
        held = ", ".join(f"`{name}`" for name in row.fields)
        held = "; ".join(part for part in (held, row.reason) if part)
        lines.append(f"| {row.code} | {row.association} | {held} |")
    lines += ["", "## Where each setting is found again", ""]
    lines += [
        "The table that holds what it acts by, the column that a formula of a plan names, and what is estimated.",
        "",
    ]
    lines += ["| setting | associations | table | column | estimand, or why there is none |", "|---|---|---|---|---|"]
    for dial in dials().values():
        codes = ", ".join(row.code for row in associations() if dial.field in row.fields)
        tables = ", ".join(f"`{name}`" for name in dial.table.split())
        lines.append(f"| `{dial.field}` | {codes} | {tables} | `{dial.column}` | {dial.estimand} |")
    return "\n".join([*lines, ""])


def targets_page() -> str:
    """The published figures that a simulated England is held against, and how each is measured."""
    lines = [
        "# Calibration targets",
        "",
        "Made from `missingmodels.targets` and the measures in `missingmodels.frame`.",
    ]
    lines += [INTERVAL_NOTE, "Status *assumption*: no published figure was found, and none is shown as one.", ""]
    for target in targets().values():
        known, gate = target.status != "assumption", " Gate target." if target.gate else ""
        value = f"{target.value:g}, interval {target.low:g} to {target.high:g}" if known else "none"
        bounds = "" if known else f" (assumed interval {target.low:g} to {target.high:g})"
        measure = MEASURES[target.name].definition if target.name in MEASURES else "none"
        year = f", {target.year}" if target.year else ""
        lines += [f"## {target.label} (`{target.name}`)", ""]
        lines += [f"* Published: {value}{bounds}, {target.unit}; {target.status}.{gate}"]
        lines += [f"* Source: {target.citation}. Population: {target.population}{year}.", f"* Measured: {measure}."]
        lines += [f"* Comparable: {target.comparable}. {target.reason}"] if target.reason else []
        lines.append("")
    return "\n".join(lines)


FORMULA_OF_PLAN = """
In a plan a `bs` is `bs(NAME, df=N)`, alone in its term, and its knots are quantiles of days at risk; `center`, `scale`
and `poly` speak of rows, so prefer the columns as they are, which the sampler standardises by days at risk.
"""


def formula_section(more: str) -> str:
    """The operators and functions of a formula, one section of a page."""
    from missingmodels.formula import FUNCTIONS, NUMERIC, cursor, parser, syntax, terms

    lines = ["", "## Formulas", "", inspect.getdoc(parser) or "", *([more.strip()] if more else []), ""]
    lines += ["| between terms | meaning |", "|---|---|"]
    lines += [f"| `{symbol}` | {meaning} |" for symbol, meaning in terms.MEANINGS.items()]
    lines += ["", "| function | meaning | further arguments |", "|---|---|---|"]
    for function in FUNCTIONS.values():
        options = "; ".join(f"`{key}`: {option.words}" for key, option in function.options.items())
        lines.append(f"| `{function.example}` | {function.does} | {options} |")
    lines += [
        "",
        f"{', '.join(f'`{name}`' for name in NUMERIC)} give a column of numbers, so they may stand inside each other.",
        f"A formula has at most {syntax.MAX_LENGTH} characters, {terms.MAX_TERMS} terms, brackets {cursor.MAX_DEPTH}",
        f"deep and {parser.MAX_OPERATIONS} operations inside calls. A name that is no word stands in backquotes.",
        "",
    ]
    return "\n".join(lines)


def columns_section() -> str:
    """The columns that a plan's formula may name, and the functions that take dated facts."""
    from missingmodels.formula.functions import FACTS
    from missingmodels.frame.columns.library import COLUMNS
    from missingmodels.vocabulary import QUANTITIES

    lines = [
        "## Columns",
        "",
        "A plan's formula may name these; `terms.structure` and `exposure` bring theirs. A column",
    ]
    lines += [
        "of your own is named by its name, a measure or event by a function (`docs/own_variables.md`). No column of a"
    ]
    lines += ["day reads that day or later, but who is on the day's shifts.", ""]
    lines += ["| column | values | meaning | read from |", "|---|---|---|---|"]
    for name in sorted(COLUMNS):
        q = QUANTITIES[name]
        lines.append(f"| `{name}` | {q.support} | {q.meaning} | {q.needs} |")
    lines += ["", "| function | meaning | arguments |", "|---|---|---|"]
    for function in FACTS.values():
        options = "; ".join(f"`{key}`: {option.words}" for key, option in function.options.items())
        lines.append(f"| `{function.example}` | {function.does} | {options} |")
    return "\n".join([*lines, ""])


def rows_page() -> str:
    """How to fit rows of one's own."""
    from missingmodels.fitting.families import rows
    from missingmodels.frame.own_rows import columns as counts_columns
    from missingmodels.models import rows as models
    from missingmodels.models.priors import of_rows as row_priors
    from missingmodels.vocabulary.unrecorded import NULL_WORDS

    null_words = ", ".join(f"`{word}`" for word in sorted(filter(None, NULL_WORDS)))

    lines = [
        "# Rows of one's own",
        "",
        "Made from `missingmodels.fitting.families.rows` and `missingmodels.models.priors.of_rows`.",
        "",
    ]
    given = inspect.signature(rows.fit_rows).parameters.values()
    shown = [p.name if p.default is p.empty else f"{p.name}={p.default!r}" for p in given]
    lines += [f"`fit_rows({shown[0]}, *, {', '.join(shown[1:])})`", ""]
    lines += [
        "```text",
        inspect.getdoc(rows.fit_rows) or "",
        "```",
        formula_section(""),
        "## Columns of a file",
        "",
        inspect.getdoc(counts_columns) or "",
        "",
        f"Words for an unrecorded number: {null_words}, in any case.",
        "",
        "## Models",
        "",
        inspect.getdoc(models) or "",
        "",
    ]
    lines += ["## Priors", "", inspect.getdoc(row_priors) or "", "", "| prior set | key | prior |", "|---|---|---|"]
    for name, texts in row_priors.PRESETS.items():
        lines += [f"| `{name}` | `{key}` | `{text}` |" for key, text in texts.items()]
    kinds = (
        ("real parameters", row_priors.REAL_LAWS),
        ("scales", row_priors.SCALE_LAWS),
        ("`frailty_shape`", row_priors.SHAPE_LAWS),
    )
    for title, laws in kinds:
        written = ", ".join(f"`{name}({', '.join(parts)})`" for name, parts in laws.items())
        lines += ["", f"Laws of {title}: {written}."]
    lines += [
        "",
        "`autoscale` as a coefficient's last word divides its scale by the column's standard deviation; `rate`",
    ]
    lines += ["as the intercept's mean is the log of all events over all exposure (log odds for trials).", ""]
    return "\n".join(lines)


def _type(annotation: object) -> str:
    text = annotation if isinstance(annotation, str) else inspect.formatannotation(annotation)
    return "`" + text.replace("typing.", "").replace("missingmodels.plan.sections.", "").replace("|", "or") + "`"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true")
    only_check = parser.parse_args().check
    stale = [name for name, text in pages().items() if _held(name) != text]
    for name in stale:
        if not only_check:
            (DOCS / name).write_text(pages()[name], encoding="utf-8")
    if stale and only_check:
        sys.exit(f"stale: {', '.join(stale)}; run python scripts/write_docs.py")


def _held(name: str) -> str:
    path = DOCS / name
    return path.read_text(encoding="utf-8") if path.exists() else ""


if __name__ == "__main__":
    main()
