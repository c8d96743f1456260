"""The client against vLLM itself, where the environment variable REWARD_MODELS_VLLM names its executable."""

from __future__ import annotations

import math
import os
import socket
import subprocess
import time
from collections.abc import Iterator

import httpx
import pytest
import torch
from areas import needs
from tiny_backbones import tokenizer
from transformers import Qwen3Config, Qwen3ForSequenceClassification

from reward_models import HttpRewardModel
from reward_models.http import render_dialogue
from reward_models.models.transformer import TransformerScorer

VLLM = os.environ.get("REWARD_MODELS_VLLM")
pytestmark = [
    pytest.mark.slow,
    needs("vllm"),
]
PROMPTS, TEXTS = ["Why?", "What is the capital of France?", "Hi", "q" * 10], ["Because.", "Paris.", "", "x" * 900]


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory) -> str:
    folder = tmp_path_factory.mktemp("vllm")
    torch.manual_seed(0)
    config = Qwen3Config(
        vocab_size=320,
        hidden_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=2,
        head_dim=32,
        intermediate_size=128,
        max_position_embeddings=1024,
        initializer_range=0.2,
        num_labels=1,
        pad_token_id=0,
        eos_token_id=1,
    )
    Qwen3ForSequenceClassification(config).save_pretrained(folder)
    tokenizer().save_pretrained(folder)
    return str(folder)


@pytest.fixture(scope="module")
def url(checkpoint: str) -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    options = ["--runner", "pooling", "--dtype", "float32", "--enforce-eager", "--port", str(port)]
    environment = {**os.environ, "VLLM_CPU_KVCACHE_SPACE": "1"}
    server = subprocess.Popen(
        [str(VLLM), "serve", checkpoint, *options],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        for _ in range(240):
            try:
                httpx.get(f"http://127.0.0.1:{port}/health").raise_for_status()
                break
            except httpx.HTTPError:
                assert server.poll() is None, "vllm ended before it was ready"
                time.sleep(1)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait()


@pytest.mark.parametrize("dialect", ["classify", "pooling"])
def test_vllm_gives_the_scores_of_the_same_model_in_this_process(url: str, checkpoint: str, dialect: str) -> None:
    model = HttpRewardModel(url, dialect, checkpoint, render=lambda *texts: render_dialogue(*texts) + "<eos>")
    here = TransformerScorer.from_pretrained(checkpoint).raw_scores(PROMPTS, TEXTS).values
    assert model.score(PROMPTS, TEXTS) == pytest.approx(here, abs=1e-4)


@pytest.mark.parametrize("dialect", ["classify", "pooling", "score", "score_pairs"])
def test_input_that_vllm_refuses_fails_alone(url: str, checkpoint: str, dialect: str) -> None:
    scores = HttpRewardModel(url, dialect, checkpoint).score([*PROMPTS, "long"], [*TEXTS, "y" * 2000])
    assert [math.isnan(score) for score in scores] == [False] * 4 + [True]
