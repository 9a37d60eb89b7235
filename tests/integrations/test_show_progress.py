"""Who waits for an import sees how far it has come: a bar on a terminal, lines anywhere else."""

import io

from django.core.management.base import OutputWrapper

from integrations.management.commands.import_archive import Shown


class Terminal(io.StringIO):
    def isatty(self):
        return True


def shown_on(stream):
    progress = Shown(OutputWrapper(stream))
    progress.begin("messages", 1000)
    for _ in range(100):
        progress.advance(10)
    progress.end()
    return stream.getvalue()


def test_lines_come_at_every_tenth():
    lines = shown_on(io.StringIO()).splitlines()

    assert len(lines) == 10
    assert lines[0] == "  messages: 100 of 1,000"
    assert lines[-1] == "  messages: 1,000 of 1,000"


def test_a_terminal_gets_a_bar():
    assert "100%" in shown_on(Terminal())


def test_nothing_to_do_is_no_trouble():
    progress = Shown(OutputWrapper(io.StringIO()))

    progress.begin("authors", 0)
    progress.advance(0)
    progress.end()
