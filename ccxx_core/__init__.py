"""What every CCXX program must agree on: transactions, scripts, keys, networks."""
