from dataclasses import replace
from itertools import permutations
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy.language.combine import combine, compile_policy
from policy.language.definitions import Vocabulary
from policy.language.errors import PolicyLanguageError
from policy.language.evaluate import compile_condition
from policy.language.grammar import parse
from policy.language.obligations import OBLIGATIONS, Strictest
from policy.language.rules import Mode, PolicyDocument, Rule, RuleEffect, Scope, Target
from policy.language.tree import Negation
from policy.language.values import ABSENT, Unknown
from policy.types import Effect, Obligation, Reason
from tests.policy.language import PROPERTY, UNKNOWNS, VOCABULARY, facts, nodes, replaced, requirements

PERMIT, DENY, INDETERMINATE = Effect.PERMIT, Effect.DENY, Effect.INDETERMINATE
TITAN = UUID(int=1)
POST = Target("room:message:post", room_id=TITAN, kind="private", marking="SECRET", name="titan")
GOVERNED = replace(POST, governed=True)
STALE = Unknown.STALE_SOURCE

TRUE, FALSE, UNKNOWN = "contractor = true", "contractor = false", "risk = 1"
KNOWN = {"subject.contractor": True, "subject.risk": STALE}


def rule(name, effect, condition=None, *obligations, actions=("room:message:*",), **more):
    node = None if condition is None else parse(condition, VOCABULARY)
    return Rule(name, RuleEffect(effect), actions, condition=node, obligations=obligations, **more)


def judge(*rules, target=POST, known=KNOWN, own=None, named=()):
    document = PolicyDocument(tuple(rules), tuple((name, parse(text, VOCABULARY)) for name, text in named))
    condition = None if own is None else compile_condition(parse(own, VOCABULARY), VOCABULARY)
    return combine(compile_policy(document, VOCABULARY), target, known, condition)


STEP_UP = Obligation("step_up", (("max_age", 60), ("strength", 1)))
SLOWER = Obligation("step_up", (("max_age", 600), ("strength", 2)))
REDACT = Obligation("redact", (("profile", "all"),))


@pytest.mark.parametrize(
    ("own", "rules", "effect", "decided_by"),
    [
        # a requirement alone
        (TRUE, [], PERMIT, "requirement:own"),
        (FALSE, [], DENY, "requirement:own"),
        (UNKNOWN, [], INDETERMINATE, "requirement:own"),
        # deny overrides everything, unknown denies everything but a deny
        (TRUE, [("deny", TRUE)], DENY, "rule:r0"),
        (TRUE, [("deny", FALSE)], PERMIT, "requirement:own"),
        (TRUE, [("deny", UNKNOWN)], INDETERMINATE, "rule:r0"),
        (FALSE, [("deny", UNKNOWN)], DENY, "requirement:own"),
        (UNKNOWN, [("deny", TRUE)], DENY, "rule:r0"),
        (TRUE, [("permit", TRUE), ("deny", TRUE)], DENY, "rule:r1"),
        (TRUE, [("permit", TRUE), ("deny", UNKNOWN)], INDETERMINATE, "rule:r1"),
        # a permit never makes up for a requirement
        (FALSE, [("permit", TRUE)], DENY, "requirement:own"),
        (UNKNOWN, [("permit", TRUE)], INDETERMINATE, "requirement:own"),
        # where permits apply, one of them must hold
        (TRUE, [("permit", TRUE)], PERMIT, "rule:r0"),
        (TRUE, [("permit", FALSE)], DENY, "default:no_applicable_permit"),
        (TRUE, [("permit", UNKNOWN)], INDETERMINATE, "rule:r0"),
        (TRUE, [("permit", FALSE), ("permit", TRUE)], PERMIT, "rule:r1"),
        (TRUE, [("permit", FALSE), ("permit", UNKNOWN)], INDETERMINATE, "rule:r1"),
        (TRUE, [("permit", UNKNOWN), ("permit", TRUE)], PERMIT, "rule:r1"),
        # a redaction permits nothing and denies nothing
        (TRUE, [("redact", TRUE)], PERMIT, "requirement:own"),
        (FALSE, [("redact", TRUE)], DENY, "requirement:own"),
        # ungoverned: only what the workspace rules say
        (None, [], PERMIT, "default:ungoverned"),
        (None, [("deny", TRUE)], DENY, "rule:r0"),
        (None, [("deny", UNKNOWN)], INDETERMINATE, "rule:r0"),
        (None, [("permit", TRUE)], PERMIT, "rule:r0"),
        (None, [("permit", FALSE)], DENY, "default:no_applicable_permit"),
        (None, [("redact", TRUE)], PERMIT, "default:ungoverned"),
        # a rule without condition always holds
        (TRUE, [("deny", None)], DENY, "rule:r0"),
        (None, [("permit", None)], PERMIT, "rule:r0"),
    ],
)
def test_answers_combine_to_one_verdict(own, rules, effect, decided_by):
    verdict = judge(*(rule(f"r{index}", *one) for index, one in enumerate(rules)), own=own)

    assert (verdict.effect, verdict.decided_by) == (effect, decided_by)


