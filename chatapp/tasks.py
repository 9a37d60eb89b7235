"""Tasks of the platform itself."""

from celery import shared_task

from chatapp import heartbeats


@shared_task
def leave_heartbeat() -> None:
    """Shows that beat, broker and worker all do their part: beat asks for it, a worker carries it out."""
    heartbeats.leave("worker")
