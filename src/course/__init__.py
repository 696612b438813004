"""The ``course`` command. Notebooks never import this package."""
