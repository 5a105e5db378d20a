"""The names that a job is given at acceptance: a short code for people, a secret for Wiro's callback."""

from __future__ import annotations

import secrets

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32: no I, L, O, U."""

SHORTEST, LONGEST = 4, 8


def draw_code(length: int = SHORTEST) -> str:
    """A job's code, without its #; longer ones are for when short ones are taken."""
    return "".join(secrets.choice(ALPHABET) for _ in range(length))


def draw_hook_token() -> str:
    """The last segment of a job's callback address: 192 random bits."""
    return secrets.token_urlsafe(24)
