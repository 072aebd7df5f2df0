"""Does a pipeline look ahead? The same work on futures that never were, and on markets whose edge is known."""
