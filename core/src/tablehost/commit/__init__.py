"""Where a table and its manifest land, and how they land together; nothing is built here."""
