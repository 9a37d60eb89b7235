"""The log: one line per record, and never a token in it."""

import logging
import re

_TOKEN = re.compile(r"crd_[A-Za-z0-9_-]{4,}")


class Line(logging.Formatter):
    """Cuts out what looks like one of our tokens: a path, a header or a traceback may carry a link that signs in."""

    def format(self, record: logging.LogRecord) -> str:
        return _TOKEN.sub("crd_[cut]", super().format(record))
