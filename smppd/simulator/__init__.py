"""An SMSC that can misbehave, and stand-ins for the systems: for the demo, tests and training."""
