"""Django's session dictionary on top of the session registry: sealed, and only for those who are signed in."""

import json
from typing import Any

from django.contrib.sessions.backends.base import SessionBase

from accounts import sealing
from accounts.models import Session
from tenancy.scoping import within


class SessionStore(SessionBase):
    """The dictionary of one live session; without a session it lasts for the request and is then gone.

    So there is nothing before signing in that could be fixed from outside, and nothing that could be carried over.
    """

    def __init__(self, session_key: str | None = None, row: Session | None = None) -> None:
        super().__init__(session_key)
        self._row = row

    def load(self) -> dict[str, Any]:
        if self._row is None:
            return {}
        with within(self._row.workspace_id):
            data = sealing.open_session_data(self._row)
        return json.loads(data) if data else {}

    def exists(self, _session_key: str | None = None) -> bool:
        return self._row is not None

    def create(self) -> None:
        """Sessions begin in `accounts.actions` alone."""

    def save(self, must_create: bool = False) -> None:  # noqa: ARG002, FBT001, FBT002 - Django's signature
        if self._row is None:
            return
        with within(self._row.workspace_id):
            fresh = Session.objects.select_for_update(no_key=True).filter(id=self._row.id, revoked_at=None).first()
            if fresh is not None:
                sealing.seal_session_data(fresh, json.dumps(dict(self.items())).encode())
                fresh.save(update_fields=["data", "data_revision"])

    def delete(self, session_key: str | None = None) -> None:
        """Sessions end in `accounts.actions` alone."""

    @classmethod
    def clear_expired(cls) -> None:
        """Sessions that ran out are swept by `accounts.tasks`."""
