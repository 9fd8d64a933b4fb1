"""Run the stages of a curriculum with accelerate: one loop, atomic checkpoints, resume where it stopped."""

from __future__ import annotations

import json
import logging
import math
import os
import shutil
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch.utils.data import DataLoader

from .assemble import add_lora, assemble, load_model, merge_lora, save_model, take_over_encoder
from .collator import ConversationCollator
from .data import ConversationDataset, EvidenceDataset, MixtureSampler
from .objectives import Objectives, model_loss
from .selection import Validation, soften
from .stages import Curriculum, Stage
from .views import PretrainingCollator

logger = logging.getLogger(__name__)


def run(
    curriculum: Curriculum, data: list[Path], out: Path, init: Path | None = None, encoder: Path | None = None
) -> Path:
    """Train every stage that is not finished yet; returns the folder of the last stage's model.

    Args:
        curriculum: model and stages.
        data: dataset folders that `data_builders` wrote.
        out: run folder; OUT/<stage> holds each finished model, OUT/<stage>.checkpoint the resumable state.
        init: a model folder to start from instead of a newly assembled one.
        encoder: a model folder whose encoder the first model takes over, newly assembled or `init`'s.
    """
    source = first_model(curriculum, data, out, init, encoder)
    for stage in curriculum.stages:
        target = out / stage.name
        if not target.exists():
            StageRun(curriculum, stage, data, source, target).train()
        source = target
    return source


def first_model(curriculum: Curriculum, data: list[Path], out: Path, init: Path | None, encoder: Path | None) -> Path:
    """The folder that the first stage starts from; see `run`."""
    out.mkdir(parents=True, exist_ok=True)
    if init and not encoder:
        return init
    assembled, fresh = out / "assembled", out / "assembled.saving"
    if not assembled.exists():
        shutil.rmtree(fresh, ignore_errors=True)
        if init and encoder:
            take_over_encoder(init, encoder, curriculum.seed, fresh)
        else:
            assemble(curriculum, data, fresh, encoder)
        os.rename(fresh, assembled)
    return assembled


