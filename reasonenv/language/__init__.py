"""Telling in which language a text is written, word by word.

Most words need no detector. One in another script is foreign, one in a script with a single language is not; only what
is left is judged, a sentence at a time, and what the detector is unsure of counts as the target's.
"""

from __future__ import annotations

from reasonenv.language.detectors import DETECTORS, Detector, load_detector
from reasonenv.language.share import WordCount, count_words

__all__ = ["DETECTORS", "Detector", "WordCount", "count_words", "load_detector"]
