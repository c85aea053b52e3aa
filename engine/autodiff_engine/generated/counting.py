"""Counting the things of one kind in a list of many."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

THINGS: Mapping[str, tuple[tuple[str, str], ...]] = MappingProxyType(
    {
        "musical instruments": (
            ("a violin", "violins"),
            ("a trombone", "trombones"),
            ("a flute", "flutes"),
            ("a banjo", "banjos"),
            ("a cello", "cellos"),
            ("an accordion", "accordions"),
            ("a harp", "harps"),
            ("a clarinet", "clarinets"),
            ("a tambourine", "tambourines"),
            ("a xylophone", "xylophones"),
        ),
        "vegetables": (
            ("a carrot", "carrots"),
            ("an onion", "onions"),
            ("a leek", "leeks"),
            ("a turnip", "turnips"),
            ("a cauliflower", "cauliflowers"),
            ("a radish", "radishes"),
            ("a cabbage", "cabbages"),
            ("a parsnip", "parsnips"),
            ("a beetroot", "beetroots"),
            ("a stalk of celery", "stalks of celery"),
        ),
        "pieces of fruit": (
            ("a banana", "bananas"),
            ("a pear", "pears"),
            ("a plum", "plums"),
            ("an apricot", "apricots"),
            ("a mango", "mangoes"),
            ("a kiwi", "kiwis"),
            ("a nectarine", "nectarines"),
            ("a pineapple", "pineapples"),
            ("an apple", "apples"),
            ("a quince", "quinces"),
        ),
        "animals": (
            ("a goat", "goats"),
            ("a hedgehog", "hedgehogs"),
            ("a donkey", "donkeys"),
            ("a swan", "swans"),
            ("a lizard", "lizards"),
            ("a hamster", "hamsters"),
            ("a goose", "geese"),
            ("a mouse", "mice"),
            ("an otter", "otters"),
            ("a beetle", "beetles"),
        ),
        "pieces of furniture": (
            ("a wardrobe", "wardrobes"),
            ("an armchair", "armchairs"),
            ("a bookcase", "bookcases"),
            ("a stool", "stools"),
            ("a sofa", "sofas"),
            ("a dresser", "dressers"),
            ("a bunk bed", "bunk beds"),
            ("a bench", "benches"),
            ("a desk", "desks"),
            ("a crib", "cribs"),
        ),
        "tools": (
            ("a hammer", "hammers"),
            ("a chisel", "chisels"),
            ("a wrench", "wrenches"),
            ("a handsaw", "handsaws"),
            ("a spirit level", "spirit levels"),
            ("a screwdriver", "screwdrivers"),
            ("a crowbar", "crowbars"),
            ("a mallet", "mallets"),
            ("a trowel", "trowels"),
            ("a hand drill", "hand drills"),
        ),
    }
)
"""Category -> its things, one and many: no thing belongs to two categories, none can be taken for another's."""

NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_PLACES = ("In the shed there are", "For the move I have packed", "My cousin left me", "The shop window shows", "I own")


ALONE = 0.65
"""The share of things that come alone: with fewer a 1.5B model gets next to none right: nothing to start from."""


@dataclass(frozen=True, slots=True)
class Difficulty:
    """How long the lists are and how large the counts: ``kinds`` of things at most, ``most`` of each."""

    kinds: int = 6
    most: int = 4


def object_count(seed: int, difficulty: Difficulty = Difficulty()) -> Iterator[tuple[str, str]]:
    """Yield questions and answers without end and without repeats: count the things of one category in a list.

    Up to a third of the things are of other categories, and most come alone. A pair depends on seed, difficulty and its
    place, on nothing else.
    """
    draw = random.Random(f"{seed}/generated/object_count")
    seen: set[str] = set()
    while True:
        question, answer = _count_question(draw, difficulty)
        if question not in seen:
            seen.add(question)
            yield question, str(answer)


def _count_question(draw: random.Random, difficulty: Difficulty) -> tuple[str, int]:
    category = draw.choice(tuple(THINGS))
    kinds = draw.randint(max(3, difficulty.kinds - 3), difficulty.kinds)
    others = round(kinds * draw.uniform(0, 1 / 3))
    asked = draw.sample(THINGS[category], min(kinds - others, len(THINGS[category])))
    strange = [thing for name, things in THINGS.items() if name != category for thing in things]
    listed = [(thing, _how_many(draw, difficulty), True) for thing in asked]
    listed += [(thing, _how_many(draw, difficulty), False) for thing in draw.sample(strange, others)]
    draw.shuffle(listed)
    names = [_amount(draw, thing, count) for thing, count, _ in listed]
    text = f"{draw.choice(_PLACES)} {', '.join(names[:-1])}, and {names[-1]}."
    return f"{text} How many {category} is that in all?", sum(count for _, count, counts in listed if counts)


def _how_many(draw: random.Random, difficulty: Difficulty) -> int:
    return 1 if draw.random() < ALONE else draw.randint(2, difficulty.most)


def _amount(draw: random.Random, thing: tuple[str, str], count: int) -> str:
    one, many = thing
    if count == 1:
        return one
    number = NUMBERS[count] if count < len(NUMBERS) and draw.random() < 0.75 else str(count)
    return f"{number} {many}"
