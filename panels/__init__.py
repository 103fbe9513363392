"""What the operator sees. Each panel is a pure function of the topology and a thin widget over it."""
