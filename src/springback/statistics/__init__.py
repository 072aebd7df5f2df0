"""How sure a figure is: bootstrap bands, returns and ratios of an account, paired differences, overfitting."""
