"""Evaluations of a checkpoint behind the servers of others: the same greedy answers as from its folder."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import pytest
from areas import needs, transformers_executable
from openai_server import save_chat_policy

from reasonenv.evaluation.command.endpoint import Endpoint
from reasonenv.evaluation.command.policy import load_checkpoint
from reasonenv.evaluation.command.running import Plan, ask, scored
from reasonenv.evaluation.samples import Sample

pytestmark = pytest.mark.slow
VLLM = os.environ.get("REWARD_MODELS_VLLM")
CONTEXT = 256


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("servers") / "policy"
    save_chat_policy(path)
    return path


@contextmanager
def started(command: Sequence[str], environment: Mapping[str, str], folder: Path, port: int) -> Iterator[str]:
    """Start a server, wait until it is healthy, and end it with all its processes."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    with (folder / "server.log").open("w") as log:
        server = subprocess.Popen(command, env={**kept, **environment}, stdout=log, stderr=log, start_new_session=True)
    try:
        for _ in range(240):
            try:
                httpx.get(f"http://127.0.0.1:{port}/health").raise_for_status()
                break
            except httpx.HTTPError:
                assert server.poll() is None, (folder / "server.log").read_text()[-3000:]
                time.sleep(0.5)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        with suppress(ProcessLookupError):  # it ended by itself
            os.killpg(server.pid, signal.SIGTERM)
        server.wait()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="module")
def transformers_url(folder: Path, tmp_path_factory) -> Iterator[str]:
    home, port = tmp_path_factory.mktemp("hub"), free_port()
    (home / "hub").mkdir()
    options = ["--host", "127.0.0.1", "--port", str(port), "--device", "cpu", "--dtype", "float32"]
    environment = {"HF_HOME": str(home), "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"}
    command = [str(transformers_executable()), "serve", str(folder), *options]
    with started(command, environment, home, port) as url:
        yield url


@pytest.fixture(scope="module")
def vllm_url(folder: Path, tmp_path_factory) -> Iterator[str]:
    home, port = tmp_path_factory.mktemp("vllm"), free_port()
    options = {
        "--host": "127.0.0.1",
        "--port": str(port),
        "--dtype": "float32",
        "--max-model-len": str(CONTEXT),
        "--block-size": "32",
        "--kv-cache-memory-bytes": "64M",
        "--generation-config": "vllm",
    }
    words = [word for pair in options.items() for word in pair]
    environment = {"HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1", "VLLM_NO_USAGE_STATS": "1"}
    module = ["-m", "vllm.entrypoints.openai.api_server"]  # builds for CPU come without the program's own metadata
    command = [str(Path(str(VLLM)).with_name("python")), *module, "--model", str(folder), "--enforce-eager", *words]
    with started(command, environment, home, port) as url:
        yield url


def whole_text(sample: Sample) -> str:
    """Return the response without bytes at its end that are no character yet, which vLLM keeps back."""
    return sample.response.rstrip("\ufffd")


def check_same(url: str, folder: Path, completions: bool, place: Path) -> None:
    plan = Plan.of("chain_arithmetic", num_tasks=8, template="plain", temperature=0.0, max_tokens=48)
    served = Endpoint(base_url=url, model=str(folder), completions=completions, timeout_seconds=120)
    checkpoint = load_checkpoint(str(folder), completions=completions)
    there = scored(plan, ask(plan, served, place / "server.jsonl", lambda done, total: None))
    here = scored(plan, ask(plan, checkpoint, place / "folder.jsonl", lambda done, total: None))
    assert list(map(whole_text, there)) == list(map(whole_text, here))
    ended = [sample for sample in here if sample.response_tokens != plan.sampling.max_tokens]
    reasons = {sample.key: sample.finish_reason for sample in there}  # servers differ in what the last token in time is
    assert {reasons[sample.key] for sample in ended} <= {"stop"}
    assert [sample.response_tokens for sample in there] == [sample.response_tokens for sample in here]
    assert len({sample.response for sample in here}) > 4


@needs("transformers serve")
@pytest.mark.parametrize("completions", [False, True])
def test_greedy_answers_behind_transformers_serve_are_those_of_the_folder(
    transformers_url: str, folder: Path, completions: bool, tmp_path: Path
) -> None:
    check_same(transformers_url, folder, completions, tmp_path)


@needs("vllm")
@pytest.mark.parametrize("completions", [False, True])
def test_greedy_answers_behind_vllm_are_those_of_the_folder(
    vllm_url: str, folder: Path, completions: bool, tmp_path: Path
) -> None:
    check_same(vllm_url, folder, completions, tmp_path)
