"""The `tfx-updaters` command, a file for each of its commands."""
