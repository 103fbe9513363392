"""What a check stands at after so many tries: the rule of rise and fall that load balancers follow. Pure."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Standing:
    """``up`` None: not decided yet. ``run`` counts the last tries that went alike, ``ok`` how."""

    up: bool | None = None
    ok: bool = False
    run: int = 0

    def after(self, ok: bool, rise: int, fall: int) -> Standing:
        """``rise`` successes in a row make it healthy, ``fall`` failures in a row unhealthy; else it stays."""
        run = self.run + 1 if ok is self.ok else 1
        decided = run >= (rise if ok else fall)
        return Standing(ok if decided else self.up, ok, run)

    def words(self, rise: int, fall: int) -> str:
        """Where it is on the way to another verdict: ``2 of 3 failures``; "" where nothing is pending."""
        if self.run == 0 or self.up is self.ok:
            return ""
        need, what = (rise, "successes") if self.ok else (fall, "failures")
        return f"{self.run} of {need} {what}"
