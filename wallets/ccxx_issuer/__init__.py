"""An issuing organisation's wallet: issues certificates under its permits."""
