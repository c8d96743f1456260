import math

import numpy as np
import pytest
import torch
from transformers import AutoConfig, AutoModelForCausalLM, PreTrainedModel

from agents.errors import TrainingError
from agents.policies.tiny import build_tiny_policy
from agents.rollout.decode import DecodeEngine
from agents.rollout.engine import Completion, ReportsProgress, SamplingParams
from agents.rollout.hf import HFGenerateEngine

SMALL: dict[str, object] = {
    "vocab_size": 50,
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 8,
    "pad_token_id": 0,
    "bos_token_id": 1,
    "eos_token_id": 2,
}
EXPERTS = {"num_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 16}
HYBRID = ["sliding_attention", "full_attention", "sliding_attention"]
ARCHITECTURES: dict[str, tuple[str, dict[str, object]]] = {
    "qwen2": ("qwen2", {}),
    "qwen2_sliding": ("qwen2", {"use_sliding_window": True, "sliding_window": 5, "max_window_layers": 1}),
    "qwen3": ("qwen3", {}),
    "llama": ("llama", {}),
    "mistral": ("mistral", {"sliding_window": None}),
    "mistral_sliding": ("mistral", {"sliding_window": 5}),
    "gemma2": ("gemma2", {"sliding_window": 5, "query_pre_attn_scalar": 8}),
    "gemma3_text": ("gemma3_text", {"sliding_window": 5, "layer_types": HYBRID, "query_pre_attn_scalar": 8}),
    "phi3": ("phi3", {"sliding_window": 6}),
    "gpt2": ("gpt2", {"n_embd": 32, "n_layer": 3, "n_head": 4, "n_inner": 48, "n_positions": 64}),
    "qwen3_moe": ("qwen3_moe", EXPERTS),
    "mixtral": ("mixtral", {"num_local_experts": 4, "sliding_window": 5}),
    "olmoe": ("olmoe", {"num_experts": 4, "num_experts_per_tok": 2}),
    "gpt_oss": ("gpt_oss", {"num_local_experts": 4, "sliding_window": 5, "layer_types": HYBRID}),
    "deepseek_v3": (
        "deepseek_v3",
        {
            "kv_lora_rank": 8, "q_lora_rank": 8, "qk_rope_head_dim": 4, "qk_nope_head_dim": 8, "v_head_dim": 12,
            "num_key_value_heads": 4, "n_routed_experts": 4, "n_group": 1, "topk_group": 1, "num_experts_per_tok": 2,
            "moe_intermediate_size": 16, "first_k_dense_replace": 1, "head_dim": 4,
        },
    ),
    "cohere": ("cohere", {}),
    "granite": ("granite", {}),
}  # fmt: skip
PROMPTS = [(5, 6, 7, 8, 9, 10, 11, 12, 13), (14,), (15, 16, 17), (18, 19, 20, 21, 22, 23), (24, 25)]
STOPS = tuple(range(30, 34))


def tiny_model(name: str) -> PreTrainedModel:
    model_type, options = ARCHITECTURES[name]
    base = {
        key: value for key, value in SMALL.items() if model_type != "gpt2" or "size" not in key or key == "vocab_size"
    }
    config = AutoConfig.for_model(model_type, **{**base, **options})
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = AutoModelForCausalLM.from_config(config)
        for parameter in model.parameters():
            if parameter.dim() > 1:
                torch.nn.init.normal_(parameter, std=0.2)
    return model.eval()


def assert_same(ours: list[list[Completion]], reference: list[list[Completion]], atol: float = 1e-4) -> None:
    for group, reference_group in zip(ours, reference, strict=True):
        for completion, expected in zip(group, reference_group, strict=True):
            assert completion.token_ids == expected.token_ids
            assert completion.finish_reason == expected.finish_reason
            assert completion.logprobs == pytest.approx(expected.logprobs, abs=atol)


@pytest.fixture(scope="module")
def llama() -> PreTrainedModel:
    return tiny_model("llama")


@pytest.fixture
def engine(llama: PreTrainedModel) -> DecodeEngine:
    return DecodeEngine(llama, 0)


@pytest.mark.parametrize("max_rows", [2, 64])
@pytest.mark.parametrize("name", ARCHITECTURES)
def test_greedy_tokens_and_logprobs_equal_those_of_hf_generate(name: str, max_rows: int):
    model = tiny_model(name)
    params = SamplingParams(max_new_tokens=14, temperature=0.0, stop_token_ids=STOPS)
    ours = DecodeEngine(model, 0, max_rows=max_rows).generate(PROMPTS, params, num_samples=2)
    assert_same(ours, HFGenerateEngine(model, 0).generate(PROMPTS, params, num_samples=2))
    assert len({completion.token_ids for group in ours for completion in group}) > 1


@pytest.mark.parametrize("attention", ["sdpa", "eager"])
def test_both_attention_implementations_equal_hf_generate(attention: str):
    model = tiny_model("qwen2_sliding")
    model.set_attn_implementation(attention)
    params = SamplingParams(max_new_tokens=12, temperature=0.0, stop_token_ids=STOPS)
    ours = DecodeEngine(model, 0, max_rows=3).generate(PROMPTS, params, num_samples=2)
    assert_same(ours, HFGenerateEngine(model, 0).generate(PROMPTS, params, num_samples=2))


@pytest.mark.parametrize("name", ["llama", "gemma2", "gpt2", "qwen3_moe"])
def test_sampled_logprobs_are_those_of_a_full_forward_pass_at_the_temperature(name: str):
    model = tiny_model(name)
    params = SamplingParams(max_new_tokens=10, temperature=0.8, top_p=0.9, stop_token_ids=STOPS, seed=3)
    groups = DecodeEngine(model, 0, max_rows=4).generate(PROMPTS, params, num_samples=3)
    for prompt, group in zip(PROMPTS, groups, strict=True):
        for completion in group:
            ids = torch.tensor([prompt + completion.token_ids])
            with torch.no_grad():
                logprobs = (model(ids).logits[0, len(prompt) - 1 : -1] / 0.8).log_softmax(-1)
            expected = logprobs.gather(1, torch.tensor(completion.token_ids)[:, None])[:, 0]
            assert completion.logprobs == pytest.approx(expected.tolist(), abs=1e-4)


def test_samples_follow_the_distribution_of_the_policy(engine: DecodeEngine):
    prompt = PROMPTS[0]
    params = SamplingParams(max_new_tokens=1, seed=7)
    group = engine.generate([prompt], params, num_samples=20_000)[0]
    frequencies = torch.tensor([completion.token_ids[0] for completion in group]).bincount(minlength=50) / 20_000
    with torch.no_grad():
        expected = engine.model(torch.tensor([prompt])).logits[0, -1].softmax(-1)
    assert torch.allclose(frequencies, expected, atol=0.015)


def test_same_seed_gives_the_same_completions_and_another_seed_others(engine: DecodeEngine):
    first, second, other = (
        engine.generate(PROMPTS, SamplingParams(max_new_tokens=12, seed=seed), num_samples=3) for seed in (4, 4, 5)
    )
    assert first == second
    assert first != other


@pytest.mark.parametrize("top_p", [1.0, 0.7])
def test_number_of_rows_does_not_change_what_is_sampled(llama: PreTrainedModel, top_p: float):
    params = SamplingParams(max_new_tokens=15, stop_token_ids=STOPS, seed=9, top_p=top_p)
    reference = DecodeEngine(llama, 0, max_rows=100).generate(PROMPTS, params, num_samples=6)
    for max_rows in (1, 2, 5, 29, 30):
        assert_same(DecodeEngine(llama, 0, max_rows=max_rows).generate(PROMPTS, params, num_samples=6), reference)


def test_samples_of_one_prompt_differ(engine: DecodeEngine):
    group = engine.generate(PROMPTS[:1], SamplingParams(max_new_tokens=12), num_samples=8)[0]
    assert len({completion.token_ids for completion in group}) == 8


def test_sampling_neither_reads_nor_moves_the_global_generator(engine: DecodeEngine):
    params = SamplingParams(max_new_tokens=5)
    expected = engine.generate(PROMPTS, params)
    with torch.random.fork_rng():
        torch.manual_seed(123)
        before = torch.get_rng_state()
        assert engine.generate(PROMPTS, params) == expected
        assert torch.equal(torch.get_rng_state(), before)


def test_completions_end_with_their_first_stop_token_or_at_the_budget(engine: DecodeEngine):
    params = SamplingParams(max_new_tokens=15, stop_token_ids=STOPS)
    completions = [c for group in engine.generate(PROMPTS, params, num_samples=8) for c in group]
    assert {completion.finish_reason for completion in completions} == {"stop", "length"}
    for completion in completions:
        assert not set(completion.token_ids[:-1]) & set(STOPS)
        assert (completion.token_ids[-1] in STOPS) == (completion.finish_reason == "stop")
        assert completion.finish_reason == "stop" or len(completion.token_ids) == 15
        assert len(completion.logprobs) == len(completion.token_ids)


def test_without_stop_tokens_every_completion_fills_the_budget(engine: DecodeEngine):
    groups = engine.generate(PROMPTS, SamplingParams(max_new_tokens=6))
    assert [len(group[0].token_ids) for group in groups] == [6] * len(PROMPTS)


def test_one_new_token_is_enough(engine: DecodeEngine):
    groups = engine.generate(PROMPTS, SamplingParams(max_new_tokens=1), num_samples=2)
    assert all(len(completion.token_ids) == 1 for group in groups for completion in group)


def test_positions_stay_inside_the_range_of_a_model_with_learned_positions():
    model = tiny_model("gpt2")
    prompt = tuple(range(3, 37))
    params = SamplingParams(max_new_tokens=64 - len(prompt), stop_token_ids=STOPS)
    groups = DecodeEngine(model, 0, max_rows=9).generate([prompt, (5,)], params, num_samples=20)
    assert [len(group) for group in groups] == [20, 20]


def test_no_prompts_give_no_completions(engine: DecodeEngine):
    assert engine.generate([], SamplingParams(max_new_tokens=3)) == []


def test_single_token_prompts_equal_hf_generate(engine: DecodeEngine):
    params = SamplingParams(max_new_tokens=8, temperature=0.0)
    prompts = [(3,), (9,)]
    assert_same(engine.generate(prompts, params), HFGenerateEngine(engine.model, 0).generate(prompts, params))


@pytest.mark.parametrize(("prompts", "num_samples", "message"), [
    ([(1, 2), ()], 1, r"prompts\[1\] is empty"),
    ([(1, 2)], 0, "num_samples must be at least 1, got 0"),
])  # fmt: skip
def test_impossible_requests_are_refused(engine: DecodeEngine, prompts: list, num_samples: int, message: str):
    with pytest.raises(ValueError, match=message):
        engine.generate(prompts, SamplingParams(max_new_tokens=3), num_samples=num_samples)


def test_training_mode_and_frozen_submodules_are_left_as_they_were():
    model, tokenizer = build_tiny_policy(seed=0)
    model.train()
    model.model.layers[0].eval()
    before = {name: module.training for name, module in model.named_modules()}
    DecodeEngine(model, tokenizer.pad_token_id).generate([(5,)], SamplingParams(max_new_tokens=2))
    assert {name: module.training for name, module in model.named_modules()} == before


def test_dropout_is_off_during_generation():
    model = tiny_model("gpt2").train()
    params = SamplingParams(max_new_tokens=8, temperature=0.0)
    in_training = DecodeEngine(model, 0).generate(PROMPTS, params)
    assert in_training == DecodeEngine(model.eval(), 0).generate(PROMPTS, params)


def test_the_model_can_be_trained_after_generating():
    model, tokenizer = build_tiny_policy(seed=0)
    DecodeEngine(model, tokenizer.pad_token_id).generate([(5, 6)], SamplingParams(max_new_tokens=2))
    model(torch.tensor([[5, 6, 7]])).logits.sum().backward()
    assert model.lm_head.weight.grad is not None


def test_generation_follows_weights_that_are_changed_in_place():
    model = tiny_model("llama")
    engine, params = DecodeEngine(model, 0), SamplingParams(max_new_tokens=8, temperature=0.0)
    before = engine.generate(PROMPTS, params)
    with torch.no_grad():
        model.lm_head.weight.copy_(model.lm_head.weight.flip(0))
    after = engine.generate(PROMPTS, params)
    assert before != after
    assert_same(after, HFGenerateEngine(model, 0).generate(PROMPTS, params))


def test_logits_that_are_nan_are_reported():
    model = tiny_model("llama")
    torch.nn.init.constant_(model.lm_head.weight, math.nan)
    with pytest.raises(TrainingError, match="logits are NaN"):
        DecodeEngine(model, 0).generate(PROMPTS, SamplingParams(max_new_tokens=3))


def test_linear_attention_is_refused_with_the_engine_that_serves_it():
    config = AutoConfig.for_model(
        "qwen3_next", **{**SMALL, **EXPERTS}, linear_num_value_heads=4, linear_num_key_heads=2,
        linear_key_head_dim=8, linear_value_head_dim=8, shared_expert_intermediate_size=16,
        layer_types=["linear_attention", "full_attention", "linear_attention"],
    )  # fmt: skip
    model = AutoModelForCausalLM.from_config(config)
    with pytest.raises(ValueError, match=r"Qwen3NextForCausalLM has a LinearAttentionLayer.*HFGenerateEngine"):
        DecodeEngine(model, 0)


def test_chunked_attention_is_refused():
    config = AutoConfig.for_model(
        "llama4_text", **{**SMALL, "num_hidden_layers": 2}, intermediate_size_mlp=48, num_local_experts=2,
        attention_chunk_size=4, layer_types=["chunked_attention", "full_attention"],
    )  # fmt: skip
    with pytest.raises(ValueError, match="layers of type chunked_attention"):
        DecodeEngine(AutoModelForCausalLM.from_config(config), 0)


def test_attention_that_takes_no_additive_mask_is_refused(llama: PreTrainedModel):
    llama.set_attn_implementation("flex_attention")
    try:
        with pytest.raises(ValueError, match=r"flex_attention attention.*HFGenerateEngine"):
            DecodeEngine(llama, 0)
    finally:
        llama.set_attn_implementation("sdpa")


def test_every_token_of_a_sample_is_drawn_with_a_random_number_of_its_own():
    """The untrained policy is nearly uniform, so a token's number grows with the random number it was drawn with."""
    model, tokenizer = build_tiny_policy(seed=0)
    engine = DecodeEngine(model, tokenizer.pad_token_id)
    (completions,) = engine.generate([(40, 41)], SamplingParams(max_new_tokens=4), num_samples=256)
    correlations = np.corrcoef(np.array([completion.token_ids for completion in completions]).T)
    assert np.abs(correlations - np.eye(4)).max() < 0.3


@pytest.mark.parametrize("engine", [DecodeEngine, HFGenerateEngine])
def test_an_engine_says_how_many_completions_are_finished_and_samples_the_same(
    engine: type[DecodeEngine | HFGenerateEngine],
) -> None:
    model, tokenizer = build_tiny_policy(seed=0)
    listening, silent = (engine(model, tokenizer.pad_token_id) for _ in range(2))
    heard: list[tuple[int, int]] = []
    listening.on_progress = lambda num_done, num_asked: heard.append((num_done, num_asked))
    params = SamplingParams(max_new_tokens=12, stop_token_ids=tuple(range(40, 120)), seed=4)
    groups = listening.generate(PROMPTS, params, num_samples=3)
    assert groups == silent.generate(PROMPTS, params, num_samples=3)
    finished = [num_done for num_done, _ in heard]
    assert finished == sorted(finished)
    assert len(set(finished)) > 1
    assert heard[-1] == (15, 15)
    assert isinstance(listening, ReportsProgress)
