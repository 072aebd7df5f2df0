"""Tables and plots of a market and its models, for the notebook."""
