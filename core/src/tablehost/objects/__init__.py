"""Inputs in an object store: their paths, and how they are listed and fetched; nothing is written.

What is not here: local copies of objects, which whoever reads them makes and removes.
"""
