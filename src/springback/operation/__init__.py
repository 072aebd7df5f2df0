"""The evening: an account that is remembered from session to session, its frozen decisions, and why each of them was taken."""
