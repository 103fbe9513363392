"""Crisis playbooks: planned, conditional, journaled, expiring, undoable changes."""
