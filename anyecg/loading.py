"""Load a checkpoint for the chat: safetensors only, none of its code is run, peft and bitsandbytes on demand."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import torch

EMBEDDED = Path(__file__).parent / "checkpoints" / "nano"


def load(
    path: str | Path | None, adapter: str | Path | None, load_in_4bit: bool, device: str | None
) -> tuple[Any, Any]:
    """Model and processor; see `EcgChat.from_pretrained`."""
    from transformers import logging as transformers_logging

    from . import register
    from .modeling_anyecg import AnyEcgForConditionalGeneration
    from .processing_anyecg import AnyEcgProcessor

    register()
    folder = existing(path)
    device = device or ("cuda" if torch.cuda.is_available() else "cpu")
    options: dict[str, Any] = {"dtype": torch.float32 if device == "cpu" else "auto", "use_safetensors": True}
    if load_in_4bit:
        options |= {"quantization_config": _four_bit(), "device_map": {"": device}}
    transformers_logging.disable_progress_bar()
    model: Any = AnyEcgForConditionalGeneration.from_pretrained(folder, **options)
    if adapter:
        model = _with_adapter(model, Path(adapter), merge=not load_in_4bit)
    return model if load_in_4bit else model.to(device), AnyEcgProcessor.from_pretrained(folder)


def existing(path: str | Path | None) -> str:
    """The folder or hub name to load from. Raises ValueError when there is no checkpoint."""
    if path is None and not (EMBEDDED / "config.json").exists():
        raise ValueError(
            "this installation has no embedded checkpoint; give a checkpoint folder, "
            "or train one with `python -m train`."
        )
    folder = Path(path) if path is not None else EMBEDDED
    looks_local = folder.is_absolute() or str(path).startswith(".") or str(path).count("/") != 1
    if path is not None and not (folder / "config.json").exists() and (looks_local or folder.exists()):
        raise ValueError(f"no checkpoint at {path}: it has no config.json; give a folder that `python -m train` wrote.")
    return str(folder) if (folder / "config.json").exists() else str(path)


def _four_bit() -> Any:
    from transformers import BitsAndBytesConfig

    logging.getLogger("bitsandbytes").setLevel(logging.ERROR)
    return BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        llm_int8_skip_modules=["model.ecg_tower", "model.evidence_tower", "model.ecg_projector", "lm_head"],
    )


def _with_adapter(model: Any, adapter: Path, merge: bool) -> Any:
    if not (adapter / "adapter_model.safetensors").exists():
        raise ValueError(
            f"no adapter at {adapter}: it has no adapter_model.safetensors; give a folder that peft saved."
        )
    from peft import PeftModel

    adapted = PeftModel.from_pretrained(model, str(adapter))
    return adapted.merge_and_unload() if merge else adapted
