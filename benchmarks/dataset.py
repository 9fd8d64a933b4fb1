"""The dataset at scale: builds simulated records by the command line and projects to 800,000.

    python -m benchmarks.dataset [--count 20000] [--processes 1] [--out FOLDER]

Prints Markdown: records per second, CPU time, peak memory of a process and bytes per record, of a build that is killed
(SIGKILL) when half of its shards are there and then resumed; then whether `datasets` streams it without duplicates, and
whether a small build that was killed ends in the same bytes as one that was not. FOLDER is kept if it is given.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

PLANNED = 800_000
PROCESSES = (1, 2, 8, 32)
SEED = 0
SHARD = 512


@dataclass(frozen=True)
class Build:
    """What one build took."""

    seconds: float
    cpu_seconds: float
    peak_mib: float
    """Of the largest process."""
    half_mib: float
    """The same, of the first half alone: as much where memory is bounded."""


def command(count: int, out: Path, processes: int) -> list[str]:
    return [
        sys.executable, "-m", "data_builders", "build", "--source", "simulated", "--count", str(count),
        "--seed", str(SEED), "--processes", str(processes), "--out", str(out),
    ]  # fmt: skip


def timed(count: int, out: Path, processes: int) -> Build:
    """Build in processes of their own, since their memory is asked for: to the half, killed, and to the end."""
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    kill_when(out, max(count // SHARD // 2, 1), command(count, out, processes))
    half_mib = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    subprocess.run(command(count, out, processes), check=True, env=one_thread())
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Build(time.monotonic() - started, cpu, after.ru_maxrss / 1024, half_mib)


def kill_when(out: Path, shards: int, build: list[str]) -> None:
    """Run a build and kill it with all its processes when so many shards are there."""
    process = subprocess.Popen(build, env=one_thread(), start_new_session=True)
    while process.poll() is None and len(list(out.glob("records/*.parquet"))) < shards:
        time.sleep(0.05)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def one_thread() -> dict[str, str]:
    return {**os.environ, "OMP_NUM_THREADS": "1"}


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def killed_and_resumed(count: int, folder: Path) -> str:
    """Kill a build when its first shard is there, resume it in two processes, compare with an undisturbed one."""
    whole, killed = folder / "whole", folder / "killed"
    subprocess.run(command(count, whole, 1), check=True, env=one_thread(), stdout=subprocess.DEVNULL)
    kill_when(killed, 1, command(count, killed, 1))
    there = len(list(killed.glob("records/*.parquet")))
    subprocess.run(command(count, killed, 2), check=True, env=one_thread(), stdout=subprocess.DEVNULL)
    shards = len(list(killed.glob("records/*.parquet")))
    return (
        f"{count:,} records, killed with {there} of {shards} shards written, resumed "
        f"in two processes: {duplicates(killed)} duplicates, "
        f"{'the same bytes' if files(whole) == files(killed) else '**OTHER BYTES**'} as an undisturbed build"
    )


def duplicates(folder: Path) -> int:
    """Records and conversations that stand in a dataset more than once."""
    found = 0
    for table, name in (("records", "record_id"), ("conversations", "conversation_id")):
        ids = [row[name] for row in streamed(folder, table, [name])]
        found += len(ids) - len(set(ids))
    return found


def streamed(folder: Path, table: str, columns: list[str] | None = None):
    """The rows of a table as `datasets` streams them."""
    from datasets import load_dataset

    return load_dataset(
        "parquet", data_files=str(folder / table / "*.parquet"), split="train", streaming=True, columns=columns
    )


def streaming(folder: Path) -> str:
    parts = []
    for table in ("records", "conversations"):
        started, n, first = time.monotonic(), 0, 0.0
        for _ in streamed(folder, table):
            n += 1
            first = first or time.monotonic() - started
        parts.append(f"{n:,} {table} (first after {first:.2f} s, {n / (time.monotonic() - started):,.0f}/s)")
    return " and ".join(parts)


def plan_memory(count: int) -> tuple[float, float]:
    """Seconds and MiB that listing the records takes; it is the one part of a build that grows with their number."""
    code = (
        "import resource, time; from data_builders.sources.simulated import plan; from data_builders.splits import *; "
        f"t = time.process_time(); p = plan(None, count={count}); s = split_of_patients(p.entries); "
        "print(time.process_time() - t, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)"
    )
    said = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split()
    return float(said[0]), float(said[1])


def report(count: int, processes: int, check: int, out: Path, folder: Path) -> None:
    import pyarrow.parquet as pq

    took = timed(count, out, processes)
    size = sum(path.stat().st_size for path in out.glob("*/*.parquet"))
    talks = sum(pq.ParquetFile(path).metadata.num_rows for path in (out / "conversations").glob("*.parquet"))
    per_record, seconds = size / count, took.cpu_seconds / count
    print(f"| {count:,} simulated records, all tasks, {processes} process(es) | |\n|---|--:|")
    print(f"| conversations | {talks:,} |")
    print(f"| time | {took.seconds / 60:.1f} min, {took.cpu_seconds / 60:.1f} CPU-minutes |")
    print(f"| records per second; per CPU-second | {count / took.seconds:.1f}; {1 / seconds:.1f} |")
    print(f"| peak memory of a process; of the first half | {took.peak_mib:,.0f} MiB; {took.half_mib:,.0f} MiB |")
    print(f"| killed once at half of the shards and resumed | {duplicates(out)} duplicates |")
    print(f"| bytes per record, with its conversations | {per_record:,.0f} |")
    print(f"| streamed by `datasets` | {streaming(out)} |")
    hours = ", ".join(f"{n}: {PLANNED * seconds / n / 3600:.1f} h" for n in PROCESSES)
    print(f"| {PLANNED:,} records, by number of processes on free cores (projected) | {hours} |")
    print(f"| size of {PLANNED:,} records (projected) | {PLANNED * per_record / 1e9:.0f} GB |")
    listing, memory = plan_memory(PLANNED)
    print(f"| listing {PLANNED:,} records (measured) | {listing:.0f} CPU-seconds, {memory:,.0f} MiB |")
    print(f"| resume | {killed_and_resumed(check, folder)} |")


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=20_000, help="records (default 20000)")
    parser.add_argument("--check", type=int, default=300, help="records of the build that is killed (default 300)")
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--out", type=Path, help="keep the dataset here (default: a temporary folder)")
    args = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as folder:
        report(args.count, args.processes, args.check, args.out or Path(folder) / "large", Path(folder))


if __name__ == "__main__":
    main()
