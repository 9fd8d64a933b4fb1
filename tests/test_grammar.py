"""The ECG-QA grammar, cell by cell: every attribute type in every question type is asked, and answered from the facts.

The official templates (Oh et al. 2023): statements (also by class, also of one lead), noise, stage of infarction, heart
axis, extrasystoles and numeric features; verify, choose and query on one ECG, verify and query on two of one patient
and of two. What an answer must be is found here from the words of the question and the facts, not by the builder.
"""

import random
import re
from collections import Counter
from dataclasses import replace

import pytest
from test_questions import MEASURED, view

from anyecg.findings import CODES, FINDINGS, superclasses_of
from anyecg.leads import STANDARD_LEADS
from data_builders.checks import PLACEHOLDER
from data_builders.questions import pair, question
from data_builders.questions.pair_wording import ASKED, NUMERIC, QUERIES
from data_builders.questions.wording import agree, bare, is_plural, noun
from train.scoring import question_is_right

KINDS = ("baseline drift", "static noise", "burst noise", "electrode problems")
NOISY = {"baseline drift": ["V6"], "static noise": ["I", "II", "V6"], "burst noise": [], "electrode problems": ["V1"]}
CLEAN = {kind: [] for kind in KINDS}
RANGES = {
    "RR interval": (600, 1000), "P duration": (0, 120), "PR interval": (120, 200), "QRS duration": (0, 119),
    "QTc": (350, 460), "frontal axis": (-30, 90), "QT interval": (350, 440),
}  # fmt: skip
KEYS = {"P duration": "p_ms", "PR interval": "pr_ms", "QRS duration": "qrs_ms", "QTc": "qtc_bazett_ms",
        "frontal axis": "axis_deg", "QT interval": "qt_ms"}  # fmt: skip
FLAT = {"st_j_mv": 0.0, "t_mv": 0.3, "q_mv": 0.0, "r_mv": 1.0, "s_mv": -0.2}
SHAPES = {lead: dict(FLAT) for lead in STANDARD_LEADS}
SHAPES["V2"] |= {"st_j_mv": 0.25}
SHAPES["V3"] |= {"st_j_mv": 0.2, "t_mv": -0.4}
SHAPES["II"] |= {"st_j_mv": -0.15, "q_mv": -0.3}
SIGNS = {
    "ST elevation": lambda row: row["st_j_mv"] >= 0.1, "ST depression": lambda row: row["st_j_mv"] <= -0.1,
    "T wave inversion": lambda row: row["t_mv"] <= -0.1, "Q waves": lambda row: row["q_mv"] <= -0.1,
}  # fmt: skip
STAGES = ("early", "middle", "old")
AXES = ("normal heart axis", "left axis deviation", "right axis deviation", "extreme axis deviation")
CLASSES = {"myocardial infarction": "MI", "ST/T change": "STTC", "conduction disturbance": "CD", "hypertrophy": "HYP"}
SICK = ["SR", "IMI", "LAFB", "PVC", "QWAVE"]
OTHER = ["AFIB", "AMI", "LVH", "NDT", "PAC", "QWAVE"]
WELL = ["SR", "NORM"]
ILL_NUMBERS = MEASURED | {"p_ms": 130.0, "leads": SHAPES}
FINE_NUMBERS = MEASURED | {
    "p_ms": 100.0, "pr_ms": 160.0, "axis_deg": 40.0, "qtc_bazett_ms": 410.0,
    "leads": {lead: FLAT for lead in STANDARD_LEADS},
}  # fmt: skip
SHOWN = {
    "sick": replace(
        view(SICK, measured=ILL_NUMBERS, name="a"),
        facts={"noise": NOISY, "stages": ["old"], "axis": "left", "extrasystoles": ["ventricular"]},
    ),
    "other": replace(
        view(OTHER, measured=ILL_NUMBERS | {"axis_deg": 120.0}, name="c"),
        facts={"noise": NOISY, "stages": ["early"], "axis": "right", "extrasystoles": ["supraventricular"]},
    ),
    "well": replace(
        view(WELL, measured=FINE_NUMBERS, name="b"), facts={"noise": CLEAN, "axis": "normal", "extrasystoles": []}
    ),
}
HOLDS = {"sick": set(SICK), "other": set(OTHER), "well": set(WELL)}
WHO = tuple(SHOWN)


