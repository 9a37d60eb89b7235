"""What the verifier says: findings with their place, and what it walked over."""

from dataclasses import dataclass, field
from uuid import UUID

from audit.entries import PLATFORM

ALL = "all workspaces"
ROUNDS = "rounds"
MOST_ODD = 20


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that does not hold. `entry` counts from 0 over the whole log, pruned entries included."""

    workspace: str
    store: str
    seal: int | None
    entry: int | None
    text: str

    def __str__(self) -> str:
        place = [self.workspace, self.store]
        place += [f"seal {self.seal}"] if self.seal is not None else []
        place += [f"entry {self.entry}"] if self.entry is not None else []
        return f"{', '.join(place)}: {self.text}"


class Broken(Exception):
    """The first thing in a log that does not hold; what follows it proves nothing."""

    def __init__(self, text: str, *, seal: int | None = None, entry: int | None = None) -> None:
        super().__init__(text)
        self.text, self.seal, self.entry = text, seal, entry


@dataclass(frozen=True, slots=True)
class LogName:
    """A log and what to call it."""

    id: UUID
    workspace_id: UUID | None
    store: str
    slug: str = ""

    @property
    def workspace(self) -> str:
        return self.slug or str(self.workspace_id or PLATFORM)


@dataclass(slots=True)
class Walked:
    """What the walk over one log has seen."""

    name: LogName
    begins: int = 0
    size: int = 0
    seals: int = 0
    last_seal: int = 0
    unsealed: int = 0
    note: str = ""
    roots: dict[int, bytes] = field(default_factory=dict)
    """Root by size, at the sizes that checkpoints from outside ask for."""
    twins: dict[str, tuple[str, int]] = field(default_factory=dict)
    pruned: set[tuple[str, int, int]] = field(default_factory=set)
    switches: list[tuple[int, bool, bool]] = field(default_factory=list)
    """Moments at which it is known whether the compliance store was open just before and just after."""
    told_switches: dict[str, bool] = field(default_factory=dict)
    """Whether the compliance store was opened, by the row of each switch that a line tells of."""
    open_spans: list[tuple[int, int]] = field(default_factory=list)
    """Times between which the compliance store was open without a break, as announcements of prunings say."""
    edge: int = 0
    """When the seal at the pruning boundary was made, in microseconds; 0 without one."""
    edge_seal: int = 0


@dataclass(slots=True)
class Report:
    """The outcome of a verification."""

    findings: list[Finding] = field(default_factory=list)
    walked: list[Walked] = field(default_factory=list)
    rounds: int = 0
    rounds_note: str = ""
    seconds: float = 0.0
    unopened: int = 0
    """Personal parts that could not be compared, because their key is destroyed or not at hand."""

    @property
    def intact(self) -> bool:
        return not self.findings

    @property
    def entries(self) -> int:
        return sum(one.size - one.begins + one.unsealed for one in self.walked)
