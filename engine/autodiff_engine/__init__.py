"""Training the prompts of programs made of LLM calls: the engine, which knows no terminal."""
