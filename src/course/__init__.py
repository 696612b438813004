"""The ``course`` command: build, check, progress and doctor. Never imported by notebooks."""
