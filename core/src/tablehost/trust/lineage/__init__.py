"""`lineage`: what tables were made of, as a graph."""
