"""Low-rank adapters by the library `peft`: W = W₀ + (alpha / rank) · B A, of which A and B alone are trained.

arXiv 2106.09685. B starts as 0, so the policy starts as the model that it is made of. A folder of adapters names the
folder or hub name of W₀; it loads wherever a policy does, and goes on being trained.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
from torch import nn
from transformers import AutoModelForCausalLM, AutoTokenizer, BitsAndBytesConfig
from transformers.pytorch_utils import Conv1D

from agents.errors import ConfigError, check_numbers
from agents.seeds import derive_seed
from reasonenv.errors import MissingExtraError, UnknownNameError

__all__ = ["LoRAConfig", "base_of", "load_model", "save_merged"]

_CONFIG = "adapter_config.json"


@dataclass(frozen=True, kw_only=True)
class LoRAConfig:
    """Train adapters instead of weights. `LoRAConfig(rank=16)`; the reference of a KL penalty costs no second model.

    There is no dropout: the ratio to the sampler would compare different functions.
    """

    rank: int | None = None
    """Of the adapters; None trains every weight."""
    alpha: float = 32.0
    """The adapters' product is multiplied by alpha / rank."""
    target_modules: tuple[str, ...] = ()
    """Names of linear layers, or the ends of their names: `q_proj v_proj`. None means all of them but the head."""

    def __post_init__(self) -> None:
        if self.rank is not None and self.rank < 1:
            raise ConfigError(f"policy.lora.rank must be at least 1, or None for no adapters, got {self.rank}.")
        check_numbers("policy.lora", is_positive=True, alpha=self.alpha)
        if self.rank is None and self.target_modules:
            raise ConfigError("policy.lora.target_modules is given without a rank: set policy.lora.rank.")


def load_model(
    source: str,
    config: LoRAConfig,
    *,
    device: str = "cpu",
    load_in_4bit: bool = False,
    compute_dtype: torch.dtype = torch.float32,
    seed: int,
) -> Any:
    """Load a causal language model in fp32, with the adapters that its folder holds or with fresh ones.

    Args:
        source: a hub name, or a folder of a model or of adapters.
        config: the fresh adapters; without a rank there are none.
        device: where a model with weights in 4 bits is put. Any other is left on the CPU.
        load_in_4bit: for the weights beside the adapters.
        compute_dtype: what weights in 4 bits are multiplied as.
        seed: of fresh adapters.

    Raises:
        ConfigError: adapters that do not fit, whose model is gone, or none beside weights in 4 bits; 4 bits on a CPU.
        MissingExtraError: `peft` or `bitsandbytes` is not installed.
        UnknownNameError: a target module that the model does not have.
    """
    has_adapters = (Path(source) / _CONFIG).is_file()
    if load_in_4bit and config.rank is None and not has_adapters:
        raise ConfigError("policy.load_in_4bit keeps weights that cannot be trained: set policy.lora.rank, too.")
    if has_adapters or config.rank is not None:
        _peft()  # before a large model is loaded
    options = _in_4bit(device, compute_dtype) if load_in_4bit else {}
    base = base_of(source)
    base = str(Path(base).resolve()) if Path(base).is_dir() else base  # saved adapters name it
    model = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32, **options)
    if has_adapters:
        _load_lora(model, source, config)
    elif config.rank is not None:
        _add_lora(model, config, seed=seed)
    return model


