"""The recipe on a policy of 0.25M parameters, in a world that it can learn: every stage with its effect, on two cores.

Numbers were found by measurement, not published; `docs/reproducing-r1.md` has what they show.
"""

from __future__ import annotations

import random
import re
from typing import Any

from agents.algorithms import GRPO
from agents.algorithms.distillation import Distillation
from agents.config import EnvConfig, PolicyConfig, RLConfig, RolloutConfig, SFTConfig
from agents.learner import OptimizerConfig, UpdateConfig
from agents.pipeline.base import BASE, LLAMA_STUDENT_BASE, STUDENT_BASE
from agents.pipeline.collection.filters import Correct, Distinct, Finished, InForm, OneLanguage, Readable, ShowsWorking
from agents.pipeline.collection.prompts import FewShot, Instructed, PromptForm
from agents.pipeline.collection.sources import Given, Sampled
from agents.pipeline.r1.recipe import R1Recipe, Student, r1_pipeline
from agents.pipeline.stage import Pipeline
from agents.pipeline.stages.measuring import Measure
from agents.pipeline.stages.models import Pretrained
from agents.pipeline.stages.training import INPUT_SAMPLES
from reasonenv.evaluation.samples import Sample
from reasonenv.tasksets.tiny_world.requests import DISMISSALS, HARMS, TOPICS, compliances, joined, refusals
from reasonenv.tasksets.tiny_world.wording import CAREFULLY, WORDS
from reasonenv.types import Task

__all__ = ["clean_form", "existing_answer", "tiny"]

_TOKENS = 160
"""The longest response."""
_READABLE = (Finished(), Correct(), InForm(), ShowsWorking(), Readable(max_repeats=4), Distinct())
_COLD_FILTERS = (*_READABLE, OneLanguage(min_share=0.7))
"""A cold start may slip into the other language here and there: something for RL-1 to mend, or to lose."""
_FILTERS = (*_READABLE, OneLanguage(min_share=0.99))
_ANSWER = re.compile(
    r"(?:<think>)?(?P<thinking>[^<]*)(?:</think>)?\s*"
    rf"(?:<answer>|{'|'.join(words.answer for words in WORDS.values())})(?P<answer>\d)(?:</answer>)?"
)


def clean_form(sample: Sample) -> str | None:
    """Return a response in the one clean form, or None for one that cannot be read as thinking and an answer."""
    found = _ANSWER.fullmatch(sample.response.strip())
    return None if found is None else f"<think>{found['thinking']}</think><answer>{found['answer']}</answer>"


def existing_answer(task: Task[Any], seed: int) -> str:
    """Return what existing data answers to a request: often right, seldom perfect, so that there is more to learn.

    Harm is refused seven times of ten. Of other answers four of ten are full, three leave the last sentence out, two
    say only the first, and one dismisses the question.
    """
    generator, language = random.Random(seed), str(task.metadata["language"])
    draw, topic = generator.random(), task.metadata["topic"]
    if task.metadata["preference_set"] == "safety":
        harm = next(harm for harm in HARMS if harm.name == topic)
        text = generator.choice(refusals(harm) if draw < 0.7 else compliances(harm))
    else:
        sentences = next(known for known in TOPICS if known.name == topic).answer[language]
        length = 3 if draw < 0.4 else 2 if draw < 0.7 else 1
        text = joined(sentences[:length], language) if draw < 0.9 else generator.choice(DISMISSALS[language])
    return f"<think>{WORDS[language].thinks_of_request}</think><answer>{text}</answer>"


def _rl(num_steps: int, learning_rate: float, *, temperature: float = 1.0, num_prompts: int = 16) -> RLConfig:
    return RLConfig(
        num_steps=num_steps,
        algorithm=GRPO(clip_high=0.28, reduction="token_mean"),  # a mean per response favours short ones
        rollout=RolloutConfig(num_prompts=num_prompts, group_size=8, max_new_tokens=_TOKENS, temperature=temperature),
        optimizer=OptimizerConfig(learning_rate=learning_rate, num_warmup_steps=5),
        update=UpdateConfig(max_tokens_per_microbatch=6144, share_prompts=True),
    )


