"""Responses of a checkpoint to tasks, with any rollout engine: for evaluations, and for data made by a policy."""

from agents.sampling.checkpoint import CheckpointPolicy
from agents.sampling.hashes import checkpoint_hash
from agents.sampling.responses import SampledResponse, sample_responses

__all__ = ["CheckpointPolicy", "SampledResponse", "checkpoint_hash", "sample_responses"]
