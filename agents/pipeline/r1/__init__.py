"""The recipe of DeepSeek-R1 as a pipeline, and its presets."""

from agents.pipeline.r1.recipe import R1Recipe, r1_pipeline

PRESETS: dict[str, str] = {
    "tiny": f"{__name__}.tiny:tiny",
    "r1": f"{__name__}.published:r1",
    "qwen-0.5b": f"{__name__}.qwen:qwen_0_5b",
    "train-deepseek-r1": f"{__name__}.train_deepseek_r1:train_deepseek_r1",
}
"""Name → "module:attribute" of a function that returns a `Pipeline`; its arguments are flags."""

__all__ = ["PRESETS", "R1Recipe", "r1_pipeline"]
