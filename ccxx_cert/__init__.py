"""The certificate protocol: messages, custody, rules and registry; no disk, clock or socket."""
