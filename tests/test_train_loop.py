"""What a stage can be asked for: validation, early stop, activation checkpointing, trackers, hub models, launches."""

import importlib.util
import json
import os
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from accelerate.utils import LoggerType
from safetensors.torch import load_file

from tests.conftest import make_tokenizer, tiny_text_config
from tests.test_train import CONFIGS, kill, smoke, write_dataset
from train.processes import refuse_whole_weights, trackers
from train.run import run
from train.stages import Stage, load_curriculum

LAUNCH = Path(__file__).parents[1] / "train" / "launch"


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return write_dataset(tmp_path_factory.mktemp("data"))


def one_stage(index, **changes):
    curriculum = smoke(**changes)
    return replace(curriculum, stages=curriculum.stages[index : index + 1])


def log_of(folder):
    return json.loads((folder / "training_log.json").read_text())["log"]


def test_a_conversation_stage_logs_its_validation_loss(data, tmp_path):
    from train.assemble import load_model
    from train.collator import ConversationCollator
    from train.data import ConversationDataset

    folder = run(one_stage(1, validate_every=2, validation_rows=8), [data], tmp_path)
    said = [row["validation_loss"] for row in log_of(folder) if "validation_loss" in row]
    model, processor = load_model(folder)
    dataset = ConversationDataset([data], "valid", targets=False)
    reports = [dataset[k] for k, row in enumerate(dataset.rows) if row["task"] == "report"]
    with torch.no_grad():
        true = model.eval()(**ConversationCollator(processor)(reports)).loss
    assert len(reports) == 8 and len(said) == 2 and min(said) == pytest.approx(float(true), abs=1e-4)


def test_a_stage_stops_when_validation_gets_no_better_and_keeps_the_best(data, tmp_path, monkeypatch):
    figures = iter([1.0, 0.5, 0.6, 0.7])
    kept = []

    def score(self, model):
        kept.append({name: tensor.clone() for name, tensor in model.state_dict().items()})
        return next(figures)

    monkeypatch.setattr("train.validation.ConversationValidation.score", score)
    plan = one_stage(1, validate_every=1, patience=2)
    plan = replace(plan, stages=(replace(plan.stages[0], steps=9),))
    folder = run(plan, [data], tmp_path)
    saved = load_file(folder / "model.safetensors")
    assert log_of(folder)[-1]["step"] == 4
    assert all(torch.equal(saved[name], kept[1][name]) for name in saved)
    assert any(not torch.equal(saved[name], kept[3][name]) for name in saved)


