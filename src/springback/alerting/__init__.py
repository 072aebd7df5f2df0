"""What leaves the desk for a person: messages on the channels they name, and a sign of life for a clock outside."""
