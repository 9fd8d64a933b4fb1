"""Builds the two Parquet tables from ECG databases and the simulator: `python -m data_builders build --help`."""
