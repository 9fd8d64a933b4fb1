"""Trainings in forked processes, for tests: everything is imported once; a child may be killed, or be one of several.

python -m tests.forked_training kills|processes|sharded DATA OUT      prints what it saw as JSON
"""

import json
import os
import random
import signal
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import accelerate
import datasets  # noqa: F401
import peft  # noqa: F401
import torch
from safetensors.torch import load_file
from torch.distributed.tensor import DTensor
from transformers.models.llama import modeling_llama  # noqa: F401

import train.checkpoint
from tests.conftest import free_port
from train.run import run
from train.stage_run import StageRun
from train.stages import Curriculum, load_curriculum

CONFIG = Path(__file__).parents[1] / "train" / "configs" / "smoke.yaml"
EVERY = 2
KILLS = 20


def child(work: Callable[[], object]) -> int:
    """Run `work` in a fork; its exit code, or minus the signal that killed it."""
    return finished(start(work))


def start(work: Callable[[], object]) -> int:
    """Begin `work` in a fork."""
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        torch.set_num_threads(1)
        work()
        code = 0
    finally:
        sys.stderr.flush()
        os._exit(code)


def finished(pid: int) -> int:
    """Wait for a fork."""
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def curriculum(*stages: int, **changes) -> Curriculum:
    """Some stages of the smoke curriculum, changed."""
    whole = load_curriculum(CONFIG)
    kept = tuple(replace(whole.stages[k], **changes) for k in stages)
    return replace(whole, stages=kept)


