"""Pseudonyms, and receipt codes: what a witness keeps.

A receipt code has 120 random bits, written in Crockford's base 32 (no I, L, O, U), in groups that
can be read aloud: `7GQ2-M0XK-…`. It is shown once and stored as its SHA-256: with so many random
bits, a slower hash would protect nothing more.
"""

import secrets
from hashlib import sha256

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
SYMBOLS, GROUP = 24, 4  # 24 x 5 bits
LOOKALIKES = str.maketrans({"O": "0", "I": "1", "L": "1", "-": None, " ": None})

# Of no gender, and known to everybody.
_WORDS = (
    "Acacia Alouette Amandier Aster Balsamine Basilic Bouleau Bruyère Cade Calanque "
    "Capucine Cèdre Cigale Colline Coquelicot Cormoran Cyprès Érable Étourneau Falaise "
    "Fenouil Figuier Galet Garrigue Genêt Geai Grenadier Grillon Héron Hirondelle Iris "
    "Jasmin Laurier Lavande Libellule Lucarne Marjolaine Mélèze Mésange Mimosa Mistral "
    "Mûrier Myrte Olivier Orme Papillon Pinson Platane Rivage Romarin Ruisseau Safran "
    "Sarriette Sauge Thym Tilleul Tournesol Verveine"
)
NAMES = _WORDS.split()


def new_pseudonym() -> str:
    """A name and four digits; whether it is free, the database knows."""
    return f"{secrets.choice(NAMES)} {secrets.randbelow(9000) + 1000}"


def new_receipt_code() -> str:
    """A new code, in groups."""
    symbols = "".join(secrets.choice(ALPHABET) for _ in range(SYMBOLS))
    return "-".join(symbols[i : i + GROUP] for i in range(0, SYMBOLS, GROUP))


def receipt_hash(code: str) -> str:
    """What is stored of a code, however it was typed: without groups, in lower case, with an O."""
    return sha256(code.upper().translate(LOOKALIKES).encode()).hexdigest()
