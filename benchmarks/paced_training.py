"""The trainers that `bench_vs_trl.py` compares, each in a process of its own that waits for its turns.

Everything that decides what is learned (policy, tasks and their order, reward, batch, budget, loss, learning rate,
evaluator) is read from one `RunConfig`, so that the two sides stay alike. They differ in how they compute: ours shares
the prompt of a group, computes responses of similar length together and keeps the memory of freed tensors, TRL runs as
it comes. Both take all rows of a step at once.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Literal

from agents.algorithms.grpo import GRPO
from agents.config import EvaluationConfig, RolloutConfig, RunConfig
from agents.learner import UpdateConfig
from agents.recipes.quickstart import quickstart

__all__ = ["TRAINERS", "Comparison", "make_checkpoint", "train_ours", "train_trl"]


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """What both sides do, and how it is measured."""

    policy: Literal["quickstart", "mixture", "vocabulary"] = "quickstart"
    """The policy after the quickstart recipe's cold start; or one of random weights."""
    num_steps: int = 60
    """Optimizer steps of each trainer."""
    block: int = 5
    """Steps that a trainer takes before the next one has the machine; divides `num_steps`."""
    num_prompts: int = 16
    group_size: int = 8
    max_new_tokens: int = 48
    num_threads: int = 1
    evaluate_every: int = 2
    """Steps between evaluations, whose time does not count."""
    num_evaluation_tasks: int = 300

    def __post_init__(self) -> None:
        if self.num_steps % self.block:
            raise ValueError(f"block={self.block} must divide num_steps={self.num_steps}.")

    def run_config(self, checkpoint: Path, *, seed: int, skip_zero_gradient_rows: bool) -> RunConfig:
        """The quickstart recipe's reinforcement learning with this batch, from this checkpoint, one update a batch."""
        recipe = quickstart("grpo")
        (rl,) = recipe.rl_phases
        assert isinstance(rl.algorithm, GRPO)
        rl = replace(
            rl,
            start="previous",
            num_steps=self.num_steps,
            algorithm=replace(rl.algorithm, kl_coef=0.0, scale="group", reduction="sequence_mean"),
            rollout=RolloutConfig(
                num_prompts=self.num_prompts, group_size=self.group_size, max_new_tokens=self.max_new_tokens
            ),
            update=UpdateConfig(skip_zero_gradient_rows=skip_zero_gradient_rows, share_prompts=True),
        )
        return replace(
            recipe,
            seed=seed,
            policy=replace(recipe.policy, path=str(checkpoint), num_threads=self.num_threads),
            phases=(rl,),
            evaluation=EvaluationConfig(num_tasks=self.num_evaluation_tasks, max_new_tokens=self.max_new_tokens),
        )


@dataclass
class Clock:
    """Times every step in full, and evaluates and waits for the parent where no time is counted."""

    connection: Connection
    comparison: Comparison
    evaluate: Callable[[], float]
    """Greedy accuracy of the policy as it is."""
    step_seconds: list[float] = field(default_factory=list)
    step_cpu_seconds: list[float] = field(default_factory=list)
    """Processor time of the process: what a busy machine distorts less."""
    evaluations: list[tuple[int, float]] = field(default_factory=list)
    """(steps done, greedy accuracy)"""
    started: tuple[float, float] = (0.0, 0.0)

    def start(self) -> None:
        """Report readiness and wait for the first turn."""
        self.evaluations.append((0, self.evaluate()))
        self._wait()

    def step_done(self) -> None:
        """Note the time since the previous step's end."""
        wall, cpu = _now()
        self.step_seconds.append(wall - self.started[0])
        self.step_cpu_seconds.append(cpu - self.started[1])
        num_done = len(self.step_seconds)
        if num_done % self.comparison.evaluate_every == 0:
            self.evaluations.append((num_done, self.evaluate()))
        if num_done % self.comparison.block == 0:
            self._wait()
        self.started = _now()

    def _wait(self) -> None:
        self.connection.send("my turn is over")
        self.connection.recv()
        self.started = _now()

    def report(self) -> dict[str, Any]:
        """Return everything that was measured."""
        return {
            "step_seconds": self.step_seconds,
            "step_cpu_seconds": self.step_cpu_seconds,
            "evaluations": self.evaluations,
        }


def _now() -> tuple[float, float]:
    return time.perf_counter(), time.process_time()


def make_checkpoint(comparison: Comparison, folder: Path, *, seed: int) -> Path:
    """Make the policy that RL starts from and return its folder."""
    if comparison.policy != "quickstart":
        return _random_policy(comparison, folder, seed=seed)
    from rich.console import Console

    from agents.train import train

    recipe = quickstart("grpo")
    config = replace(
        recipe,
        name=f"cold-start-{seed}",
        seed=seed,
        output_dir=folder,
        policy=replace(recipe.policy, num_threads=comparison.num_threads),
        phases=recipe.training_phases[:2],
    )
    train(config, console=Console(quiet=True))
    return config.folder / "checkpoint"


