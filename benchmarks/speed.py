"""What an answer costs, beside a peer in the same run: OMP_NUM_THREADS=1 python benchmarks/speed.py [--model FOLDER]

Prints a Markdown table for BENCHMARKS.md: seconds to the first token and per report (measuring and encoding
included, every record new), seconds to locate events in 30 minutes of two leads, tokens per ECG, encoder ECGs per
second, memory, and how long `anyecg --help` takes. Seconds are given by the clock and of the processor: where other
programs run beside, only the latter tell what an idle machine would do.
The peer is an encoder of the size of anyECG-chat's (ViT-base on patches of 2 s of one lead), built from our own
classes with random weights: its layers attend along time and leads in turn, where the original attends to all.
"""

from __future__ import annotations

import argparse
import platform
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

VIT_BASE = {
    "fusion": "grid", "patch_s": 2.0, "stem_width": 32, "hidden_size": 768, "num_hidden_layers": 12,
    "num_attention_heads": 12, "intermediate_size": 3072, "steps_per_token": 1,
}  # fmt: skip
Seconds = tuple[float, float]
"""By the clock and of the processor."""
PUBLISHED_TOKENS = 61  # of anyECG-chat for a 12-lead ECG of 10 s: 60 patches and one summary


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, help="model folder; the embedded checkpoint by default")
    parser.add_argument("--records", type=int, default=20, help="reports that are timed")
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args(argv)
    import torch

    from anyecg.chat import EcgChat
    from anyecg.simulate import simulate

    torch.set_num_threads(args.threads)
    chat = EcgChat.from_pretrained(args.model)
    records = [sim.record for sim in simulate(args.records + 2, seed=7)]
    reports = [report(chat, record) for record in records][2:]  # the first two warm up
    rows = [
        ("seconds to the first token, median: clock / processor", both([r[0] for r in reports]), "–"),
        ("seconds per report, median: clock / processor", both([r[1] for r in reports]), "–"),
        ("generated tokens per report, median", f"{statistics.median(r[2] for r in reports):.0f}", "–"),
        ("generated tokens per processor second", f"{tokens_per_second(reports):.0f}", "–"),
        *locating_rows(chat),
        ("peak memory of the process, MiB", f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f}", "–"),
        *encoder_rows(chat, records),
        ("`anyecg --help`, processor seconds, best of 5", f"{help_seconds():.2f}", "–"),
    ]
    print(f"12 leads, 10 s, 500 Hz, simulated; {args.records} reports. {machine(args.threads)}\n")
    print("| | anyecg | ViT-base, 2 s patches |\n|---|---|---|")
    print("\n".join(f"| {name} | {ours} | {peer} |" for name, ours, peer in rows))


def now() -> Seconds:
    return time.perf_counter(), time.process_time()


def since(began: Seconds) -> Seconds:
    clock, processor = now()
    return clock - began[0], processor - began[1]


def both(times: list[Seconds]) -> str:
    """Medians by the clock and of the processor."""
    return " / ".join(f"{statistics.median(column):.3f}" for column in zip(*times, strict=True))


def report(chat: Any, record: Any) -> tuple[Seconds, Seconds, int]:
    """Until the first token and until the end of one report, and its tokens."""
    from anyecg.chat import REPORT_QUESTION

    began, first, tokens = now(), None, 0
    for answer in chat.stream([record], REPORT_QUESTION):
        first, tokens = first or since(began), answer.tokens
    whole = since(began)
    return first or whole, whole, tokens


def tokens_per_second(reports: list[tuple[Seconds, Seconds, int]]) -> float:
    """After the first token."""
    return statistics.median(
        (tokens - 1) / max(whole[1] - first[1], 1e-9) for first, whole, tokens in reports if tokens > 1
    )


def locating_rows(chat: Any, repeats: int = 3) -> list[tuple[str, str, str]]:
    """Two leads of 30 minutes: beats of a kind, and P waves, for which every beat is delineated."""
    from anyecg.simulate import simulate

    rows = []
    for kind in ("premature ventricular contraction", "P wave"):
        times = []
        for sim in simulate(repeats, seed=8, duration_s=1800.0, sampling_rate=360.0, leads=("MLII", "V1")):
            began = now()
            chat.locate(sim.record, kind)
            times.append(since(began))
        rows.append((f"seconds to locate each {kind} in 30 min of two leads: clock / processor", both(times), "–"))
    return rows


def encoder_rows(chat: Any, records: list[Any]) -> list[tuple[str, str, str]]:
    """Tokens per ECG and encoder throughput of ours and of the peer, measured in turn."""
    from anyecg.configuration_anyecg import AnyEcgEncoderConfig
    from anyecg.feature_extraction_anyecg import AnyEcgFeatureExtractor
    from anyecg.modeling_anyecg import AnyEcgEncoder

    config = AnyEcgEncoderConfig(**VIT_BASE)
    peer = AnyEcgEncoder._from_config(config).eval()
    extractors = (chat.processor.feature_extractor, AnyEcgFeatureExtractor(patch_s=2.0, steps_per_token=1))
    towers = (chat.model.model.ecg_tower, peer)
    ours, theirs = (ecgs_per_second(t, e(records[:16])) for t, e in zip(towers, extractors, strict=True))
    sizes = [f"{sum(p.numel() for p in tower.parameters()) / 1e6:.1f}" for tower in towers]
    return [
        ("encoder parameters, millions", *sizes),
        ("encoder ECGs per processor second, batch of 16", f"{ours:.0f} ({ours / theirs:.0f} ×)", f"{theirs:.1f}"),
        ("language-model tokens per ECG", str(extractors[0].num_tokens(records[0])), f"{PUBLISHED_TOKENS} (published)"),
    ]


def ecgs_per_second(tower: Any, inputs: Any, repeats: int = 5) -> float:
    """Best of some passes over one batch."""
    import torch

    best = float("inf")
    with torch.inference_mode():
        for _ in range(repeats):
            began = now()
            tower(**inputs)
            best = min(best, since(began)[1])
    return len(inputs["ecg_index"]) / best


def help_seconds() -> float:
    """Processor seconds that a fresh process needs to print the help of the command line."""
    best = float("inf")
    for _ in range(5):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, "-m", "anyecg.cli", "--help"], capture_output=True, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        best = min(best, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return best


def machine(threads: int) -> str:
    """The processor, its cores, the threads used and the versions that matter."""
    import torch
    import transformers

    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    name = next(
        (line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.processor()
    )
    cores = sum(line.startswith("processor") for line in lines)
    versions = f"Python {platform.python_version()}, torch {torch.__version__}, transformers {transformers.__version__}"
    return f"Machine: {name}, {cores} cores, {threads} thread{'s' if threads > 1 else ''}; {versions}."


if __name__ == "__main__":
    main()
