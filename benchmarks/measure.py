"""Measure real recordings and compare with what people marked, one part after the other; prints Markdown.

    python -m benchmarks.measure [--data FOLDER] [--parts beats,waves,…]

Each part is a benchmark of its own with a docstring that says what it measures and on what its limits were chosen.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

PARTS = ("beats", "fibrillation", "waves", "intervals", "quality", "critical", "serial", "sentences")
_WITHOUT_DATA = ("sentences",)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="folder of the recordings; else that of each benchmark")
    parser.add_argument("--parts", default=",".join(PARTS), help=f"of {', '.join(PARTS)} (default all)")
    args = parser.parse_args()
    failed = []
    for part in args.parts.split(","):
        print(f"\n## {part}\n", flush=True)
        given = ["--data", str(args.data)] if args.data and part not in _WITHOUT_DATA else []
        # A process each: one that fails does not take the others' tables with it.
        if subprocess.run([sys.executable, "-m", f"benchmarks.{part}", *given], check=False).returncode:
            failed.append(part)
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
