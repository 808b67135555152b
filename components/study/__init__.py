"""A study: several updaters on the same data over several seeds, and what can be concluded."""