class StageRun:
    """One stage in progress: model, data, optimiser, and where it stands."""

    def __init__(self, curriculum: Curriculum, stage: Stage, data: list[Path], source: Path, target: Path):
        from accelerate import Accelerator
        from accelerate.utils import set_seed

        set_seed(curriculum.seed)
        self.curriculum, self.stage, self.data, self.target = curriculum, stage, data, target
        self.checkpoint = target.with_name(target.name + ".checkpoint")
        self.accelerator = Accelerator(mixed_precision=curriculum.precision)
        self.model, self.processor = load_model(source, curriculum.load_in_4bit)
        self.model.config.evidence_in_prompt = curriculum.evidence_in_prompt
        self.model.config.auxiliary_loss_weight = stage.auxiliary_loss_weight / stage.gradient_accumulation
        if stage.lora_rank:
            self.model = add_lora(self.model, stage)
        freeze_all_but(self.model, stage.trainable)
        self.objectives = Objectives(stage.objectives, self.model.config.ecg_config, curriculum.seed)
        self.optimizer = self._optimizer()
        self.scheduler = torch.optim.lr_scheduler.LambdaLR(self.optimizer, lambda step: one_cycle(step, stage))
        self.step, self.seconds = 0, 0.0
        self.average: dict[str, torch.Tensor] | None = None
        self.log: list[dict[str, float]] = []
        self.best: dict[str, Any] = {"auroc": 0.0, "weights": None}
        extractor = self.processor.feature_extractor
        self.validation = Validation(data, extractor) if stage.validate_every else None

    def _optimizer(self) -> torch.optim.Optimizer:
        groups = []
        for part in ("ecg_tower", "ecg_projector", "language_model", "lm_head"):
            rate = self.stage.learning_rates.get(
                "language_model" if part == "lm_head" else part, self.stage.learning_rate
            )
            named = [(n, p) for n, p in self.model.named_parameters() if p.requires_grad and part in n.split(".")]
            for decayed in (True, False):
                params = [p for _, p in named if (p.dim() > 1) == decayed]
                if params:
                    decay = self.stage.weight_decay if decayed else 0.0
                    groups.append({"params": params, "lr": rate, "weight_decay": decay})
        if heads := list(self.objectives.parameters()):
            groups.append({"params": heads, "lr": self.stage.learning_rate, "weight_decay": 0.0})
        return torch.optim.AdamW(groups, betas=(0.9, 0.98), fused=False)

    def train(self) -> None:
        """Train to the last step, then save the model and drop the checkpoint."""
        self._resume()
        self.model, self.optimizer, loader = self.accelerator.prepare(self.model, self.optimizer, self._loader())
        self.objectives.to(self.accelerator.device)
        self._train_mode()
        self.started, self.first_step = time.monotonic(), self.step
        batches = iter(loader)
        while self.step < self.stage.steps:
            loss = self._accumulate([next(batches) for _ in range(self.stage.gradient_accumulation)])
            self._update()
            if self.step % 20 == 0 or self.step == self.stage.steps:
                self._report(loss)
            if self.validation and (self.step % self.stage.validate_every == 0 or self.step == self.stage.steps):
                self._validate(self.validation)
            if self.step % self.stage.checkpoint_every == 0 and self.step < self.stage.steps:
                self._save_checkpoint()
        self._finish()

    def _train_mode(self) -> None:
        """Frozen parts stay in evaluation mode, so that their normalisation statistics stay, too."""
        model = self.accelerator.unwrap_model(self.model)
        model.train()
        if "ecg_tower" not in self.stage.trainable:
            next(m for n, m in model.named_modules() if n.endswith("ecg_tower")).eval()

    def _loader(self) -> DataLoader:
        stage, extractor = self.stage, self.processor.feature_extractor
        per_step = stage.batch_size * stage.gradient_accumulation * self.accelerator.num_processes
        done = self.step * stage.gradient_accumulation
        if stage.objective == "evidence":
            dataset: Any = self._evidence()
            if stage.teachers:
                soften(dataset.rows, stage.teachers, stage.teacher_weight)
            kinds: list[tuple[str, ...]] = [(row["source"],) for row in dataset.rows]
            patch = round(extractor.sampling_rate * extractor.patch_s)
            collate: Any = PretrainingCollator(patch, extractor.patch_s, self.curriculum.seed, stage, done)
        else:
            dataset = ConversationDataset(self.data, "train", targets="ecg_tower" in stage.trainable)
            kinds = [(f"{row['source']}:{row['task']}", row["task"]) for row in dataset.rows]
            collate = ConversationCollator(self.processor, self.model if self.curriculum.evidence_in_prompt else None)
        draws, lengths = per_step * stage.steps, dataset.lengths() if stage.objective == "conversation" else None
        sampler = MixtureSampler(
            kinds, stage.mixture, draws, self.curriculum.seed, self.step * per_step, lengths, stage.batch_size
        )
        # A generator of its own: the loader's draws must not shift the dropout of a resumed run.
        own = torch.Generator().manual_seed(self.curriculum.seed)
        return DataLoader(dataset, stage.batch_size, sampler=sampler, collate_fn=collate, generator=own)

    def _evidence(self) -> EvidenceDataset:
        return EvidenceDataset(self.data, "train", self.processor.feature_extractor)

    def _accumulate(self, batches: list[dict[str, Any]]) -> float:
        """Gradients of one optimisation step; every answer token of it counts alike, whichever batch it is in."""
        if self.stage.objective == "conversation":
            tokens = sum(int((batch["labels"][:, 1:] != -100).sum()) for batch in batches)
            batches = [batch | {"num_items_in_batch": tokens} for batch in batches]
        total = 0.0
        for batch in batches:
            with self.accelerator.autocast():
                if self.stage.objective == "evidence":
                    loss = model_loss(self.model, self.objectives, batch) / len(batches)
                else:
                    loss = self.model(**batch).loss
            self.accelerator.backward(loss)
            total += float(loss.detach())
        return total

    def _update(self) -> None:
        self.objectives.average_gradients(self.accelerator)
        learning = [*self.model.parameters(), *self.objectives.parameters()]
        self.accelerator.clip_grad_norm_([p for p in learning if p.requires_grad], 1.0)
        self.optimizer.step()
        self.scheduler.step()
        self.optimizer.zero_grad(set_to_none=True)
        self.step += 1
        if self.stage.ema_decay:
            self._average_weights()

    @torch.no_grad()
    def _average_weights(self) -> None:
        """Exponential average of the weights that learn; it warms up, so that early weights are forgotten."""
        current = {n: p.detach() for n, p in self.model.named_parameters() if p.requires_grad}
        if self.average is None:
            self.average = {n: p.clone() for n, p in current.items()}
        decay = min(self.stage.ema_decay, (1 + self.step) / (10 + self.step))
        for name, value in current.items():
            self.average[name].lerp_(value, 1 - decay)

    @torch.no_grad()
    def _validate(self, validation: Validation) -> None:
        """Score the averaged weights and keep a copy of the best."""
        model = self.accelerator.unwrap_model(self.model)
        learning = {n: p.clone() for n, p in model.named_parameters() if p.requires_grad}
        model.load_state_dict(self.average or {}, strict=False)
        with self.accelerator.autocast():
            auroc = validation.score(model)
        if auroc > self.best["auroc"]:
            tower = {n: t.clone() for n, t in model.state_dict().items() if "ecg_tower" in n.split(".")}
            self.best = {"auroc": auroc, "weights": tower}
        model.load_state_dict(learning, strict=False)
        self.log.append({"step": self.step, "validation_auroc": round(auroc, 5)})
        logger.info("%s step %d validation AUROC %.4f", self.stage.name, self.step, auroc)

    def _report(self, loss: float) -> None:
        rate = (self.step - self.first_step) / (time.monotonic() - self.started)
        eta = (self.stage.steps - self.step) / rate / 60
        self.log.append({"step": self.step, "loss": round(loss, 5)})
        logger.info(
            "%s step %d/%d loss %.4f, %.2f steps/s, %.1f min left",
            self.stage.name,
            self.step,
            self.stage.steps,
            loss,
            rate,
            eta,
        )

    def _save_checkpoint(self) -> None:
        """Write beside, then swap by rename: a kill at any moment leaves one complete checkpoint."""
        if not self.accelerator.is_main_process:
            return
        fresh, old = self.checkpoint.with_suffix(".new"), self.checkpoint.with_suffix(".old")
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(parents=True)
        model = self.accelerator.unwrap_model(self.model)
        state = {
            "model": model.state_dict(),
            "objectives": self.objectives.state_dict(),
            "average": self.average,
            "best": self.best,
            "optimizer": self.optimizer.state_dict(),
            "scheduler": self.scheduler.state_dict(),
            "random": torch.get_rng_state(),
            "step": self.step,
            "seconds": self.seconds + time.monotonic() - self.started,
            "log": self.log,
        }
        torch.save(state, fresh / "state.pt")
        (fresh / "complete").touch()
        if self.checkpoint.exists():
            shutil.rmtree(old, ignore_errors=True)
            os.rename(self.checkpoint, old)
        os.rename(fresh, self.checkpoint)
        shutil.rmtree(old, ignore_errors=True)

    def _resume(self) -> None:
        candidates = [
            self.checkpoint,
            self.checkpoint.with_suffix(".new"),
            self.checkpoint.with_suffix(".old"),
        ]
        found = next((path for path in candidates if (path / "complete").exists()), None)
        if found is None:
            return
        state = torch.load(found / "state.pt", weights_only=True, map_location="cpu")
        self.model.load_state_dict(state["model"])
        self.objectives.load_state_dict(state.get("objectives", {}))
        self.optimizer.load_state_dict(state["optimizer"])
        self.scheduler.load_state_dict(state["scheduler"])
        torch.set_rng_state(state["random"])
        self.step, self.seconds = state["step"], state["seconds"]
        self.average, self.log = state["average"], state["log"]
        self.best = state.get("best", self.best)
        logger.info("%s resumes at step %d", self.stage.name, self.step)

    def _finish(self) -> None:
        model = self.accelerator.unwrap_model(self.model)
        if self.average is not None:
            model.load_state_dict(self.average, strict=False)
        if self.best["weights"] is not None:
            model.load_state_dict(self.best["weights"], strict=False)
        if self.stage.lora_rank:
            model = merge_lora(model)
        fresh = self.target.with_name(self.target.name + ".saving")
        shutil.rmtree(fresh, ignore_errors=True)
        save_model(model, self.processor, fresh)
        summary = {
            "stage": self.stage.name,
            "seconds": round(self.seconds + time.monotonic() - self.started),
            "log": self.log,
        }
        (fresh / "training_log.json").write_text(json.dumps(summary))
        os.rename(fresh, self.target)
        shutil.rmtree(self.checkpoint, ignore_errors=True)


