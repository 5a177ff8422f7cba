"""Making blocks: which transactions go in, the coinbase, and the search for a nonce."""
