"""What a run is made of: frozen dataclasses that the command line is made from and that `config.json` records."""

from agents.config.environment import EnvConfig, Rewards, Tasks
from agents.config.evaluation import EvaluationConfig
from agents.config.json_form import to_json
from agents.config.policy import PolicyConfig
from agents.config.reinforcement import OWN_CRITICS, Engine, RLConfig, RolloutConfig
from agents.config.run import Phase, RunConfig
from agents.config.samples import SampleList, SampleSource, SFTSample
from agents.config.supervised import SFTConfig
from agents.policies.lora import LoRAConfig

__all__ = [
    "OWN_CRITICS",
    "Engine",
    "EnvConfig",
    "EvaluationConfig",
    "LoRAConfig",
    "Phase",
    "PolicyConfig",
    "RLConfig",
    "Rewards",
    "RolloutConfig",
    "RunConfig",
    "SFTConfig",
    "SFTSample",
    "SampleList",
    "SampleSource",
    "Tasks",
    "to_json",
]
