"""Words of a file of the user's: read by section, every fault at once."""

import pytest

from missingmodels.errors import ConfigInvalid, InputError
from missingmodels.extract.words import SECTIONS, Words, read_words


def _file(tmp_path, text):
    path = tmp_path / "words.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_words_are_compared_without_case_and_outer_space(tmp_path):
    words = read_words(
        _file(tmp_path, '[missing_type]\n" AWOL " = "A"\n"not absent" = ""\n[shift]\n"S/I" = "sleep_in"\n')
    )
    assert words.of("missing_type") == {"awol": "A", "not absent": ""}
    assert words.of("shift") == {"s/i": "sleep_in"}
    assert words.of("role") == Words().of("shift") == {}


def test_every_fault_is_named_at_once(tmp_path):
    text = '[missing_types]\n"a" = "A"\n[missing_type]\n"b" = "B"\n[role]\n"x" = "care"\n"X" = "manager"\n'
    with pytest.raises(ConfigInvalid) as caught:
        read_words(_file(tmp_path, text))
    assert all(part in str(caught.value) for part in ("did you mean [missing_type]", "'B'", "two codes"))


def test_a_file_that_is_no_toml_or_not_there_is_refused(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        read_words(tmp_path / "none.toml")
    with pytest.raises(InputError, match="as TOML"):
        read_words(_file(tmp_path, "AWOL -> A"))


def test_every_section_has_codes():
    assert all(SECTIONS.values())
