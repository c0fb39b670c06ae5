"""The hypothesis profile of `make properties`, loaded as a pytest plugin."""

from hypothesis import HealthCheck, settings

settings.register_profile("fuzz", max_examples=20_000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
