"""The manifest as JSON: its sections, how it is written, found and read; not what it proves."""
