"""What a builder author writes and is handed; `tablehost` re-exports it. Interfaces, no work."""
