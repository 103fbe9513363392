"""The program: the command line and the app on top, the pure model at the bottom.

The package is both roof (``cli``, ``app``) and floor (``model``); the import contracts in
pyproject.toml keep the two apart.
"""
