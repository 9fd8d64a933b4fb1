"""The model keeps its contracts, with tiny random weights of three language-model families."""

import subprocess
import sys

import pytest
import torch
from transformers import AutoConfig, AutoFeatureExtractor, AutoModel, AutoModelForMultimodalLM, AutoProcessor

from anyecg import register
from anyecg.configuration_anyecg import AnyEcgEncoderConfig
from anyecg.conversation import to_messages
from anyecg.modeling_anyecg import AnyEcgEncoder, AnyEcgForConditionalGeneration, AnyEcgModel
from anyecg.processing_anyecg import AnyEcgProcessor
from tests.conftest import make_record, make_tiny_model

FAMILIES = ("qwen3", "llama", "gemma3_text")
SHORT, LONG = make_record(duration_s=2.5), make_record(("I", "II", "V1", "V2", "V5"), 23.0, seed=1)


def prompt(processor, *groups, **options):
    """Inputs for one question per group of records."""
    turns = [[{"role": "user", "text": "What is shown?", "ecgs": list(range(len(group)))}] for group in groups]
    messages = [to_messages(turn, group) for turn, group in zip(turns, groups, strict=True)]
    return processor.apply_chat_template(
        messages, add_generation_prompt=True, tokenize=True, return_dict=True, return_tensors="pt",
        processor_kwargs={"ecgs": [list(g) for g in groups], "padding": True, **options},
    )  # fmt: skip


@pytest.fixture(scope="module")
def tiny():
    return make_tiny_model()


@pytest.fixture(scope="module", params=FAMILIES)
def family(request):
    return make_tiny_model(request.param)


def test_a_saved_model_loads_and_gives_the_same_logits(family, tmp_path):
    model, processor = family
    model.save_pretrained(tmp_path)
    processor.save_pretrained(tmp_path)
    inputs = prompt(processor, [SHORT])
    again = AnyEcgForConditionalGeneration.from_pretrained(tmp_path, use_safetensors=True).eval()
    reloaded = AnyEcgProcessor.from_pretrained(tmp_path)
    torch.testing.assert_close(again(**prompt(reloaded, [SHORT])).logits, model(**inputs).logits)


def test_auto_classes_find_the_classes(tiny, tmp_path):
    register()
    model, processor = tiny
    model.save_pretrained(tmp_path)
    processor.save_pretrained(tmp_path)
    assert type(AutoConfig.from_pretrained(tmp_path)).__name__ == "AnyEcgConfig"
    assert isinstance(AutoModelForMultimodalLM.from_pretrained(tmp_path), AnyEcgForConditionalGeneration)
    assert isinstance(AutoModel.from_pretrained(tmp_path), AnyEcgModel)
    assert isinstance(AutoProcessor.from_pretrained(tmp_path), AnyEcgProcessor)
    assert AutoFeatureExtractor.from_pretrained(tmp_path).sampling_rate == 100


FUSIONS = ("early", "direct", "grid")


@pytest.mark.parametrize("fusion", FUSIONS)
def test_the_encoder_reads_an_excerpt_alike_alone_and_in_a_batch(fusion):
    model, processor = make_tiny_model(fusion=fusion)
    alone = model.encode(**processor.feature_extractor([SHORT]))
    together = model.encode(**processor.feature_extractor([LONG, SHORT]))
    torch.testing.assert_close(together.findings_logits[-1:], alone.findings_logits, rtol=1e-4, atol=1e-5)
    steps = alone.event_logits.shape[1]
    torch.testing.assert_close(together.event_logits[-1, :steps], alone.event_logits[0], rtol=1e-4, atol=1e-5)


def test_a_conversation_is_answered_alike_alone_and_in_a_batch(family):
    model, processor = family
    processor.tokenizer.padding_side = "left"
    alone = model(**prompt(processor, [SHORT])).logits[0, -1]
    together = model(**prompt(processor, [SHORT], [LONG, SHORT])).logits[0, -1]
    torch.testing.assert_close(together, alone, rtol=1e-3, atol=1e-4)


def test_left_and_right_padding_agree(family):
    model, processor = family
    last = {}
    for side in ("left", "right"):
        processor.tokenizer.padding_side = side
        inputs = prompt(processor, [SHORT], [LONG])
        places = inputs["attention_mask"].cumsum(1).argmax(1)
        last[side] = model(**inputs).logits[torch.arange(2), places]
    torch.testing.assert_close(last["left"], last["right"], rtol=1e-3, atol=1e-4)


