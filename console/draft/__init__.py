"""A first ``seawall.toml`` from what stands in a cluster: guesses, each with its reason, for a person to go on from."""
