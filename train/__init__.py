"""Training and evaluation: the curriculum, its data and its figures. Run with `python -m train`."""
