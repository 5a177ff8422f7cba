"""JSON-RPC over HTTP, with the wire rules that deployed clients of the family hold a node to."""
