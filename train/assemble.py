"""Put a model together: encoder and projector, a hub or new language model, tokenizer and processor; save and load."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import torch
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer, PreTrainedTokenizerFast

from anyecg import register
from anyecg.configuration_anyecg import AnyEcgConfig, AnyEcgEncoderConfig
from anyecg.conversation import to_messages
from anyecg.feature_extraction_anyecg import AnyEcgFeatureExtractor
from anyecg.modeling_anyecg import AnyEcgForConditionalGeneration, EcgProjector
from anyecg.processing_anyecg import SPECIAL_TOKENS, AnyEcgProcessor, prepare_tokenizer

from .stages import Curriculum, Stage

OURS = ("ecg_tower", "evidence_tower", "measured_head", "ecg_projector")
LORA_PATTERN = r"model\.language_model\..*\.({})"


def first_model(curriculum: Curriculum, data: list[Path], out: Path, init: Path | None, encoder: Path | None) -> Path:
    """The folder that the first stage starts from, made when it is not there; see `train.run.run`."""
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


def assemble(curriculum: Curriculum, data: list[Path], out: Path, encoder: Path | None = None) -> None:
    """Build the untrained model of a curriculum and save it to `out`.

    With `language_model` its weights and tokenizer are loaded; else a new one of `text_config` is made and its
    tokenizer is trained on the conversations of `data`. With `encoder` the ECG encoder of that model is taken over,
    its architecture and calibration included.
    """
    torch.manual_seed(curriculum.seed)
    trained = load_model(encoder)[0] if encoder else None
    ecg_config = trained.config.ecg_config if trained else AnyEcgEncoderConfig(**curriculum.ecg_config)
    if curriculum.language_model:
        tokenizer = AutoTokenizer.from_pretrained(curriculum.language_model)
        language_model = AutoModelForCausalLM.from_pretrained(curriculum.language_model, dtype=torch.float32)
        prepare_tokenizer(tokenizer)
        if len(tokenizer) > language_model.config.get_text_config().vocab_size:
            language_model.resize_token_embeddings(len(tokenizer))
        model = around(language_model, ecg_config, tokenizer)
    else:
        tokenizer = train_tokenizer(conversation_texts(data), curriculum.vocab_size)
        text_config = AutoConfig.for_model(**(curriculum.text_config | {"vocab_size": len(tokenizer)}))
        model = around(AutoModelForCausalLM.from_config(text_config), ecg_config, tokenizer)
    if trained is not None:
        model.model.ecg_tower.load_state_dict(trained.model.ecg_tower.state_dict())
        take_over_judgement(model, trained)
    save_model(model, AnyEcgProcessor(feature_extractor_for(ecg_config), tokenizer), out)


def take_over_encoder(folder: Path, encoder: Path, seed: int, out: Path) -> None:
    """Save the model of `folder` with the encoder of another one, its architecture and calibration included.

    The projector stays where the shapes allow it; else it is new, and learns in the next stage.
    """
    torch.manual_seed(seed)
    model, processor = load_model(folder)
    trained, trained_processor = load_model(encoder)
    old = {name: tensor.shape for name, tensor in model.model.ecg_projector.state_dict().items()}
    model.model.ecg_tower = trained.model.ecg_tower
    model.config.ecg_config = trained.config.ecg_config
    take_over_judgement(model, trained)
    config: Any = model.config
    projector = EcgProjector(config)
    if old != {name: tensor.shape for name, tensor in projector.state_dict().items()}:
        projector.apply(model._init_weights)
        model.model.ecg_projector = projector
    save_model(model, AnyEcgProcessor(trained_processor.feature_extractor, processor.tokenizer), out)


def take_over_heads(model: AnyEcgForConditionalGeneration, extractor: AnyEcgFeatureExtractor, evidence: Path) -> None:
    """Let another model's encoder speak for findings and events; the language model keeps looking through its own."""
    other, other_processor = load_model(evidence)
    reads, theirs = extractor.to_dict(), other_processor.feature_extractor.to_dict()
    if reads != theirs:
        raise ValueError(f"the encoders read different input: {reads} and {theirs}; train one for the other's input.")
    spoken: Any = other.model.evidence_tower or other.model.ecg_tower
    model.model.evidence_tower = spoken.eval()
    model.config.evidence_config = spoken.config
    take_over_judgement(model, other)


def take_over_judgement(model: Any, other: Any) -> None:
    """What turns an encoder's scores into probabilities goes with it: the measured head and the calibration."""
    model.model.measured_head = other.model.measured_head
    model.config.measured_width, model.config.calibration = other.config.measured_width, other.config.calibration


