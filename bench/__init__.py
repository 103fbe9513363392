"""Speed and memory, each with a budget and, where a machine's mood matters, a baseline from the same run."""
