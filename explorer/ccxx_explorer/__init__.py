"""The explorer: an index of the chain and its certificates, as web pages and as JSON."""
