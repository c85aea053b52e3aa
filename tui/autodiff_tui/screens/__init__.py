"""Widgets arranged: the run, and what opens over it."""
