"""Another encoder may speak for findings and events while the language model looks through its own."""

import pytest
import torch

from anyecg.configuration_anyecg import AnyEcgEncoderConfig
from anyecg.encoder_anyecg import AnyEcgEncoder
from anyecg.feature_extraction_anyecg import AnyEcgFeatureExtractor
from anyecg.loading import EMBEDDED
from anyecg.processing_anyecg import AnyEcgProcessor
from anyecg.simulate import simulate
from train.assemble import export, load_model, save_model


@pytest.fixture(scope="module")
def one_encoder(tmp_path_factory):
    """The embedded model with one encoder, whichever it has."""
    model, processor = load_model(EMBEDDED)
    model.model.evidence_tower = model.config.evidence_config = None
    folder = tmp_path_factory.mktemp("one")
    save_model(model, processor, folder)
    return folder


@pytest.fixture(scope="module")
def other(one_encoder, tmp_path_factory):
    torch.manual_seed(0)
    model, processor = load_model(one_encoder)
    config = AnyEcgEncoderConfig(fusion="direct", stem_width=16, num_step_blocks=1, num_hidden_layers=1)
    model.model.ecg_tower, model.config.ecg_config = AnyEcgEncoder._from_config(config), config
    model.config.calibration = {"findings": {"AFIB": {"scale": 2.0, "shift": 0.5, "threshold": 0.3}}}
    folder = tmp_path_factory.mktemp("other")
    save_model(model, processor, folder)
    return folder


def test_the_other_encoder_speaks_and_the_first_is_looked_through(one_encoder, other, tmp_path):
    export(one_encoder, tmp_path / "both", other)
    (both, processor), (first, _), (second, _) = map(load_model, (tmp_path / "both", one_encoder, other))
    record = next(simulate(1, seed=1)).record
    ecg = processor.feature_extractor([record])
    text = processor(text="<|ecg|> Rhythm?", ecgs=[record])
    with torch.inference_mode():
        said = [m.eval().encode(**ecg).findings_logits for m in (both, first, second)]
        logits = [m(**text).logits for m in (both, first)]
    assert torch.allclose(said[0], said[2], atol=0.05) and not torch.allclose(said[0], said[1], atol=0.5)
    assert torch.allclose(logits[0], logits[1], atol=0.05)
    assert both.config.calibration == second.config.calibration
    both.train()
    assert both.model.ecg_tower.training and not both.model.evidence_tower.training


def test_encoders_that_read_different_input_are_not_joined(one_encoder, other, tmp_path):
    model, processor = load_model(other)
    slow = AnyEcgFeatureExtractor(sampling_rate=50.0, patch_s=0.4)
    save_model(model, AnyEcgProcessor(slow, processor.tokenizer), tmp_path / "slow")
    with pytest.raises(ValueError, match="read different input"):
        export(one_encoder, tmp_path / "both", tmp_path / "slow")
