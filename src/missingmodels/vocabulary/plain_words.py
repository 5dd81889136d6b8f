"""Words that may be shown from a column of codes, dates or shifts without naming anybody.

What a source writes where a code belongs is shown so that it can be mapped; a person's name may stand there too, and
is never shown. So a text is shown if every word of it is one of these, or an abbreviation: up to three letters that are
no common name, or four without a vowel. First names that are words of the language as well are left out.
"""

from __future__ import annotations

import re

_TOKEN = re.compile(r"[^\W_]+(?:['’][^\W_]+)?")
_ABBREVIATION = re.compile(r"[a-z]{1,3}|[b-df-hj-np-tv-xz]{4}")  # RSW, MFH, SGO, RCCW
# Names of three letters that are common in England and Wales, given and family.
_SHORT_NAMES = frozenset(
    """
    abi ada ali amy ana ann ari art ash ava bea ben bex bob cal cat col cox dan das dax day deb dee des dev don dot eli
    ell ema eva eve fay fox gay gil gus guy hal ham ian ida ike ina isa ivy jan jay jed jem jen jim job joe jon joy jud
    kai kat kay ken kim kit kye lea lee len leo lex lia lil lin liv liz lou luc luz lyn mac mae mat max may meg mel mia
    mik moe nan nat ned nia nik oak ola ole pam pat pia rae rai raj ram rao ray reg rex ria ric rio rob rod ron roy rue
    sal sam sid sky stu sue tam ted tia tim tom una uma val ver vic wes win yan yas yes zac zak zed zia zoe
    """.split()  # noqa: SIM905
)
_MONTHS = frozenset(
    """
    january february march april may june july august september october november december
    jan feb mar apr jun jul aug sep sept oct nov dec
    """.split()  # noqa: SIM905
)
# Of returns: why and how a child is away, where and by what order a child lives.
_CHILDREN = """
    a abroad abs abscond absconded absconder absconding abscondment absconds absence absences absent accommodated
    accommodation accounted adopted adoption adoptive adult after agency agreed also an and apparent approved area
    arrangement asked assessed assessment asylum at attended authorisation authorised authority authorization
    authorized avoid awa away awol baby back be bed been before began beyond black boarding border boy boyfriend
    breach breached breaks british by came camhs care carer carers category cce ceased centre change changed child
    child's children children's childrens class close closed code collected college community complex concern
    connected contact continued council court criminal cse curfew curfewed current custodial custody daily date days
    deceased declined decree denied deprivation detained detention did died directly disability discharge discharged
    disrupted dna does domestic duc due duration during early education emergency end ended episode episodes epo
    established excluded exclusion exploitation extended external failed false family fco female filing first for
    foster fostered fosterer fostering found free freeing friend friends from full further girl girlfriend gone
    guardian guardianship has have health high holiday home homeless homes hospital host hostel hour hours house
    house's housing ico ifa in inc incident incidents independent independently individual initial inpatient inside
    institution interim is kin kinship known la lac lapsed late later leave leaving left legal less level liberty
    limited living local located location lodging lodgings long low male marked matched maternity medical medium
    mental mfc mfh mfp midnight minutes misp misper missed missing mixed more mother moved moving multiple n named
    neglect new night nights nil no non none nor normal not notification notified null number nursing of off offender
    offending offered old on open or order orders ordinary other others out outcome outside outstanding over overdue
    overnight overstay overstayed own pace parent parental parents part party pending period permission person
    person's persons place placed placement placements planned planning plus police post previous primary prison
    private probation procedure proceedings protection provider provision psychiatric public ran range re reason
    received record recorded referred refuge refused refuses refusing registered regulated relation relative relatives
    remand remanded reported reports requested resi residence residential residing respite responsible retained return
    returned returning returns reunification review risk risks routine run runaway running safe safeguarding same
    school second secondary section sector secure see semi separated series serious service services setting sgo
    shared short sibling significant single social sofa special specialist spent staff standard started starting
    status stay stayed staying stopped street suitable supervised supervision support supported surfing suspected
    taken temporarily temporary than the their therapeutic therapy third through time times to total trafficked
    trafficking transfer transferred trial truancy truant true two type types ua uaa uasc unaccompanied unaccounted
    unallocated unapproved unauth unauthorised unauthorized uncertain unclear under unit university unknown unmatched
    unplanned unregistered unregulated unreported unsafe unspecified until urgent visit visiting vol voluntary ward
    was week weekend weekends weeks welfare went when where whereabouts while white whole with within without worker y
    year years yes yet yo yoi yot young youth yp
"""
# Of rotas and contracts: shifts, absences of staff, employment, jobs.
_STAFF = """
    absent academic accountant acting activities ad admin administration administrator advanced afternoon afternoons
    agencies agency agy all allocated allocation annual appointed apprentice apprenticeship assistant associate
    attending available awake backfill band bank bed bereavement block break breaks bureau business call called
    cancelled carers caretaker casual catering centre certified chef chief childcare clean cleaner cleaning clerk
    clinical compassionate completed confirmed consultant contract contracted contractor contractual cook coordinator
    core counsellor cover covered covering day dayshift daytime deputy diploma director domestic double driver duties
    duty earlies employed employee employment engagement equivalent escort evening evenings every executive extra
    facilities filled fixed flexi flexible float floating floor flt ft fte full fulltime furlough garden gardener
    general grade graduate group guaranteed half handover handyman handyperson head healthcare hoc holidays hols
    hourly housekeeper housekeeping hrs hub hybrid independent induction intern internal isolating job jury kitchen
    late lates lead leader learning leave lieu locum lone maintenance management manager managers mandatory maternity
    meeting mentor mid middle min month morning mornings multi nan national nightshift noon nurse nvq occupational
    officer on oncall onsite operations outreach overtime paid part parttime paternity pattern paused pay payroll
    peripatetic perm permanent permanently permission pm pod point practice practitioner principal prn project
    psychologist psychologists qualified rccw ready recruitment registered relief replacement request requested
    required rest roster rostered rota rsw sabbatical scale scheduled seconded secondment secretary self senior
    sessional sessions shadow shadowing shielding shift shifts sick sickness side site sleep sleepin sleeping
    sleepover sleeps sn spare split standby step strike student study sub substantive supernumerary supervisor supply
    swap swapped teacher teaching team temp tempo tempstaff term therapist toil trainee trainer training travel tutor
    twilight unavailable unfilled unpaid upon vacancy vacant volunteer wake waking wn work worked working wte zero
"""
# Of cells where a day or a value belongs.
_VALUES = """
    about above am approx approximately average bc below blank bst check circa confidential continuing current date
    ditto div eight eleven error estimate estimated every false feb few five four fri friday from gmt hundred
    illegible inf infinite infinity invalid less many mean minus missing mon monday na name nat nine nk none now num
    one ongoing plus present query redacted ref same sat saturday see seven several six some soon still sun sunday
    suppressed tba tbc tbd ten three thu thur thurs thursday today tomorrow tue tues tuesday twelve twenty two
    always awaited awaiting lot maybe often partial partly perhaps rarely sometimes usually
    undefined unknown unreadable unsure utc value wed wednesday withheld yesterday zero
"""
PLAIN = frozenset(f"{_CHILDREN} {_STAFF} {_VALUES}".split())


def names_nobody(text: str) -> bool:
    """Whether a text can name nobody: no word of it is one that might be a name. Months count beside a digit."""
    folded = text.casefold().replace("’", "'")
    dated = any(character.isdigit() for character in folded)
    return all(_plain(token, dated=dated) for token in _TOKEN.findall(folded))


def _plain(token: str, *, dated: bool) -> bool:
    if token in PLAIN or (dated and token in _MONTHS):
        return True
    parts = re.findall(r"[^\W\d_]+", token)  # 22mar2025, 8am, level3: the letters between digits
    if len(parts) != 1 or parts[0] != token:
        return all(_plain(part, dated=dated) for part in parts)
    return bool(_ABBREVIATION.fullmatch(token)) and token not in _SHORT_NAMES