@pytest.mark.parametrize(
    ("rules", "effect", "decided_by"),
    [
        ([], DENY, "default:no_applicable_permit"),
        ([("permit", TRUE)], PERMIT, "rule:r0"),
        ([("permit", FALSE)], DENY, "default:no_applicable_permit"),
        ([("redact", TRUE)], DENY, "default:no_applicable_permit"),
        ([("deny", FALSE)], DENY, "default:no_applicable_permit"),
    ],
)
def test_a_governed_room_without_an_applicable_permit_is_denied(rules, effect, decided_by):
    verdict = judge(*(rule(f"r{index}", *one) for index, one in enumerate(rules)), target=GOVERNED)

    assert (verdict.effect, verdict.decided_by) == (effect, decided_by)


def test_every_named_requirement_must_be_met():
    named = [("cleared", TRUE), ("olympus", FALSE)]

    assert judge(target=replace(POST, named=("cleared",)), named=named).decided_by == "requirement:cleared"
    assert judge(target=replace(POST, named=("cleared", "olympus")), named=named).effect is DENY


def test_a_named_requirement_that_the_policy_lacks_is_unknown_and_never_a_permit():
    verdict = judge(target=replace(POST, named=("lost",)))

    assert verdict.effect is INDETERMINATE
    assert verdict.reasons == (Reason("requirement_missing", (("requirement", "lost"),)),)


def test_a_requirement_that_cannot_be_read_is_unknown_and_never_a_permit():
    plan = compile_policy(PolicyDocument((rule("a", "permit", TRUE),)), VOCABULARY).plan(POST, Unknown.MALFORMED)

    verdict = plan.judge(KNOWN)

    assert verdict.effect is INDETERMINATE
    assert verdict.reasons == (Reason("requirement_missing", (("requirement", "own"),)),)


def test_a_rule_outside_its_scope_says_nothing():
    elsewhere = rule("r", "deny", None, scope=Scope(rooms=(UUID(int=9),)))
    other_action = rule("s", "deny", None, actions=("room:message:read",))

    assert judge(elsewhere, other_action).decided_by == "default:ungoverned"


def test_a_scope_in_doubt_never_permits_and_never_spares():
    dim = replace(POST, marking=Unknown.UNAVAILABLE)
    scope = Scope(markings=("SECRET",))

    assert judge(rule("r", "deny", TRUE, scope=scope), target=dim).effect is INDETERMINATE
    assert judge(rule("r", "deny", FALSE, scope=scope), target=dim).effect is PERMIT
    assert judge(rule("r", "permit", TRUE, scope=scope), target=dim).effect is INDETERMINATE
    assert judge(rule("r", "permit", FALSE, scope=scope), target=dim).effect is INDETERMINATE
    assert judge(rule("r", "redact", TRUE, scope=scope), target=dim).obligations == (REDACT,)


def test_obligations_of_all_permits_are_united_and_the_strictest_stand():
    verdict = judge(rule("a", "permit", TRUE, STEP_UP), rule("b", "permit", TRUE, SLOWER, Obligation("watermark")))

    assert verdict.obligations == (Obligation("step_up", (("max_age", 60), ("strength", 2))), Obligation("watermark"))


