"""What the language refuses. Each error says what is wrong, where, and what to do; none repeats the value of a fact."""

from collections.abc import Callable
from typing import Self


class PolicyLanguageError(ValueError):
    """Something was written that has no meaning in the policy language.

    `code` is stable. `field` names the attribute or the place in a form, `line` and `column` count from 1 and are 0
    where no text was read. The doors turn it into their own answer; `in_words` says it in a reader's language.
    """

    code = "policy_refused"

    def __init__(
        self, problem: str, remedy: str, *, field: str = "", position: tuple[int, int] = (0, 0), **params: str | int
    ) -> None:
        super().__init__(problem, remedy, field, position)
        self.problem = problem
        self.remedy_template = remedy
        self.field = field
        self.line, self.column = position
        self.params = params

    @property
    def message(self) -> str:
        return self.problem.format(**self.params)

    @property
    def remedy(self) -> str:
        return self.remedy_template.format(**self.params)

    def in_words(self, translate: Callable[[str], str]) -> tuple[str, str]:
        """Problem and remedy, translated."""
        return translate(self.problem).format(**self.params), translate(self.remedy_template).format(**self.params)

    def located(self, *, field: str = "", position: tuple[int, int] = (0, 0)) -> Self:
        """The same error with its place added; what is already known stays."""
        inner = f".{self.field}" if field and self.field else self.field
        known = (self.line, self.column)
        return type(self)(
            self.problem,
            self.remedy_template,
            field=f"{field}{inner}",
            position=known if any(known) else position,
            **self.params,
        )

    def __str__(self) -> str:
        place = f"line {self.line}, column {self.column}: " if self.line else ""
        about = f"{self.field}: " if self.field else ""
        return f"{place}{about}{self.message} {self.remedy}".strip()


class ParseError(PolicyLanguageError):
    """The text does not follow the grammar."""

    code = "policy_syntax"


class UnknownAttributeError(PolicyLanguageError):
    """No attribute of that name is defined."""

    code = "policy_unknown_attribute"


class ValueRefusedError(PolicyLanguageError):
    """A value lies outside the definition of its attribute."""

    code = "policy_value_refused"


class OperatorError(PolicyLanguageError):
    """The operator has no meaning for that type of attribute."""

    code = "policy_operator"


class RequirementError(PolicyLanguageError):
    """A requirement is more than a conjunction of conditions."""

    code = "policy_requirement"


class CostError(PolicyLanguageError):
    """A condition or a document would cost more to evaluate than any honest one does."""

    code = "policy_cost"


class DefinitionError(PolicyLanguageError):
    """An attribute definition contradicts itself or its neighbours."""

    code = "policy_definition"


class DocumentError(PolicyLanguageError):
    """A rule or a policy document is incomplete or contradicts itself."""

    code = "policy_document"
