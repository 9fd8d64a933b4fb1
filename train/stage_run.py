"""One stage in training with accelerate: one loop, atomic checkpoints, resume where it stopped."""

from __future__ import annotations

import copy
import json
import logging
import os
import shutil
import time
from pathlib import Path
from typing import Any

import torch
from accelerate.utils import broadcast, reduce, set_seed
from torch.utils.data import DataLoader

from . import checkpoint
from .assemble import add_lora, load_model, merge_lora, save_model
from .collator import ConversationCollator
from .data import ConversationDataset, EvidenceDataset, MixtureSampler, kinds_of
from .objectives import Objectives, model_loss
from .optimizer import freeze_all_but, make_optimizer, moved_average, one_cycle
from .processes import finish_trackers, is_sharded, make_accelerator
from .selection import Validation, softened, teacher_folders
from .stages import Curriculum, Stage
from .validation import ConversationValidation
from .views import PretrainingCollator

logger = logging.getLogger(__name__)


class StageRun:
    """One stage in progress: model, data, optimiser, and where it stands."""

    def __init__(self, curriculum: Curriculum, stage: Stage, data: list[Path], source: Path, target: Path):
        self.seed = curriculum.seed + stage.seed
        set_seed(self.seed)
        self.curriculum, self.stage, self.data, self.source, self.target = curriculum, stage, data, source, target
        self.teachers = teacher_folders(curriculum, target.parent)[stage.name]
        self.checkpoint = target.with_name(target.name + ".checkpoint")
        self.accelerator = make_accelerator(curriculum, stage, target.parent / "logs")
        self.sharded = is_sharded(self.accelerator)
        self.plain, self.processor = self._load()
        self.model: Any = self.plain
        self.objectives = Objectives(stage.objectives, self.plain.config.ecg_config, self.seed)
        raw = make_optimizer(self.plain, self.objectives, stage)
        self.optimizer: Any = raw
        self.scheduler = torch.optim.lr_scheduler.LambdaLR(raw, lambda step: one_cycle(step, stage))
        self.step, self.seconds = 0, 0.0
        self.average: dict[str, torch.Tensor] | None = None
        self.log: list[dict[str, float]] = []
        self.best: dict[str, Any] = {"score": None, "weights": None, "since": 0}
        self.validation = self._validation() if stage.validate_every else None
        if self.accelerator.num_processes > 1:
            set_seed(self.seed, device_specific=True)  # the processes' dropout must not be the same

    def _load(self) -> tuple[Any, Any]:
        """The model this stage starts from, with what learns in it."""
        stage = self.stage
        model: Any
        model, processor = load_model(self.source, self.curriculum.load_in_4bit)
        model.config.evidence_in_prompt = self.curriculum.evidence_in_prompt
        batches = stage.gradient_accumulation * self.accelerator.num_processes
        model.config.auxiliary_loss_weight = stage.auxiliary_loss_weight / batches
        if stage.activation_checkpointing:
            model.model.ecg_tower.gradient_checkpointing = "ecg_tower" in stage.trainable
            model.model.language_model.activation_checkpointing_enable()
        if stage.lora_rank:
            model = add_lora(model, stage)
        freeze_all_but(model, stage.trainable)
        return model, processor

    def train(self) -> None:
        """Train to the last step, then save the model and drop the checkpoint."""
        self.model, self.optimizer = self.accelerator.prepare(self.model, self.optimizer)
        self.plain = self.accelerator.unwrap_model(self.model)
        self.objectives.to(self.accelerator.device)
        self._resume()
        loader = self.accelerator.prepare(self._loader())
        self._train_mode()
        self.started, self.first_step = time.monotonic(), self.step
        batches = iter(loader)
        while self.step < self.stage.steps and not self._stops():
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
        self.plain.train()
        if "ecg_tower" not in self.stage.trainable:
            next(m for n, m in self.plain.named_modules() if n.endswith("ecg_tower")).eval()

    def _loader(self) -> DataLoader:
        """Batches from where the stage stands; accelerate deals them out to the processes in turn."""
        stage, processes = self.stage, self.accelerator.num_processes
        per_step = stage.batch_size * stage.gradient_accumulation * processes
        if stage.objective == "evidence":
            dataset: Any = self._evidence()
            if stage.teachers:
                dataset = copy.copy(dataset)
                dataset.rows = softened(dataset.rows, self.teachers, stage.teacher_weight)
            kinds: list[tuple[str, ...]] = [(row["source"],) for row in dataset.rows]
            extractor = self.processor.feature_extractor
            patch = round(extractor.sampling_rate * extractor.patch_s)
            first = self.step * stage.gradient_accumulation * processes + self.accelerator.process_index
            collate: Any = PretrainingCollator(patch, extractor.patch_s, self.seed, stage, first)
            collate.stride = processes
        else:
            dataset = ConversationDataset(self.data, "train", targets="ecg_tower" in stage.trainable)
            kinds = [kinds_of(row) for row in dataset.rows]
            collate = self._collator()
        draws, lengths = per_step * stage.steps, dataset.lengths() if stage.objective == "conversation" else None
        sampler = MixtureSampler(
            kinds, stage.mixture, draws, self.seed, self.step * per_step, lengths, stage.batch_size
        )
        # A generator of its own: the loader's draws must not shift the dropout of a resumed run.
        own = torch.Generator().manual_seed(self.seed)
        return DataLoader(dataset, stage.batch_size, sampler=sampler, collate_fn=collate, generator=own)

    def _evidence(self) -> EvidenceDataset:
        return EvidenceDataset(self.data, "train", self.processor.feature_extractor)

    def _collator(self) -> ConversationCollator:
        return ConversationCollator(self.processor, self.plain if self.curriculum.evidence_in_prompt else None)

    def _accumulate(self, batches: list[dict[str, Any]]) -> float:
        """Gradients of one optimisation step; every answer token of it counts alike, whichever batch or process has it.

        accelerate divides by the number of batches, and the processes' gradients are averaged: both are undone here.
        """
        evidence, total = self.stage.objective == "evidence", 0.0
        if not evidence:
            tokens = self._over_processes(sum(float((batch["labels"][:, 1:] != -100).sum()) for batch in batches))
            batches = [batch | {"num_items_in_batch": round(tokens)} for batch in batches]
        for batch in batches:
            with self.accelerator.accumulate(self.model):
                with self.accelerator.autocast():
                    if evidence:
                        loss = model_loss(self.model, self.objectives, batch) / len(batches)
                    else:
                        loss = self.model(**batch, use_cache=False).loss * self.accelerator.num_processes
                self.accelerator.backward(loss * len(batches))
            total += float(loss.detach())
        return total

    def _over_processes(self, value: float, reduction: str = "sum") -> float:
        """The sum or mean of a number over the processes."""
        if self.accelerator.num_processes == 1:
            return value
        return float(reduce(torch.tensor(value, device=self.accelerator.device), reduction))

    def _update(self) -> None:
        self.objectives.average_gradients(self.accelerator)
        learning = [*self.model.parameters(), *self.objectives.parameters()]
        self.accelerator.clip_grad_norm_([p for p in learning if p.requires_grad], 1.0)
        self.optimizer.step()
        self.scheduler.step()
        self.optimizer.zero_grad(set_to_none=True)
        self.step += 1
        if self.stage.ema_decay:
            self.average = moved_average(self.average, self.plain, self.step, self.stage.ema_decay)

    def _validation(self) -> Validation | ConversationValidation:
        if self.stage.objective == "evidence":
            return Validation(self.data, self.processor.feature_extractor)
        return ConversationValidation(self.data, self.stage, self._collator())

    def _validate(self, validation: Validation | ConversationValidation) -> None:
        """Score the averaged weights, keep a copy of the best, and count how long there was no better one."""
        learning = checkpoint.learning_state(self.plain)
        averaged = learning | {name: tensor.cpu().clone() for name, tensor in (self.average or {}).items()}
        checkpoint.put(self.plain, averaged)
        with self.accelerator.autocast():
            score = validation.score(self.plain)
        checkpoint.put(self.plain, learning)
        # The processes must agree on when to stop, so the main one's figure counts.
        score = float(broadcast(torch.tensor(score, device=self.accelerator.device)))
        evidence, best = self.stage.objective == "evidence", self.best["score"]
        if best is None or (score > best if evidence else score < best):
            self.best = {"score": score, "weights": averaged, "since": 0}
        else:
            self.best["since"] += 1
        self._tell({"validation_auroc" if evidence else "validation_loss": round(score, 5)})

    def _stops(self) -> bool:
        """Whether `patience` validations brought nothing better."""
        return bool(self.stage.patience) and self.best["since"] >= self.stage.patience

    def _report(self, loss: float) -> None:
        rate = (self.step - self.first_step) / (time.monotonic() - self.started)
        eta = (self.stage.steps - self.step) / rate / 60
        figures = {"loss": round(self._over_processes(loss, "mean"), 5)}
        self._tell(
            figures, f", {rate:.2f} steps/s, {eta:.1f} min left", learning_rate=float(self.scheduler.get_last_lr()[0])
        )

    def _tell(self, figures: dict[str, float], more: str = "", **to_trackers: float) -> None:
        """Keep figures for the training log, and tell the trackers and the terminal."""
        self.log.append({"step": self.step} | figures)
        self.accelerator.log(figures | to_trackers, step=self.step)
        if self.accelerator.is_main_process:
            said = ", ".join(f"{name.replace('_', ' ')} {value:.4f}" for name, value in figures.items())
            logger.info("%s step %d/%d %s%s", self.stage.name, self.step, self.stage.steps, said, more)

    def _save_checkpoint(self) -> None:
        if self.accelerator.distributed_type == "DEEPSPEED":
            return  # its optimiser state is written as pickles: a killed stage begins anew
        state = {
            "model": checkpoint.learning_state(self.plain),
            "objectives": self.objectives.state_dict(),
            "average": self.average,
            "best": self.best,
            "optimizer": checkpoint.optimizer_state(self.plain, self.optimizer, self.sharded),
            "scheduler": self.scheduler.state_dict(),
            "scaler": self.accelerator.scaler.state_dict() if self.accelerator.scaler else None,
            "step": self.step,
            "seconds": self.seconds + time.monotonic() - self.started,
            "log": self.log,
        }
        checkpoint.write(self.checkpoint, self.accelerator, state)

    def _resume(self) -> None:
        state = checkpoint.read(self.checkpoint, self.accelerator)
        if state is None:
            return
        checkpoint.put(self.plain, state["model"])
        checkpoint.set_optimizer_state(self.plain, self.optimizer, self.sharded, state["optimizer"])
        self.objectives.load_state_dict(state["objectives"])
        self.scheduler.load_state_dict(state["scheduler"])
        if state["scaler"]:
            self.accelerator.scaler.load_state_dict(state["scaler"])
        device = self.accelerator.device
        self.average = state["average"] and {n: t.to(device) for n, t in state["average"].items()}
        self.step, self.seconds, self.log, self.best = (state[key] for key in ("step", "seconds", "log", "best"))
        checkpoint.set_random_state(state["random"])
        logger.info("%s resumes at step %d", self.stage.name, self.step)

    def _finish(self) -> None:
        """Save the best, the averaged or the last weights; the main process writes."""
        weights = checkpoint.learning_state(self.plain) | (self.average or {}) | (self.best["weights"] or {})
        if self.accelerator.is_main_process:
            fresh = self.target.with_name(self.target.name + ".saving")
            shutil.rmtree(fresh, ignore_errors=True)
            model = self._load()[0] if self.sharded else self.plain
            checkpoint.put(model, weights)
            model = merge_lora(model) if self.stage.lora_rank else model
            model.config.auxiliary_loss_weight = self.stage.auxiliary_loss_weight
            if self.stage.objective == "evidence":
                model.config.calibration = {}  # that of the heads as they were before
            save_model(model, self.processor, fresh)
            seconds = round(self.seconds + time.monotonic() - self.started)
            summary = {"stage": self.stage.name, "seconds": seconds, "log": self.log}
            (fresh / "training_log.json").write_text(json.dumps(summary))
            os.rename(fresh, self.target)
            checkpoint.discard(self.checkpoint)
        finish_trackers(self.accelerator)
        self.accelerator.wait_for_everyone()