def named(text, words):
    """The words that a text holds, in its order, none of them inside a longer one."""
    longest_first = "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))
    return re.findall(rf"(?<!\w)(?:{longest_first})(?!\w)", text, re.IGNORECASE)


def lead_in(text):
    return next(iter(re.findall(r"\b(aV[RLF]|III|II|I|V[1-6])\b", text)), None)


def numbers(who):
    measured = SHOWN[who].measurements
    return {"RR interval": 60_000 / measured["heart_rate_bpm"]} | {f: measured[key] for f, key in KEYS.items()}


def lies(feature, who):
    value, (low, high) = round(numbers(who)[feature]), RANGES[feature]
    return "below" if value < low else "above" if value > high else "within"


def noise_verify(asked, who):
    noise, lead = SHOWN[who].facts["noise"], lead_in(asked)
    of_any = [lead for leads in noise.values() for lead in leads]
    leads = next((noise[kind.lower()] for kind in named(asked, KINDS)), of_any)
    return {"yes" if (lead in leads if lead else leads) else "no"}


def noise_kinds(asked, who, kinds=KINDS):
    lead, noise = lead_in(asked), SHOWN[who].facts["noise"]
    return {k for k in kinds if (lead in noise[k] if lead else noise[k])}


def noise_choose(asked, who):
    return noise_kinds(asked, who, named(asked, KINDS))


def noise_query(asked, who):
    kinds = named(asked, KINDS)
    if kinds:
        return {f"lead {lead}" for lead in SHOWN[who].facts["noise"][kinds[0]]}
    if "leads" in asked or "any lead" in asked:  # which leads are noisy, of whatever kind
        return {lead for leads in SHOWN[who].facts["noise"].values() for lead in leads}
    return noise_kinds(asked, who)


def stages_of(who):
    return set(SHOWN[who].facts.get("stages", ()))


def stage_choose(asked, who):
    return {f"{stage} stage of myocardial infarction" for stage in named(asked, STAGES) if stage in stages_of(who)}


def axis_is(asked, who):
    return {f"{SHOWN[who].facts['axis']} axis deviation".replace("normal axis deviation", "normal heart axis")}


def extra(who):
    kinds = {f"{kind} extrasystoles" for kind in SHOWN[who].facts["extrasystoles"]}
    return kinds | {"extrasystoles"} if kinds else set()


def extra_kinds(asked, who):
    return extra(who) - {"extrasystoles"}


EXTRA = ("ventricular extrasystoles", "supraventricular extrasystoles", "extrasystoles")


def numeric_query(asked, who):
    return {feature for feature in RANGES if lies(feature, who) != "within"}


def sign_in(asked):
    return named(asked, SIGNS)


def lead_verify(asked, who):
    lead, (sign, *_) = lead_in(asked), sign_in(asked)
    return {"yes" if SIGNS[canonical(sign, SIGNS)](SHOWN[who].measurements["leads"][lead]) else "no"}


def canonical(word, words):
    return next(w for w in words if w.lower() == word.lower())


def lead_query(asked, who):
    sign = canonical(sign_in(asked)[0], SIGNS)
    return {lead for lead, row in SHOWN[who].measurements["leads"].items() if SIGNS[sign](row)}


def lead_signs(asked, who):
    row = SHOWN[who].measurements["leads"][lead_in(asked)]
    return {sign for sign, holds in SIGNS.items() if holds(row)}


def classes_of(who):
    return {name for name, short in CLASSES.items() if short in superclasses_of(sorted(HOLDS[who]))}


def nouns_in(asked):
    nouns = {noun(code): code for code in CODES} | {bare(code): code for code in CODES}
    return [nouns[canonical(word, nouns)] for word in named(asked, nouns)]


def code_verify(asked, who):
    codes = nouns_in(asked)
    if codes and codes[0] != "NORM":
        return {"yes" if codes[0] in HOLDS[who] else "no"}
    return {"yes" if ("abnormal" in asked) != (who == "well") else "no"}


def code_choose(asked, who):
    return {FINDINGS[code].code for code in nouns_in(asked) if code in HOLDS[who]}


def yes(found, holding):
    return {"yes" if found in holding else "no"}


