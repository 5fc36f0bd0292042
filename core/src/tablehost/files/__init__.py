"""Bytes on disk: digests, folders, listings, names, safe file operations; nothing of tables."""
