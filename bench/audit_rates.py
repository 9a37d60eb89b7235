"""Rows of the record per second: written, sealed and verified, beside reading as many rows and one SHA-256 of each."""

import hashlib
from collections.abc import Callable
from time import perf_counter, process_time
from uuid import UUID

from bench.figures import figure, heading, percentile, ratio, table
from bench.people import World

ROUNDS = 10
ROWS = 5_000
VERIFIED = 3
"""So many of the turns verify: each time the whole log, however long it is."""
_SOME = "select env from audit_event where workspace_id = %s limit %s"


def measure(world: World) -> None:
    """Print the rates, turn by turn with the baseline. No other sealer may run on this database."""
    from django.db import connections  # noqa: PLC0415

    from audit.sealer import Sealer  # noqa: PLC0415
    from audit.verify import verify  # noqa: PLC0415

    workspace_id = UUID(world.workspace)
    sealer = Sealer()
    sealer.begin()
    _drain(sealer)
    heading(f"Audit, {ROUNDS} turns of {ROWS:,} rows; medians")
    walls: dict[str, list[float]] = {"bare": [], "write": [], "seal": [], "verify": []}
    spent: dict[str, list[float]] = {name: [] for name in walls}

    def note(name: str, work: Callable[[], int]) -> None:
        wall, cpu = perf_counter(), process_time()
        rows = work()
        walls[name].append(rows / (perf_counter() - wall))
        spent[name].append((process_time() - cpu) / rows * 1e6)

    def verified() -> int:
        report = verify(workspace_id=workspace_id)
        if not report.intact:
            raise RuntimeError(f"the record is not intact: {report.findings}")
        return report.entries

    for turn in range(ROUNDS):
        note("write", lambda: _write(workspace_id))
        note("seal", lambda: _drain(sealer))
        note("bare", lambda: _bare(workspace_id))
        if turn < VERIFIED:
            note("verify", verified)
    connections["sealer"].close()

    names = {
        "bare": "read and one SHA-256 (baseline)",
        "write": "write",
        "seal": "seal",
        "verify": f"verify the whole log ({VERIFIED} turns)",
    }
    bare = percentile(walls["bare"], 0.5)
    table(
        ("", "to baseline", "rows/s", "least..most", "us CPU per row, without PostgreSQL"),
        [
            [
                title,
                ratio(percentile(walls[name], 0.5), bare),
                figure(percentile(walls[name], 0.5)),
                f"{figure(min(walls[name]))}..{figure(max(walls[name]))}",
                figure(percentile(spent[name], 0.5)),
            ]
            for name, title in names.items()
        ],
    )


def _write(workspace_id: UUID) -> int:
    from audit.actions import standalone  # noqa: PLC0415
    from audit.events import Event  # noqa: PLC0415
    from audit.log import Target, record  # noqa: PLC0415
    from tenancy.actor import new_id, system_actor  # noqa: PLC0415

    actor, room_id = system_actor(workspace_id, cause="bench"), new_id()
    with standalone(workspace_id):
        for _ in range(ROWS):
            message_id = new_id()
            record(
                Event.MESSAGE_POSTED,
                actor,
                target=Target("message", message_id, room_id),
                digest=hashlib.sha256(message_id.bytes).digest(),
                marking="SECRET",
                thread_id=None,
            )
    return ROWS


def _drain(sealer: object) -> int:
    rows = 0
    while (done := sealer.round()) is not None:  # type: ignore[attr-defined]
        rows += done.rows
        if not done.more:
            break
    return rows


def _bare(workspace_id: UUID) -> int:
    from audit.reading import raw_cursor, reading_snapshot  # noqa: PLC0415

    with reading_snapshot("auditor"), raw_cursor("auditor") as cursor:
        rows = cursor.execute(_SOME, [workspace_id, ROWS], binary=True).fetchall()
        for (env,) in rows:
            hashlib.sha256(env).digest()
    return len(rows)
