"""The levers there are: each with its key, what its conditions say now, and what is in force."""

from __future__ import annotations

from console.acting import Offer
from panels.line import Row, Span, Tone, fit, pad
from panels.plain import inert
from panels.scene import Scene
from panels.topology import in_force_rows


def rows(scene: Scene) -> tuple[Row, ...]:
    return (*offer_rows(scene.offers, scene.width), *_in_force(scene))


def offer_rows(offers: tuple[Offer, ...], width: int) -> tuple[Row, ...]:
    if not offers:
        return (Row((Span("   no playbook could be read", Tone.DIM),)),)
    return tuple(row for offer in offers for row in _offer(offer, width))


def _offer(offer: Offer, width: int) -> tuple[Row, ...]:
    line = (
        Span("   "),
        Span(pad(offer.key, 2), Tone.KEY),
        Span(pad(inert(offer.name), 20), Tone.NAME),
        Span(f"  {inert(offer.title)}", Tone.PLAIN if offer.because else Tone.DIM),
    )
    head = Row(fit(line, width), offer.name)
    if not offer.because:
        return (head,)
    return head, Row(fit((Span(f"     suggested: {inert(offer.because)}", Tone.WARN),), width))


def _in_force(scene: Scene) -> tuple[Row, ...]:
    title = Row((Span("   in force", Tone.STRONG),))
    nothing = Row((Span("     nothing", Tone.DIM),))
    return (Row(()), title, *(in_force_rows(scene) or (nothing,)))
