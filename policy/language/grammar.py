"""From text to tree: the one parser of conditions and requirements (R6). A refusal names line, column and remedy."""

import re
from contextlib import suppress
from functools import cache
from pathlib import Path

from lark import Lark, Token, Tree
from lark.exceptions import UnexpectedInput, UnexpectedToken

from policy.language.checks import (
    LIMIT,
    LONGEST_CONDITION,
    comparison,
    refuse_costly,
    refuse_unless_requirement,
)
from policy.language.definitions import Vocabulary
from policy.language.errors import CostError, ParseError, PolicyLanguageError, ValueRefusedError
from policy.language.operators import Operator
from policy.language.tree import Negation, Node, either, every

GRAMMAR = Path(__file__).with_name("condition.lark")

_EXPECTED = {
    "NAME": "an attribute",
    "REFERENCE": "an attribute with its prefix",
    "WORD": "a value",
    "STRING": "a value",
    "LBRACE": "{",
    "RBRACE": "}",
    "LPAR": "(",
    "RPAR": ")",
    "COMMA": ",",
    "COMPARES": "=, !=, >=, <=, >, <, before or after",
    "SELECTS": "in, any_of or all_of",
    "PRESENT": "present",
    "_AND": "AND",
    "_OR": "OR",
    "_NOT": "NOT",
    "$END": "the end",
}

_REMEDIES = (
    (re.compile(r"(?<==)="), "Write = once."),
    (re.compile(r"(?<==)[<>]|(?<=<)>"), "Write >=, <= or !=."),
    (re.compile(r"\s*&"), "Write AND."),
    (re.compile(r"\s*\|"), "Write OR."),
    (re.compile(r"\s*!"), "Write NOT before a condition, or != between attribute and value."),
    (re.compile(r"\s*['\"]"), "Close the quotation mark."),
    (re.compile(r"\s*\["), "Write a set in braces: {{A, B}}."),
    (re.compile(r"\s*\."), "A name begins with subject., resource., environment. or no prefix at all."),
    (re.compile(r"\s*$"), "Finish the condition: attribute, operator, value."),
)
_REMEDY = "Write conditions as: attribute operator value, joined by AND, OR and NOT."


@cache
def _parser() -> Lark:
    return Lark(GRAMMAR.read_text(encoding="utf-8"), parser="lalr", lexer="contextual")


def parse(text: str, vocabulary: Vocabulary) -> Node:
    """The condition that a text says, in canonical form.

    Raises:
        PolicyLanguageError: the text is not a condition, reads what is not defined, or costs too much; with its place.
    """
    if len(text) > LONGEST_CONDITION:
        raise CostError(
            "The condition is too long.", "Use at most {limit} characters.", limit=LONGEST_CONDITION, field="condition"
        )
    try:
        tree = _parser().parse(text)
    except UnexpectedInput as unexpected:
        raise _explained(text, unexpected) from None
    node = _node(tree, vocabulary, LIMIT.depth)
    refuse_costly(node)
    return node


def parse_requirement(text: str, vocabulary: Vocabulary) -> Node:
    """The requirement that a text says: a condition that is nothing but a conjunction.

    Raises:
        PolicyLanguageError: as `parse`, and `RequirementError` where OR, NOT or != stands in it.
    """
    node = parse(text, vocabulary)
    refuse_unless_requirement(node)
    return node


def _node(tree: Tree[Token], vocabulary: Vocabulary, levels: int) -> Node:
    if levels <= 0:
        raise CostError("The condition nests too deeply.", "Use at most {limit} levels.", limit=LIMIT.depth)
    if tree.data == "comparison":
        return _comparison(tree, vocabulary)
    parts = [_node(part, vocabulary, levels - 1) for part in tree.children if isinstance(part, Tree)]
    if tree.data == "negation":
        return Negation(parts[0])
    return every(*parts) if tree.data == "every" else either(*parts)


def _comparison(tree: Tree[Token], vocabulary: Vocabulary) -> Node:
    tokens = [token for token in tree.scan_values(lambda _: True) if isinstance(token, Token)]
    attribute, operator, operands = tokens[0], tokens[1], tokens[2:]
    reference = operands[0] if operands and operands[0].type == "REFERENCE" else None
    values = [] if reference is not None else [_unquoted(token) for token in operands]
    try:
        return comparison(vocabulary, attribute, Operator(operator.lower()), values, reference=reference)
    except PolicyLanguageError as refusal:
        culprit = _refused(vocabulary, attribute, operands) if isinstance(refusal, ValueRefusedError) else attribute
        raise refusal.located(position=(culprit.line or 1, culprit.column or 1)) from None


def _refused(vocabulary: Vocabulary, attribute: Token, operands: list[Token]) -> Token:
    """The first value that lies outside the definition of the attribute."""
    definition = vocabulary.resolve(attribute)
    for token in operands:
        try:
            definition.literal(_unquoted(token))
        except ValueRefusedError:
            return token
    return attribute


def _unquoted(token: Token) -> str:
    if token.type == "WORD":
        return str(token)
    return re.sub(r"\\(.)", r"\1", token[1:-1], flags=re.DOTALL)


def _explained(text: str, unexpected: UnexpectedInput) -> ParseError:
    position = max(unexpected.pos_in_stream or 0, 0)
    if isinstance(unexpected, UnexpectedToken) and unexpected.token.type == "$END":
        position = len(text)
    before = text[:position]
    return ParseError(
        "Expected {expected}.",
        next((remedy for pattern, remedy in _REMEDIES if pattern.match(text, position)), _REMEDY),
        position=(before.count("\n") + 1, position - before.rfind("\n")),
        expected=", ".join(sorted({_EXPECTED.get(name, name) for name in _expected(text)})),
    )


def _expected(text: str) -> set[str]:
    """The terminals that could have stood where the text went wrong."""
    attempt = _parser().parse_interactive(text)
    with suppress(UnexpectedInput):
        attempt.exhaust_lexer()
    return {str(terminal) for terminal in attempt.accepts()}  # type: ignore[no-untyped-call]
