"""The words and options of the command line. A verb is imported when it runs, so that `--help` answers at once."""
