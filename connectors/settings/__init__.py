"""What the config may say about each system. Apart from the connectors, so that reading a config costs next to
nothing: the first frame is painted before any connector is imported."""
