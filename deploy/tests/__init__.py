"""The tests of deploy/; `deploy/test` runs them."""
