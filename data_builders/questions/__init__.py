"""Questions with answers that come from labels, events and measurements: one module per task, `make.py` mixes them."""
