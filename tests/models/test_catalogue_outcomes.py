"""The records of the other outcomes name what there is."""

from __future__ import annotations

import importlib

import pytest

from missingmodels.models.catalogue_outcomes import OUTCOME_RECORDS
from missingmodels.models.outcomes.priors import SCALARS
from missingmodels.models.outcomes.registry import OUTCOMES
from missingmodels.vocabulary import QUANTITIES


def test_every_outcome_has_its_record():
    assert [record.name for record in OUTCOME_RECORDS] == list(OUTCOMES)


@pytest.mark.parametrize("record", OUTCOME_RECORDS, ids=[record.name for record in OUTCOME_RECORDS])
def test_a_record_names_what_there_is(record):
    assert len({term.code for term in record.terms}) == len(record.terms)
    parameters = [name for term in record.terms for name in term.parameters]
    assert sorted(parameters) == sorted(SCALARS[record.name])
    for term in record.terms:
        for name in term.parameters:
            assert QUANTITIES[name].symbol in term.equation
    for held in record.priors.values():
        assert set(held) == {*parameters, "coefficient"}
    for dotted in (record.code, record.reference):
        module, _, name = dotted.rpartition(".")
        assert callable(getattr(importlib.import_module(f"missingmodels.{module}"), name))
