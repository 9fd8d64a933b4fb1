"""anyecg: from any ECG file to an answer you can check. Not a medical device.

`import anyecg` alone is cheap, so that the command line starts at once; the first model class that is taken from here
(`from anyecg import AnyEcgProcessor`) loads transformers and registers all classes with its Auto classes.
"""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_HOMES = {
    "AnyEcgConfig": "configuration_anyecg", "AnyEcgEncoderConfig": "configuration_anyecg",
    "AnyEcgFeatureExtractor": "feature_extraction_anyecg", "AnyEcgEncoder": "modeling_anyecg",
    "AnyEcgModel": "modeling_anyecg", "AnyEcgForConditionalGeneration": "modeling_anyecg",
    "AnyEcgProcessor": "processing_anyecg",
}  # fmt: skip


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'anyecg' has no attribute {name!r}")
    register()
    return getattr(import_module(f".{_HOMES[name]}", __name__), name)


def register() -> None:
    """Make transformers' Auto classes (configuration, model, feature extractor, processor) know anyecg."""
    from transformers import (
        AutoConfig,
        AutoFeatureExtractor,
        AutoModel,
        AutoModelForMultimodalLM,
        AutoProcessor,
    )

    from .configuration_anyecg import AnyEcgConfig, AnyEcgEncoderConfig
    from .feature_extraction_anyecg import AnyEcgFeatureExtractor
    from .modeling_anyecg import AnyEcgEncoder, AnyEcgForConditionalGeneration, AnyEcgModel
    from .processing_anyecg import AnyEcgProcessor

    AutoConfig.register("anyecg_encoder", AnyEcgEncoderConfig, exist_ok=True)
    AutoConfig.register("anyecg", AnyEcgConfig, exist_ok=True)
    AutoModel.register(AnyEcgEncoderConfig, AnyEcgEncoder, exist_ok=True)
    AutoModel.register(AnyEcgConfig, AnyEcgModel, exist_ok=True)
    AutoModelForMultimodalLM.register(AnyEcgConfig, AnyEcgForConditionalGeneration, exist_ok=True)
    AutoFeatureExtractor.register(AnyEcgEncoderConfig, AnyEcgFeatureExtractor, exist_ok=True)
    AutoFeatureExtractor.register(AnyEcgConfig, AnyEcgFeatureExtractor, exist_ok=True)
    AutoProcessor.register(AnyEcgConfig, AnyEcgProcessor, exist_ok=True)
