"""Builder for tablehost: labelled per-frame feature tables into one."""
