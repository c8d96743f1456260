"""Words that can be Chinese in Latin letters without tones: pinyin."""

from __future__ import annotations

import re

__all__ = ["is_pinyin"]

_SYLLABLE = r"""(?:
      [bpmf] (?: a | o | ai | ei | ao | ou | an | en | ang | eng | i | ie | iao | ian | in | ing | u | iu )
    | [dtnl] (?: a | e | ai | ei | ao | ou | an | en | ang | eng | ong | i | ia | ie | iao | iu | ian | in | iang | ing
               | u | uo | ui | uan | un | ue | v | ve )
    | (?:g|k|h|zh|ch|sh|r|z|c|s)
             (?: a | e | i | ai | ei | ao | ou | an | en | ang | eng | ong | u | ua | uo | uai | ui | uan | un | uang )
    | [jqx]  (?: i | ia | ie | iao | iu | ian | in | iang | ing | iong | u | ue | uan | un )
    | y      (?: a | e | ao | ou | an | ang | i | in | ing | o | ong | u | ue | uan | un )
    | w      (?: a | o | ai | ei | an | en | ang | eng | u )
    | a | e | ai | ei | ao | ou | an | en | ang | er
)"""
_PINYIN = re.compile(rf"{_SYLLABLE}{{1,4}}", re.VERBOSE)


def is_pinyin(word: str) -> bool:
    """Return whether a lower-case word is one to four syllables of pinyin; some English words are as well ("he").

    >>> is_pinyin("zuixiao"), is_pinyin("smallest")
    (True, False)
    """
    return _PINYIN.fullmatch(word) is not None
