"""TFX components: the Trainer that takes an updater, and the data that it reads."""
