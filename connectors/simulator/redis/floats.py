"""Numbers with a fraction as the real server reads, adds and shows them: scores as doubles, INCRBYFLOAT wider.

INCRBYFLOAT counts in the 80-bit numbers of the real server's processor and shows 17 decimals without trailing zeros;
here exact fractions are rounded to their 64 bits of mantissa, so that 0.1 + 0.2 is 0.3 on both.
"""

from __future__ import annotations

import re
from fractions import Fraction

_NUMBER = re.compile(rb"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE]([+-]?[0-9]{1,5}))?\Z")
_INFINITE = re.compile(rb"([+-]?)inf(?:inity)?\Z", re.IGNORECASE)
MANTISSA = 64  # bits of the x87's extended format
LARGEST = 4932  # its largest power of ten
DECIMALS = 17
MAX_DIGITS = 5000


def parse_double(raw: bytes) -> float | None:
    """A double, infinities among them; None where the text is no number."""
    return float(raw) if _NUMBER.match(raw) or _INFINITE.match(raw) else None


def show_double(value: float) -> bytes:
    return b"%.17g" % value


def parse_wide(raw: bytes) -> Fraction | None:
    """A finite number in extended precision; None where the text is none, or too large for the format."""
    found = _NUMBER.match(raw)
    if found is None or len(raw) > MAX_DIGITS or abs(int(found.group(1) or 0)) > LARGEST:
        return None
    return widened(Fraction(raw.decode()))


def is_infinite(raw: bytes) -> bool:
    return _INFINITE.match(raw) is not None


def widened(number: Fraction) -> Fraction:
    """The nearest number of the extended format, ties to even."""
    if not number:
        return number
    shift = MANTISSA - (abs(number.numerator).bit_length() - number.denominator.bit_length())
    scale = Fraction(2) ** shift
    if abs(number * scale) >= 2**MANTISSA:
        scale /= 2
    return round(number * scale) / scale


def show_wide(number: Fraction) -> bytes:
    """Seventeen decimals, without the zeros at the end."""
    scaled = abs(round(number * 10**DECIMALS))
    whole, rest = divmod(scaled, 10**DECIMALS)
    shown = f"{whole}.{rest:0{DECIMALS}d}".rstrip("0").rstrip(".")
    return (f"-{shown}" if number < 0 and scaled else shown).encode()
