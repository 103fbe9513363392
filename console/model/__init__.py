"""The pure model: no I/O, no clock, no threads, no Textual. All judgement lives here."""
