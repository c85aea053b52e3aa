"""Small corpora of invented facts, with questions that only two of their passages together answer."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ..passage import Passage
from .invented import Names

_COLOURS = ("Amber", "Crimson", "Golden", "Grey", "Ivory", "Scarlet", "Silver", "Violet")
_NOUNS = ("Bridge", "Ferry", "Garden", "Harbour", "Lantern", "Orchard", "Staircase", "Winter")
_TRADES = ("baker", "cartographer", "dentist", "glassblower", "judge", "midwife", "pilot", "surveyor")
_GOODS = ("barometer", "bicycle", "kettle", "lathe", "loom", "sewing machine", "stove", "typewriter")
_PASTIMES = ("collects stamps", "grows roses", "keeps bees", "plays chess", "sails at weekends", "sings in a choir")
_WEATHER = ("a cold lake", "a salt marsh", "a stony plain", "an old forest", "low hills", "wide meadows")
_YEARS = (1840, 1989)
_LONG = (3, 40)


@dataclass(frozen=True, slots=True)
class TwoHops:
    """A question, its answer of one or two words, and its part of the corpus.

    ``gold`` are the titles of the two passages that answer it: the one that the question names, then the one that the
    first leads to, which alone holds the answer. ``passages``, four or five, are those two and others that resemble
    them.
    """

    question: str
    answer: str
    gold: tuple[str, str]
    passages: tuple[Passage, ...]


def two_hops(seed: int) -> Iterator[TwoHops]:
    """Yield questions without end; no two share a name, so that no passage of one contradicts another's.

    Each depends on seed and place alone: the corpus of the first n questions is a part of that of the first n + 1.
    """
    draw = random.Random(f"{seed}/generated/two_hop")
    world = _World(draw, Names(draw))
    kinds: tuple[Callable[[_World], TwoHops], ...] = (_birthplace, _founder, _river, _director)
    while True:
        yield draw.choice(kinds)(world)


@dataclass(frozen=True, slots=True)
class _World:
    """Where names and small facts come from."""

    draw: random.Random
    names: Names

    def person(self) -> str:
        return f"{self.names.given()} {self.names.family()}"

    def relative(self, person: str) -> str:
        """Return somebody else of the same family name."""
        return f"{self.names.given()} {person.split()[1]}"

    def year(self) -> int:
        return self.draw.randint(*_YEARS)

    def one_of(self, words: tuple[str, ...]) -> str:
        return self.draw.choice(words)

    def asked(self, question: str, answer: str, gold: tuple[Passage, Passage], others: list[Passage]) -> TwoHops:
        passages = [*gold, *others]
        self.draw.shuffle(passages)
        return TwoHops(question, answer, (gold[0].title, gold[1].title), tuple(passages))


def _birthplace(world: _World) -> TwoHops:
    """Novel -> author -> town of birth; another novel of the same words, and the author's namesake."""
    words = f"The {world.one_of(_COLOURS)} {world.one_of(_NOUNS)} of"
    novel, other = f"{words} {world.names.place()}", f"{words} {world.names.place()}"
    author, rival = world.person(), world.person()
    relative, town = world.relative(author), world.names.place()
    return world.asked(
        f"In which town was the author of the novel {novel} born?",
        town,
        (_novel(world, novel, author), _writer(world, author, town)),
        [_novel(world, other, rival), _writer(world, rival, world.names.place()), _neighbour(world, relative)],
    )


def _novel(world: _World, title: str, author: str) -> Passage:
    story = world.draw.choice(("a lost inheritance", "two sisters", "a trial", "a long journey by rail"))
    return Passage(title, f"{title} is a novel by {author} about {story}. It came out in {world.year()}.")


def _writer(world: _World, name: str, town: str) -> Passage:
    pastime = world.one_of(_PASTIMES)
    return Passage(name, f"{name}, who writes and {pastime}, was born in {town} in {world.year()}.")


def _neighbour(world: _World, name: str) -> Passage:
    trade, town = world.one_of(_TRADES), world.names.place()
    return Passage(name, f"{name} is a {trade} who was born in {town} and {world.one_of(_PASTIMES)}.")


def _founder(world: _World) -> TwoHops:
    """Product -> its maker -> who founded that; another product of the kind, and a firm of the maker's name."""
    good = world.one_of(_GOODS)
    product, other = f"{world.names.given()} {good}", f"{world.names.given()} {good}"
    name, rival = world.names.family(), world.names.family()
    maker, namesake, competitor = f"{name} Works", f"{name} Insurance", f"{rival} Works"
    founder = world.person()
    return world.asked(
        f"Who founded the company that makes the {product}?",
        founder,
        (_product(world, product, good, maker), _company(world, maker, founder)),
        [
            _product(world, other, good, competitor),
            _company(world, competitor, world.person()),
            _company(world, namesake, world.person()),
        ],
    )


def _product(world: _World, name: str, good: str, maker: str) -> Passage:
    return Passage(name, f"The {name} is a {good}. {maker} has made it since {world.year()}, in three sizes.")


def _company(world: _World, name: str, founder: str) -> Passage:
    place = world.names.place()
    return Passage(name, f"{name} is a company in {place}. {founder} founded it in {world.year()} with two partners.")


def _river(world: _World) -> TwoHops:
    """Person -> town where they live -> its river; a relative elsewhere, and a town of half the name."""
    trade = world.one_of(_TRADES)
    person, place = world.person(), world.names.place()
    town, twin, third = f"{place} Bridge", f"{place} Mills", f"{world.names.place()} Bridge"
    relative, river = world.relative(person), world.names.river()
    return world.asked(
        f"Which river flows through the town where the {trade} {person} lives?",
        river,
        (_resident(world, person, trade, town), _town(world, town, river)),
        [
            _resident(world, relative, world.one_of(_TRADES), third),
            _town(world, twin, world.names.river()),
            _town(world, third, world.names.river()),
        ],
    )


def _resident(world: _World, name: str, trade: str, town: str) -> Passage:
    pastime, years = world.one_of(_PASTIMES), world.draw.randint(*_LONG)
    return Passage(name, f"{name} is a {trade} who {pastime} and has lived in {town} for {years} years.")


def _town(world: _World, name: str, river: str) -> Passage:
    return Passage(name, f"{name} is a town beside {world.one_of(_WEATHER)}. The {river} flows through it.")


def _director(world: _World) -> TwoHops:
    """Painting -> museum that keeps it -> its director; another painting of the same words, and a like museum."""
    words = f"{world.one_of(_COLOURS)} {world.one_of(_NOUNS)} near"
    painting, other = f"{words} {world.names.place()}", f"{words} {world.names.place()}"
    place = world.names.place()
    museum, twin = f"{place} Museum", f"{place} Gallery"
    director = world.person()
    return world.asked(
        f"Who directs the museum that keeps the painting {painting}?",
        director,
        (_painting(world, painting, museum), _museum(world, museum, director)),
        [_painting(world, other, twin), _museum(world, twin, world.person())],
    )


def _painting(world: _World, title: str, museum: str) -> Passage:
    painter = world.person()
    return Passage(title, f"{title} is a painting by {painter} of {world.year()}. {museum} keeps it.")


def _museum(world: _World, name: str, director: str) -> Passage:
    return Passage(name, f"{name} opened in {world.year()} beside {world.one_of(_WEATHER)}. {director} directs it.")
