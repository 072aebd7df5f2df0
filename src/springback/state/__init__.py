"""What must not be lost between two evenings: an account's decisions, book, halts, incidents and lease, in one database."""
