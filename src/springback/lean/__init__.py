"""LEAN beside us: our market into its data folder, its runs into our run folders."""
