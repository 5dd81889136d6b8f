"""The catalogue names what there is: every symbol, module and prior in it can be looked up."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

from missingmodels.models.catalogue.models import CATALOGUE, models_page
from missingmodels.vocabulary import QUANTITIES

ROOT = Path(__file__).resolve().parents[2]
RECORDS = pytest.mark.parametrize("record", CATALOGUE, ids=[record.name for record in CATALOGUE])


@RECORDS
def test_every_parameter_is_in_the_vocabulary_and_stands_in_its_equation(record):
    assert len({(term.code, term.chosen) for term in record.terms}) == len(record.terms)
    for term in record.terms:
        for name in term.parameters:
            assert QUANTITIES[name].symbol in term.equation, (term.name, name)


@RECORDS
def test_every_parameter_has_a_prior_in_every_set_and_no_prior_is_of_another_model(record):
    parameters = {name for term in record.terms for name in term.parameters}
    for held in record.priors.values():
        scalars = {name for name, prior in held.items() if name in parameters}
        assert scalars == parameters
        assert all(prior.reason for prior in held.values())


@RECORDS
def test_what_builds_a_model_exists(record):
    module, _, name = record.code.rpartition(".")
    assert callable(getattr(importlib.import_module(f"missingmodels.{module}"), name))


@RECORDS
def test_every_part_is_told(record):
    assert bool(record.priors) != bool(record.priors_elsewhere)
    assert record.estimands
    assert record.fitted
    assert record.refused


def test_the_page_holds_every_term_on_a_line_of_its_own():
    page = models_page()
    assert (ROOT / "docs" / "models.md").read_text(encoding="utf-8") == page
    for record in CATALOGUE:
        for term in record.terms:
            line = next(line for line in page.splitlines() if line.startswith(f"| {term.name} |"))
            assert line.count(" | ") == 4


@pytest.mark.parametrize(
    ("name", "strange"),
    [
        ("kernel", ("peer_presence", "peer_density", "peer_presence:short_staffing")),
        ("ornstein_uhlenbeck", ("peer_presence:short_staffing",)),
        ("hawkes", ("peer_presence", "peer_density", "own_1_7", "peer_kernel")),
        ("recording", ("coefficient",)),
    ],
)
def test_no_prior_is_printed_of_a_column_that_the_model_cannot_hold(name, strange):
    record = next(record for record in CATALOGUE if record.name == name)
    assert not {column for held in record.priors.values() for column in held} & set(strange)