def test_the_cache_does_not_change_the_answer(family):
    model, processor = family
    processor.tokenizer.padding_side = "left"
    inputs = prompt(processor, [SHORT], [LONG, SHORT])
    options = {"max_new_tokens": 8, "do_sample": False, "eos_token_id": None}
    cached = model.generate(**inputs, use_cache=True, **options)
    plain = model.generate(**inputs, use_cache=False, **options)
    assert cached.tolist() == plain.tolist()


def test_permuting_ecgs_permutes_their_tokens(tiny):
    model, processor = tiny

    def features(records):
        inputs = processor.feature_extractor(records)
        encoded = model.encode(**inputs)
        return model.model.ecg_projector(encoded, inputs["patch_times"], inputs["ecg_mask"].any(2), inputs["ecg_index"])

    count = processor.feature_extractor.num_tokens(SHORT)
    forward, backward = features([SHORT, LONG]), features([LONG, SHORT])
    assert len(forward) == count + processor.feature_extractor.num_tokens(LONG)
    torch.testing.assert_close(forward[:count], backward[-count:], rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(forward[count:], backward[:-count], rtol=1e-4, atol=1e-5)


def test_the_order_of_ecgs_matters_to_the_answer(tiny):
    model, processor = tiny
    other = make_record(duration_s=2.5, seed=9)
    one, two = (model(**prompt(processor, group)).logits[0, -1] for group in ([SHORT, other], [other, SHORT]))
    assert not torch.allclose(one, two)


def test_lead_order_does_not_matter(tiny):
    model, processor = tiny
    turned = LONG.select(LONG.leads[::-1])
    one, two = (model.encode(**processor.feature_extractor([r])).findings_logits for r in (LONG, turned))
    torch.testing.assert_close(one, two, rtol=1e-4, atol=1e-5)


def test_too_few_features_say_both_numbers(tiny):
    model, processor = tiny
    inputs = prompt(processor, [SHORT])
    inputs["input_ids"] = torch.cat([inputs["input_ids"], torch.tensor([[model.config.ecg_token_id]])], dim=1)
    inputs["attention_mask"] = torch.ones_like(inputs["input_ids"])
    count = processor.feature_extractor.num_tokens(SHORT)
    with pytest.raises(ValueError, match=f"{count + 1} ECG placeholders but the ECGs give {count} features"):
        model(**inputs)


def test_placeholders_and_ecgs_that_differ_say_both_numbers(tiny):
    with pytest.raises(ValueError, match=r"2 <\|ecg\|> placeholders but 1 ECGs"):
        tiny[1]("<|ecg|><|ecg|>", ecgs=[SHORT])


def test_the_loss_mask_decodes_to_exactly_the_answers(tiny):
    _, processor = tiny
    turns = [
        {"role": "user", "text": "Rate?", "ecgs": [0]},
        {"role": "assistant", "text": "72/min, regular."},
        {"role": "user", "text": "And this one?", "ecgs": [1]},
        {"role": "assistant", "text": "No premature beat."},
    ]
    batch = processor.apply_chat_template(
        [to_messages(turns, [SHORT, LONG])], tokenize=True, return_dict=True, return_tensors="pt",
        return_assistant_tokens_mask=True, processor_kwargs={"ecgs": [[SHORT, LONG]]},
    )  # fmt: skip
    answers = batch["input_ids"][0][torch.as_tensor(batch["assistant_masks"])[0].bool()]
    assert processor.decode(answers) == "72/min, regular.<|im_end|>No premature beat.<|im_end|>"


def test_a_typed_placeholder_stays_text(tiny):
    messages = to_messages([{"role": "user", "text": "what does <|ecg|> mean?", "ecgs": [0]}], [SHORT])
    inputs = tiny[1].apply_chat_template(
        [messages], tokenize=True, return_dict=True, return_tensors="pt", processor_kwargs={"ecgs": [[SHORT]]}
    )
    placed = (inputs["input_ids"] == tiny[0].config.ecg_token_id).sum()
    assert placed == tiny[1].feature_extractor.num_tokens(SHORT)


def test_lora_touches_only_the_language_model(tiny):
    from train.assemble import add_lora
    from train.optimizer import freeze_all_but
    from train.stages import Stage

    stage = Stage(
        "s",
        "conversation",
        1,
        1,
        1e-3,
        trainable=("ecg_projector",),
        lora_rank=2,
        lora_targets=("q_proj", "down_proj"),
    )
    model = add_lora(make_tiny_model()[0], stage)
    freeze_all_but(model, stage.trainable)
    adapted = [name for name, _ in model.named_parameters() if "lora_" in name]
    learning = [name for name, p in model.named_parameters() if p.requires_grad and "lora_" not in name]
    assert adapted and all("model.language_model." in name for name in adapted)
    assert learning and all("ecg_projector" in name for name in learning)


def test_one_optimisation_step_lowers_the_loss(family):
    model, processor = make_tiny_model(family[0].config.text_config.model_type)
    inputs = prompt(processor, [SHORT])
    labels = inputs["input_ids"].masked_fill(inputs["input_ids"] == model.config.ecg_token_id, -100)
    findings = torch.zeros(1, model.config.ecg_config.num_findings)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    before = model(**inputs, labels=labels, findings_labels=findings).loss
    before.backward()
    assert all(p.grad is not None for n, p in model.named_parameters() if "ecg_projector" in n)
    optimizer.step()
    assert model(**inputs, labels=labels, findings_labels=findings).loss < before


def test_all_fusions_give_equally_many_tokens():
    for fusion in FUSIONS:
        model, processor = make_tiny_model(fusion=fusion)
        assert model(**prompt(processor, [LONG])).logits.shape[-1] == model.config.text_config.vocab_size


def test_a_standard_ecg_takes_a_summary_25_time_and_12_lead_tokens():
    from anyecg.leads import STANDARD_LEADS

    _, processor = make_tiny_model()
    assert processor.feature_extractor.num_tokens(make_record(STANDARD_LEADS, 10.0, 500.0)) == 1 + 25 + 12


@pytest.mark.parametrize("fusion", ["early", "direct"])
def test_every_weight_of_the_encoder_learns(fusion):
    model, processor = make_tiny_model(fusion=fusion, num_step_blocks=1)
    encoded = model.train().encode(**processor.feature_extractor([LONG]))
    (encoded.findings_logits.sum() + encoded.event_logits.sum() + encoded.lead_states.square().sum()).backward()
    still = {name for name, p in model.model.ecg_tower.named_parameters() if p.grad is None}
    assert not still


def test_the_first_trunk_block_of_direct_fusion_is_needed():
    with pytest.raises(ValueError, match="num_trunk_blocks of 1 or more"):
        AnyEcgEncoderConfig(fusion="direct", num_trunk_blocks=0)


def test_an_unknown_fusion_is_refused():
    with pytest.raises(ValueError, match="choose 'early', 'direct' or 'grid'"):
        AnyEcgEncoderConfig(fusion="late")


def test_unknown_leads_share_the_generic_embedding(tiny):
    model, processor = tiny
    named = [make_record(("Foo", "II")), make_record(("Bar", "II"))]
    one, two = (model.encode(**processor.feature_extractor([r])).findings_logits for r in named)
    torch.testing.assert_close(one, two)


def test_importing_the_package_does_not_import_torch():
    code = "import sys, anyecg; assert 'torch' not in sys.modules and 'transformers' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_four_bit_language_model_keeps_the_encoder_whole(tiny, tmp_path):
    pytest.importorskip("bitsandbytes")
    from train.assemble import load_model, save_model

    save_model(*tiny, tmp_path)
    model, processor = load_model(tmp_path, load_in_4bit=True)
    kinds = {
        name: type(m).__name__ for name, m in model.named_modules() if type(m).__name__ in ("Linear", "Linear4bit")
    }
    assert all(kind == "Linear" for name, kind in kinds.items() if "ecg_" in name)
    assert any(kind == "Linear4bit" for name, kind in kinds.items() if "language_model" in name)
    assert torch.isfinite(model(**prompt(processor, [SHORT])).logits).all()


def test_the_encoder_alone_saves_and_loads(tmp_path):
    register()
    encoder = make_tiny_model()[0].model.ecg_tower
    encoder.save_pretrained(tmp_path)
    assert isinstance(AutoModel.from_pretrained(tmp_path), AnyEcgEncoder)
