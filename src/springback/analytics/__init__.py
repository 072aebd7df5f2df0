"""What a run was worth: statistics in two definitions, tables, the run folder and the report."""
