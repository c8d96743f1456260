"""Reward models over HTTP, both ways: a client for servers of others, and a server of our models."""

from reward_models.base import render_dialogue
from reward_models.http.client import DIALECTS, Dialect, HttpRewardModel

__all__ = ["DIALECTS", "Dialect", "HttpRewardModel", "render_dialogue"]
