"""Names of made-up people and places."""

from __future__ import annotations

from reasonenv.tasksets.randomness import Rng, several_of

_FIRST_WORDS = """
Ada Amir Anna Boris Carla Chen Dario Elif Emil Farid Fatou Greta Hana Hiro Ines Ivan Jonas Kofi Lars Leila Luca Maja
Marek Mira Nadia Nils Olga Omar Petra Priya Rosa Samir Selma Tariq Tomas Uma Vera Viktor Wanda Yara Yusuf Zoe
"""
_LAST_WORDS = """
Abadi Bergman Castel Dvorak Eklund Ferrand Gruber Hadley Ibarra Jensen Kowal Lindt Mensah Novak Okafor Petrov Quinn
Ramos Sato Tanaka Ulrich Varga Weber Xavier Yilmaz Zeman
"""
_START_WORDS = "Al Bar Cor Dun El Fen Gal Har Is Kel Lor Mar Nor Os Pel Quen Ros Sel Tor Ul Val Wen Yar Zel"
_END_WORDS = "acre bury dale ford gate ham holm ia land mere mont more ona port ridge stad ton vale wick wood"
_FIRST_NAMES, _LAST_NAMES = _FIRST_WORDS.split(), _LAST_WORDS.split()
_STARTS, _ENDS = _START_WORDS.split(), _END_WORDS.split()

JOBS = ("baker", "carpenter", "dentist", "plumber", "gardener", "judge", "nurse", "painter", "pilot", "tailor")


def people(rng: Rng, count: int) -> list[str]:
    """Draw full names. All parts are different, so that a first name alone is an unambiguous answer."""
    firsts, lasts = several_of(rng, _FIRST_NAMES, count), several_of(rng, _LAST_NAMES, count)
    return [f"{first} {last}" for first, last in zip(firsts, lasts, strict=True)]


def places(rng: Rng, count: int) -> list[str]:
    """Draw names of places that do not exist."""
    pairs = several_of(rng, range(len(_STARTS) * len(_ENDS)), count)
    return [_STARTS[pair // len(_ENDS)] + _ENDS[pair % len(_ENDS)] for pair in pairs]
