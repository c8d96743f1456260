"""Evaluation: pure functions of saved samples, from accuracy with its uncertainty to how responses are written."""

from reasonenv.evaluation.accuracy import pass_at_k
from reasonenv.evaluation.intervals import wilson_interval
from reasonenv.evaluation.samples import Sample, read_samples, score_samples, write_samples

__all__ = ["Sample", "pass_at_k", "read_samples", "score_samples", "wilson_interval", "write_samples"]
