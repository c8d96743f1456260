"""The kinds of stages: a model to start from, training, collecting samples, measuring, the table over all."""

from agents.pipeline.stages.collecting import Collecting
from agents.pipeline.stages.models import GivenModel, Pretrained
from agents.pipeline.stages.training import Training

__all__ = ["Collecting", "GivenModel", "Pretrained", "Training"]
