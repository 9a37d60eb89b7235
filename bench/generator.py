"""The other end of `bench.load`: start a generator, give it commands, read its answers."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from bench.processes import cpu_seconds
from bench.servers import Server


class Generator:
    """A load generator that is connected to one server."""

    def __init__(self, server: Server, world_file: Path, environment: dict[str, str]) -> None:
        self.server = server
        command = [sys.executable, "-m", "bench.load", str(server.port), str(world_file)]
        self._process = subprocess.Popen(
            command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def do(self, command: str, **arguments: object) -> dict[str, Any]:
        """Have it done, and give the answer together with what it cost the server."""
        before = cpu_seconds(self.server.pids)
        if self._process.stdin is None or self._process.stdout is None:
            raise RuntimeError("the generator has no pipes")
        self._process.stdin.write(json.dumps({"do": command, **arguments}) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the generator for {self.server.name} ended with status {self._process.wait()}")
        answer = json.loads(line)
        after = cpu_seconds(self.server.pids)
        answer["server_cpu"] = sum(after.values()) - sum(before.values())
        answer["web_cpu"] = after[self.server.pids[0]] - before[self.server.pids[0]]
        return answer  # type: ignore[no-any-return]

    def close(self) -> None:
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._process.terminate()
        self._process.wait(10)
