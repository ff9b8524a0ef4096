"""Speed, measured: never asserted in the tests."""
