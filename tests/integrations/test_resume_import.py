"""An import that is killed anywhere is continued by starting it again, and ends as if nothing had happened."""

import signal
import subprocess
import sys
import time
from collections import Counter

import pytest
from django.conf import settings
from django.db import OperationalError

from integrations.archives import job
from rooms.actions import importing
from rooms.models import Message, Room
from tenancy.scoping import within, workspace_for_slug
from tests.integrations import archive as made
from tests.integrations.runs import SLUG, everything, import_archive, line_of, workspace_id

MESSAGES = 2000


def stored():
    found = workspace_for_slug(SLUG)
    if found is None:
        return 0
    with within(found):
        return Message.objects.count()


def assert_whole(count):
    said = everything()
    assert [one.row.seq for one in said] == list(range(1, count + 1))
    assert [one.body for one in said] == [f"Number **{number}**." for number in range(1, count + 1)]
    with within(workspace_id()):
        assert Room.objects.get().last_seq == count
    assert Counter(one.thread for one in said).total() == count


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("kills", [3])
def test_a_killed_import_goes_on_where_it_was(tmp_path, kills):
    path = made.packed(tmp_path / "crowd.tar.xz", made.many(MESSAGES))
    command = [sys.executable, settings.BASE_DIR / "manage.py", "import_archive", path]
    command += ["--format", "zulip-archive", "--workspace", SLUG]

    reached = -1
    for _ in range(kills):
        running = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until = time.monotonic() + 60
        while stored() <= reached and running.poll() is None and time.monotonic() < until:
            time.sleep(0.01)
        running.send_signal(signal.SIGKILL)
        running.wait()
        reached = stored()
    printed = import_archive(path)

    channels, imported, standing, left_out = line_of(printed, "messages")
    assert (channels, imported + standing, left_out) == (MESSAGES, MESSAGES, 0)
    assert_whole(MESSAGES)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("step", ["create_authors", "room_for", "import_members", "import_messages", "finish_import"])
def test_a_run_that_breaks_at_any_step_is_completed_by_the_next(tmp_path, monkeypatch, step):
    path = made.packed(tmp_path / "crowd.tar.xz", made.many(60))
    monkeypatch.setattr(job, "BATCH", 25)
    with monkeypatch.context() as broken:
        _break(broken, step)
        with pytest.raises(OperationalError):
            import_archive(path)

    import_archive(path)

    assert_whole(60)


def _break(monkeypatch, step):
    """Let this step fail after its work was done and before it is committed, the second time it is taken if there is one."""  # noqa: E501
    from integrations.actions import importing as frame  # noqa: PLC0415
    from integrations.archives import sinks  # noqa: PLC0415
    from integrations.management.commands import import_archive as command  # noqa: PLC0415

    where = next(module for module in (sinks, command, frame) if hasattr(module, step))
    real, taken = getattr(where, step), Counter()

    def broken(*args, **kwargs):
        taken["times"] += 1
        if step == "import_messages" and taken["times"] == 2:
            monkeypatch.setattr(importing, "record", _gone)
        if step != "import_messages":
            real(*args, **kwargs)
            raise OperationalError
        return real(*args, **kwargs)

    monkeypatch.setattr(where, step, broken)


def _gone(*_args, **_kwargs):
    raise OperationalError
