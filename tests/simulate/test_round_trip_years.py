"""Two years' returns together show a child's whole record; needs the reader that joins them."""

from __future__ import annotations

from pathlib import Path

import pytest
from full_world import AUTHORITIES, full_tables
from projection903 import as_returns_show
from test_round_trip import YEARS, require_equal

from missingmodels.export.one_return import make_return, write_return
from missingmodels.export.quirks import ALL, Quirks

combine903 = pytest.importorskip(
    "missingmodels.extract.returns.together.combine", reason="no reader joins returns of several years"
)

# Amended starts alone as well, and many: of the stays carried over about one in three has its DECOM changed.
AMENDED = Quirks(amended_share=1.0, legal_change_share=0.5)


@pytest.mark.parametrize("quirks", [Quirks(), AMENDED, ALL], ids=["plain", "amended", "all"])
@pytest.mark.parametrize("authority", AUTHORITIES[:2])
def test_two_years_are_one_record(authority: str, quirks: Quirks, tmp_path: Path) -> None:
    from missingmodels.extract.returns.one_return import read_return

    world = full_tables()
    made = [make_return(world, authority=authority, year=year, quirks=quirks, seed=3) for year in YEARS]
    read = [read_return(write_return(each, tmp_path), authority=authority, year=each.year) for each in made]
    require_equal(combine903.combine_returns(read).tables, as_returns_show(world, made[-1], after=made[:-1]))
    assert quirks.amended_share == 0 or any((each.log["quirk"] == "amended_decom").any() for each in made)
