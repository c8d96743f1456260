"""The embedded models: linear, trained on this machine in seconds from generated data, and cached.

They exist so that everything around a reward model runs and is tested without a download. They know a few dozen
questions, and each says so in a warning when it is loaded.
"""

from reward_models.embedded.fitting import EMBEDDED, embedded_folder, ensure_embedded, fit_helpfulness, fit_safety

__all__ = ["EMBEDDED", "embedded_folder", "ensure_embedded", "fit_helpfulness", "fit_safety"]
