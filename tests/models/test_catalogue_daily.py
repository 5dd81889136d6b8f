"""The records of the daily models name what there is."""

from __future__ import annotations

import importlib

import pytest

from missingmodels.models.catalogue_daily import HAWKES, KERNEL, ORNSTEIN_UHLENBECK
from missingmodels.vocabulary import QUANTITIES

RECORDS = pytest.mark.parametrize("record", [KERNEL, ORNSTEIN_UHLENBECK, HAWKES], ids=lambda record: record.name)


@RECORDS
def test_parameters_are_in_the_vocabulary_and_stand_in_their_equations(record):
    assert len({term.code for term in record.terms}) == len(record.terms)
    for term in record.terms:
        for name in term.parameters:
            assert QUANTITIES[name].symbol in term.equation, (term.name, name)


@RECORDS
def test_every_parameter_has_a_prior_with_a_reason_in_every_set(record):
    parameters = {name for term in record.terms for name in term.parameters}
    for held in record.priors.values():
        assert {name for name in held if name in parameters} == parameters
        assert all(prior.reason for prior in held.values())


@RECORDS
def test_what_builds_a_model_and_what_it_is_held_against_exist(record):
    for dotted in (record.code, record.reference):
        module, _, name = dotted.rpartition(".")
        assert callable(getattr(importlib.import_module(f"missingmodels.{module}"), name))
