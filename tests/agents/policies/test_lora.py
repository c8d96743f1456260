"""Adapters by peft: what is trained, what is kept, and what an engine gets."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from areas import needs
from peft import LoraConfig, PromptTuningConfig, get_peft_model
from safetensors.torch import load_file, save_file
from tiny_policies import save_tiny_policy
from token_batches import sampled_batch
from transformers import AutoModelForCausalLM, MixtralConfig, MixtralForCausalLM

from agents.algorithms import GRPO
from agents.building import load_policy
from agents.config import EnvConfig, PolicyConfig
from agents.errors import ConfigError, PolicyError
from agents.learner import Learner, OptimizerConfig, UpdateConfig
from agents.policies.export import exported_weights
from agents.policies.hf import HFPolicy
from agents.policies.lora import LoRAConfig, load_model
from agents.policies.tiny import build_tiny_policy
from agents.rollout.decode import DecodeEngine
from agents.rollout.engine import SamplingParams
from agents.rollout.hf import HFGenerateEngine
from reasonenv.errors import MissingExtraError, UnknownNameError

torch.set_num_threads(1)

pytestmark = pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing` is deprecated:FutureWarning")  # in peft

LORA = LoRAConfig(rank=4, alpha=8)
REWARDS = [1, 0, 0, 1]
IDS = torch.tensor([[5, 9, 12, 30, 31, 7]])


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("base")
    save_tiny_policy(folder, seed=0)
    return str(folder)


@pytest.fixture(scope="module")
def mixture(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("mixture")
    config = MixtralConfig(
        vocab_size=300, hidden_size=16, intermediate_size=24, num_hidden_layers=2, num_attention_heads=2,
        num_key_value_heads=2, num_local_experts=4, initializer_range=0.3,
    )  # fmt: skip
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        MixtralForCausalLM(config).save_pretrained(folder)
    return str(folder)


def adapted(source: str, config: LoRAConfig = LORA, *, seed: int = 0, **options: Any) -> Any:
    return load_model(source, config, seed=seed, **options).eval()


def trained(model: Any) -> Any:
    """Give the adapters weights that change the model a lot."""
    generator = torch.Generator().manual_seed(1)
    for parameter in model.parameters():
        if parameter.requires_grad:
            parameter.data.copy_(torch.randn(parameter.shape, generator=generator) * 0.2)
    return model


def make_learner(source: str, **optimizer: Any) -> Learner:
    optimizer = {"learning_rate": 1e-2, **optimizer}
    return Learner(HFPolicy(adapted(source)), OptimizerConfig(**optimizer), num_optimizer_steps=10)


def update(learner: Learner, algorithm: GRPO) -> dict[str, float]:
    return learner.update(sampled_batch(REWARDS), algorithm, UpdateConfig(), temperature=1.0, seed=0)


def logits(model: Any) -> torch.Tensor:
    with torch.no_grad():
        return model(IDS).logits


def names_of_adapters(model: Any) -> set[str]:
    return {name for name, parameter in model.named_parameters() if parameter.requires_grad}


def test_fresh_adapters_leave_the_model_as_it_was(base: str) -> None:
    assert torch.equal(logits(adapted(base)), logits(AutoModelForCausalLM.from_pretrained(base)))


def test_every_linear_layer_but_the_head_gets_an_adapter_unless_some_are_named(base: str) -> None:
    assert len(names_of_adapters(adapted(base))) == 2 * 7 * 2  # matrices, layers of a block, blocks
    chosen = names_of_adapters(adapted(base, LoRAConfig(rank=2, target_modules=("q_proj", "layers.1.mlp.up_proj"))))
    assert {name.partition(".lora_")[0] for name in chosen} == {
        "model.layers.0.self_attn.q_proj",
        "model.layers.1.self_attn.q_proj",
        "model.layers.1.mlp.up_proj",
    }


def test_an_update_changes_every_adapter_and_nothing_else(base: str) -> None:
    learner = make_learner(base)
    model = learner.policy.model
    before = {name: parameter.detach().clone() for name, parameter in model.named_parameters()}
    for _ in range(2):  # A has no gradient while B is 0
        update(learner, GRPO())
    changed = {name for name, parameter in model.named_parameters() if not torch.equal(parameter, before[name])}
    assert changed == names_of_adapters(model)


def test_checkpointed_layers_give_adapters_the_same_gradient(base: str) -> None:
    gradients: list[list[torch.Tensor]] = []
    for gradient_checkpointing in (False, True):
        policy = HFPolicy(trained(adapted(base)), gradient_checkpointing=gradient_checkpointing)
        batch = GRPO().annotate(sampled_batch(REWARDS))
        rows = batch.token_ids_BT, batch.attention_mask_BT, batch.loss_mask_BT
        output, _ = policy.loss(*rows, lambda outputs, rows, batch=batch: GRPO().loss(outputs, batch.select(rows)))
        output.loss.backward()
        gradients.append([tensor.grad for tensor in policy.parameters() if tensor.requires_grad])
    assert all(tensor.abs().max() > 0 for tensor in gradients[0])
    torch.testing.assert_close(gradients[1], gradients[0])


def test_adapters_depend_on_the_seed_alone_and_leave_the_global_generator_as_it_was(base: str) -> None:
    state = torch.get_rng_state()
    first, again, other = (trained_names(adapted(base, seed=seed)) for seed in (1, 1, 2))
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert any(not torch.equal(first[name], other[name]) for name in first)
    assert torch.equal(torch.get_rng_state(), state)


def trained_names(model: Any) -> dict[str, torch.Tensor]:
    return {name: parameter.detach() for name, parameter in model.named_parameters() if parameter.requires_grad}


@pytest.mark.parametrize("source", ["base", "mixture"])
def test_saved_adapters_come_back_bit_for_bit_and_are_trained_on(
    source: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    model = trained(adapted(request.getfixturevalue(source)))
    model.save_pretrained(tmp_path)
    assert not (tmp_path / "model.safetensors").exists()
    again = adapted(str(tmp_path), LoRAConfig())
    ours, theirs = trained_names(model), trained_names(again)
    assert ours.keys() == theirs.keys()
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)
    assert torch.equal(logits(model), logits(again))


def test_adapters_are_float32_beside_weights_in_half_the_width_and_learn(base: str) -> None:
    loaded = load_policy(PolicyConfig(path=base, lora=LORA, dtype="bfloat16"), EnvConfig(), seed=0)
    model = loaded.model
    assert {parameter.dtype for parameter in model.parameters() if parameter.requires_grad} == {torch.float32}
    assert model.model.layers[0].mlp.up_proj.base_layer.weight.dtype == torch.bfloat16
    learner = Learner(loaded.trained(), OptimizerConfig(learning_rate=1e-6), num_optimizer_steps=10)
    learner.freeze_reference()
    before = {name: tensor.clone() for name, tensor in trained_names(model).items()}
    metrics = [update(learner, GRPO(kl_coef=0.1)) for _ in range(2)]
    assert metrics[0]["kl_reference"] == 0
    assert not any(torch.equal(tensor, before[name]) for name, tensor in trained_names(model).items())


@pytest.mark.parametrize(
    ("targets", "message"),
    [
        (("q_prj",), r"Unknown policy.lora.target_modules 'q_prj' of Qwen3ForCausalLM. Did you mean 'q_proj'"),
        (("q_proj", "experts"), r"'experts' of Qwen3ForCausalLM.*Known: down_proj, gate_proj"),
        (("lm_head",), r"'lm_head'"),
        (("proj",), r"'proj'"),
    ],
)
def test_a_target_that_no_layer_has_is_refused_with_the_near_ones(
    base: str, targets: tuple[str, ...], message: str
) -> None:
    with pytest.raises(UnknownNameError, match=message):
        adapted(base, LoRAConfig(rank=4, target_modules=targets))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"rank": 0}, "rank must be at least 1, or None"),
        ({"rank": 4, "alpha": 0.0}, "alpha must be positive"),
        ({"target_modules": ("q_proj",)}, "without a rank"),
    ],
)
def test_wrong_settings_are_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        LoRAConfig(**settings)


def test_adapters_of_the_embedded_policy_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"need policy.path"):
        PolicyConfig(lora=LORA)


def test_weights_in_4_bits_without_adapters_are_refused(base: str) -> None:
    with pytest.raises(ConfigError, match=r"set policy.lora.rank"):
        adapted(base, LoRAConfig(), load_in_4bit=True)


def test_weights_in_4_bits_on_a_cpu_are_refused(base: str) -> None:
    with pytest.raises(ConfigError, match=r"policy.load_in_4bit needs a GPU"):
        adapted(base, load_in_4bit=True)


def test_adapters_other_than_the_configured_ones_are_refused(base: str, tmp_path: Path) -> None:
    adapted(base).save_pretrained(tmp_path)
    with pytest.raises(ConfigError, match=r"holds adapters of \(rank, alpha\) \(4, 8.0\), and policy.lora says \(2"):
        adapted(str(tmp_path), LoRAConfig(rank=2))


def test_adapters_whose_model_is_gone_are_refused(tmp_path: Path) -> None:
    save_tiny_policy(tmp_path / "base", seed=0)
    adapted(str(tmp_path / "base")).save_pretrained(tmp_path / "adapters")
    (tmp_path / "base").rename(tmp_path / "moved")
    with pytest.raises(ConfigError, match=r"are for the model in .*base, which is not there"):
        adapted(str(tmp_path / "adapters"))


@pytest.mark.parametrize(("module", "extra"), [("peft", "lora"), ("bitsandbytes", "qlora")])
def test_a_missing_library_is_named_with_what_to_install(
    base: str, module: str, extra: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingExtraError, match=rf'is not installed. Run: pip install "reasonenv-agents\[{extra}\]"'):
        adapted(base, load_in_4bit=module == "bitsandbytes", device="cuda")


def test_the_reference_holds_the_adapters_alone_and_shares_the_model(base: str) -> None:
    learner = make_learner(base)
    learner.freeze_reference()
    state = learner.reference_state()
    assert state is not None
    assert all(".lora_" in name for name in state)
    assert sum(map(torch.numel, state.values())) == sum(map(torch.numel, trained_names(learner.policy.model).values()))
    assert learner.reference is not None
    shared = learner.reference.model.get_input_embeddings().weight
    assert shared is learner.policy.model.get_input_embeddings().weight


def test_the_first_reference_is_the_model_with_its_adapters_switched_off(base: str) -> None:
    learner = make_learner(base)
    learner.freeze_reference()
    assert update(learner, GRPO(kl_coef=0.1))["kl_reference"] == 0
    assert update(learner, GRPO(kl_coef=0.1))["kl_reference"] > 0
    filled = learner.fill_no_grad_fields(sampled_batch(REWARDS), GRPO(kl_coef=0.1), UpdateConfig(), temperature=1.0)
    batch, model = sampled_batch(REWARDS), learner.policy.model
    model.disable_adapters()
    with torch.no_grad():
        expected_BT = learner.policy(batch.token_ids_BT, batch.attention_mask_BT, batch.loss_mask_BT).logprobs_BT
    assert torch.equal(filled.reference_logprobs_BT, expected_BT)


def test_a_renewed_reference_is_the_policy_of_now_in_the_same_memory(base: str) -> None:
    learner = make_learner(base)
    learner.freeze_reference()
    before = {name: tensor.data_ptr() for name, tensor in learner.reference_state().items()}
    update(learner, GRPO(kl_coef=0.1))
    learner.freeze_reference()
    after = learner.reference_state()
    assert {name: tensor.data_ptr() for name, tensor in after.items()} == before
    now = dict(learner.policy.named_parameters())
    assert all(torch.equal(tensor, now[name]) for name, tensor in after.items())
    assert update(learner, GRPO(kl_coef=0.1))["kl_reference"] == 0


def written(tensors: dict[str, torch.Tensor], source: str, folder: Path) -> Any:
    """Return the model that transformers loads from the tensors alone."""
    AutoModelForCausalLM.from_pretrained(source).config.save_pretrained(folder)
    save_file({name: tensor.contiguous().clone() for name, tensor in tensors.items()}, folder / "model.safetensors")
    return AutoModelForCausalLM.from_pretrained(folder).eval()


@pytest.mark.parametrize("source", ["base", "mixture"])
@pytest.mark.parametrize("config", [LORA, LoRAConfig()], ids=["adapters", "whole"])
def test_exported_weights_are_a_checkpoint_of_the_architecture(
    source: str, config: LoRAConfig, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    folder = request.getfixturevalue(source)
    model = trained(adapted(folder, config))
    tensors = dict(exported_weights(model))
    torch.testing.assert_close(logits(written(tensors, folder, tmp_path)), logits(model))
    model.save_pretrained(tmp_path / "saved")
    if config.rank is None:
        stored = load_file(tmp_path / "saved" / "model.safetensors")
        assert {name: tensor.shape for name, tensor in stored.items()} == {
            name: tensor.shape for name, tensor in tensors.items()
        }


def test_experts_are_exported_one_by_one(mixture: str) -> None:
    names = set(dict(exported_weights(adapted(mixture))))
    assert {f"model.layers.1.block_sparse_moe.experts.{k}.w{i}.weight" for k in range(4) for i in (1, 2, 3)} <= names


def test_buffers_that_a_checkpoint_has_are_exported() -> None:
    model, _ = build_tiny_policy(seed=0)
    model.model.layers[0].mlp.register_buffer("bias", torch.ones(3))
    model.model.layers[0].mlp.register_buffer("scratch", torch.ones(3), persistent=False)
    exported = dict(exported_weights(model))
    assert torch.equal(exported["model.layers.0.mlp.bias"], torch.ones(3))
    assert not any("scratch" in name or "inv_freq" in name for name in exported)


def test_a_merged_weight_is_float32_so_that_no_small_change_is_lost(base: str) -> None:
    model = load_policy(PolicyConfig(path=base, lora=LORA, dtype="bfloat16"), EnvConfig(), seed=0).model
    for parameter in model.parameters():
        if parameter.requires_grad:
            parameter.data = torch.full_like(parameter, 1e-4)
    weight = model.model.layers[0].mlp.up_proj.base_layer.weight
    merged = dict(exported_weights(model))["model.layers.0.mlp.up_proj.weight"]
    change = 8 / 4 * 4 * 1e-4 * 1e-4  # alpha / rank · Σ over the rank of B A
    torch.testing.assert_close(merged - weight.float(), torch.full_like(merged, change), rtol=0.2, atol=1e-9)


def test_adapters_that_cannot_be_merged_here_are_refused(base: str) -> None:
    model = get_peft_model(AutoModelForCausalLM.from_pretrained(base), LoraConfig(r=2, use_dora=True))
    with pytest.raises(PolicyError, match=r"is no plain LoRA .*merge_and_unload"):
        exported_weights(model)


@pytest.mark.parametrize("engine", [DecodeEngine, HFGenerateEngine])
def test_an_engine_samples_from_a_peft_model_with_the_log_probabilities_of_its_learner(base: str, engine: Any) -> None:
    wrapped = get_peft_model(
        AutoModelForCausalLM.from_pretrained(base), LoraConfig(r=4, target_modules="all-linear", task_type="CAUSAL_LM")
    )
    policy = HFPolicy(trained(wrapped).eval())
    made = engine(wrapped, pad_token_id=0)
    made.load_weights(exported_weights(policy.model), version=3)
    (completion,) = made.generate([(5, 9, 12)], SamplingParams(max_new_tokens=5, seed=1))[0]
    ids_BT = torch.tensor([[5, 9, 12, *completion.token_ids]])
    mask_BT = (torch.arange(ids_BT.shape[1]) > 2).float()[None]
    with torch.no_grad():
        expected_BT = policy(ids_BT, torch.ones_like(ids_BT), mask_BT).logprobs_BT
    torch.testing.assert_close(torch.tensor(completion.logprobs), expected_BT[0, 3:], rtol=1e-4, atol=1e-4)
    assert completion.weights_version == 3
    assert (
        completion.logprobs
        != HFGenerateEngine(AutoModelForCausalLM.from_pretrained(base), 0)
        .generate([(5, 9, 12)], SamplingParams(max_new_tokens=5, seed=1))[0][0]
        .logprobs
    )


def test_an_engine_with_a_model_of_its_own_takes_merged_weights(base: str) -> None:
    model = trained(adapted(base))
    engine = DecodeEngine(AutoModelForCausalLM.from_pretrained(base).eval(), 0)
    engine.load_weights(exported_weights(model), version=1)
    torch.testing.assert_close(logits(engine.model), logits(model))


def test_learned_prompts_are_refused(base: str) -> None:
    model = get_peft_model(
        AutoModelForCausalLM.from_pretrained(base), PromptTuningConfig(num_virtual_tokens=2, task_type="CAUSAL_LM")
    )
    with pytest.raises(PolicyError, match=r"learns a prompt by .* Use LoRA"):
        HFPolicy(model)


@needs("bitsandbytes")
def test_weights_in_4_bits_are_trained_beside_and_exported_whole(base: str, tmp_path: Path) -> None:
    model = trained(adapted(base, load_in_4bit=True, device="cuda"))
    learner = Learner(HFPolicy(model), OptimizerConfig(learning_rate=1e-2), num_optimizer_steps=2)
    before = {name: tensor.detach().clone() for name, tensor in model.named_parameters()}
    batch = sampled_batch(REWARDS).to("cuda")
    assert learner.update(batch, GRPO(), UpdateConfig(), temperature=1.0, seed=0)["grad_norm"] > 0
    changed = {name for name, tensor in model.named_parameters() if not torch.equal(tensor, before[name])}
    assert changed == names_of_adapters(model)
    whole = written({name: tensor.cpu() for name, tensor in exported_weights(model)}, base, tmp_path)
    with torch.no_grad():
        torch.testing.assert_close(logits(whole), model(IDS.cuda()).logits.cpu(), rtol=1e-3, atol=1e-3)


def test_the_configured_policy_has_its_adapters(base: str) -> None:
    policy = load_policy(PolicyConfig(path=base, lora=LORA), EnvConfig(), seed=3)
    assert names_of_adapters(policy.model)
