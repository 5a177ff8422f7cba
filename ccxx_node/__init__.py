"""The CCXX full node: consensus, chain state, memory pool, mining and JSON-RPC."""