def _random_policy(comparison: Comparison, folder: Path, *, seed: int) -> Path:
    """Return a policy of random weights. Its experts have no balancing loss, which TRL's GRPO does not add."""
    import torch
    from transformers import Qwen3Config, Qwen3ForCausalLM, Qwen3MoeConfig, Qwen3MoeForCausalLM

    from agents.policies.tiny import build_tiny_tokenizer

    tokenizer = build_tiny_tokenizer()
    sizes: dict[str, Any] = {
        "hidden_size": 64,
        "intermediate_size": 256,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "num_key_value_heads": 2,
        "head_dim": 32,
        "pad_token_id": tokenizer.pad_token_id,
        "eos_token_id": tokenizer.eos_token_id,
    }
    experts: dict[str, Any] = {"num_experts": 8, "num_experts_per_tok": 2, "moe_intermediate_size": 64}
    torch.manual_seed(seed)
    if comparison.policy == "mixture":
        config = Qwen3MoeConfig(vocab_size=len(tokenizer), router_aux_loss_coef=0.0, **sizes, **experts)
        model: Any = Qwen3MoeForCausalLM(config)
    else:
        model = Qwen3ForCausalLM(Qwen3Config(vocab_size=151_936, tie_word_embeddings=True, **sizes))
    for part in (model, tokenizer):
        part.save_pretrained(folder / comparison.policy)
    return folder / comparison.policy


def train_ours(
    connection: Connection,
    comparison: Comparison,
    checkpoint: Path,
    folder: Path,
    seed: int,
    *,
    skip_zero_gradient_rows: bool,
) -> None:
    """Run the library's own steps, with every trajectory and every metric written to disk as `agents.train` does."""

    from agents.building import build_rl_phase, evaluate_policy, load_policy
    from agents.building.processor import prepare_processor
    from agents.records.logs import JsonLines
    from agents.rollout.metrics import rollout_rows

    config = comparison.run_config(checkpoint, seed=seed, skip_zero_gradient_rows=skip_zero_gradient_rows)
    prepare_processor(config.policy)
    policy = load_policy(config.policy, config.env, path=str(checkpoint), seed=seed)
    metrics, rollouts = JsonLines(folder / "metrics.jsonl"), JsonLines(folder / "rollouts.jsonl")

    def record(step: int, trajectories: list[Any]) -> None:
        for row in rollout_rows(step, trajectories):
            rollouts.write(row)

    phase = build_rl_phase(config, config.rl_phases[0], policy, record)
    clock = Clock(connection, comparison, lambda: evaluate_policy(config, policy).greedy.rate)
    clock.start()
    for step in range(comparison.num_steps):
        metrics.write(phase.step(step))
        clock.step_done()
    generation = {} if skip_zero_gradient_rows else {"generation": compare_generation(comparison, policy)}
    connection.send(clock.report() | generation)


def compare_generation(comparison: Comparison, policy: Any, num_rounds: int = 11) -> dict[str, list[float]]:
    """Return tokens per second of bare HF `generate` and of our decode engine, in alternate rounds.

    A token counts up to the end of its response. Ours returns log-probabilities as well; `generate` does not.
    """
    from agents.building import build_engine
    from agents.rollout.engine import SamplingParams
    from reasonenv.tasksets import load_tasks

    tasks, engine = load_tasks("chain_arithmetic", split="test"), build_engine(policy, "decode")
    texts = [tasks[index].prompt for index in range(comparison.num_prompts)]
    prompts = [policy.codec.encode(text) for text in texts]
    inputs = policy.codec.tokenizer(texts, return_tensors="pt", padding=True, padding_side="left")
    options = {"do_sample": True, "top_k": 0, "num_return_sequences": comparison.group_size}
    params = SamplingParams(max_new_tokens=comparison.max_new_tokens, stop_token_ids=(policy.codec.eos_token_id,))

    def hf() -> int:
        rows = policy.model.generate(**inputs, **options, max_new_tokens=comparison.max_new_tokens)
        is_end = (rows[:, inputs["input_ids"].shape[1] :] == policy.codec.eos_token_id).long()
        return int((is_end.cumsum(dim=1) - is_end == 0).sum())

    def decode() -> int:
        groups = engine.generate(prompts, params, num_samples=comparison.group_size)
        return sum(len(completion.token_ids) for group in groups for completion in group)

    rates: dict[str, list[float]] = {"hf": [], "decode": []}
    for _ in range(num_rounds):
        for name, generate in (("hf", hf), ("decode", decode)):
            started = time.perf_counter()
            num_tokens = generate()
            rates[name].append(num_tokens / (time.perf_counter() - started))
    return rates


