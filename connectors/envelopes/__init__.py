"""Every wrapping that an event may arrive in, and the way out of it: by shape, repeatedly, to a bounded depth."""

from connectors.envelopes.unwrap import unwrap, unwrap_each
from connectors.envelopes.unwrapped import Limits, Unwrapped

__all__ = ["Limits", "Unwrapped", "unwrap", "unwrap_each"]
