"""A stage in progress on disk: written beside, then swapped by rename; with the random state of every process.

With sharded weights (FSDP2) every function here must be called by all processes; the main one writes.
"""

from __future__ import annotations

import os
import random
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.distributed.checkpoint.state_dict import (
    StateDictOptions,
    get_optimizer_state_dict,
    set_optimizer_state_dict,
)
from torch.distributed.tensor import DTensor, distribute_tensor

COMPLETE = "complete"
"""The file that is written last: a folder without it is a half-written one."""


def write(folder: Path, accelerator: Any, state: dict[str, Any]) -> None:
    """Save a state; a kill at any moment leaves the one before or this one, whole."""
    fresh = beside(folder, "new")
    if accelerator.is_main_process:
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(parents=True)
    accelerator.wait_for_everyone()
    torch.save(random_state(), fresh / f"random-{accelerator.process_index}.pt")
    if accelerator.is_main_process:
        torch.save(state | {"processes": accelerator.num_processes}, fresh / "state.pt")
    accelerator.wait_for_everyone()
    if accelerator.is_main_process:
        (fresh / COMPLETE).touch()
        settle(folder)


def settle(folder: Path) -> None:
    """Put a completely written state in its place."""
    fresh, old = beside(folder, "new"), beside(folder, "old")
    if not (fresh / COMPLETE).exists():
        return
    if folder.exists():
        shutil.rmtree(old, ignore_errors=True)
        os.rename(folder, old)
    os.rename(fresh, folder)
    shutil.rmtree(old, ignore_errors=True)


def read(folder: Path, accelerator: Any) -> dict[str, Any] | None:
    """The last complete state, with this process's own under "random"; None when there is none.

    Raises:
        ValueError: when another number of processes wrote it: the order of the data depends on the number.
    """
    if accelerator.is_main_process:
        settle(folder)
    accelerator.wait_for_everyone()
    if not (folder / COMPLETE).exists():
        return None
    state = torch.load(folder / "state.pt", weights_only=True, map_location="cpu")
    if state["processes"] != accelerator.num_processes:
        raise ValueError(
            f"{folder} was written by {state['processes']} processes, and these are {accelerator.num_processes}; "
            "start as many as before, or delete the folder to begin the stage anew."
        )
    state["random"] = torch.load(folder / f"random-{accelerator.process_index}.pt", weights_only=True)
    return state


def discard(folder: Path) -> None:
    """Delete the state of a finished stage."""
    for path in (folder, beside(folder, "new"), beside(folder, "old")):
        shutil.rmtree(path, ignore_errors=True)


def beside(folder: Path, ending: str) -> Path:
    """The folder's neighbour of the same name with an ending."""
    return folder.with_name(f"{folder.name}.{ending}")


def random_state() -> dict[str, Any]:
    """Where the random generators of this process stand: torch (every device), numpy and Python."""
    _, keys, *rest = np.random.get_state(legacy=True)
    return {
        "torch": torch.get_rng_state(),
        "cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
        "numpy": [torch.from_numpy(np.asarray(keys, dtype=np.int64)), *rest],
        "python": random.getstate(),
    }


def set_random_state(state: dict[str, Any]) -> None:
    """Go on from what `random_state` returned."""
    torch.set_rng_state(state["torch"])
    if state["cuda"]:
        torch.cuda.set_rng_state_all(state["cuda"])
    keys, *rest = state["numpy"]
    np.random.set_state(("MT19937", keys.numpy().astype(np.uint32), *rest))
    random.setstate(state["python"])


def learning_state(model: torch.nn.Module) -> dict[str, torch.Tensor]:
    """Copies of the weights that learn and of all buffers, whole, on the CPU. Frozen weights stay where they are."""
    learning = [(name, parameter) for name, parameter in model.named_parameters() if parameter.requires_grad]
    return {name: _whole(tensor) for name, tensor in [*learning, *model.named_buffers()]}


def _whole(tensor: torch.Tensor) -> torch.Tensor:
    tensor = tensor.detach()
    whole = tensor.full_tensor() if isinstance(tensor, DTensor) else tensor
    return whole.cpu().clone()


@torch.no_grad()
def put(model: torch.nn.Module, state: dict[str, torch.Tensor]) -> None:
    """Set the weights and buffers that `state` names, sharded ones included."""
    for name, tensor in [*model.named_parameters(), *model.named_buffers()]:
        if name in state:
            value = state[name].to(tensor.device, tensor.dtype)
            if isinstance(tensor, DTensor):
                value = distribute_tensor(value, tensor.device_mesh, tensor.placements)
            tensor.copy_(value)


def optimizer_state(model: torch.nn.Module, optimizer: Any, sharded: bool) -> dict[str, Any]:
    """State of accelerate's optimizer; whole and on the CPU where the weights are sharded."""
    if not sharded:
        return optimizer.state_dict()
    return get_optimizer_state_dict(
        model, optimizer.optimizer, options=StateDictOptions(full_state_dict=True, cpu_offload=True)
    )


def set_optimizer_state(model: torch.nn.Module, optimizer: Any, sharded: bool, state: dict[str, Any]) -> None:
    """Go on from what `optimizer_state` returned."""
    if not sharded:
        optimizer.load_state_dict(state)
    else:
        set_optimizer_state_dict(model, optimizer.optimizer, state, options=StateDictOptions(full_state_dict=True))
