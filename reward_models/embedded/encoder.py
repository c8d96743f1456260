"""A small encoder of requests: four layers of all-MiniLM-L6-v2 (Apache-2.0) in eight bits, its words in four.

A word means something else in another sentence: "kill a process", "kill a man". The file is made by
`benchmarks/word_vectors/make_encoder.py`. A request costs about ten milliseconds and is remembered, since the responses
of a group share it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache, lru_cache
from importlib import resources
from itertools import groupby

import torch
from safetensors.torch import load
from torch import Tensor
from transformers import BertConfig, BertModel

from reward_models.embedded.features import readable, words

NUM_STATES = 384
_NUM_POSITIONS = 64
_LONGEST_PIECE = 18
_NUM_HEADS, _NUM_INNER = 12, 1536
_BATCH = 32
_WORDS = "embeddings.word_embeddings.weight"
_SCALE = ".scale"


def _weights(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return float weights; two four-bit numbers share a byte."""
    found: dict[str, Tensor] = {}
    for name, tensor in tensors.items():
        if name == _WORDS:
            numbers = torch.stack([tensor >> 4, tensor & 15], dim=2).flatten(1).float() - 8
            found[name] = numbers * tensors[name + _SCALE].float()
        elif name + _SCALE in tensors:
            found[name] = tensor.float() * tensors[name + _SCALE].float()
        elif not name.endswith(_SCALE) and name != "pieces":
            found[name] = tensor.float()
    return found


@cache
def _encoder() -> tuple[dict[str, int], BertModel]:
    """Return the numbers of pieces, and the model."""
    tensors = load(resources.files("reward_models.embedded").joinpath("encoder.safetensors").read_bytes())
    pieces = bytes(tensors["pieces"].tolist()).decode().split("\n")
    weights = _weights(tensors)
    config = BertConfig(
        vocab_size=len(pieces),
        hidden_size=NUM_STATES,
        num_hidden_layers=1 + max(int(name.split(".")[2]) for name in weights if name.startswith("encoder.layer.")),
        num_attention_heads=_NUM_HEADS,
        intermediate_size=_NUM_INNER,
        max_position_embeddings=_NUM_POSITIONS,
    )
    with torch.device("meta"):
        model = BertModel(config, add_pooling_layer=False)
    model.load_state_dict(weights, assign=True, strict=False)
    return {piece: number for number, piece in enumerate(pieces)}, model.eval()


def _piece_numbers(text: str, numbers: Mapping[str, int]) -> list[int]:
    found = [numbers["[CLS]"]]
    for word in words(text.replace("’", "'").replace("'", " ' ")):
        found.extend(_of_word(word, numbers))
    return [*found[: _NUM_POSITIONS - 1], numbers["[SEP]"]]


def _of_word(word: str, numbers: Mapping[str, int]) -> list[int]:
    """Return the longest pieces that make up a word; one for the unknown where they do not."""
    found: list[int] = []
    start = 0
    while start < len(word):
        prefix = "##" if start else ""
        ends = range(min(len(word), start + _LONGEST_PIECE), start, -1)
        end = next((end for end in ends if prefix + word[start:end] in numbers), None)
        if end is None:
            return [numbers["[UNK]"]]
        found.append(numbers[prefix + word[start:end]])
        start = end
    return found


@lru_cache(maxsize=20_000)
def request_meaning(text: str) -> Tensor:
    """Return the mean of the states of a request's words [384]; of a long one, of the first 60 or so."""
    return request_meanings([text])[0]


def request_meanings(texts: Sequence[str]) -> Tensor:
    """Return `request_meaning` of each [N, 384], in float64; those of as many pieces are computed together."""
    numbers, _ = _encoder()
    pieces = [_piece_numbers(readable(text), numbers) for text in texts]
    places = sorted(range(len(texts)), key=lambda place: len(pieces[place]))
    meanings_ND = torch.zeros(len(texts), NUM_STATES, dtype=torch.float64)
    for _, alike in groupby(places, key=lambda place: len(pieces[place])):
        found = list(alike)
        for start in range(0, len(found), _BATCH):
            batch = found[start : start + _BATCH]
            meanings_ND[batch] = _mean_states(torch.tensor([pieces[place] for place in batch]))
    return meanings_ND


def _mean_states(ids_NL: Tensor) -> Tensor:
    with torch.inference_mode():
        states_NLD = _encoder()[1](
            input_ids=ids_NL,
            attention_mask=torch.ones_like(ids_NL),
            token_type_ids=torch.zeros_like(ids_NL),
            position_ids=torch.arange(ids_NL.shape[1])[None].expand_as(ids_NL),
        ).last_hidden_state
    return states_NLD.mean(dim=1).double()
