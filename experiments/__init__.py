"""The command line, its configurations and the benchmarks."""
