import resource
import subprocess
import sys

import pytest

SCRIPT = """
from keys.hygiene import memory_is_protected, protect_memory
before = memory_is_protected()
protect_memory()
print(before, memory_is_protected())
import resource; print(resource.getrlimit(resource.RLIMIT_CORE))
import subprocess; print(subprocess.run(["true"]).returncode)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="prctl is of Linux")
def test_a_process_that_holds_keys_leaves_no_core_file_and_is_not_read():
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True)

    assert done.stdout.split("\n")[:3] == ["False True", str((0, 0)), "0"]
    assert resource.getrlimit(resource.RLIMIT_CORE) is not None