def train_trl(connection: Connection, comparison: Comparison, checkpoint: Path, folder: Path, seed: int) -> None:
    """Run TRL's GRPOTrainer on the same configuration, with all that it could do beside training switched off."""
    import torch
    from transformers import PrinterCallback, TrainerCallback
    from trl import GRPOTrainer

    from agents.building import evaluate_policy, load_policy

    torch.set_num_threads(comparison.num_threads)
    config = comparison.run_config(checkpoint, seed=seed, skip_zero_gradient_rows=False)
    policy = load_policy(config.policy, config.env, path=str(checkpoint), seed=seed)
    clock = Clock(connection, comparison, lambda: evaluate_policy(config, policy).greedy.rate)

    class Timing(TrainerCallback):
        def on_step_end(self, *arguments: Any, **named: Any) -> None:
            del arguments, named
            clock.step_done()

    dataset, reward = trl_tasks_and_reward(config)
    trainer = GRPOTrainer(
        model=policy.model,
        reward_funcs=reward,
        args=trl_arguments(config, folder),
        train_dataset=dataset,
        processing_class=policy.codec.tokenizer,
        optimizers=trl_optimizer(config, policy.model),
        callbacks=[Timing()],
    )
    trainer.remove_callback(PrinterCallback)
    clock.start()
    trainer.train()
    connection.send(clock.report())


def trl_tasks_and_reward(config: RunConfig) -> tuple[Any, Callable[..., list[float]]]:
    """Return the tasks of all steps in our order as a dataset, and the environment's reward under TRL's signature."""
    from datasets import Dataset

    from agents.building import make_env
    from agents.seeds import indices_of_step
    from reasonenv.types import Attempt

    (rl,) = config.rl_phases
    env = make_env(config.training_env(rl), split="train", num_groups=1, group_size=1)
    tasks, reward, template = env.tasks, env.reward, env.envs[0].template
    num_prompts = rl.rollout.num_prompts
    stream = [
        index
        for step in range(rl.num_steps)
        for index in indices_of_step(step, num_prompts, len(tasks), seed=config.seed)
    ]

    known = {index: tasks[index] for index in stream}

    def reasonenv_reward(completions: list[str], task_index: list[int], **columns: Any) -> list[float]:
        del columns
        pairs = zip(task_index, completions, strict=True)
        attempts = [Attempt(task=known[index], response=completion) for index, completion in pairs]
        return [breakdown.total for breakdown in reward.score(attempts)]

    rows = [{"prompt": template.text(known[index]), "task_index": index} for index in stream]
    return Dataset.from_list(rows), reasonenv_reward


def trl_optimizer(config: RunConfig, model: Any) -> tuple[Any, Any]:
    """Return fused AdamW with our learning-rate schedule; TRL's own warm-up starts one step later."""
    import torch

    from agents.learner import learning_rate

    (rl,) = config.rl_phases
    settings, num_steps = rl.optimizer, rl.num_steps
    optimizer = torch.optim.AdamW(
        model.parameters(),
        lr=settings.learning_rate,
        betas=settings.betas,
        weight_decay=settings.weight_decay,
        fused=True,
    )

    def share(step: int) -> float:
        return learning_rate(settings, step, num_steps) / settings.learning_rate

    return optimizer, torch.optim.lr_scheduler.LambdaLR(optimizer, share)


def trl_arguments(config: RunConfig, folder: Path) -> Any:
    """Return `GRPOConfig` for one generation and update a step, in fp32, with our loss, nothing logged or saved."""
    from trl.trainer.grpo_config import GRPOConfig

    (rl,) = config.rl_phases
    algorithm, rollout = rl.algorithm, rl.rollout
    assert isinstance(algorithm, GRPO)
    return GRPOConfig(
        output_dir=str(folder),
        max_steps=rl.num_steps,
        per_device_train_batch_size=rollout.num_prompts * rollout.group_size,
        gradient_accumulation_steps=1,
        steps_per_generation=1,
        num_iterations=1,
        num_generations=rollout.group_size,
        max_completion_length=rollout.max_new_tokens,
        temperature=rollout.temperature,
        top_p=rollout.top_p,
        top_k=0,
        shuffle_dataset=False,
        beta=0.0,
        epsilon=algorithm.clip_low,
        epsilon_high=algorithm.clip_high,
        loss_type="grpo",
        scale_rewards="group",
        max_grad_norm=rl.optimizer.max_grad_norm,
        seed=config.seed,
        use_cpu=True,
        bf16=False,
        gradient_checkpointing=False,
        disable_dropout=True,
        dataloader_num_workers=0,
        dataloader_pin_memory=False,
        logging_strategy="no",
        logging_nan_inf_filter=False,
        save_strategy="no",
        eval_strategy="no",
        report_to="none",
        disable_tqdm=True,
    )


TRAINERS: dict[str, tuple[Callable[..., None], dict[str, Any]]] = {
    "trl": (train_trl, {}),
    "ours": (train_ours, {"skip_zero_gradient_rows": False}),
    "ours_skipping": (train_ours, {"skip_zero_gradient_rows": True}),
}
"""Name -> a function of (connection, comparison, checkpoint, folder, seed) and its keyword arguments."""
