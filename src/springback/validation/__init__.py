"""Do the models rank the names of a day? Walk-forward and combinatorial validation, and their page."""
