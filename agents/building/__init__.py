"""From configuration to live objects: policies, environments, engines and phases."""

from agents.building.checks import check_parts
from agents.building.engines import build_engine, check_engines
from agents.building.environments import make_env
from agents.building.other_models import check_other_models
from agents.building.phases import build_rl_phase, build_sft_phase, evaluate_policy
from agents.building.policies import LoadedPolicy, check_context, load_policy
from agents.building.tasks import used_tasks, with_tasks

__all__ = [
    "LoadedPolicy",
    "build_engine",
    "build_rl_phase",
    "build_sft_phase",
    "check_context",
    "check_engines",
    "check_other_models",
    "check_parts",
    "evaluate_policy",
    "load_policy",
    "make_env",
    "used_tasks",
    "with_tasks",
]