def kills(data: Path, out: Path) -> dict:
    """Kill a training at 20 random lines, five of them inside a save, starting it again each time."""
    plan = curriculum(0, 2, steps=8, checkpoint_every=EVERY, validate_every=3, validation_rows=4)
    plan = replace(plan, stages=(replace(plan.stages[0], ema_decay=0.9, validate_every=0), plan.stages[1]))
    assert child(lambda: counted(lambda: run(plan, [data], out / "whole"), out / "lines")) == 0
    lines = json.loads((out / "lines").read_text())
    chance, seen, folder = random.Random(0), [], 0
    while len(seen) < KILLS:
        place = "saving" if len(seen) % 4 == 3 else "anywhere"
        after = chance.randrange(lines[place] // (6 if place == "saving" else 4))
        name, steps = f"killed-{folder}", out / f"steps-{folder}-{len(seen)}"
        code = child(lambda: (follow(steps), die(place, after), run(plan, [data], out / name)))  # noqa: B023
        if code == 0:
            folder += 1
            continue
        unfinished = [path.name for path in (out / name).glob("*.checkpoint.new")]
        seen.append({"code": code, "place": place, "folder": folder, "unfinished": unfinished, "steps": read(steps)})
    last = out / f"steps-{folder}-{KILLS}"
    assert child(lambda: (follow(last), run(plan, [data], out / f"killed-{folder}"))) == 0
    seen.append({"code": 0, "folder": folder, "steps": read(last)})
    whole = [weights(out / "whole" / stage.name) for stage in plan.stages]
    same = [
        all(
            equal(weights(out / f"killed-{k}" / stage.name), one) for stage, one in zip(plan.stages, whole, strict=True)
        )
        for k in range(folder + 1)
    ]
    return {"attempts": seen, "same": same, "folders": folder + 1, "every": EVERY}


def follow(path: Path) -> None:
    """Note the stage and step after each update."""
    update = StageRun._update

    def noting(self):
        update(self)
        with path.open("a") as file:
            file.write(json.dumps([self.stage.name, self.step]) + "\n")

    StageRun._update = noting


def read(path: Path) -> list:
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def trace(seen: Callable[[str], None]) -> None:
    """Call `seen` at every line: "anywhere" in the loop's own files, "saving" in any file during a save."""
    write, saving = train.checkpoint.write, [False]

    def noting(*arguments):
        saving[0] = True
        write(*arguments)
        saving[0] = False

    def in_loop(frame, event, argument):
        if event == "line":
            seen("anywhere")
        return in_loop

    def in_save(frame, event, argument):
        if event == "line":
            seen("saving")
        return in_save

    def entered(frame, event, argument):
        if saving[0]:
            return in_save
        return in_loop if frame.f_code.co_filename.endswith(("train/stage_run.py", "train/checkpoint.py")) else None

    train.checkpoint.write = noting
    sys.settrace(entered)


def counted(work: Callable[[], object], path: Path) -> None:
    """Write how many lines `work` runs by place."""
    lines = {"anywhere": 0, "saving": 0}

    def seen(place: str) -> None:
        lines[place] += 1

    trace(seen)
    work()
    path.write_text(json.dumps(lines))


def die(place: str, after: int) -> None:
    """SIGKILL this process when `after` lines of a place have run."""
    left = [after]

    def seen(where: str) -> None:
        left[0] -= where == place
        if left[0] < 0:
            os.kill(os.getpid(), signal.SIGKILL)

    trace(seen)


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return load_file(folder / "model.safetensors")


def equal(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def together(plan: Curriculum, data: Path, out: Path, processes: int, before: Callable[[], object] = bool) -> None:
    """Train in several processes, told of each other as torchrun does it."""
    port = free_port()

    def work(rank: int) -> None:
        os.environ |= {
            "RANK": str(rank), "LOCAL_RANK": str(rank), "WORLD_SIZE": str(processes), "OMP_NUM_THREADS": "1",
            "LOCAL_WORLD_SIZE": str(processes), "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port),
        }  # fmt: skip
        before()
        run(plan, [data], out)

    started = [start(lambda rank=rank: work(rank)) for rank in range(processes)]
    assert [finished(pid) for pid in started] == [0] * processes


def processes(data: Path, out: Path) -> dict:
    """The same batches in one process that accumulates two, and in two processes."""
    found = {}
    for name, stage in (("evidence", 0), ("conversation", 1)):
        plan = curriculum(stage, steps=4, batch_size=4, checkpoint_every=2)
        plan = replace(plan, ecg_config=plan.ecg_config | {"dropout": 0.0})
        alone = replace(plan, stages=(replace(plan.stages[0], gradient_accumulation=2),))
        assert child(lambda: run(alone, [data], out / name / "one")) == 0  # noqa: B023
        together(plan, data, out / name / "two", 2)
        found[name] = compared(out / name, plan.stages[0].name)
    return found


def sharded(data: Path, out: Path) -> dict:
    """One process, and two that share the weights by FSDP2, stopped after a checkpoint and started again."""
    plan = curriculum(1, steps=4, batch_size=4, checkpoint_every=2, trainable=("ecg_projector",), lora_rank=4)
    plan = replace(plan, ecg_config=plan.ecg_config | {"dropout": 0.0})
    alone = replace(plan, stages=(replace(plan.stages[0], gradient_accumulation=2),))
    assert child(lambda: run(alone, [data], out / "one")) == 0

    def shard() -> None:
        os.environ |= {
            "ACCELERATE_USE_FSDP": "true", "FSDP_VERSION": "2", "FSDP_AUTO_WRAP_POLICY": "TRANSFORMER_BASED_WRAP",
            "FSDP_CPU_RAM_EFFICIENT_LOADING": "false", "FSDP_RESHARD_AFTER_FORWARD": "true",
        }  # fmt: skip
        from train.processes import join_processes

        # accelerate offers FSDP on accelerators alone; here gloo on the CPU stands for one.
        join_processes()
        accelerate.PartialState._shared_state["distributed_type"] = accelerate.DistributedType.MULTI_XPU
        accumulate = StageRun._accumulate

        def sharing(self, batches):
            assert self.sharded and all(isinstance(weight, DTensor) for weight in self.plain.parameters())
            return accumulate(self, batches)

        StageRun._accumulate = sharing

    def shard_and_stop() -> None:
        shard()
        update = StageRun._update

        def stopping(self):
            if self.step == 3:
                self.accelerator.wait_for_everyone()
                os._exit(0)
            update(self)

        StageRun._update = stopping

    together(plan, data, out / "two", 2, shard_and_stop)
    stopped = (out / "two" / f"{plan.stages[0].name}.checkpoint" / "complete").exists()
    together(plan, data, out / "two", 2, shard)
    return compared(out, plan.stages[0].name) | {"stopped": stopped}


def compared(out: Path, stage: str) -> dict:
    """Losses of both runs, and how far their weights are apart, as a share of how far training moved them."""
    runs = [out / name / stage for name in ("one", "two")]
    start, one, two = (weights(folder) for folder in (out / "one" / "assembled", *runs))
    learned = [name for name in one if "running" not in name and "tracked" not in name]
    moved, apart = (
        sum(float((a[name].double() - b[name].double()).square().sum()) for name in learned) ** 0.5
        for a, b in ((one, start), (one, two))
    )
    logs = [json.loads((folder / "training_log.json").read_text())["log"] for folder in runs]
    return {"losses": [log[-1]["loss"] for log in logs], "moved": moved, "apart": apart}


if __name__ == "__main__":
    task = {"kills": kills, "processes": processes, "sharded": sharded}[sys.argv[1]]
    print(json.dumps(task(Path(sys.argv[2]), Path(sys.argv[3]))))
