"""The chat page: upload ECGs, see them on paper, ask, and check the answer. Run with `python -m app`."""
