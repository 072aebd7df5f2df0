"""Brokers behind one protocol of four methods. A vendor's types stay in its module; a verdict and a question are two things."""
