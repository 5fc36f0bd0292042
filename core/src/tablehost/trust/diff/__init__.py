"""`diff`: what differs between two tables, by their rows and by their manifests."""