SINGLE = {
    "verify": code_verify,
    "choose": code_choose,
    "class verify": lambda asked, who: yes(canonical(named(asked, CLASSES)[0], CLASSES), classes_of(who)),
    "class choose": lambda asked, who: {c for c in CLASSES if named(asked, [c])} & classes_of(who),
    "class query": lambda asked, who: classes_of(who),
    "lead verify": lead_verify,
    "lead query": lead_query,
    "lead signs query": lead_signs,
    "noise verify": noise_verify,
    "noise choose": noise_choose,
    "noise query": noise_query,
    "stage verify": lambda asked, who: yes(named(asked, STAGES)[0], stages_of(who)),
    "stage choose": stage_choose,
    "stage query": lambda asked, who: {f"{stage} stage of myocardial infarction" for stage in stages_of(who)},
    "axis verify": lambda asked, who: yes(named(asked, AXES)[0], axis_is(asked, who)),
    "axis choose": lambda asked, who: set(named(asked.lower(), AXES)) & axis_is(asked, who),
    "axis query": axis_is,
    "extrasystole verify": lambda asked, who: yes(named(asked, EXTRA)[0].lower(), extra(who)),
    "extrasystole choose": extra_kinds,
    "extrasystole query": extra_kinds,
    "numeric verify": lambda asked, who: {"yes" if lies(named(asked, RANGES)[0], who) == "within" else "no"},
    "numeric choose": lambda asked, who: (
        set(named(asked, ("below", "within", "above"))) & {lies(named(asked, RANGES)[0], who)}
    ),
    "numeric range": lambda asked, who: {lies(named(asked, RANGES)[0], who)},
    "numeric query": numeric_query,
}
NEVER_NONE = {"axis query", "numeric range"}
SEEDS = 4500


@pytest.fixture(scope="module")
def single():
    """Type → (who, dialogue) of many questions on the two ECGs, asked as a build asks."""
    asked = {kind: [] for kind in SINGLE}
    balance = Counter()
    for seed in range(SEEDS):
        who = WHO[seed % 3]
        dialogue = question.ask(SHOWN[who], random.Random(seed), balance)
        if dialogue is not None and dialogue.gold["type"] in asked:
            asked[dialogue.gold["type"]].append((who, dialogue))
    return asked


@pytest.mark.parametrize("kind", SINGLE)
def test_every_cell_on_one_ecg_is_asked_and_answered_from_the_facts(single, kind):
    answers = Counter()
    for who, dialogue in single[kind]:
        (asked, said), gold = dialogue.turns[0], dialogue.gold
        expected = SINGLE[kind](asked, who)
        given = set(gold["codes"] if kind == "choose" else gold["answer"]) - {"none"}
        assert given == expected, (who, asked, said)
        assert question_is_right(said, gold, said) == 1.0, (asked, said, gold)
        assert not PLACEHOLDER.search(said), said
        answers["no" if expected in (set(), {"no"}) else "yes"] += 1
    assert answers["yes"] >= 4, kind
    assert answers["no"] >= 2 or kind in NEVER_NONE, kind
    if kind.endswith("verify"):
        assert 0.25 < answers["yes"] / answers.total() < 0.75, (kind, answers)


@pytest.mark.parametrize("topic", ["rhythm", "CD", "MI", "HYP", "STTC", "beats", "form", "diagnoses"])
def test_statements_are_asked_for_by_topic(topic):
    groups = {"rhythm": "r", "form": "f", "diagnoses": "d"}
    balance, answers = Counter(), set()
    for seed in range(1200):
        who = WHO[seed % 3]
        asked = question._query(SHOWN[who], random.Random(seed), balance)
        if asked is None or asked.gold["topic"] != topic:
            continue
        of_topic = {
            code for code in HOLDS[who] - {"NORM"}
            if (groups[topic] in FINDINGS[code].kinds if topic in groups else FINDINGS[code].superclass == topic)
        }  # fmt: skip
        expected = {"PVC", "PAC"} & HOLDS[who] if topic == "beats" else of_topic
        assert set(asked.gold["codes"]) == expected, asked.turns
        assert question_is_right(asked.turns[0][1], asked.gold, "") == 1.0
        answers.add(bool(expected))
    assert True in answers
    assert False in answers or topic == "rhythm"


def worded(table, same, things, plural=lambda thing: False, nouns=str):
    """Question → (relation, thing), for all phrasings of a table."""
    return {
        agree(text.format(**{slot: nouns(thing, relation) for slot in "xf"}), nouns(thing, relation), plural(thing)): (
            relation, thing
        )
        for relation, texts in table[same].items() for text in texts for thing in things
    }  # fmt: skip