def test_accumulated_batches_give_the_gradient_of_one_large_batch(data, tmp_path):
    from train.assemble import load_model
    from train.collator import ConversationCollator
    from train.data import ConversationDataset
    from train.stage_run import StageRun

    plan = one_stage(1, gradient_accumulation=3, auxiliary_loss_weight=0.0)
    start = run(replace(plan, stages=()), [data], tmp_path)
    stage = StageRun(plan, plan.stages[0], [data], start, tmp_path / "stage")
    dataset = ConversationDataset([data], "train", targets=False)
    collate = ConversationCollator(load_model(start)[1])
    short, long = (
        [k for k in range(len(dataset)) if (k // 5) % 4 == rest] for rest in (0, 3)
    )  # answers of two lengths
    parts = [short[:2], long[:5], short[2:3]]
    batches = [collate([dataset[k] for k in part]) for part in parts]
    assert len({int((batch["labels"] != -100).sum()) for batch in batches}) == 3
    stage.model, stage.optimizer = stage.accelerator.prepare(stage.plain.eval(), stage.optimizer)
    told = stage._accumulate(batches)
    gradients = {name: p.grad.clone() for name, p in stage.plain.named_parameters() if p.grad is not None}
    stage.optimizer.zero_grad()
    whole = stage.plain(**collate([dataset[k] for part in parts for k in part])).loss
    whole.backward()
    assert told == pytest.approx(whole.item(), rel=1e-5) and len(gradients) > 20
    for name, parameter in stage.plain.named_parameters():
        if name in gradients:
            torch.testing.assert_close(gradients[name], parameter.grad, rtol=1e-3, atol=1e-6)


def test_half_precision_computes_in_bf16_and_keeps_whole_weights(data, tmp_path, monkeypatch):
    from accelerate.state import AcceleratorState

    from anyecg.modeling_anyecg import AnyEcgForConditionalGeneration

    forward, seen = AnyEcgForConditionalGeneration.forward, []

    def watched(self, *inputs, **options):
        out = forward(self, *inputs, **options)
        seen.append((torch.get_autocast_dtype("cpu") if torch.is_autocast_enabled("cpu") else None, out.loss.dtype))
        return out

    monkeypatch.setattr(AnyEcgForConditionalGeneration, "forward", watched)
    losses = []
    for precision in ("no", "bf16"):
        monkeypatch.setattr(AcceleratorState, "_shared_state", {})  # a process has one precision
        folder = run(replace(one_stage(1), precision=precision), [data], tmp_path / precision)
        losses.append(log_of(folder)[-1]["loss"])
        weights = load_file(folder / "model.safetensors")
        assert all(tensor.dtype == torch.float32 for tensor in weights.values() if tensor.is_floating_point())
    assert [dtype for dtype, _ in seen] == [None] * 3 + [torch.bfloat16] * 3
    assert losses[0] != losses[1] == pytest.approx(losses[0], rel=0.02)


def test_terminal_and_trackers_get_the_figures(data, tmp_path, monkeypatch, caplog):
    from accelerate import Accelerator

    logged = []
    monkeypatch.setattr(Accelerator, "log", lambda self, figures, step=None: logged.append((step, set(figures))))
    with caplog.at_level("INFO"):
        run(one_stage(1, validate_every=3, validation_rows=4), [data], tmp_path)
    assert logged == [(3, {"loss", "learning_rate"}), (3, {"validation_loss"})]
    said = [record.getMessage() for record in caplog.records if "stage1-alignment step 3/3" in record.getMessage()]
    assert "steps/s" in said[0] and "0.0 min left" in said[0] and "validation loss" in said[1]


def test_patience_without_validation_is_refused():
    with pytest.raises(ValueError, match="never validates"):
        Stage("s", "conversation", 1, 1, 1e-3, patience=2)


@pytest.mark.parametrize("stage", [1, 2], ids=["full training", "LoRA"])
def test_activation_checkpointing_changes_memory_and_nothing_else(data, tmp_path, monkeypatch, stage):
    runs, used = {}, []
    from train.stage_run import StageRun

    accumulate = StageRun._accumulate

    def seen(self, batches):
        used.append(any(getattr(module, "gradient_checkpointing", False) for module in self.plain.modules()))
        return accumulate(self, batches)

    monkeypatch.setattr(StageRun, "_accumulate", seen)
    for name, on in (("without", False), ("with", True)):
        folder = run(one_stage(stage, activation_checkpointing=on), [data], tmp_path / name)
        runs[name] = load_file(folder / "model.safetensors")
    assert used == [False] * 3 + [True] * 3
    for name, tensor in runs["without"].items():
        torch.testing.assert_close(runs["with"][name], tensor, rtol=1e-4, atol=1e-6)


def test_a_tracker_that_is_not_installed_is_refused():
    with pytest.raises(ValueError, match="pip install no_such_tracker"):
        trackers(("no_such_tracker",))


def test_tensorboard_gets_the_losses_when_it_is_installed(data, tmp_path):
    pytest.importorskip("tensorboard", reason="tensorboard is not installed")
    run(one_stage(0), [data], tmp_path)
    assert list((tmp_path / "logs").rglob("events.out.tfevents.*"))


def test_a_tracker_that_is_installed_is_used_beside_tensorboard(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: name in ("trackio", "tensorboard"))
    assert trackers(("trackio",)) == ["trackio", "tensorboard"] and trackers(("tensorboard",)) == ["tensorboard"]
    assert all(name in list(map(str, LoggerType)) for name in ("trackio", "wandb", "tensorboard"))


def test_without_tensorboard_nothing_is_asked_for():
    assert trackers(()) == (["tensorboard"] if importlib.util.find_spec("tensorboard") else [])


def test_what_needs_whole_weights_is_refused_on_sharded_ones():
    stage = Stage("s", "conversation", 1, 1, 1e-3, ema_decay=0.9)
    with pytest.raises(ValueError, match="ema_decay and load_in_4bit"):
        refuse_whole_weights(replace(smoke(), load_in_4bit=True), stage)
    refuse_whole_weights(smoke(), replace(stage, ema_decay=0.0))


def hub_model(folder):
    """A tiny random Qwen3 with its tokenizer, as the hub holds them."""
    from transformers import AutoModelForCausalLM

    torch.manual_seed(0)
    tokenizer = make_tokenizer()
    config = tiny_text_config("qwen3", len(tokenizer))
    config.update({"hidden_size": 64, "intermediate_size": 64, "head_dim": 64})  # 4-bit blocks have 64 weights
    AutoModelForCausalLM.from_config(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return str(folder)


def shrunk(config, language_model, **ecg_config):
    """A shipped recipe with a tiny language model and encoder, two steps a stage."""
    curriculum = load_curriculum(CONFIGS / config)
    small = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 48}
    stages = [replace(s, steps=2, batch_size=2, gradient_accumulation=2, checkpoint_every=1) for s in curriculum.stages]
    stages = [replace(s, validate_every=min(s.validate_every, 1), validation_rows=2) for s in stages]
    ecg_config = curriculum.ecg_config | small | {"stem_width": 8} | ecg_config
    return replace(
        curriculum, precision="no", language_model=language_model, ecg_config=ecg_config, stages=tuple(stages)
    )


def test_the_recipe_of_anyecg_chat_trains_a_hub_model(data, tmp_path):
    plan = shrunk("anyecg-chat.yaml", hub_model(tmp_path / "hub"))
    last = run(plan, [data], tmp_path / "run")
    before, aligned, after = (
        load_file(tmp_path / "run" / name / "model.safetensors")
        for name in ("assembled", "stage1-alignment", last.name)
    )
    changed = lambda one, other: {name for name in one if not torch.equal(one[name], other[name])}  # noqa: E731
    first = changed(before, aligned)
    assert any("ecg_tower" in name for name in first) and not any("language_model" in name for name in first)
    later = {name for name in changed(aligned, after) if "projector" not in name}
    assert later and all(name.endswith(("q_proj.weight", "k_proj.weight")) for name in later)


def test_the_published_numbers_of_anyecg_chat_stand_in_its_recipe():
    recipe = load_curriculum(CONFIGS / "anyecg-chat.yaml")
    seen = [s.steps * s.batch_size * s.gradient_accumulation for s in recipe.stages]
    assert seen == pytest.approx([2e6, 8e5, 1e5], rel=0.01)
    assert [s.batch_size * s.gradient_accumulation for s in recipe.stages] == [256, 64, 64]
    assert all(s.learning_rate == 1e-4 and s.warmup == 0.1 for s in recipe.stages)
    assert all((s.lora_rank, s.lora_alpha, s.lora_targets) == (8, 16, ("q_proj", "k_proj")) for s in recipe.stages[1:])


def test_a_hub_model_in_four_bits_trains_and_resumes(data, tmp_path, monkeypatch):
    import train.stage_run as loop

    plan = shrunk("qwen3-4bit.yaml", hub_model(tmp_path / "hub"), num_trunk_blocks=1, trunk_width=16)
    plan = replace(plan, stages=plan.stages[2:3])
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        kill(patch, loop, plan.stages[0].name, 1)
        run(plan, [data], tmp_path / "run")
    folder = run(plan, [data], tmp_path / "run")
    assert [row["step"] for row in log_of(folder) if "validation_loss" in row] == [1, 2]
    assert json.loads((folder / "config.json").read_text())["quantization_config"]["bnb_4bit_quant_type"] == "nf4"


@pytest.mark.parametrize("name", ["fsdp2.yaml", "deepspeed-zero2.yaml"])
def test_accelerate_reads_the_launch_configurations(name):
    from accelerate.commands.config.config_args import load_config_from_file
    from accelerate.commands.launch import launch_command_parser

    config = load_config_from_file(str(LAUNCH / name))
    options = {**config.fsdp_config, **config.deepspeed_config}
    known = vars(launch_command_parser().parse_args(["train"]))
    assert options and not [key for key in options if key not in known]
    assert config.num_processes == 8 and config.mixed_precision == "bf16"


def test_the_slurm_script_starts_torchrun_on_every_node(tmp_path):
    for name, answer in (("srun", 'echo "$@"'), ("scontrol", "echo node1; echo node2")):
        (tmp_path / name).write_text(f"#!/bin/sh\n{answer}\n")
        (tmp_path / name).chmod(0o755)
    slurm = {"SLURM_JOB_NODELIST": "node[1-2]", "SLURM_NNODES": "2", "SLURM_JOB_ID": "7", "SLURM_GPUS_ON_NODE": "4"}
    environment = os.environ | slurm | {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    command = ["bash", str(LAUNCH / "slurm.sbatch"), "c.yaml", "data", "out"]
    started = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout.split()
    assert {"--nnodes=2", "--nproc-per-node=4", "--rdzv-endpoint=node1:29500"} <= set(started)
    assert started[-7:] == ["train", "run", "c.yaml", "--data", "data", "--out", "out"]
