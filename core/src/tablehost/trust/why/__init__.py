"""`why`: whether tables are stale, why, and what refreshes them."""