def test_an_obligation_in_doubt_binds():
    verdict = judge(rule("a", "permit", TRUE), rule("b", "permit", UNKNOWN, STEP_UP), rule("c", "redact", UNKNOWN))

    assert verdict.effect is PERMIT
    assert verdict.obligations == (REDACT, STEP_UP)


def test_an_obligation_of_a_rule_that_does_not_hold_does_not_bind():
    assert judge(rule("a", "permit", TRUE), rule("b", "permit", FALSE, STEP_UP), own=TRUE).obligations == ()


def test_a_redaction_has_the_profile_that_its_rule_names():
    profile = Obligation("redact", (("profile", "names"),))

    assert judge(rule("a", "redact", TRUE, profile)).obligations == (profile,)
    assert judge(rule("a", "redact", TRUE), rule("b", "redact", TRUE, profile)).obligations == (
        Obligation("redact", (("profile", "all,names"),)),
    )


def test_a_denial_carries_no_obligations():
    assert judge(rule("a", "permit", TRUE, STEP_UP), own=FALSE).obligations == ()


@pytest.mark.parametrize(
    ("on_trial", "own", "effect", "would_be"),
    [
        (("deny", TRUE), TRUE, PERMIT, DENY),
        (("deny", UNKNOWN), TRUE, PERMIT, INDETERMINATE),
        (("deny", FALSE), TRUE, PERMIT, PERMIT),
        (("permit", FALSE), TRUE, PERMIT, DENY),
        (("permit", TRUE), FALSE, DENY, DENY),
        (("redact", TRUE), TRUE, PERMIT, PERMIT),
    ],
)
def test_a_rule_on_trial_changes_nothing_and_tells_what_it_would_have_done(on_trial, own, effect, would_be):
    verdict = judge(rule("r", *on_trial, mode=Mode.LOG_ONLY), own=own)

    assert (verdict.effect, verdict.would_be) == (effect, would_be)
    assert verdict.obligations == ()


def test_without_a_rule_on_trial_there_is_nothing_that_would_be():
    assert judge(own=TRUE).would_be is None


def test_a_rule_on_trial_permits_no_governed_room():
    verdict = judge(rule("r", "permit", TRUE, mode=Mode.LOG_ONLY), target=GOVERNED)

    assert (verdict.effect, verdict.would_be) == (DENY, PERMIT)


def test_the_highest_priority_of_its_effect_is_named_and_changes_no_effect():
    verdict = judge(
        rule("a", "deny", TRUE), rule("b", "deny", TRUE, priority=9), rule("c", "permit", TRUE, priority=99), own=TRUE
    )

    assert (verdict.effect, verdict.decided_by) == (DENY, "rule:b")
    assert [dict(reason.params)["rule"] for reason in verdict.reasons] == ["b", "a"]


def test_the_order_of_rules_does_not_count():
    rules = [
        rule("a", "permit", TRUE, STEP_UP),
        rule("b", "permit", UNKNOWN, SLOWER),
        rule("c", "redact", TRUE),
        rule("d", "deny", FALSE),
    ]

    assert len({judge(*order, own=TRUE) for order in permutations(rules)}) == 1


def test_reasons_name_what_is_in_the_way_and_no_value():
    verdict = judge(
        own="clearance >= SECRET AND program any_of {APOLLO} AND contractor = true",
        known=KNOWN
        | {
            "subject.clearance": "TOP_SECRET",
            "subject.program": frozenset({"HERMES"}),
        },
    )

    assert verdict.reasons == (
        Reason("requirement_unmet", (("requirement", "own"), ("attributes", "subject.program"))),
    )


