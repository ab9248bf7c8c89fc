"""Deals fragments to cases, so that each comes up equally often, and any case can be made by itself."""

import random

import fragments
from description import Case, Stage

HAND = 9


def deal(seed, number):
    """The case of this number."""
    case = Case(seed, number)
    deck = len(fragments.FRAGMENTS)
    first = number * HAND
    dealt = [_shuffled(seed, (first + index) // deck)[(first + index) % deck] for index in range(HAND)]
    # Twice the same in one case happens where two rounds meet; its names would be the same.
    for index, fragment in enumerate(dict.fromkeys(dealt)):
        case.tag = f"f{index}"
        fragment(case)
    if case.target:
        case.target = case.stages[-1].name
        after = Stage("after", case.target)
        after.both("RUN false")
        case.stages.append(after)
        case.arguments("--target", case.target)
    if "COPY . " in case.text("modern") and case.text("modern") != case.text("plain"):
        # It would be among what is copied.
        case.has_usual_place = False
    if case.ignored and not case.has_usual_place:
        case.feature("ignore: file of the Dockerfile")
    return case


def _shuffled(seed, round_number):
    deck = list(fragments.FRAGMENTS)
    random.Random(f"{seed}/{round_number}").shuffle(deck)
    return deck