def one_cycle(step: int, stage: Stage) -> float:
    """Share of the peak learning rate at a step: linear warm-up, then a cosine to 1 %."""
    warm = max(1, round(stage.warmup * stage.steps))
    if step < warm:
        return (step + 1) / warm
    return 0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * min(1.0, (step - warm) / max(1, stage.steps - warm))))


def freeze_all_but(model: torch.nn.Module, trainable: tuple[str, ...]) -> None:
    """Let only these parts learn, and the adapters when there are some; a tied output layer follows the embeddings."""
    for name, parameter in model.named_parameters():
        words = name.split(".")
        learns = any(part in words for part in trainable) or ("lm_head" in words and "language_model" in trainable)
        parameter.requires_grad_(learns or "lora_" in name)


def selected(
    curriculum: Curriculum, names: list[str] | None = None, max_steps: int | None = None, skip_evidence: bool = False
) -> Curriculum:
    """The same curriculum with only some stages, each of at most `max_steps` steps.

    Raises:
        ValueError: for a name that is no stage, with the stages there are.
    """
    known = [stage.name for stage in curriculum.stages]
    if wrong := set(names or ()) - set(known):
        raise ValueError(f"{curriculum.name} has no stage {sorted(wrong)}; its stages are {', '.join(known)}.")
    kept = [s for s in curriculum.stages if not names or s.name in names]
    kept = [s for s in kept if not (skip_evidence and s.objective == "evidence")]
    return replace(curriculum, stages=tuple(replace(s, steps=min(s.steps, max_steps or s.steps)) for s in kept))
