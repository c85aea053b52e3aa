"""Data that we make up ourselves, with answers that are right by construction; one module each."""

from .counting import NUMBERS, THINGS, Difficulty, object_count
from .two_hops import TwoHops, two_hops

__all__ = ["NUMBERS", "THINGS", "Difficulty", "TwoHops", "object_count", "two_hops"]
