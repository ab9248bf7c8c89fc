"""What the generated Dockerfiles are made of: each fragment writes some instructions, and the files that they need.

A fragment has the directory `tag` of the context for itself, and `/tag` of the image.
"""

FRAGMENTS = []


def fragment(function):
    FRAGMENTS.append(function)
    return function


# pylint: disable=wrong-import-position,cyclic-import
from fragments import add, configuration, copy, expansion, heredocs, ignore, mounts, run, stages  # noqa: E402,F401
