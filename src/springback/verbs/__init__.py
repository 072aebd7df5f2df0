"""What each verb does: choose settings and data, call the wiring, say what came out."""
