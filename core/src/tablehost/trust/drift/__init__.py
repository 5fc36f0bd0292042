"""What kind of drift there is between a table and its manifest."""
