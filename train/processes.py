"""accelerate as this project uses it: several processes, sharded weights, and where figures are logged."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator, PartialState
from accelerate.utils import (
    DistributedDataParallelKwargs,
    DistributedType,
    GradientAccumulationPlugin,
    ProjectConfiguration,
)

from .stages import Curriculum, Stage


def join_processes() -> PartialState:
    """Join the processes that torchrun started; without a GPU by gloo, which accelerate must be told."""
    several = int(os.environ.get("WORLD_SIZE", "1")) > 1
    return PartialState(cpu=several and not torch.cuda.is_available())


def make_accelerator(curriculum: Curriculum, stage: Stage, logs: Path) -> Accelerator:
    """An accelerator whose `backward` averages over the stage's accumulated batches and over the processes.

    Raises:
        ValueError: when a tracker is not installed, or when the stage cannot run on sharded weights.
    """
    accelerator = Accelerator(
        mixed_precision=curriculum.precision,
        gradient_accumulation_plugin=GradientAccumulationPlugin(
            num_steps=stage.gradient_accumulation, sync_with_dataloader=False
        ),
        # Encoder parts that a fusion or an objective has no use for get no gradient.
        kwargs_handlers=[DistributedDataParallelKwargs(find_unused_parameters=True)],
        log_with=trackers(curriculum.log_with) or None,  # type: ignore[arg-type]
        project_config=ProjectConfiguration(project_dir=str(logs), logging_dir=str(logs)),
    )
    if is_sharded(accelerator):
        refuse_whole_weights(curriculum, stage)
    if accelerator.distributed_type == DistributedType.DEEPSPEED:
        # It wants to know before it sees a data loader; ours is made when the checkpoint was read.
        accelerator.state.deepspeed_plugin.deepspeed_config["train_micro_batch_size_per_gpu"] = stage.batch_size
    about = {"curriculum": curriculum.name, "steps": stage.steps, "batch_size": stage.batch_size}
    accelerator.init_trackers(stage.name, config=about | {"learning_rate": stage.learning_rate})
    return accelerator


def is_sharded(accelerator: Accelerator) -> bool:
    """Whether no process holds all weights: FSDP or DeepSpeed."""
    return accelerator.distributed_type in (DistributedType.FSDP, DistributedType.DEEPSPEED)


def refuse_whole_weights(curriculum: Curriculum, stage: Stage) -> None:
    """Raise ValueError for what needs whole weights on every process."""
    wrong = [
        what
        for what, is_on in (
            ("the objective evidence", stage.objective == "evidence"),
            ("ema_decay", stage.ema_decay > 0),
            ("load_in_4bit", curriculum.load_in_4bit),
            ("evidence_in_prompt", curriculum.evidence_in_prompt),
        )
        if is_on
    ]
    if wrong:
        raise ValueError(
            f"stage {stage.name!r} has {' and '.join(wrong)}, which FSDP and DeepSpeed do not run here; "
            "start it with torchrun alone, which keeps whole weights on every process."
        )


def trackers(asked: tuple[str, ...]) -> list[str]:
    """TensorBoard when it is installed, and what was asked for by name.

    Raises:
        ValueError: for one that is asked for and not installed.
    """
    for name in asked:
        if importlib.util.find_spec(name) is None:
            raise ValueError(f"log_with names {name}, which is not installed; run: pip install {name}")
    return [*dict.fromkeys([*asked, *(["tensorboard"] if importlib.util.find_spec("tensorboard") else [])])]


def finish_trackers(accelerator: Accelerator) -> None:
    """Close the logs; `Accelerator.end_training` would end the process group, too, which the next stage needs."""
    tracker: Any
    for tracker in accelerator.trackers:
        tracker.finish()
