"""The chain on disk: blocks, their index, the unspent coins, and the one door that changes them."""
