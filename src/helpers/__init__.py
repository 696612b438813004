"""What the notebooks import: the finished form of everything the lessons build."""
