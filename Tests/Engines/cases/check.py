"""The words of the cases in Python: a list to add to, and what a check may say."""

import contextlib
import re

import grpc

from cases.case import Check

SLEEPER = ("sh", "-c", "trap 'exit 5' TERM; sleep 1000 & wait")


def checks(engines):
    """An empty list, and the decorator that adds a check to it."""
    found = []

    def check(name, skip=""):
        def add(function):
            found.append(Check(name, engines, function, skip))
            return function
        return add

    return found, check


def equal(actual, expected):
    if actual != expected:
        raise AssertionError(f"{actual!r}, not {expected!r}")


def among(actual, expected):
    if actual not in expected:
        raise AssertionError(f"{actual!r}, not one of {expected!r}")


def matches(text, pattern):
    if not re.fullmatch(pattern, text):
        raise AssertionError(f"{text!r} is not {pattern!r}")


@contextlib.contextmanager
def refused(code, pattern):
    """The calls within must be refused, with this code and in these words."""
    try:
        yield
    except grpc.RpcError as error:
        if error.code() != code or not re.search(pattern, error.details()):
            raise
    else:
        raise AssertionError(f"not refused: {pattern}")
