"""Learners for text environments: GRPO and PPO, rollouts, supervised fine-tuning, and the loop around them.

Start from a recipe (`python -m agents train quickstart`), from `agents.train.train(config)`, or take the parts:
`agents.losses`, `agents.algorithms`, `agents.kernels`, `agents.learner`, `agents.rollout`. OpenAI's Agents SDK ships a
module of this name too: a warning says if it is in the same environment.
"""

from __future__ import annotations

import warnings

from reasonenv.installation import collision, require_modules

require_modules(
    ("torch", "transformers", "tokenizers", "safetensors", "huggingface_hub", "jinja2", "tensorboard", "tyro", "rich"),
    "reasonenv-agents",
)
if (_fault := collision("agents")) is not None:
    warnings.warn(_fault, stacklevel=2)

__version__ = "0.1.0"