def around(language_model: Any, ecg_config: AnyEcgEncoderConfig, tokenizer: Any) -> AnyEcgForConditionalGeneration:
    """A chat model around a causal language model, whose weights it takes over; encoder and projector are new."""
    config = AnyEcgConfig(
        ecg_config=ecg_config,
        text_config=language_model.config.get_text_config(),
        ecg_token_id=tokenizer.convert_tokens_to_ids("<|ecg|>"),
    )
    model = AnyEcgForConditionalGeneration(config)
    body = getattr(language_model, language_model.base_model_prefix)
    model.model.language_model.load_state_dict(body.state_dict())
    model.lm_head.weight.data.copy_(language_model.get_output_embeddings().weight.data)
    end = tokenizer.convert_tokens_to_ids("<|im_end|>")
    model.generation_config.eos_token_id = end
    model.generation_config.pad_token_id = tokenizer.pad_token_id
    return model


def feature_extractor_for(config: AnyEcgEncoderConfig) -> AnyEcgFeatureExtractor:
    """The feature extractor that makes this encoder's input."""
    return AnyEcgFeatureExtractor(
        sampling_rate=config.sampling_rate,
        patch_s=config.patch_s,
        max_excerpt_s=config.max_excerpt_s,
        steps_per_token=config.steps_per_token,
    )


def train_tokenizer(texts: Iterable[str], vocab_size: int) -> PreTrainedTokenizerFast:
    """A byte-level BPE tokenizer that keeps digits apart, so that numbers can be copied."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size,
        special_tokens=["<|pad|>", *SPECIAL_TOKENS],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token="<|pad|>",
        eos_token="<|im_end|>",
        additional_special_tokens=list(SPECIAL_TOKENS),
    )


def conversation_texts(data: list[Path], limit: int = 20_000) -> Iterator[str]:
    """Texts of the training conversations, as the tokenizer sees them."""
    from .data import ConversationDataset

    dataset = ConversationDataset(data, "train")
    stride = max(1, len(dataset) // limit)
    for index in range(0, len(dataset), stride):
        item = dataset[index]
        for message in to_messages(item["row"]["turns"], item["ecgs"], item["measurements"]):
            yield "".join(part.get("text", "") for part in message["content"])


def add_lora(model: AnyEcgForConditionalGeneration, stage: Stage) -> Any:
    """Put adapters on the language model's linear layers, and on nothing else."""
    from peft import LoraConfig, get_peft_model

    pattern = LORA_PATTERN.format("|".join(stage.lora_targets))
    return get_peft_model(model, LoraConfig(r=stage.lora_rank, lora_alpha=stage.lora_alpha, target_modules=pattern))


def merge_lora(model: Any) -> AnyEcgForConditionalGeneration:
    """Fold the adapters into the weights."""
    return model.merge_and_unload()


def save_model(model: AnyEcgForConditionalGeneration, processor: AnyEcgProcessor, folder: Path) -> None:
    """Write weights (safetensors), configuration and processor."""
    model.save_pretrained(folder)
    processor.save_pretrained(folder)


def load_model(
    folder: Path | str, load_in_4bit: bool = False
) -> tuple[AnyEcgForConditionalGeneration, AnyEcgProcessor]:
    """Read what `save_model` wrote; 4-bit NF4 quantises the language model's linear layers alone."""
    register()
    options: dict[str, Any] = {"dtype": torch.float32}
    if load_in_4bit:
        from transformers import BitsAndBytesConfig

        options["quantization_config"] = BitsAndBytesConfig(
            load_in_4bit=True,
            bnb_4bit_quant_type="nf4",
            llm_int8_skip_modules=[f"model.{part}" for part in OURS] + ["lm_head"],
        )
    model = AnyEcgForConditionalGeneration.from_pretrained(folder, use_safetensors=True, **options)
    return model, AnyEcgProcessor.from_pretrained(folder)


def export(folder: Path, out: Path, evidence: Path | None = None) -> str:
    """Write a model for shipping: weights as float16 (half the size; running statistics stay float32).

    Args:
        folder: the model.
        out: where it is written.
        evidence: a model folder whose encoder, heads and calibration speak instead of the model's own.

    Raises:
        ValueError: if both encoders do not read the same input.
    """
    model, processor = load_model(folder)
    if evidence is not None:
        take_over_heads(model, processor.feature_extractor, evidence)
    keep = {name for name, _ in model.named_buffers()}
    state = {n: t if n in keep or not t.is_floating_point() else t.half() for n, t in model.state_dict().items()}
    state.pop("lm_head.weight") if model.config.tie_word_embeddings else None
    model.save_pretrained(out, state_dict=state)
    processor.save_pretrained(out)
    return str(out)
