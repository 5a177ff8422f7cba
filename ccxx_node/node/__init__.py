"""One wiring place: the parts of a node, made from its settings and run together."""
