"""What the three wallets share: keys, coins, certificates' registry, PSBT files, commands."""
