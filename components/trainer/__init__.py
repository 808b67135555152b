"""The Trainer: its node, its training, its model and what it exports."""
