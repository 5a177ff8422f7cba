"""The rules that every node of the chain must decide alike: pure functions of bytes, times and coins."""
