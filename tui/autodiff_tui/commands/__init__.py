"""The commands: one module for each group of them, loaded when one of its commands is called."""
