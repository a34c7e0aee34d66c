"""Suggestions in messages: what a misspelled word was probably meant to be."""

from difflib import get_close_matches


def did_you_mean(word: str, valid: list[str]) -> str:
    """Suggest the valid value closest to `word`, or list the valid values."""
    close = [each for each in valid if len(word) > 2 and each.startswith(word)] or get_close_matches(word, valid, n=1)
    if close:
        return f"; did you mean `{close[0]}`?"
    return f"; choose from {', '.join(dict.fromkeys(valid[:10]))}{', …' * (len(valid) > 10)}" if valid else ""
