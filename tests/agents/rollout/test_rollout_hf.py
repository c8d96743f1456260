import pytest
import torch
from transformers import GenerationConfig

from agents.policies.tiny import build_tiny_policy
from agents.rollout import ENGINES
from agents.rollout.engine import Completion, SamplingParams
from agents.rollout.hf import HFGenerateEngine
from reasonenv.errors import UnknownNameError
from reasonenv.tables import resolve

PROMPTS = [(40, 41, 42, 43), (50,), (60, 61)]
STOPS = (7, 8, 9, *range(100, 140))


@pytest.fixture(scope="module")
def engine() -> HFGenerateEngine:
    model, tokenizer = build_tiny_policy(seed=0)
    return HFGenerateEngine(model, tokenizer.pad_token_id)


def flat(groups: list[list[Completion]]) -> list[Completion]:
    return [completion for group in groups for completion in group]


def test_logprobs_are_those_of_a_full_forward_pass_at_the_temperature(engine: HFGenerateEngine):
    params = SamplingParams(max_new_tokens=8, temperature=0.6, top_p=0.8, stop_token_ids=STOPS)
    for prompt, group in zip(PROMPTS, engine.generate(PROMPTS, params, num_samples=3), strict=True):
        for completion in group:
            with torch.no_grad():
                logits = engine.model(torch.tensor([prompt + completion.token_ids])).logits[0, len(prompt) - 1 : -1]
            expected = (logits / 0.6).log_softmax(-1).gather(1, torch.tensor(completion.token_ids)[:, None])[:, 0]
            assert completion.logprobs == pytest.approx(expected.tolist(), abs=1e-5)


def test_greedy_logprobs_are_those_at_temperature_1(engine: HFGenerateEngine):
    completion = engine.generate(PROMPTS[:1], SamplingParams(max_new_tokens=1, temperature=0.0))[0][0]
    with torch.no_grad():
        expected = engine.model(torch.tensor(PROMPTS[:1])).logits[0, -1].log_softmax(-1)
    assert completion.token_ids[0] == expected.argmax().item()
    assert completion.logprobs[0] == pytest.approx(expected.max().item(), abs=1e-6)


def test_completions_end_with_their_first_stop_token_or_at_the_budget(engine: HFGenerateEngine):
    completions = flat(engine.generate(PROMPTS, SamplingParams(max_new_tokens=8, stop_token_ids=STOPS), num_samples=9))
    assert {completion.finish_reason for completion in completions} == {"stop", "length"}
    for completion in completions:
        assert not set(completion.token_ids[:-1]) & set(STOPS)
        assert (completion.token_ids[-1] in STOPS) == (completion.finish_reason == "stop")
        assert completion.finish_reason == "stop" or len(completion.token_ids) == 8


def test_results_are_grouped_by_prompt_in_order(engine: HFGenerateEngine):
    params = SamplingParams(max_new_tokens=4, temperature=0.0)
    groups = engine.generate(PROMPTS, params, num_samples=2)
    alone = [engine.generate([prompt], params)[0][0].token_ids for prompt in PROMPTS]
    assert [[completion.token_ids for completion in group] for group in groups] == [[ids, ids] for ids in alone]


def test_same_seed_gives_the_same_completions_and_leaves_the_global_generator_alone(engine: HFGenerateEngine):
    before = torch.get_rng_state()
    first, second, other = (
        engine.generate(PROMPTS, SamplingParams(max_new_tokens=8, seed=seed), num_samples=2) for seed in (1, 1, 2)
    )
    assert first == second != other
    assert torch.equal(torch.get_rng_state(), before)


def test_generation_defaults_of_the_model_are_set_aside_and_put_back():
    model, tokenizer = build_tiny_policy(seed=0)
    engine = HFGenerateEngine(model, tokenizer.pad_token_id)
    params = SamplingParams(max_new_tokens=12, seed=1)
    expected = engine.generate(PROMPTS, params)
    theirs = GenerationConfig(top_k=1, repetition_penalty=3.0, eos_token_id=expected[0][0].token_ids[0])
    model.generation_config = theirs
    assert engine.generate(PROMPTS, params) == expected
    assert model.generation_config is theirs