def test_reasons_are_each_persons_own_however_often_a_plan_was_asked():
    rules = PolicyDocument((rule("a", "redact", "risk = 1 AND contractor = true", REDACT),))
    own = compile_condition(parse("clearance >= SECRET AND program any_of {APOLLO}", VOCABULARY), VOCABULARY)
    plan = compile_policy(rules, VOCABULARY).plan(POST, own)
    cleared, briefed = {"subject.clearance": "SECRET"}, {"subject.program": frozenset({"APOLLO"})}
    nobody = {"subject.risk": 0, "subject.clearance": "UNCLASSIFIED", "subject.program": frozenset()}

    def in_the_way(facts):
        return [dict(reason.params).get("attributes") for reason in plan.judge(facts).reasons]

    for _twice in range(2):
        assert in_the_way({**nobody, **cleared}) == ["subject.program"]
        assert in_the_way({**nobody, **briefed}) == ["subject.clearance"]
        assert in_the_way(nobody) == ["subject.clearance,subject.program"]
        assert in_the_way({**cleared, **briefed, "subject.risk": STALE, "subject.contractor": True}) == [
            None,
            "subject.risk",
        ]
        assert in_the_way({**cleared, **briefed, "subject.risk": 1, "subject.contractor": STALE}) == [
            None,
            "subject.contractor",
        ]


def test_reasons_of_a_permit_name_all_that_supports_and_binds_it():
    verdict = judge(
        rule("a", "permit", TRUE), rule("b", "redact", UNKNOWN), rule("c", "deny", TRUE, mode=Mode.LOG_ONLY), own=TRUE
    )

    assert verdict.reasons == (
        Reason("rule_permits", (("rule", "a"),)),
        Reason("requirement_met", (("requirement", "own"),)),
        Reason("rule_redacts", (("rule", "b"), ("attributes", "subject.risk"))),
        Reason("rule_on_trial", (("rule", "c"), ("would", "deny"))),
    )


def test_a_plan_knows_what_it_reads():
    policy = compile_policy(PolicyDocument((rule("a", "deny", "NOT environment.device_compliant = true"),)), VOCABULARY)

    plan = policy.plan(POST, compile_condition(parse("clearance >= resource.marking", VOCABULARY), VOCABULARY))

    assert plan.reads == {"environment.device_compliant", "subject.clearance", "resource.marking"}


def test_a_plan_asked_again_gives_the_same_verdict():
    plan = compile_policy(PolicyDocument(), VOCABULARY).plan(
        POST, compile_condition(parse(TRUE, VOCABULARY), VOCABULARY)
    )

    assert plan.judge(KNOWN) is plan.judge(dict(KNOWN))
    assert plan.judge(KNOWN | {"subject.contractor": False}).effect is DENY


def test_a_document_whose_definitions_are_gone_is_refused_as_a_whole():
    document = PolicyDocument((rule("a", "deny", TRUE), rule("b", "permit", None)))

    with pytest.raises(PolicyLanguageError):
        compile_policy(document, Vocabulary())


def test_a_document_whose_markings_are_gone_is_refused_as_a_whole():
    with pytest.raises(PolicyLanguageError):
        compile_policy(PolicyDocument((rule("a", "deny", None, scope=Scope(markings=("SECRET",))),)), Vocabulary())


@pytest.mark.parametrize(
    ("role", "posture", "effect"),
    [
        ("FlightDirector", True, PERMIT),
        ("EECOM", True, DENY),
        ("FlightDirector", False, DENY),
        ("FlightDirector", STALE, INDETERMINATE),
        (ABSENT, True, DENY),
        ("FlightDirector", ABSENT, DENY),
    ],
)
def test_only_a_cleared_flight_director_on_a_compliant_device_posts_in_mission_ops(role, posture, effect):
    director = rule(
        "mission-ops",
        "permit",
        "clearance = TS AND mission_role = FlightDirector AND environment.device_compliant = true",
        actions=("room:message:post",),
        scope=Scope(names=("mission-ops",)),
    )
    known = {
        "subject.clearance": "TOP_SECRET",
        "subject.mission_role": role,
        "environment.device_compliant": posture,
    }

    assert judge(director, target=replace(GOVERNED, name="mission-ops"), known=known).effect is effect


@pytest.mark.parametrize(
    ("file_type", "posture", "effect"),
    [
        ("pdf", True, PERMIT),
        ("pdf", False, DENY),
        ("exe", True, DENY),
        ("pdf", STALE, INDETERMINATE),
        (ABSENT, True, DENY),
    ],
)
def test_only_pdf_is_uploaded_and_only_from_a_compliant_device(file_type, posture, effect):
    pdf_only = rule(
        "pdf-only",
        "permit",
        "resource.file_type = pdf AND environment.device_compliant = true",
        actions=("room:file:upload",),
    )
    known = {"resource.file_type": file_type, "environment.device_compliant": posture}

    assert judge(pdf_only, target=replace(POST, action="room:file:upload"), known=known).effect is effect