def save_merged(source: Path, folder: Path, *, dtype: torch.dtype) -> None:
    """Write the model of a folder of adapters as an ordinary folder, with the adapters merged in fp32.

    Args:
        source: it holds adapters and a tokenizer.
        folder: a new one.
        dtype: of the written weights. In half the width, changes of less than a rounding step are lost.

    Raises:
        MissingExtraError: `peft` is not installed.
        ConfigError: there are no adapters, or their model is gone; or the folder exists.
    """
    peft = _peft()
    if not (source / _CONFIG).is_file():
        raise ConfigError(f"{source} holds no adapters ({_CONFIG}): there is nothing to merge.")
    if folder.exists():
        raise ConfigError(f"{folder} exists already: name a new folder.")
    model = AutoModelForCausalLM.from_pretrained(base_of(str(source)), dtype=torch.float32)
    tokenizer = AutoTokenizer.from_pretrained(source)
    with _known_warnings():
        merged = peft.PeftModel.from_pretrained(model, str(source)).merge_and_unload()
    merged.to(dtype).save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def _add_lora(model: Any, config: LoRAConfig, *, seed: int) -> None:
    """Put fresh adapters into a model; every other weight is frozen."""
    peft = _peft()
    _check_targets(model, config.target_modules)
    adapters = peft.LoraConfig(
        r=config.rank,
        lora_alpha=config.alpha,
        target_modules=list(config.target_modules) or "all-linear",
        task_type="CAUSAL_LM",
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(derive_seed(seed, "lora"))
        with _known_warnings():
            model.add_adapter(adapters)


def _load_lora(model: Any, folder: str, config: LoRAConfig) -> None:
    """Put the adapters of a folder into the model that they were made for, to go on being trained."""
    peft = _peft()
    stored = peft.PeftConfig.from_pretrained(folder)
    if stored.peft_type != peft.PeftType.LORA:
        raise ConfigError(f"{folder} holds adapters of type {stored.peft_type.value}; only LoRA can be trained.")
    found, wanted = (stored.r, float(stored.lora_alpha)), (config.rank, config.alpha)
    if config.rank is not None and found != wanted:
        raise ConfigError(
            f"{folder} holds adapters of (rank, alpha) {found}, and policy.lora says {wanted}: leave policy.lora out "
            "to go on with those."
        )
    with _known_warnings():
        model.load_adapter(folder, is_trainable=True)


def base_of(source: str) -> str:
    """Return what the weights are loaded from: the source itself, or what the adapters in it were made for.

    Raises:
        ConfigError: the adapters do not say so, or their base is a folder that is gone.
    """
    if not (Path(source) / _CONFIG).is_file():
        return source
    base = json.loads((Path(source) / _CONFIG).read_text(encoding="utf-8")).get("base_model_name_or_path")
    if not base:
        raise ConfigError(f"{source}/{_CONFIG} does not say what model the adapters are for (base_model_name_or_path).")
    if Path(base).is_absolute() and not Path(base).is_dir():
        raise ConfigError(
            f"The adapters in {source} are for the model in {base}, which is not there: put it back, or write where it "
            f"is now into {source}/{_CONFIG} (base_model_name_or_path)."
        )
    return base


def _in_4bit(device: str, compute_dtype: torch.dtype) -> dict[str, Any]:
    """Return how transformers keeps frozen weights in 4 bits: NF4 with quantized scales (QLoRA, arXiv 2305.14314)."""
    if torch.device(device).type == "cpu":
        raise ConfigError(
            "policy.load_in_4bit needs a GPU (policy.device): on the CPU, products of bitsandbytes have no gradient in "
            "evaluation mode. Leave it out there."
        )
    if find_spec("bitsandbytes") is None:
        raise MissingExtraError("bitsandbytes", "reasonenv-agents[qlora]")
    stored = BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=compute_dtype,
    )
    return {"quantization_config": stored, "device_map": {"": device}}


def _peft() -> ModuleType:
    try:
        import peft
    except ModuleNotFoundError as error:
        raise MissingExtraError("peft", "reasonenv-agents[lora]") from error
    return peft


@contextmanager
def _known_warnings() -> Generator[None]:
    """Silence what `peft` says of itself: of patterns that it adds for experts, and of an old name that it reads."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", r"`is_gradient_checkpointing` is deprecated", FutureWarning)
        warnings.filterwarnings("ignore", r"The following (rank|alpha)_pattern keys did not match", RuntimeWarning)
        yield


def _check_targets(model: Any, targets: tuple[str, ...]) -> None:
    """Raise unless each target is a layer: `peft` itself is content with one of them."""
    head = model.get_output_embeddings()
    layers = [
        name for name, module in model.named_modules() if isinstance(module, nn.Linear | Conv1D) and module is not head
    ]
    for target in targets:
        if not any(f".{name}".endswith(f".{target}") for name in layers):
            ends = {name.rpartition(".")[2] for name in layers}
            raise UnknownNameError("policy.lora.target_modules", target, ends, of=type(model).__name__)
