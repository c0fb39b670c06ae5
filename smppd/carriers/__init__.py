"""The left side: one kind of carrier per file."""
