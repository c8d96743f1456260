"""Models that the library `peft` has wrapped: this package works on the model inside, whose layers have the adapters.

Importing `peft` takes seconds, so nothing here imports it.
"""

from __future__ import annotations

import sys
from typing import Any

from agents.errors import PolicyError

__all__ = ["unwrapped"]


def unwrapped(model: Any) -> Any:
    """Return the model of transformers inside a `peft.PeftModel`, with the adapters in its layers; any other as it is.

    Raises:
        PolicyError: the adapters are no part of the layers (prompt tuning), so that the model inside lacks them.
    """
    peft: Any = sys.modules.get("peft")  # whoever has a PeftModel has imported it
    if peft is None or not isinstance(model, peft.PeftModel):
        return model
    wrapper: Any = model
    if wrapper.active_peft_config.is_prompt_learning:
        raise PolicyError(
            f"{type(model).__name__} learns a prompt by {wrapper.active_peft_config.peft_type}, which is no part of "
            "the model's layers and cannot be trained here. Use LoRA (PolicyConfig.lora)."
        )
    return wrapper.get_base_model()
