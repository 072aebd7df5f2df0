"""The dashboard: pages, acts and events for the person who runs this. It asks `workflow/` and reads the state, and computes nothing."""
