"""Builder for tablehost: fill clip metadata into a feature table."""