def test_padding_by_a_stop_token_is_no_part_of_a_completion_that_ended_before_others():
    model, _ = build_tiny_policy(seed=0)
    engine = HFGenerateEngine(model, pad_token_id=STOPS[0])
    completions = flat(engine.generate(PROMPTS, SamplingParams(max_new_tokens=8, stop_token_ids=STOPS), num_samples=9))
    assert len({len(completion.token_ids) for completion in completions}) > 2
    assert not any(set(completion.token_ids[:-1]) & set(STOPS) for completion in completions)


@pytest.mark.parametrize("name", ENGINES)
def test_generation_ends_when_every_sample_has_met_one_of_the_stop_tokens(name: str):
    model, tokenizer = build_tiny_policy(seed=0)
    calls = list[int]()
    engine = resolve(ENGINES, name, kind="engine")(model, tokenizer.pad_token_id)
    model.register_forward_hook(lambda *_: calls.append(1))
    params = SamplingParams(max_new_tokens=8, stop_token_ids=tuple(range(model.config.vocab_size)))
    completions = flat(engine.generate(PROMPTS, params, num_samples=3))
    assert {len(completion.token_ids) for completion in completions} == {1}
    assert len(calls) == 1


def test_unlikely_tokens_are_sampled_too(engine: HFGenerateEngine):
    params = SamplingParams(max_new_tokens=1, temperature=1000.0)
    (completions,) = engine.generate(PROMPTS[:1], params, num_samples=300)
    assert len({completion.token_ids for completion in completions}) > 100


def test_training_mode_is_restored():
    model, tokenizer = build_tiny_policy(seed=0)
    HFGenerateEngine(model.train(), tokenizer.pad_token_id).generate(PROMPTS, SamplingParams(max_new_tokens=2))
    assert all(module.training for module in model.modules())


def test_no_prompts_give_no_completions(engine: HFGenerateEngine):
    assert engine.generate([], SamplingParams(max_new_tokens=3)) == []


def test_an_empty_prompt_is_refused(engine: HFGenerateEngine):
    with pytest.raises(ValueError, match=r"prompts\[0\] is empty"):
        engine.generate([()], SamplingParams(max_new_tokens=3))


@pytest.mark.parametrize("name", ENGINES)
def test_every_in_process_engine_stamps_the_version_and_keeps_a_shared_module(name: str):
    model, tokenizer = build_tiny_policy(seed=0)
    engine = resolve(ENGINES, name, kind="engine")(model, tokenizer.pad_token_id)
    before = model.lm_head.weight.clone()
    engine.load_weights(model.named_parameters(), version=3)
    completions = flat(engine.generate(PROMPTS, SamplingParams(max_new_tokens=2)))
    assert {completion.weights_version for completion in completions} == {3}
    assert torch.equal(model.lm_head.weight, before)


@pytest.mark.parametrize("name", ENGINES)
def test_every_in_process_engine_copies_the_weights_of_another_module(name: str):
    (model, tokenizer), (other, _) = build_tiny_policy(seed=0), build_tiny_policy(seed=1)
    engine = resolve(ENGINES, name, kind="engine")(model, tokenizer.pad_token_id)
    engine.load_weights(other.state_dict().items(), version=1)
    assert all(torch.equal(weight, other.state_dict()[name]) for name, weight in model.state_dict().items())


@pytest.mark.parametrize("name", ENGINES)
def test_every_in_process_engine_refuses_weights_it_does_not_know(name: str):
    model, tokenizer = build_tiny_policy(seed=0)
    engine = resolve(ENGINES, name, kind="engine")(model, tokenizer.pad_token_id)
    with pytest.raises(UnknownNameError, match=r"Did you mean 'lm_head.weight'"):
        engine.load_weights([("lm_head.weights", torch.zeros(1))], version=1)
    assert engine.weights_version == 0


@pytest.mark.parametrize("name", ENGINES)
def test_every_engine_closes_more_than_once(name: str):
    model, tokenizer = build_tiny_policy(seed=0)
    engine = resolve(ENGINES, name, kind="engine")(model, tokenizer.pad_token_id)
    engine.close()
    engine.close()
