"""Policy as it is asked about a standing membership: who somebody is, not in which circumstances (PO-10).

A device or a network is asked about at every use. A membership that is judged when nobody is connected cannot be.
"""

from dataclasses import replace

from policy.language.combine import CompiledPolicy, compile_policy
from policy.language.definitions import Category, Vocabulary
from policy.language.evaluate import Condition, compile_condition
from policy.language.rules import PolicyDocument
from policy.language.tree import Every, Node, every, reads

_CIRCUMSTANCES = f"{Category.ENVIRONMENT}."


def compiled(document: PolicyDocument, vocabulary: Vocabulary) -> CompiledPolicy:
    """The document without rules and conditions on circumstances."""
    lasting = tuple(rule for rule in document.rules if rule.condition is None or not _circumstantial(rule.condition))
    whole = compile_policy(replace(document, rules=lasting), vocabulary)
    requirements = {name: condition(node, vocabulary) for name, node in document.requirements}
    return replace(whole, requirements=requirements)


def condition(requirement: Node, vocabulary: Vocabulary) -> Condition:
    """A requirement without its conditions on circumstances; what had no others is met by everybody."""
    parts = requirement.parts if isinstance(requirement, Every) else (requirement,)
    lasting = [part for part in parts if not _circumstantial(part)]
    if not lasting:
        return Condition(requirement, frozenset(), lambda _: True, ())
    return compile_condition(every(*lasting), vocabulary)


def _circumstantial(node: Node) -> bool:
    return any(name.startswith(_CIRCUMSTANCES) for name in reads(node))
