"""The root organisation's wallet: registers the root coin, grants permits, co-signs."""
