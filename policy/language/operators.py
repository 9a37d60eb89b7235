"""The closed list of operators, and which of them have a meaning for which type of attribute."""

from enum import StrEnum

from policy.language.definitions import Kind


class Operator(StrEnum):
    EQUAL = "="
    NOT_EQUAL = "!="
    AT_LEAST = ">="
    AT_MOST = "<="
    ABOVE = ">"
    BELOW = "<"
    BEFORE = "before"
    AFTER = "after"
    IN = "in"
    ANY_OF = "any_of"
    ALL_OF = "all_of"
    PRESENT = "present"


TAKES_SET = frozenset({Operator.IN, Operator.ANY_OF, Operator.ALL_OF})

_SAME = frozenset({Operator.EQUAL, Operator.NOT_EQUAL})
_ORDER = frozenset({Operator.AT_LEAST, Operator.AT_MOST, Operator.ABOVE, Operator.BELOW})
_TIME = frozenset({Operator.BEFORE, Operator.AFTER, Operator.AT_LEAST, Operator.AT_MOST})
_HOLDS = frozenset({Operator.EQUAL, Operator.ANY_OF, Operator.ALL_OF})
_LISTED = frozenset({Operator.IN})
_KNOWN = frozenset({Operator.PRESENT})

WITH_VALUES: dict[Kind, frozenset[Operator]] = {
    Kind.STRING: _SAME | _LISTED | _KNOWN,
    Kind.STRING_SET: _HOLDS | _KNOWN,
    Kind.RANK: _SAME | _ORDER | _LISTED | _KNOWN,
    Kind.BOOLEAN: _SAME | _KNOWN,
    Kind.INTEGER: _SAME | _ORDER | _LISTED | _KNOWN,
    Kind.DATETIME: _TIME | _KNOWN,
    Kind.IP: _SAME | _LISTED | _KNOWN,
}

WITH_ATTRIBUTE: dict[tuple[Kind, Kind], frozenset[Operator]] = {
    (Kind.STRING, Kind.STRING): _SAME,
    (Kind.STRING, Kind.STRING_SET): _LISTED,
    (Kind.STRING_SET, Kind.STRING): frozenset({Operator.EQUAL}),
    (Kind.STRING_SET, Kind.STRING_SET): frozenset({Operator.ANY_OF, Operator.ALL_OF}),
    (Kind.RANK, Kind.RANK): _SAME | _ORDER,
    (Kind.BOOLEAN, Kind.BOOLEAN): _SAME,
    (Kind.INTEGER, Kind.INTEGER): _SAME | _ORDER,
    (Kind.DATETIME, Kind.DATETIME): _TIME,
    (Kind.IP, Kind.IP): _SAME,
}
"""What may be compared with another attribute: (type on the left, type on the right). A pair that is missing cannot."""
