"""What the program can be asked to do: functions that take settings and inputs and return values."""
