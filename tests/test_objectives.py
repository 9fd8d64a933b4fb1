"""Every part of pretraining teaches the encoder, bears missing metadata, and leaves no trace in the shipped model."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from anyecg.feature_extraction_anyecg import AnyEcgFeatureExtractor
from tests.conftest import make_tiny_model
from tests.test_train import CONFIGS, kill, smoke, write_dataset
from train.data import EvidenceDataset
from train.objectives import Objectives, clef, clef_literal, contrast, distances, model_loss
from train.stages import EVIDENCE_PARTS, Stage, load_curriculum
from train.views import PretrainingCollator, completeness_of, risk_of, text_of, word_ids

PEOPLE = [{"age": age, "sex": sex} for age, sex in ((30, "male"), (55, "female"), (70, "male"), (None, "female"))]


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return write_dataset(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def rows(data):
    found = EvidenceDataset([data], "train", AnyEcgFeatureExtractor()).rows
    return [row | {"clinical": PEOPLE[k % 4]} for k, row in enumerate(found)]


def stage(**options):
    return Stage("s", "evidence", 1, 8, 1e-3, **options)


def prepared(rows, part, **options):
    """A tiny model, the heads of one part, and a batch for it."""
    model, _ = make_tiny_model(fusion="direct")
    wanted = stage(objectives={part: 1.0}, **options)
    batch = PretrainingCollator(20, 0.2, 0, wanted)(rows)
    return model.train(), Objectives(wanted.objectives, model.config.ecg_config), batch


def test_the_defaults_give_the_loss_of_the_model_bit_by_bit(rows):
    from train.collator import EvidenceCollator

    model, _ = make_tiny_model()
    batch, plain = PretrainingCollator(20, 0.2, 0, stage())(rows), EvidenceCollator(20, 0.2, 0, True)(rows)
    assert set(batch) == set(plain) and all(torch.equal(batch[name], plain[name]) for name in plain)
    objectives = Objectives(stage().objectives, model.config.ecg_config)
    assert not list(objectives.parameters())
    assert torch.equal(model_loss(model, objectives, batch), model(**plain).loss)


@pytest.mark.parametrize(
    ("part", "fusion"), [*((part, "direct") for part in EVIDENCE_PARTS), ("masked", "early"), ("masked", "grid")]
)
def test_every_part_has_a_gradient_to_the_encoder(rows, part, fusion):
    model, _ = make_tiny_model(fusion=fusion)
    wanted = stage(objectives={part: 1.0})
    objectives = Objectives(wanted.objectives, model.config.ecg_config)
    loss = model_loss(model.train(), objectives, PretrainingCollator(20, 0.2, 0, wanted)(rows))
    loss.backward()
    first = model.model.ecg_tower.to_step.weight.grad
    assert torch.isfinite(loss) and torch.isfinite(first).all() and first.abs().sum() > 0


def test_several_processes_share_the_gradients_of_the_heads(rows):
    from types import SimpleNamespace

    model, objectives, batch = prepared(rows, "masked")
    model_loss(model, objectives, batch).backward()
    own = [head.grad.clone() for head in objectives.parameters()]
    objectives.decoder.bias.grad = None
    halved = SimpleNamespace(num_processes=2, reduce=lambda gradient, reduction: gradient / 2)
    objectives.average_gradients(halved)
    assert torch.equal(objectives.decoder.weight.grad, own[0] / 2) and not objectives.decoder.bias.grad.any()


@pytest.mark.parametrize("part", EVIDENCE_PARTS)
def test_every_part_is_learned_on_one_batch(rows, part):
    model, objectives, batch = prepared(rows, part)
    model.config.ecg_config.dropout = 0.0
    optimizer = torch.optim.AdamW([*model.model.ecg_tower.parameters(), *objectives.parameters()], lr=3e-3)
    losses = []
    for _ in range(25):
        loss = model_loss(model, objectives, batch)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert np.mean(losses[-3:]) < 0.9 * losses[0]


@pytest.mark.parametrize("part", EVIDENCE_PARTS)
def test_nothing_known_of_anybody_is_no_nan(rows, part):
    blank = [
        row | {"clinical": {}, "labels": np.full_like(row["labels"], -1), "known_events": row["known_events"] & False}
        for row in rows
    ]
    model, objectives, batch = prepared(blank, part)
    loss = model_loss(model, objectives, batch)
    loss.backward()
    assert torch.isfinite(loss)
    assert all(torch.isfinite(p.grad).all() for p in model.parameters() if p.grad is not None)


def unit(n, width=16, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.nn.functional.normalize(torch.randn(n, width, generator=generator), dim=1)


def test_equal_or_unknown_risks_give_the_plain_contrast():
    views, patients = unit(12), torch.arange(6).repeat(2)
    plain = contrast(views, patients)
    for risk in (torch.full((12,), 0.1), torch.full((12,), math.nan)):
        torch.testing.assert_close(clef(views, patients, risk), plain)
    assert not torch.isclose(clef(views, patients, torch.arange(6).repeat(2) / 10), plain)


def test_distances_are_zero_within_an_excerpt_and_between_a_fifth_and_one_elsewhere():
    risk = torch.tensor([0.1, 0.2, 0.4]).repeat(2)
    found = distances(risk, torch.ones(6, 6, dtype=torch.bool))
    same = torch.arange(6)[:, None] % 3 == torch.arange(6)[None] % 3
    assert (found[same] == 0).all() and found[~same].min() >= 0.2 and found[~same].max() == 1
    torch.testing.assert_close(found[0, 1], torch.tensor(0.2 + 0.8 * (0.1 / 0.3) ** 2))


def test_a_distant_risk_is_pushed_away_harder():
    views = torch.nn.functional.normalize(torch.ones(6, 4) + 0.01 * unit(6, 4), dim=1).requires_grad_()
    patients, risk = torch.arange(3).repeat(2), torch.tensor([0.0, 0.1, 0.9]).repeat(2)
    far = distances(torch.tensor([0.0, 1.0, 2.0]).repeat(2), torch.ones(6, 6, dtype=torch.bool))
    assert far[0, 2] > far[0, 1]
    assert torch.isfinite(clef(views, patients, risk))


def test_the_literal_weights_shrink_with_the_batch_as_published():
    views, patients, known = unit(12), torch.arange(6).repeat(2), torch.ones(12)
    literal = clef_literal(views, patients, torch.full((12,), 0.1), known)
    distance = 0.2 * torch.exp(torch.tensor(-1.0)) * (patients[:, None] != patients[None])
    similarity = views @ views.T
    scaled = (similarity - similarity.min()) / (similarity.max() - similarity.min())
    near = (scaled - (1 - distance)).square().mean()
    torch.testing.assert_close(literal, (contrast(views, patients, distance.softmax(dim=1)) + near) / 2)
    assert contrast(views, patients, distance.softmax(dim=1)) < contrast(views, patients)


def test_risk_needs_age_and_sex_and_counts_what_is_missing():
    assert math.isnan(risk_of({"age": 60})) and math.isnan(risk_of({"age": math.nan, "sex": "male"}))
    assert risk_of({"age": 60, "sex": "male", "smoker": True}) > risk_of({"age": 60, "sex": "male"}) > 0
    assert completeness_of({"age": 60, "sex": "male", "smoker": None}) == pytest.approx(2 / 6)


def test_a_text_is_the_statements_in_words_where_they_hold(rows):
    row = rows[1]
    assert text_of(row) == "sinus rhythm normal ECG"
    assert text_of(row | {"labels": np.full_like(row["labels"], -1)}) == ""
    assert word_ids("b a b") == sorted({*word_ids("a"), *word_ids("b")}) and word_ids("") == []


def test_hidden_patches_are_gaps_to_the_encoder_and_their_events_unknown(rows):
    batch = PretrainingCollator(20, 0.2, 0, stage(objectives={"masked": 1.0}, augment=False))(rows)
    hidden, shown = batch["hidden"], batch["ecg_mask"]
    assert 0.04 < hidden.float().mean() < 0.25 and not (hidden & shown).any() and shown.any(dim=2).all()
    assert (batch["ecg_values"][hidden] == 0).all() and batch["original"][hidden].abs().sum() > 0
    lost = ~shown.any(dim=1)
    assert lost.any() and (batch["event_labels"][lost] == -1).all()


def test_a_stage_with_all_parts_resumes_to_the_same_weights_and_ships_no_heads(data, tmp_path, monkeypatch):
    from safetensors.torch import load_file

    import train.run as loop

    first = smoke().stages[0]
    everything = {"findings": 1.0, "events": 1.0, "masked": 0.2, "text": 0.1, "clef": 0.1}
    mixed = replace(first, objectives=everything, star=0.5, ema_decay=0.9, batch_size=4)
    curriculum, plain = replace(smoke(), stages=(mixed,)), replace(smoke(), stages=(first,))
    whole = load_file(loop.run(curriculum, [data], tmp_path / "whole") / "model.safetensors")
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        kill(patch, loop, mixed.name, 2)
        loop.run(curriculum, [data], tmp_path / "killed")
    resumed = load_file(loop.run(curriculum, [data], tmp_path / "killed") / "model.safetensors")
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)
    shipped = load_file(loop.run(plain, [data], tmp_path / "plain") / "model.safetensors")
    assert set(shipped) == set(whole)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"objectives": {"jepa": 1.0}}, "choose findings, .*clef-literal"),
        ({"objectives": {"text": 1.0}, "mixup": 0.3}, "set mixup to 0"),
    ],
)
def test_objectives_that_contradict_are_refused(options, sentence):
    with pytest.raises(ValueError, match=sentence):
        stage(**options)


def test_ablation_trains_every_stage_from_the_same_start_and_tells_its_table(data, tmp_path, monkeypatch):
    from safetensors.torch import load_file

    from train.ablate import RANDOM, ablate

    tiny = smoke()
    one = replace(tiny.stages[0], steps=1, batch_size=4)
    curriculum = replace(
        tiny, stages=(replace(one, name="a"), replace(one, name="b"), replace(one, name="c", star=0.5))
    )
    text = ablate(curriculum, [data], tmp_path, source="simulated")
    assert [line.split("|")[1].strip() for line in text.splitlines()[2:]] == [RANDOM, "a", "b", "c"]
    same, also = (load_file(tmp_path / name / "model.safetensors") for name in "ab")
    assert all(torch.equal(same[name], also[name]) for name in same)
    assert ablate(curriculum, [data], tmp_path, source="simulated") == text
    with pytest.raises(ValueError, match="no record of 'ptb-xl' has labels"):
        ablate(curriculum, [data], tmp_path)


@pytest.mark.parametrize(("name", "millions"), [("encoder-base", 85), ("encoder-large", 300)])
def test_the_larger_scales_have_their_size_and_shapes(name, millions):
    from anyecg.configuration_anyecg import AnyEcgEncoderConfig
    from anyecg.encoder_anyecg import AnyEcgEncoder

    sizes = load_curriculum(CONFIGS / f"{name}.yaml").ecg_config
    with torch.device("meta"):
        whole = AnyEcgEncoder(AnyEcgEncoderConfig(**sizes))
    assert 0.95 * millions < sum(p.numel() for p in whole.parameters()) / 1e6 < 1.15 * millions
    shallow = AnyEcgEncoder(AnyEcgEncoderConfig(**(sizes | {"num_hidden_layers": 1}))).eval()
    steps, patch = 5, shallow.config.patch_samples
    with torch.inference_mode():
        out = shallow(
            torch.zeros(2, 12, steps, patch), torch.ones(2, 12, steps, dtype=torch.bool),
            torch.ones(2, 12, dtype=torch.long), torch.zeros(2, steps),
        )  # fmt: skip
    assert out.time_states.shape == (2, steps, sizes["hidden_size"])