RELATION = {"new": (False, True), "gone": (True, False), "still": (True, True), "absent": (False, False)}


def in_both(kind, thing, order):
    """Whether each of the two ECGs has it."""
    if kind == "pair verify":
        return tuple(thing in HOLDS[who] for who in order)
    if kind == "pair numeric verify":
        return tuple(lies(thing, who) != "within" for who in order)
    noise, lead = thing
    leads = [SHOWN[who].facts["noise"][noise] for who in order]
    return tuple(lead in found if lead else bool(found) for found in leads)


def table_of(kind, same):
    if kind == "pair verify":
        return worded(ASKED, same, CODES, is_plural, lambda c, relation: bare(c) if relation == "absent" else noun(c))
    if kind == "pair numeric verify":
        return worded(NUMERIC, same, RANGES, nouns=lambda f, relation: f)
    places = [(noise, lead) for noise in KINDS for lead in ("", *STANDARD_LEADS)]
    name = {(n, lead): f"{n} in lead {lead}" if lead else n for n, lead in places}
    return worded(ASKED, same, places, lambda t: t[0] == "electrode problems", lambda t, relation: name[t])


def pairs(same, n=1200):
    """(order, dialogue) of many questions on two ECGs, in either order."""
    balance = Counter()
    for seed in range(n):
        order = tuple(random.Random(-seed).choices(WHO, k=2))
        views = tuple(replace(SHOWN[who], patient_id="p" if same else f"p{k}") for k, who in enumerate(order))
        dialogue = pair.ask(views, random.Random(seed), balance)
        if dialogue is not None:
            yield order, dialogue


@pytest.mark.parametrize("same", [True, False], ids=["consecutive", "irrelevant"])
def test_every_cell_on_two_ecgs_is_asked_and_answered_from_the_facts(same):
    tables = {kind: table_of(kind, same) for kind in ("pair verify", "pair numeric verify", "pair noise verify")}
    answers, relations = {}, {}
    for order, dialogue in pairs(same):
        (asked, said), gold = dialogue.turns[0], dialogue.gold
        kind = gold["type"]
        assert gold["relation"] == ("consecutive" if same else "irrelevant")
        assert question_is_right(said, gold, said) == 1.0, (asked, said, gold)
        assert not PLACEHOLDER.search(said), said
        if kind.endswith("verify"):
            relation, thing = tables[kind][asked]
            expected = in_both(kind, thing, order) == RELATION[relation]
            assert gold["answer"] == ["yes" if expected else "no"], (order, asked, said)
        else:
            relation, expected = query_truth(kind, same, asked, order)
            given = set(gold["codes"] if kind == "pair query" else gold["answer"]) - {"none"}
            assert given == expected, (order, asked, said)
        answers.setdefault(kind, Counter())[bool(expected)] += 1
        relations.setdefault(kind, set()).add(relation)
    kinds = {f"pair {what}{how}" for what in ("", "numeric ", "noise ") for how in ("verify", "query")}
    assert answers.keys() == kinds
    assert all(counts[True] >= 3 and counts[False] >= 3 for counts in answers.values()), answers
    assert all(found >= {"new", "gone", "still"} for found in relations.values())
    assert "absent" in relations["pair verify"] & relations["pair numeric verify"] & relations["pair noise verify"]


def query_truth(kind, same, asked, order):
    """(relation, what the answer must name) of a query on two ECGs."""
    where = f" in lead {lead_in(asked)}" if lead_in(asked) else ""
    topics = {"diagnostic findings": "d", "findings of form": "f", "rhythms": "r", "abnormal measured values": "",
              f"kinds of noise{where}": ""}  # fmt: skip
    found = {text.format(of=of): (r, of) for r, texts in QUERIES[same].items() for text in texts for of in topics}
    relation, of = found[asked]
    if kind == "pair query":
        codes = [c for c in CODES if c != "NORM" and topics[of] in FINDINGS[c].kinds]
        return relation, {c for c in codes if in_both("pair verify", c, order) == RELATION[relation]}
    if kind == "pair numeric query":
        return relation, {f for f in RANGES if in_both("pair numeric verify", f, order) == RELATION[relation]}
    places = [(noise, lead_in(asked) or "") for noise in KINDS]
    return relation, {p[0] for p in places if in_both("pair noise verify", p, order) == RELATION[relation]}
