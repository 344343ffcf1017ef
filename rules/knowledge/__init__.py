"""What one company alone knows (rows of tables, passages of documents), kept as keyed hashes."""
