"""Which policy to train, and how it computes."""

from __future__ import annotations

from dataclasses import dataclass, field

from agents.errors import ConfigError, check_at_least
from agents.policies.lora import LoRAConfig
from agents.policies.precision import DtypeName, Precision

__all__ = ["PolicyConfig"]


@dataclass(frozen=True, kw_only=True)
class PolicyConfig:
    """Which policy to train."""

    path: str | None = None
    """A Hugging Face hub name or checkpoint folder; None builds the embedded tiny policy."""
    dtype: DtypeName = "float32"
    """What products are computed in; trained weights and the optimizer's moments are float32 all the same."""
    fp32_head: bool = False
    """Compute the logits in float32 whatever `dtype` says."""
    gradient_checkpointing: bool = False
    """Keep no activations inside the layers and compute them again on the way back: less memory, a third more time."""
    lora: LoRAConfig = field(default_factory=LoRAConfig)
    load_in_4bit: bool = False
    """Keep the weights beside the adapters in 4 bits (QLoRA), by the library `bitsandbytes`; on a GPU."""
    device: str = "cpu"
    """Any torch device: "cpu", "cuda", "cuda:1"."""
    num_threads: int | None = None
    """Threads of torch on the CPU; None leaves torch's own choice."""

    def __post_init__(self) -> None:
        check_at_least(1, "policy", num_threads=self.num_threads)
        if self.path is None and (self.lora.rank is not None or self.load_in_4bit):
            raise ConfigError(
                "policy.lora and policy.load_in_4bit need policy.path: adapters are saved without the weights beside "
                "them, and the embedded policy has no folder to find those in."
            )

    @property
    def precision(self) -> Precision:
        """What the policy computes in."""
        return Precision(dtype=self.dtype, has_fp32_head=self.fp32_head)
