"""Two run folders side by side: orders, accounts and figures, and the page of it."""
