"""A run as one file: members and their hashes, written alike everywhere, read as if a stranger had made them."""

from .archive import LIMITS, Limits, unpack, write
from .manifest import ANSWERS, BEST, CONFIG, CORPUS, INSTRUCTIONS, JOURNAL, PROGRAM, PROMPTS, SPLITS, Manifest

__all__ = [
    "ANSWERS",
    "BEST",
    "CONFIG",
    "CORPUS",
    "INSTRUCTIONS",
    "JOURNAL",
    "LIMITS",
    "PROGRAM",
    "PROMPTS",
    "SPLITS",
    "Limits",
    "Manifest",
    "unpack",
    "write",
]
