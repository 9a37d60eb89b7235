"""Charts as SVG path data: attributes only, so that pages need neither inline styles nor scripts to draw them."""

from collections.abc import Sequence

WIDTH, HEIGHT = 720, 120
STEPS = 3
_NICE = (1, 2, 5, 10)


def top_of(values: Sequence[int], least: int = STEPS) -> int:
    """The end of a scale that holds all values and whose marks are round numbers."""
    step = max([*values, least]) / STEPS
    size = 1
    while size * 10 < step:
        size *= 10
    return STEPS * next(size * nice for nice in _NICE if size * nice >= step)


def line(values: Sequence[int], top: int, *, width: int = WIDTH, height: int = HEIGHT) -> str:
    """The `d` of a line through the values, the oldest on the left."""
    if not values:
        return ""
    step = width / max(1, len(values) - 1)
    points = (f"{_short(index * step)} {_short(height - height * value / top)}" for index, value in enumerate(values))
    return "M" + "L".join(points)


def area(values: Sequence[int], top: int, *, width: int = WIDTH, height: int = HEIGHT) -> str:
    """The same line, closed along the bottom."""
    if not values:
        return ""
    return f"{line(values, top, width=width, height=height)}L{width} {height}L0 {height}Z"


def ticks(places: Sequence[float], *, width: int = 240) -> str:
    """Short strokes at places between 0 and 1."""
    return "".join(f"M{_short(place * width)} 9V27" for place in places)


def _short(number: float) -> str:
    return f"{number:.1f}".removesuffix(".0")
