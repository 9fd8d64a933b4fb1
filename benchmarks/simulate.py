"""How fast the simulator is, on one core: OMP_NUM_THREADS=1 python benchmarks/simulate.py [--records 1000]."""

from __future__ import annotations

import argparse
import os
import time


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=1000, help="ten-second records per measurement")
    args = parser.parse_args(argv)
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # before numpy is loaded
    from anyecg.leads import STANDARD_LEADS
    from anyecg.simulate import simulate

    cases = (
        ("12 leads, 10 s, 500 Hz", args.records, 10.0, 500.0, STANDARD_LEADS),
        ("12 leads, 10 s, 100 Hz", args.records, 10.0, 100.0, STANDARD_LEADS),
        ("2 leads, 10 s, 500 Hz", args.records, 10.0, 500.0, ("II", "V1")),
        ("2 leads, 30 min, 360 Hz", max(args.records // 250, 1), 1800.0, 360.0, ("MLII", "V1")),
    )
    for name, n, duration_s, sampling_rate, leads in cases:
        list(simulate(3, seed=0, duration_s=duration_s, sampling_rate=sampling_rate, leads=leads))
        wall, cpu = time.perf_counter(), time.process_time()
        for _ in simulate(n, seed=1, duration_s=duration_s, sampling_rate=sampling_rate, leads=leads):
            pass
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        print(f"{name}: {n / wall:.1f} records/s ({n / cpu:.1f} per CPU-second)")


if __name__ == "__main__":
    main()
