"""What is in the columns of a table: digests, counts, bounds and moments of each."""
