"""What stands between a visitor and an endpoint: errors, headers, languages, limits, caches."""
