"""What pseudonyms and receipt codes promise."""

import re

from app.witnesses.codes import new_pseudonym, new_receipt_code, receipt_hash

CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def test_a_code_has_120_bits_in_groups_that_can_be_read_aloud() -> None:
    codes = [new_receipt_code() for _ in range(500)]

    for code in codes:
        assert re.fullmatch(rf"([{CROCKFORD}]{{4}}-){{5}}[{CROCKFORD}]{{4}}", code)
    assert len(set(codes)) == 500
    # Every position takes every symbol: 24 x 5 bits, and no hidden constant.
    for position in zip(*(code.replace("-", "") for code in codes), strict=True):
        assert set(position) == set(CROCKFORD)


def test_however_it_is_typed_it_is_the_same_code() -> None:
    code = "0123-4567-89AB-CDEF-GHJK-MNPQ"
    for typed in (code.lower(), code.replace("-", ""), code.replace("-", " "), "O123" + code[4:]):
        assert receipt_hash(typed) == receipt_hash(code)
    assert receipt_hash("0I23" + code[4:]) == receipt_hash("0L23" + code[4:])
    assert receipt_hash("0l23" + code[4:]) == receipt_hash("0123"[:1] + "123" + code[4:])
    assert receipt_hash("U123" + code[4:]) != receipt_hash(code)


def test_a_pseudonym_is_a_name_and_four_digits() -> None:
    assert all(re.fullmatch(r"\w+ [1-9]\d{3}", new_pseudonym()) for _ in range(100))
