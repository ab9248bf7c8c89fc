"""What a case is.

A script is bash. `e` calls the engine, `$IMAGE` is the image, `until_true` waits for a condition; the containers are
the case's own and are removed after it. `out` is a regular expression that stdout must match from end to end (white
space around it aside), `err` one that must be found in stderr, `status` the exit status. A case that no runtime can
pass on a machine has a `skip` with the reason.
"""

from dataclasses import dataclass
from typing import Callable


def has_capability(number):
    """Whether this machine's root can give a capability to a container."""
    with open("/proc/self/status") as lines:
        return any(line.startswith("CapBnd:") and int(line.split()[1], 16) >> number & 1 for line in lines)


@dataclass(frozen=True)
class Case:
    name: str
    engines: str
    script: str
    out: str = ""
    err: str = ""
    status: int = 0
    skip: str = ""


@dataclass(frozen=True)
class Check:
    """A case in Python, for an engine without a command line: `function` gets the driver, and raises what is wrong."""

    name: str
    engines: str
    function: Callable
    skip: str = ""
