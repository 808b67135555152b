"""What pages of results share: their frame and style, pictures of intervals, pictures of curves."""
