"""The rules that all nodes must decide alike: pure functions of bytes, times and coins."""
