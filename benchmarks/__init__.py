"""How fast the layers are: `python -m benchmarks`, see `benchmarks/README.md`."""
