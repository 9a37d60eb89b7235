"""What a process that holds keys does first, so that its memory stays its own.

Python cannot wipe a key from memory; what can be done is that the memory ends up nowhere: no core file, and no reading
by another process of the same account (prctl(2), PR_SET_DUMPABLE). Swap is the operator's: docs/keys.md.
"""

import ctypes
import resource
import sys

_PR_GET_DUMPABLE = 3
_PR_SET_DUMPABLE = 4


def protect_memory() -> None:
    """No core files, no debugger of the same account; call it at the start of web, worker and sealer."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def memory_is_protected() -> bool:
    """Whether `protect_memory` took effect; for `manage.py doctor`."""
    core_files = resource.getrlimit(resource.RLIMIT_CORE)[0]
    if sys.platform != "linux":
        return core_files == 0
    return core_files == 0 and ctypes.CDLL(None).prctl(_PR_GET_DUMPABLE, 0, 0, 0, 0) == 0
