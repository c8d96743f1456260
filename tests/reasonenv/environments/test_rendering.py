"""What `render` returns."""

from __future__ import annotations

import pytest
from env_parts import text_env

from reasonenv.errors import EpisodeError


def test_render_can_be_printed_anywhere():
    env = text_env(render_mode="ansi")
    env.reset()
    env.step("\ud800")
    assert env.render().encode("utf-8").decode("utf-8") == env.render()


def test_render_without_a_mode_is_none_and_before_reset_an_error():
    assert text_env().render() is None
    with pytest.raises(EpisodeError):
        text_env(render_mode="ansi").render()


def test_a_render_mode_with_pictures_is_refused_by_render_alone():
    env = text_env(render_mode="rgb_array")
    env.reset()
    with pytest.raises(ValueError, match="Text has no pictures: render_mode must be None or 'ansi', got 'rgb_array'"):
        env.render()
