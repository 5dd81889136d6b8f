"""The records of the other outcomes name what there is."""

from __future__ import annotations

import pytest

from missingmodels.models.catalogue.outcomes import OUTCOME_RECORDS
from missingmodels.models.outcomes.models import DESIGNS
from missingmodels.models.outcomes.priors import SCALARS


def test_every_outcome_has_its_record():
    assert [record.name for record in OUTCOME_RECORDS] == list(DESIGNS)


@pytest.mark.parametrize("record", OUTCOME_RECORDS, ids=[record.name for record in OUTCOME_RECORDS])
def test_a_record_has_the_priors_of_its_scalars_and_columns(record):
    assert sorted(name for term in record.terms for name in term.parameters) == sorted(SCALARS[record.name])
    columns = set() if record.name == "recording" else {"coefficient"}
    assert all(set(held) == {*SCALARS[record.name], *columns} for held in record.priors.values())
