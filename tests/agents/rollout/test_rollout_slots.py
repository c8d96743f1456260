import pytest
import torch

from agents.rollout.slots import Prefix, Slots


def slots_of(num_rows: int = 4, max_prefix: int = 3, max_steps: int = 2, window: int | None = None) -> Slots:
    return Slots(
        num_rows=num_rows,
        max_prefix=max_prefix,
        max_steps=max_steps,
        is_refilled=True,
        windows=[window],
        dtype=torch.float32,
        device=torch.device("cpu"),
    )


def admit(slots: Slots, *prompts: tuple[int, ...]) -> None:
    """Prompts with a first token after them. Keys are the tokens, values their negatives, uniforms count on from it."""
    width = max(len(prompt) for prompt in prompts) - 1
    padded = torch.tensor([[0] * (width + 1 - len(prompt)) + list(prompt[:-1]) for prompt in prompts]).float()
    keys = padded.view(len(prompts), 1, width, 1)
    first = torch.tensor([prompt[-1:] for prompt in prompts])
    uniforms = first.double() + torch.arange(slots.max_steps)
    prefix = Prefix([(keys, -keys)], torch.empty(len(prompts), 0))
    slots.admit([len(prompt) - 1 for prompt in prompts], prefix, torch.arange(len(prompts)), first, uniforms)


def step(slots: Slots) -> list[list[float]]:
    """One step that writes each row's token as its key; what each row sees, hidden columns left out."""
    tokens, _, _ = slots.views()
    states = tokens.float().view(-1, 1, 1, 1)
    keys, values = slots.cache.update(states, -states, 0)
    assert torch.equal(keys, -values)
    is_seen = slots.mask(0)[:, 0, 0] == 0
    seen = [row[visible].tolist() for row, visible in zip(keys[:, 0, :, 0], is_seen, strict=True)]
    slots.advance(tokens + 1)
    return seen


def test_a_row_sees_its_own_prompt_and_what_it_wrote():
    slots = slots_of()
    admit(slots, (1, 2, 3, 4), (7, 8))
    assert step(slots) == [[1, 2, 3, 4], [7, 8]]
    assert step(slots) == [[1, 2, 3, 4, 5], [7, 8, 9]]


def test_positions_count_from_the_start_of_each_row():
    slots = slots_of()
    admit(slots, (1, 2, 3, 4), (7, 8))
    assert slots.views()[1].flatten().tolist() == [3, 1]
    step(slots)
    assert slots.views()[1].flatten().tolist() == [4, 2]


def test_random_numbers_follow_their_row():
    slots = slots_of()
    admit(slots, (1, 2), (5, 6), (8, 9))
    assert slots.views()[2].flatten().tolist() == [2, 6, 9]
    step(slots)
    slots.drop({0})
    assert slots.views()[2].flatten().tolist() == [10, 7]


def test_the_last_live_rows_move_into_the_gaps():
    slots = slots_of()
    admit(slots, (1, 2), (3, 4), (5, 6), (7, 8))
    step(slots)
    assert slots.drop({0, 2}) == [(0, 3)]
    assert step(slots) == [[7, 8, 9], [3, 4, 5]]


@pytest.mark.parametrize("gone", [set(), {0, 1, 2}, {2}, {0}])
def test_dropping_keeps_exactly_the_other_rows(gone: set[int]):
    slots = slots_of()
    prompts = [(1, 2), (3, 4), (5, 6)]
    admit(slots, *prompts)
    slots.drop(gone)
    expected = [list(prompt) for row, prompt in enumerate(prompts) if row not in gone]
    assert sorted(step(slots)) == expected if expected else slots.starts == []


def test_a_row_admitted_later_sees_nothing_of_the_row_before_it():
    slots = slots_of(num_rows=2)
    admit(slots, (1, 2, 3, 4), (7, 8))
    step(slots)
    slots.drop({0})
    admit(slots, (21, 22))
    assert step(slots) == [[7, 8, 9], [21, 22]]


def test_rewinding_changes_nothing_that_a_row_sees():
    slots = slots_of(num_rows=2)
    admit(slots, (1, 2, 3, 4))
    while slots.clock < slots.num_columns - 1:
        step(slots)
        slots.drop({0})
        admit(slots, (31, 32, 33))
    assert step(slots) == [[31, 32, 33]]
    assert slots.is_at_end
    slots.rewind()
    assert not slots.is_at_end
    assert slots.views()[2].flatten().tolist() == [34]
    assert step(slots) == [[31, 32, 33, 34]]


def test_a_window_narrows_what_a_row_sees():
    slots = slots_of(window=2)
    admit(slots, (1, 2, 3, 4), (7, 8))
    assert step(slots) == [[3, 4], [7, 8]]
    assert step(slots) == [[4, 5], [8, 9]]