_OBLIGATIONS = st.lists(
    st.sampled_from([STEP_UP, SLOWER, REDACT, Obligation("watermark"), Obligation("expire_after", (("seconds", 30),))]),
    max_size=2,
    unique_by=lambda one: one.name,
).map(tuple)


@st.composite
def documents(draw, effects=tuple(RuleEffect), conditions=nodes):
    rules = [
        Rule(
            name=f"r{index}",
            effect=draw(st.sampled_from(effects)),
            actions=("room:message:*",),
            condition=draw(st.one_of(st.none(), conditions())),
            obligations=draw(_OBLIGATIONS),
            mode=draw(st.sampled_from(Mode)),
            priority=draw(st.integers(0, 2)),
        )
        for index in range(draw(st.integers(0, 4)))
    ]
    return PolicyDocument(tuple(rules))


def no_looser(one, other):
    """Whether the obligations of `one` ask for at least what those of `other` do."""
    held = {obligation.name: dict(obligation.params) for obligation in one.obligations}
    for obligation in other.obligations:
        params = held.get(obligation.name)
        if params is None:
            return False
        for key, value in obligation.params:
            match OBLIGATIONS[obligation.name][key].strictest:
                case Strictest.LEAST if params[key] > value:
                    return False
                case Strictest.MOST if params[key] < value:
                    return False
                case Strictest.ALL_TOGETHER if not set(value.split(",")) <= set(params[key].split(",")):
                    return False
    return True


@PROPERTY
@given(documents(), st.one_of(st.none(), requirements()), st.booleans(), facts(), st.data())
def test_forgetting_a_fact_gives_the_same_effect_or_indeterminate_and_never_looser_obligations(
    document, own, governed, known, data
):
    condition = None if own is None else compile_condition(own, VOCABULARY)
    plan = compile_policy(document, VOCABULARY).plan(replace(POST, governed=governed), condition)
    forgotten = replaced(data.draw, known, UNKNOWNS)

    before, after = plan.judge(known), plan.judge(forgotten)

    assert after.effect in {before.effect, INDETERMINATE}
    if after.effect is PERMIT:
        assert no_looser(after, before)


@PROPERTY
@given(documents(effects=(RuleEffect.PERMIT,), conditions=requirements), requirements(), facts(), st.data())
def test_taking_a_fact_away_never_permits_where_nothing_is_denied_or_negated(document, own, known, data):
    plan = compile_policy(document, VOCABULARY).plan(GOVERNED, compile_condition(own, VOCABULARY))
    taken = replaced(data.draw, known, st.just(ABSENT))

    if plan.judge(known).effect is not PERMIT:
        assert plan.judge(taken).effect is not PERMIT


@st.composite
def denials(draw):
    """Rules that deny whoever does not meet a condition: the form in which lacking a fact spares nobody."""
    rules = [
        Rule(f"d{index}", RuleEffect.DENY, ("*",), condition=Negation(draw(requirements())))
        for index in range(draw(st.integers(1, 3)))
    ]
    return PolicyDocument(tuple(rules))


@PROPERTY
@given(denials(), requirements(), facts(), st.data())
def test_taking_a_fact_away_never_escapes_a_denial_of_whoever_does_not_meet_a_condition(document, own, known, data):
    plan = compile_policy(document, VOCABULARY).plan(GOVERNED, compile_condition(own, VOCABULARY))
    taken = replaced(data.draw, known, st.just(ABSENT))

    if plan.judge(known).effect is not PERMIT:
        assert plan.judge(taken).effect is not PERMIT


@PROPERTY
@given(documents(), requirements(), facts())
def test_the_verdict_of_a_plan_does_not_depend_on_what_it_was_asked_before(document, own, known):
    policy = compile_policy(document, VOCABULARY)
    condition = compile_condition(own, VOCABULARY)
    plan = policy.plan(GOVERNED, condition)
    plan.judge({})

    assert plan.judge(known) == plan.judge(known) == combine(policy, GOVERNED, known, condition)
