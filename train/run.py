"""Run the stages of a curriculum one after the other; a stage that is finished is not run again."""

from __future__ import annotations

import json
import logging
from pathlib import Path

from .assemble import first_model
from .calibrate import calibrate
from .measured import fit_measured_head
from .processes import join_processes
from .selection import teacher_folders
from .stage_run import StageRun
from .stages import Curriculum

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
    teacher_folders(curriculum, out)  # a teacher that is missing is told before hours of training
    with join_processes().main_process_first():
        source = first_model(curriculum, data, out, init, encoder)
    for stage in curriculum.stages:
        target = out / stage.name
        if not target.exists():
            StageRun(curriculum, stage, data, source, target).train()
        source = target
        if curriculum.evidence_in_prompt and stage.objective == "evidence":
            with join_processes().main_process_first():
                calibrate_once(source, data, curriculum)
    return source


def calibrate_once(folder: Path, data: list[Path], curriculum: Curriculum) -> None:
    """Finish the heads of an encoder that are told to the language model in the next stage: measured head, calibration.

    The measured head is that of the curriculum's data and hangs on no encoder, so one that is there is kept.
    """
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    if config.get("calibration"):
        return
    cache = folder.parent / "measured"
    if curriculum.measured_mixture and not config.get("measured_width"):
        told = fit_measured_head(folder, data, cache, curriculum.measured_mixture, seed=curriculum.seed)
        logger.info("measured head of %s: %s", folder.name, told)
    logger.info("calibrating %s: %s", folder.name, calibrate(folder, data, list(curriculum.calibrate_on), cache))
