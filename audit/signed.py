"""Whether a signed note says what the row of a seal, or of a round, says."""

from audit import notes
from audit.notes import Checkpoint
from audit.trust import Trust


def fault(trust: Trust, text: str, round_number: int, expected: Checkpoint) -> str:
    """What is wrong with a note that should say this under a key in force in that round; nothing if it holds."""
    try:
        note = notes.parse(text)
        said = notes.parse_checkpoint(note.text)
        if not trust.vouches(note, round_number):
            return "no key in force signed it"
    except notes.BadNote as bad:
        return f"its checkpoint does not hold: {bad}"
    place = (said.origin, said.size, said.root) == (expected.origin, expected.size, expected.root)
    return "" if place and dict(said.extensions) == dict(expected.extensions) else _ANOTHER


_ANOTHER = "its checkpoint speaks of something else"
