"""What the run screen is made of: one thing each; data down by reactives, news up by messages."""
