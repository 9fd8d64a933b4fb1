"""What several test files share: where the real recordings are, when there are any."""

import contextlib
import os
import random
import socket
from pathlib import Path

import pytest


def find_shared_data(name: str) -> Path:
    """A folder of real recordings outside the project; skips the test, with the reason, when it is not there."""
    root = Path(os.environ.get("ANYECG_DATA", Path(__file__).parents[1] / ".." / "shared" / "data")).resolve()
    if not (root / name).exists():
        pytest.skip(f"real recordings not found: {name} (set ANYECG_DATA to the folder that holds them)")
    return root / name


@pytest.fixture
def shared_data():
    """A function: name of a database folder → its path, or a skip."""
    return find_shared_data


def free_port():
    """A port that nobody listens at, below those that the system hands out unasked, so that it stays free."""
    while True:
        port = random.SystemRandom().randrange(20_000, 32_000)
        with socket.socket() as sock, contextlib.suppress(OSError):
            sock.bind(("127.0.0.1", port))
            return port


TEXTS = [
    "ECG 1: 12 leads, 10.0 s, age 56, male. Measured: rate 72/min, regular, PR 160 ms, QRS 92 ms, axis 45°.",
    "Sinus rhythm at 72/min. No premature ventricular contraction is present. user assistant\n",
]


def make_tokenizer():
    """A small byte-level tokenizer of our own kind."""
    from train.assemble import train_tokenizer

    return train_tokenizer(TEXTS * 5, 400)


def tiny_text_config(family: str, vocab_size: int):
    """A two-layer language model configuration of a known family."""
    from transformers import AutoConfig

    options = {
        "vocab_size": vocab_size, "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2,
        "num_attention_heads": 2, "num_key_value_heads": 1, "head_dim": 16, "max_position_embeddings": 2048,
        "pad_token_id": 0, "eos_token_id": 2, "bos_token_id": None, "tie_word_embeddings": family != "llama",
    }  # fmt: skip
    if family == "gemma3_text":
        options |= {"sliding_window": 64}
    return AutoConfig.for_model(family, **options)


def make_tiny_model(family: str = "qwen3", fusion: str = "early", **ecg_options):
    """A tiny random chat model with its processor, in evaluation mode."""
    import torch
    from transformers import AutoModelForCausalLM

    from anyecg.configuration_anyecg import AnyEcgEncoderConfig
    from anyecg.processing_anyecg import AnyEcgProcessor
    from train.assemble import around, feature_extractor_for

    torch.manual_seed(0)
    tokenizer = make_tokenizer()
    ecg_config = AnyEcgEncoderConfig(
        fusion=fusion, stem_width=8, trunk_width=12, num_trunk_blocks=1, hidden_size=16, num_hidden_layers=2,
        num_attention_heads=2, intermediate_size=24, **ecg_options,
    )  # fmt: skip
    language_model = AutoModelForCausalLM.from_config(tiny_text_config(family, len(tokenizer)))
    model = around(language_model, ecg_config, tokenizer).eval()
    return model, AnyEcgProcessor(feature_extractor_for(ecg_config), tokenizer)


def make_record(leads=("I", "II", "V1"), duration_s=4.0, sampling_rate=100.0, seed=0, **fields):
    """A record of smooth noise, in the size of an ECG."""
    import numpy as np

    from anyecg.record import EcgRecord

    rng = np.random.default_rng(seed)
    signal = rng.normal(0, 0.3, (len(leads), round(duration_s * sampling_rate)))
    return EcgRecord(signal, tuple(leads), sampling_rate, **fields)


def beats_like(duration_s, rate=100.0, leads=("II", "V5")):
    """A train of narrow peaks, one per 0.8 s, on a little noise."""
    import numpy as np

    from anyecg.record import EcgRecord

    t = np.arange(round(duration_s * rate)) / rate
    noise = np.random.default_rng(0).normal(0, 0.01, (len(leads), len(t)))
    train = np.exp(-(((t % 0.8 - 0.4) / 0.012) ** 2)) + 0.2 * np.exp(-(((t % 0.8 - 0.65) / 0.05) ** 2))
    return EcgRecord(train + noise, leads, rate)
