"""What the client listens for is what the server says."""

import re
from pathlib import Path

from rooms.outgoing import SERVER_FRAMES

CLIENT = Path(__file__).parents[2] / "static" / "chat"
ANSWERS = {"result", "ack", "error"}


def test_the_client_listens_for_every_frame_of_the_server_and_for_no_other():
    table = re.search(r"  const frames = \{\n(.*?)\n  \};", (CLIENT / "frames.js").read_text(), re.DOTALL)
    listened = set(re.findall(r"^    '?([a-z._]+)'?[:(]", table[1], re.MULTILINE))

    assert listened == {frame.__struct_config__.tag for frame in SERVER_FRAMES} - ANSWERS
