"""A run as one HTML page that needs no network, no script and no other file; one journal, one sequence of bytes."""

from .rendering import page
from .settings import Setting, settings_of

__all__ = ["Setting", "page", "settings_of"]