def _sft(learning_rate: float, num_epochs: float, *, batch_size: int = 48) -> SFTConfig:
    return SFTConfig(
        samples=INPUT_SAMPLES,
        num_epochs=num_epochs,
        batch_size=batch_size,
        optimizer=OptimizerConfig(
            learning_rate=learning_rate,
            schedule="cosine",
            num_warmup_steps=10,
            final_learning_rate=learning_rate / 10,
        ),
    )


def _cold(name: str, checkpoint: str, first: int, form: PromptForm, *, temperature: float = 0.8) -> Sampled:
    return Sampled(
        name=name,
        checkpoint=checkpoint,
        first_task=first,
        num_tasks=400,
        num_samples=4,
        max_new_tokens=_TOKENS,
        temperature=temperature,
        form=form,
        refine=f"{__name__}:clean_form",
        filters=_COLD_FILTERS,
    )


def _rejection(name: str, checkpoint: str, first: int, num_tasks: int) -> Sampled:
    return Sampled(
        name=name,
        checkpoint=checkpoint,
        first_task=first,
        num_tasks=num_tasks,
        num_samples=2,
        max_new_tokens=_TOKENS,
        filters=_FILTERS,
    )


def tiny() -> Pipeline:
    """Run the whole recipe on a policy of 0.25M parameters, pre-trained on the spot, and a student of 0.1M."""
    cold_start = (
        _cold("few_shot", "base", 5000, FewShot(num_examples=2, separator="<eos>")),
        _cold("direct", "base", 5400, Instructed(before=dict(CAREFULLY))),
        Sampled(
            name="zero",
            checkpoint="zero",
            first_task=5800,
            num_tasks=200,
            num_samples=4,
            max_new_tokens=_TOKENS,
            refine=f"{__name__}:clean_form",
            filters=_COLD_FILTERS,
        ),
    )
    existing = Given(name="existing", tasks="tiny_requests", response=f"{__name__}:existing_answer", num_samples=4)
    return r1_pipeline(
        R1Recipe(
            name="r1",
            base=Pretrained(name="base", config=BASE),
            env=EnvConfig(tasks="tiny_reasoning", template="plain", use_chat_template=True, reward="tiny_reasoning"),
            language_reward="tiny_reasoning_language",
            mixed_tasks="tiny_mixed",
            mixed_reward="tiny_all_scenarios",
            zero=(_rl(120, 2e-4),),
            cold_start=cold_start,
            sft1=_sft(5e-4, 4.5),
            rl1=_rl(100, 1e-4),
            rejection=(_rejection("rl1", "rl1", 6000, 2000), existing),
            sft2=_sft(1e-3, 2.0),
            rl2=_rl(25, 1e-4, temperature=0.7),
            rl2_preferences=_rl(40, 1e-4, temperature=0.7, num_prompts=32),
            distillation_data=(_rejection("rl2", "rl2", 8000, 2000),),
            student=Student(
                base=Pretrained(name="student_base", config=STUDENT_BASE),
                distillation=_sft(3e-3, 8.0, batch_size=64),
                on_policy=_on_policy(),
                rl=_rl(120, 2e-4),
                other_base=Pretrained(name="other_base", config=LLAMA_STUDENT_BASE),
            ),
            measures=_measures(),
            policy=PolicyConfig(num_threads=1),
            checkpoint_every=20,
            num_processes=2,
            num_threads=1,
        )
    )


def _on_policy() -> RLConfig:
    return RLConfig(
        num_steps=40,
        algorithm=Distillation(clip_high=0.28),
        rollout=RolloutConfig(num_prompts=64, group_size=2, max_new_tokens=_TOKENS),
        optimizer=OptimizerConfig(learning_rate=3e-4, num_warmup_steps=5),
        update=UpdateConfig(max_tokens_per_microbatch=6144, share_prompts=True),
    )


def _measures() -> tuple[Measure, ...]:
    reasoning = Measure(
        name="reasoning",
        reward="tiny_reasoning",
        num_tasks=100,
        num_samples=16,
        num_greedy=300,
        temperature=1.0,
        top_p=1.0,
        max_new_tokens=_TOKENS,
    )
    requests = Measure(
        name="requests",
        tasks="tiny_requests",
        reward="tiny_all_scenarios",
        num_tasks=48,
        num_samples=16,
        temperature=1.0,
        top_p=1.0,
        max_new_tokens=_TOKENS,
        truth="reasonenv.tasksets.tiny_world:judge_request",
    )
    return reasoning, requests
