"""What every folder may ask for: a real broker, a real database."""

pytest_plugins = ("tests.fixtures_kafka", "tests.fixtures_postgres")
