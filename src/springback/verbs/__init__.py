"""What each verb does: choose settings and data, call the workflow, say what came out."""
