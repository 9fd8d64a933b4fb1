"""How fast simulated ECGs are made with torch in batches, and with NumPy: python benchmarks/simulate_torch.py.

One thread; 12 leads, 10 s, 500 Hz. Planning (all that is drawn at random, and the truth) is the same in both and is
timed alone, too: a device only takes over the rest.
"""

from __future__ import annotations

import argparse
import os
import time


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=512)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--device", default="cpu", help='"cpu", "cuda" …')
    args = parser.parse_args(argv)
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # before numpy and torch are loaded
    import torch

    from anyecg.leads import STANDARD_LEADS
    from anyecg.simulate import plan_all, simulate, simulate_batch
    from anyecg.simulate.assembly import Shape
    from anyecg.simulate.batch import draw_batch

    torch.set_num_threads(1)
    shape = Shape(500.0, 10.0, STANDARD_LEADS)
    batches = [range(first, first + args.batch) for first in range(0, args.records, args.batch)]
    draw_batch(plan_all([(seed, 0) for seed in range(args.batch)], shape, None), args.device)  # fills the pools
    planned, drawn = 0.0, 0.0
    for batch in batches:
        start = time.process_time()
        plans = plan_all([(seed, 0) for seed in batch], shape, None)
        middle = time.process_time()
        draw_batch(plans, args.device).cpu()
        planned, drawn = planned + middle - start, drawn + time.process_time() - middle
    start = time.process_time()
    for batch in batches:
        simulate_batch(batch, device=args.device)
    whole = time.process_time() - start
    start = time.process_time()
    for batch in batches:
        list(simulate(len(batch), seed=batch[0]))
    numpy = time.process_time() - start
    n = sum(len(batch) for batch in batches)
    print(f"ECGs per CPU-second on {args.device}, {n} ECGs in batches of {args.batch}:")
    print(f"NumPy {n / numpy:.0f}; torch {n / whole:.0f} (planning alone {n / planned:.0f}, drawing {n / drawn:.0f})")


if __name__ == "__main__":
    main()
