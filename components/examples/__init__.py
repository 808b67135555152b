"""Example data: found, checked, named, preprocessed."""
