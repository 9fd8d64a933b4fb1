"""The curriculum as data: what learns in each stage, on which mixture, how fast. Read from YAML."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import yaml

PARTS = ("ecg_tower", "ecg_projector", "language_model")
OBJECTIVES = ("evidence", "conversation")
CONTRASTS = ("simclr", "clef", "clef-literal")
EVIDENCE_PARTS = ("findings", "superclasses", "events", "masked", "text", *CONTRASTS)


@dataclass(frozen=True)
class Stage:
    """One step of the curriculum."""

    name: str
    objective: str
    """"evidence" trains the encoder on findings and events alone, "conversation" the whole model on answers."""
    steps: int
    """Optimisation steps."""
    batch_size: int
    """Excerpts or conversations per step, before accumulation."""
    learning_rate: float
    """Peak of the one-cycle schedule, for parts without an entry in `learning_rates`."""
    trainable: tuple[str, ...] = PARTS
    """Parts that learn: "ecg_tower", "ecg_projector", "language_model"."""
    learning_rates: dict[str, float] = field(default_factory=dict)
    """Peak per part, where it differs."""
    mixture: dict[str, float] = field(default_factory=dict)
    """Sampling weight per source (evidence), or per "task", "task:type of question" or "source:task" (conversation);
    empty takes rows as they come, and 0 leaves a kind out."""
    seed: int = 0
    """Added to the curriculum's, so that a stage that repeats another one draws anew."""
    gradient_accumulation: int = 1
    warmup: float = 0.1
    """Share of the steps in which the learning rate rises."""
    weight_decay: float = 0.02
    ema_decay: float = 0.0
    """Decay of the average of the weights that is saved at the end; 0 saves the last weights."""
    lora_rank: int = 0
    """0 leaves the language model without adapters."""
    lora_alpha: int = 16
    lora_targets: tuple[str, ...] = ("q_proj", "k_proj")
    """Names of the language model's linear layers that get adapters."""
    auxiliary_loss_weight: float = 1.0
    """Weight of the finding and event losses beside the language loss."""
    objectives: dict[str, float] = field(default_factory=lambda: {"findings": 1.0, "events": 1.0})
    """Weight of each part of an evidence stage; see `train/objectives.py`."""
    star: float = 0.0
    """Share of excerpts that are resampled beat by beat (evidence); see `train/augment_star.py`."""
    augment: bool = True
    """Lead dropout, gain, noise and time shifts; see `train/augment.py`."""
    fewer_leads: float = 0.35
    """Share of excerpts of which only some leads are kept, where `augment` is on."""
    mixup: float = 0.0
    """Share of labelled excerpts that are blended with another one of the batch (evidence)."""
    teachers: tuple[str, ...] = ()
    """Stages of the same run, or model folders, whose mean finding probabilities are blended into the targets of real
    records (evidence)."""
    teacher_weight: float = 0.5
    """Weight of the teachers in a target."""
    validate_every: int = 0
    """Steps between validations; the weights with the best AUROC of superclasses (evidence) or loss (conversation) are
    saved. 0: the last."""
    validation_rows: int = 200
    """Validation conversations that the loss is measured on, drawn by the stage's mixture."""
    patience: int = 0
    """Validations without a better figure after which the stage stops; 0 runs all steps."""
    activation_checkpointing: bool = False
    """Compute activations again in the backward pass: less memory, about a third more time."""
    checkpoint_every: int = 200
    """Steps between resumable checkpoints."""

    def __post_init__(self) -> None:
        if self.objective not in OBJECTIVES:
            raise ValueError(f"stage {self.name!r} has objective {self.objective!r}; choose {' or '.join(OBJECTIVES)}.")
        unknown = set(self.trainable) - set(PARTS)
        if unknown:
            raise ValueError(f"stage {self.name!r} trains {sorted(unknown)}; the parts are {', '.join(PARTS)}.")
        if self.lora_rank and "language_model" in self.trainable:
            raise ValueError(f"stage {self.name!r} asks for LoRA and for a fully trained language model; choose one.")
        if self.objective == "evidence" and "ecg_tower" not in self.trainable:
            raise ValueError(f"stage {self.name!r} trains evidence but not ecg_tower; add it to `trainable`.")
        if wrong := set(self.objectives) - set(EVIDENCE_PARTS):
            raise ValueError(f"stage {self.name!r} has objectives {sorted(wrong)}; choose {', '.join(EVIDENCE_PARTS)}.")
        if self.mixup and set(self.objectives) & {"text", *CONTRASTS}:
            raise ValueError(f"stage {self.name!r} blends records, which then lack one text and risk; set mixup to 0.")
        if self.objective == "conversation" and (self.mixup or self.star or self.teachers):
            raise ValueError(f"stage {self.name!r} is a conversation; mixup, star and teachers are evidence's.")
        if self.patience and not self.validate_every:
            raise ValueError(f"stage {self.name!r} has patience but never validates; set validate_every to some steps.")


@dataclass(frozen=True)
class Curriculum:
    """The model to assemble and the stages to run on it."""

    name: str
    stages: tuple[Stage, ...]
    seed: int = 0
    precision: str = "no"
    """accelerate's mixed precision: "no", "bf16" or "fp16"."""
    language_model: str | None = None
    """Hub name or folder of any causal language model; None builds a new one from `text_config`."""
    load_in_4bit: bool = False
    """Load the language model in 4-bit NF4 by bitsandbytes (QLoRA)."""
    text_config: dict[str, Any] = field(default_factory=dict)
    """Configuration of a new language model, with its `model_type`."""
    ecg_config: dict[str, Any] = field(default_factory=dict)
    """Arguments of `AnyEcgEncoderConfig`."""
    evidence_in_prompt: bool = False
    """Tell the language model what the heads say of each ECG; they are calibrated after an evidence stage."""
    measured_mixture: dict[str, float] = field(default_factory=dict)
    """Sampling weight per source for the head that reads the measurements (`measured`); empty for none."""
    calibrate_on: tuple[str, ...] = ()
    """Sources whose validation records the heads are then calibrated on; empty for all."""
    log_with: tuple[str, ...] = ()
    """accelerate's trackers beside TensorBoard, which is used when it is installed: "trackio", "wandb"."""
    vocab_size: int = 2048
    """Size of the tokenizer that is trained for a new language model."""


def load_curriculum(path: Path | str) -> Curriculum:
    """Read a YAML file.

    Raises:
        ValueError: naming the key, when the file has one that does not exist.
    """
    values = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    stages = tuple(
        _make(Stage, {"trainable": PARTS} | row, f"stage {row.get('name')!r}") for row in values.pop("stages")
    )
    return _make(Curriculum, values | {"stages": stages}, str(path))


def _make(kind: type, values: dict[str, Any], where: str) -> Any:
    allowed = {f.name for f in fields(kind)}
    unknown = set(values) - allowed
    if unknown:
        raise ValueError(f"{where} has unknown keys {sorted(unknown)}; the keys are {', '.join(sorted(allowed))}.")
    return kind(**{key: tuple(value) if isinstance(value, list) else value for key, value in values.items()})


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
