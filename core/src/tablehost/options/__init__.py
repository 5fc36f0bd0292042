"""An options class becomes flags, environment, TOML, record and JSON Schema; no run is known."""
