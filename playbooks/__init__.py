"""Crisis playbooks: a file becomes a plan, a plan becomes a run, and a run can be undone.

Everything but ``runner`` is synchronous, everything but ``journal`` and ``launch`` is pure. The engine knows
the outside world through the ports of ``playbooks.ports`` only.
"""
