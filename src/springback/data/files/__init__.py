"""Files of the user's: bars, events, members and series in the layouts that people have."""
