"""What differs between two tables: cell by cell, and in their manifests."""
