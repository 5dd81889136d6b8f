"""What each rule of an import means, in words for whoever holds the data: one place, for the quality report.

Source: the rules as this package applies them; DfE validation rule numbers as open validators implement them
(csc-validator-be-903, read in 2026).
"""

from __future__ import annotations

# Rule: what is meant, and what to ask or do. Every reason that a return's ledger can hold stands here.
MEANING: dict[str, tuple[str, str]] = {
    "child_blank": ("CHILD is blank: a line of totals, or a row without its child", "look at the row in the source"),
    "header_bad_date": ("the date of birth cannot be read", "correct it as DD/MM/YYYY"),
    "epi_bad_date": ("DECOM or DEC cannot be read (rules 141, 147)", "correct it as DD/MM/YYYY"),
    "mis_bad_date": ("MIS_START or MIS_END cannot be read (rules 1004, 1005)", "correct it as DD/MM/YYYY"),
    "uasc_bad_date": ("DUC cannot be read", "correct it as DD/MM/YYYY"),
    "same_child": ("the child stands in the table twice with equal facts", "none needed"),
    "header_dup": ("rows of one child contradict each other, and the last stands (rule INT32)", "ask which is right"),
    "uasc_dup": ("rows of one child have several days of DUC, and the last stands", "ask which is right"),
    "id_conflict": ("the child stood under another id, too, and both were made one", "ask why the id was changed"),
    "resubmitted": ("a newer return tells the same thing again", "none needed"),
    "resubmitted_changed": ("a newer return tells it with other codes or dates, and stands", "ask why it was changed"),
    "exact_duplicate": ("the row is there twice", "none needed"),
    "no_episodes": ("a child of the header has no episodes", "ask whether the episodes were left out"),
    "no_placement_left": ("all episodes of the child were set aside", "see why its episodes were"),
    "uasc_orphan": ("the child of a UASC row has no placement", "see why its episodes were set aside"),
    "uasc_ended_before": ("the status ended before the child's first recorded day", "none needed"),
    "uasc_flag_not_1": ("the UASC flag is not 1", "ask what the flag means"),
    "epi_orphan": ("the child of an episode is not in the header", "ask for the child's header row"),
    "epi_no_place": ("PLACE is blank", "ask for the placement type"),
    "epi_zero_length": ("DEC equals DECOM (rule 355)", "none needed: no night was spent there"),
    "epi_nonpositive": ("DEC is before DECOM (rule 356)", "correct the dates"),
    "epi_before_birth": ("DECOM is before the date of birth", "correct one of them"),
    "epi_outside_return": ("the episode lies outside the return's year", "check that the files are of one year"),
    "epi_overlap": ("it ended after the next began and was cut there (rule 501)", "ask where the child was"),
    "epi_open_not_last": ("open though a later episode follows; closed there (rule 142)", "ask when it ended"),
    "epi_gap": ("up to 31 days between though REC X1 says that the next began at once; closed", "ask when it ended"),
    "epi_open_new_period": ("open in an old return, and a newer begins a new period of care", "ask when it ended"),
    "epi_lost_open": ("open in an old return, and never told again: ended on 31 March", "ask what became of the child"),
    "epi_authority_ends": ("open when the authority's returns end", "give the authority's later returns"),
    "epi_amended_start": ("a newer return has the same episode with another DECOM", "none needed"),
    "epi_superseded": ("a newer return has another episode in its place", "none needed"),
    "short_break": ("V3 or V4: a short break, not full-time care", "none needed"),
    "same_placement": ("a change of legal status only, or the same setting again", "none needed"),
    "same_placement_renamed": ("the setting got another code or URN at one address", "check that nobody moved"),
    "mis_incomplete": ("MISSING or MIS_START is blank (rules 564 to 566)", "fill them in"),
    "mis_bad_type": ("MISSING is neither M nor A (rule 1006)", "map the local word to M or A"),
    "mis_no_absence": ("the words file says that such a row tells of no absence", "none needed"),
    "mis_orphan": ("the child of a missing row has no episodes", "ask for the child's episodes"),
    "mis_end_before_start": ("MIS_END is before MIS_START (rule 567)", "correct the dates"),
    "mis_before_birth": ("MIS_START is not after the date of birth (rule 586)", "correct one of them"),
    "mis_outside_return": ("the spell lies outside the return's year (rules 570, 571)", "check the year"),
    "mis_outside_care": ("no placement covers MIS_START (rules 577, 578, 581)", "ask where the child lived"),
    "mis_placement_set_aside": ("its episode was set aside", "see why the episode was"),
    "mis_overlap": ("spells overlap and were made one, M if any is M (rule 574)", "ask which is right"),
    "mis_open_after_care": ("open though the child left care; censored there (rule 575)", "ask whether they came back"),
    "mis_lost_open": ("open in an old return and never told again (rule 576)", "ask when the child came back"),
    "mis_end_kept": ("only an older return has the end", "ask whether the child came back"),
}


def meaning_of(rule: str) -> tuple[str, str]:
    """Meaning and question of a rule; blank for one that is not known here."""
    return MEANING.get(rule, ("", ""))
