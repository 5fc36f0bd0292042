"""What is known of tables as pages to look at: one file a page, which loads nothing.

Modules compute what is shown, as numbers and words; `templates/` has all of the markup, so that
all that a table or a manifest names is escaped in one place. Nothing here decides whether a table
is intact or stale: `trust` does.
"""
