"""The terminal in front of the engine: commands, plain and JSON output, and the Textual app."""
