"""A user agent in words that a person recognises. For show only: anybody can claim to be any agent."""

_BROWSERS = (
    ("Edg/", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
    ("python", "Python"),
    ("curl/", "curl"),
)
_SYSTEMS = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)


def in_words(agent: str) -> str:
    """Such as `Firefox, Linux`; empty if nothing is recognised."""
    known = (_first(_BROWSERS, agent), _first(_SYSTEMS, agent))
    return ", ".join(word for word in known if word)


def _first(names: tuple[tuple[str, str], ...], agent: str) -> str:
    return next((word for mark, word in names if mark in agent), "")
