"""What a table is, a month later: one question a module, from the files alone."""
